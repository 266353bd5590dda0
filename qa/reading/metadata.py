"""What a file says about itself, made typed: a title, a date, an author and the like. What is malformed is noted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from qa.text import dates

NAMES = ("title", "date", "author", "source", "url", "tags", "language")
"""What may be said."""
OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "author": ("authors",),
    "url": ("canonical", "link", "permalink"),
    "tags": ("keywords", "categories"),
    "language": ("lang",),
}
"""By what other names the same may be said."""

_NULLS = ("~", "null", "Null", "NULL")
_DATE_CHARS = 80
"""No date is longer, with its time and zone."""
_SHOWN_CHARS = 60
"""Of a malformed value so much is shown."""
_ORDERED = re.compile(r"(\d{4})(\d\d)(\d\d)(?!\d)|(\d{4})(?:([-/.])(\d{1,2})(?:\5(\d{1,2}))?)?", re.ASCII)
_UNORDERED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_TIME = re.compile(
    r"(?:T\d\d:?|,?\s+(?:at\s+)?\d{1,2}:)\d\d(?::?\d\d(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?\s*"
    r"(?:Z|(?:UTC|GMT)?[+-]\d\d:?\d\d(?:\s*\(\w+\))?|[A-Z]{2,5})?",
    re.IGNORECASE | re.ASCII,
)
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b[.,]*\s*", re.IGNORECASE)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")


class Metadata(NamedTuple):
    """What a file says about itself, each field empty if it does not, and notes on what it says but cannot be meant so."""

    title: str
    date: str
    author: str
    source: str
    url: str
    tags: tuple[str, ...]
    language: str
    notes: tuple[str, ...]


class _WrongError(Exception):
    """A value cannot be taken: the message says why."""


def typed(said: Mapping[str, object]) -> Metadata:
    """Return the metadata of a file by name, `NAMES` or `OTHER_NAMES`, as fields.

    >>> typed({"date": "13 January 2024", "authors": ["A. Roe", "B. Doe"], "lang": "en-GB"})[1:3]
    ('2024-01-13', 'A. Roe, B. Doe')
    >>> typed({"date": "01/02/2024"}).notes
    ("date '01/02/2024' may be two days: write it as 2024-01-13",)
    """
    notes: list[str] = []
    found = {name: list(_values(name, said, notes)) for name in NAMES}
    one = {name: next(filter(None, values), "") for name, values in found.items()}
    tags = dict.fromkeys(tag for value in found["tags"] for tag in value.split("\n") if tag)
    return Metadata(
        one["title"], one["date"], one["author"], one["source"], one["url"], tuple(tags), one["language"], tuple(notes)
    )


def _values(name: str, said: Mapping[str, object], notes: list[str]) -> Iterator[str]:
    """Yield what is said by each of the names of a field; note what is malformed."""
    for alias in (name, *OTHER_NAMES.get(name, ())):
        value = said.get(alias)
        try:
            yield _web_address(value) if name == "url" != alias else _TYPES.get(name, _text)(value)
        except _WrongError as wrong:
            shown = one_line(value)
            quoted = f" '{shown[:_SHOWN_CHARS]}{'…' if len(shown) > _SHOWN_CHARS else ''}'" if shown else ""
            notes.append(f"{alias}{quoted} {wrong}")


def one_line(value: object) -> str:
    """Return a scalar of the metadata as one line of printable text; empty for YAML's null and anything else."""
    words = value.split() if isinstance(value, str) and value not in _NULLS else []
    return "".join(char for char in " ".join(words) if char.isprintable())


def _text(value: object) -> str:
    if isinstance(value, (list, dict)) and value:
        raise _WrongError("is not a text")
    return one_line(value)


def _author(value: object) -> str:
    """Return one name or several; YAML has each as a text, or as a mapping with the name in it."""
    return ", ".join(filter(None, map(_name, value if isinstance(value, list) else [value])))


def _name(value: object) -> str:
    return _text(value.get("name", value) if isinstance(value, dict) else value)


def _tags(value: object) -> str:
    """Return the tags in a list, or in a text between commas, one a line."""
    values: Sequence[object] = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return "\n".join(map(_text, values))


def _web_address(value: object) -> str:
    """Return an address; other values of these names are paths within a site, or text."""
    try:
        parts = urlsplit(text := one_line(value))
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.hostname else ""


def _language(value: object) -> str:
    text = _text(value)
    match = _LANGUAGE.fullmatch(text)
    if text and not match:
        raise _WrongError("is no code of a language, such as en")
    return match[1].lower() if match else ""


# --- dates ---------------------------------------------------------------------------------------------------------------


def iso_date(value: object) -> str:
    """Return a date as ISO 8601, as exact as it was stated, or an empty text if it is not one date.

    >>> iso_date("2024-01-13T08:00:00Z"), iso_date("Jan 13, 2024"), iso_date("2024-13-01"), iso_date("2024")
    ('2024-01-13', '2024-01-13', '', '2024')
    """
    try:
        return _date(value)
    except _WrongError:
        return ""


def _date(value: object) -> str:
    text = _text(value)
    if not text:
        return ""
    found = set(_readings(text)) if len(text) <= _DATE_CHARS else set()
    if len(found) > 1:
        raise _WrongError("may be two days: write it as 2024-01-13")
    if not found:
        raise _WrongError("is not a date such as 2024-01-13")
    return found.pop()


def _readings(text: str) -> Iterator[str]:
    """Yield the days, months or years that a text may mean, which has nothing else but a weekday and a time."""
    text = _WEEKDAY.sub("", text, count=1) if _WEEKDAY.match(text) else text
    if match := _ORDERED.match(text):
        parts = match.group(1, 2, 3) if match[1] else match.group(4, 6, 7)
        yield from _valid(text[match.end() :], *filter(None, parts))
    elif match := _UNORDERED.match(text):
        one, other, year = match[1], match[3], match[4]
        yield from _valid(text[match.end() :], year, one, other)
        yield from _valid(text[match.end() :], year, other, one)
    else:
        for stated in dates.stated(text)[:1]:
            if not stated.span.start:
                yield from _valid(text[stated.span.end :], *stated.iso.split("-"))


def _valid(rest: str, *parts: str) -> Iterator[str]:
    """Yield year, month and day as ISO 8601 if there are such, and if what follows is a time or nothing."""
    iso = "-".join(part.zfill(2) for part in parts)
    if dates.is_date(iso) and (not rest.strip() or _TIME.fullmatch(rest.rstrip())):
        yield iso


_TYPES: Mapping[str, Callable[[object], str]] = {"date": _date, "author": _author, "tags": _tags, "language": _language}
