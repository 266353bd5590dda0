"""Turn values into JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


def as_json(value: Any) -> Any:
    """Return a value as plain dicts, lists, strings and numbers, for `json.dumps`.

    A dataclass becomes its fields, with the properties that its class names in `in_json`.

    >>> from qa.text.span import Span
    >>> as_json(Span(2, 5))
    {'start': 2, 'end': 5}
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if is_dataclass(value) and not isinstance(value, type):
        names = [*(each.name for each in fields(value)), *getattr(value, "in_json", ())]
        return {name: as_json(getattr(value, name)) for name in names}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_json(value._asdict())
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    return value
