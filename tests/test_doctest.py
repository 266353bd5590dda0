"""The examples in docstrings give the output that they show."""

import doctest
import importlib
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_give_their_output(name):
    assert not doctest.testmod(importlib.import_module(name)).failed
