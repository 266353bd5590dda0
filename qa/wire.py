"""Turn values into JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


def as_json(value: Any) -> Any:
    """Return a value as plain dicts, lists, strings and numbers, for `json.dumps`.

    >>> from qa.text.span import Span
    >>> as_json(Span(2, 5))
    {'start': 2, 'end': 5}
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_json(value._asdict())
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    return value
