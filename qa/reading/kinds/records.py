"""Read articles kept as JSON, one a line or in a list: each a section with its title, its other fields, and its text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import plain, prose
from qa.reading.kinds.writer import Writer, one_line

TEXT_KEYS = ("text", "body", "content")
"""Where the text of a record is looked for; the first that has one counts."""

_WITHOUT_TEXT = f"none of its records has a text under {', '.join(TEXT_KEYS[:-1])} or {TEXT_KEYS[-1]}"


class _Number(str):
    """A number as it is written: none is too long, and none loses its zeros."""

    __slots__ = ()


class _Broken(str):
    """A line that is not JSON."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def read_lines(content: bytes) -> Content:
    """Read a record from each line that is not blank."""
    lines = (line for line in plain.text(content).split("\n") if line.strip())
    return _read(map(_parsed, lines))


def read_list(content: bytes) -> Content:
    """Read the records of a list; a record that is alone is an article, with its fields as metadata."""
    value = _parsed(plain.text(content).strip())
    if isinstance(value, _Broken):
        raise UnreadableError("damaged: not valid JSON" if value else "empty")
    if isinstance(value, list):
        return _read(value)
    found = _read([value])
    said = {key.lower(): each for key, each in value.items()}
    return found._replace(metadata=said, locators=())


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return _Broken(text)


def _read(records: Iterable[Any]) -> Content:
    writer, count, broken, without = Writer(), 0, 0, 0
    for count, record in enumerate(records, 1):
        writer.begin("record", str(count))
        if isinstance(record, _Broken):
            broken += 1
            writer.heading(1, _heading(count))
            writer.code(record)
        else:
            without += not _text_key(record)
            _write(record, count, writer)
    if broken + without == count:
        raise UnreadableError(_WITHOUT_TEXT if count else "empty")
    notes = [f"{broken:,} of {count:,} lines are not JSON and kept as they are"] if broken else []
    notes += [f"{without:,} of {count:,} records have no text, only other fields"] if without else []
    return writer.content()._replace(notes=tuple(notes))


def _text_key(record: object) -> str:
    """Return where a record has its text, empty if nowhere."""
    if not isinstance(record, Mapping):
        return ""
    return next((key for key in TEXT_KEYS if type(record.get(key)) is str and record[key].strip()), "")


def _heading(number: int) -> str:
    """Return the heading of a record without a title: under the one before it would be another's."""
    return f"Record {number}"


def _write(record: Any, number: int, writer: Writer) -> None:
    key = _text_key(record)
    title = record.get("title") if isinstance(record, Mapping) else None
    own = {key, "title"} if isinstance(title, str) else {key}
    writer.heading(1, title if isinstance(title, str) and title.strip() else _heading(number))
    rest = {name: value for name, value in record.items() if name not in own} if isinstance(record, Mapping) else record
    if pairs := "; ".join(_pairs(rest)):
        writer.paragraph(f"{pairs}.")  # With a full stop it is no heading.
    if key:
        prose.write(record[key], writer)


def _pairs(value: Any) -> Iterator[str]:
    """Yield each scalar below a value with the names that lead to it, such as "author.name: A. Roe"; lists by commas."""
    waiting = [("", value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += reversed([(f"{name}.{key}" if name else key, each) for key, each in value.items()])
        elif isinstance(value, list) and any(isinstance(each, (Mapping, list)) for each in value):
            waiting += reversed([(name, each) for each in value])
        else:
            said = ", ".join(filter(None, map(_scalar, value if isinstance(value, list) else [value])))
            if said:
                yield f"{name}: {said}" if name else said


def _scalar(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else one_line(str(value))
