"""Read a file's bytes as an article: text, title, date and the like. `FORMATS` has a reader for each kind of file."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qa.reading.decoding import decode
from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, lines
from qa.types import Article, Failure

FRONT_MATTER_CHARS = 20_000
"""Longer front matter is not parsed: it is hardly metadata, and would take the YAML parser long."""

_DATED_LINE = re.compile(r"\s*date\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)", re.IGNORECASE)

_ISO_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")

_KEY_VALUE = re.compile(r"^([A-Za-z]+)[^\S\n]*:(.+)$", re.MULTILINE)

_NULLS = ("~", "null", "Null", "NULL")


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


class Content(NamedTuple):
    """The content of a file: its text, the offset of the body after any metadata, and the metadata by name."""

    text: str
    body: int = 0
    metadata: Mapping[str, object] = {}


Reader = Callable[[bytes], Content]
"""Returns the content of a file's bytes, or raises `UnreadableError` with a reason of a few words."""


class UnreadableError(Exception):
    """The bytes of a file are not what its suffix says."""


def read(article_id: str, content: bytes) -> Article | Failure:
    """Return a file as an article, with title and date from its metadata, else its first line, else its name."""
    reader = FORMATS.get(Path(article_id).suffix.lower(), plain)
    try:
        text, body, metadata = reader(content)
    except UnreadableError as error:
        return Failure(article_id, str(error))
    if not text[body:].strip():
        return Failure(article_id, "empty")
    title, date = _headline(text, body)
    return Article(
        id=article_id,
        text=text,
        title=_one_line(metadata.get("title")) or _one_line(title) or _one_line(Path(article_id).stem.replace("_", " ")),
        body=body,
        date=_iso_date(metadata.get("date")) or date,
        source=_one_line(metadata.get("source")),
        url=_one_line(metadata.get("url")),
        tags=_tags(metadata.get("tags")),
    )


# --- plain text and Markdown -------------------------------------------------------------------------------------------


def plain(content: bytes) -> Content:
    """Read text with or without front matter, kept to the letter."""
    text = decode(content)
    if text is None:
        raise UnreadableError("not text: binary, or in an encoding that cannot be told")
    metadata, body = front_matter(text)
    return Content(text, body, metadata)


FORMATS: Mapping[str, Reader] = {".md": plain, ".txt": plain, ".markdown": plain}
"""The reader of files by suffix; messages list the suffixes in this order."""


def front_matter(text: str) -> tuple[Mapping[str, Any], int]:
    """Return the metadata at the head of a text and the offset of its body; `({}, 0)` without front matter."""
    if not text.startswith("---"):
        return {}, 0
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    try:
        head, body = handler.split(text)
    except ValueError:
        return {}, 0
    if len(head) > FRONT_MATTER_CHARS:
        return {}, 0
    try:
        # The base loader makes every value a text: a malformed date is no error, and nothing is merged or multiplied.
        metadata = handler.load(head, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        # A colon in an unquoted title is not YAML, but it is what people write.
        metadata = {key.lower(): value.strip().strip("\"'") for key, value in _KEY_VALUE.findall(head)}
    if not isinstance(metadata, dict) or not metadata:
        return {}, 0
    return {str(key).lower(): value for key, value in metadata.items()}, len(text) - len(body)


def _headline(text: str, body: int) -> tuple[str, str]:
    """Return title and date of the first line if it is a headline; either may be empty."""
    first = next(line.of(text) for line in lines(text, Span(body, len(text))) if line.of(text)).splitlines()[0].strip()
    match = _DATED_LINE.match(first)
    if match:
        return match.group(2).strip(), _iso_date(match.group(1))
    return (heading_text(first) if is_heading(first) else ""), ""


def _one_line(value: object) -> str:
    """Return a scalar of the front matter as one line of printable text; empty for YAML's null and anything else."""
    words = value.split() if isinstance(value, str) and value not in _NULLS else []
    return "".join(char for char in " ".join(words) if char.isprintable())


def _tags(value: object) -> tuple[str, ...]:
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(tag for tag in map(_one_line, values) if tag)


def _iso_date(value: object) -> str:
    """Return a date as ISO 8601, as exact as it was stated, or an empty text if it is not a date.

    >>> _iso_date("2024-01-13T08:00:00Z"), _iso_date("2024-13-01"), _iso_date("2024")
    ('2024-01-13', '', '2024')
    """
    match = _ISO_DATE.match(_one_line(value))
    if not match:
        return ""
    year, month, day = (*match.group().split("-"), "01", "01")[:3]
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return ""
    return match.group()
