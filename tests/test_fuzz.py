"""The inputs saved by the fuzzer, fed to its targets: a bug that was fixed stays fixed."""

import fuzz
import pytest

KEPT = [(path.parent.name, path) for path in sorted(fuzz.CORPUS.rglob("*")) if path.is_file()]


@pytest.fixture(scope="module")
def targets():
    return fuzz.TARGETS | {"catalog": fuzz.catalog()}


@pytest.mark.parametrize(("name", "path"), KEPT, ids=[f"{name}/{path.name}" for name, path in KEPT])
def test_saved_fuzzer_inputs_break_nothing(name, path, targets):
    targets[name](path.read_bytes())


def test_every_target_has_a_corpus(targets):
    assert {name for name, _ in KEPT} == targets.keys()
