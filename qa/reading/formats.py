"""Read a file's bytes as an article. `FORMATS` has the reader for each kind of file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from qa.reading.content import Content, Format, UnreadableError
from qa.reading.kinds import plain
from qa.reading.metadata import iso_date, one_line, tags
from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, lines
from qa.types import Article, Failure, kind

FORMATS: Mapping[str, Format] = {
    ".md": Format(plain.read, "Markdown", is_markdown=True),
    ".txt": Format(plain.read, "plain text"),
    ".markdown": Format(plain.read, "Markdown", is_markdown=True),
}
"""How files are read, by suffix; messages list the suffixes in this order."""

_DATED_LINE = re.compile(r"\s*date\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)", re.IGNORECASE)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def format_of(article_id: str) -> Format:
    """Return how a file is read; one of an unknown kind is read as plain text."""
    return FORMATS.get(f".{kind(article_id)}", FORMATS[".txt"])


def read(article_id: str, content: bytes) -> Article | Failure:
    """Return a file as an article, with title and date from its metadata, else its first line, else its name."""
    try:
        found = format_of(article_id).read(content)
    except UnreadableError as error:
        return Failure(article_id, str(error))
    if not found.text[found.body :].strip():
        return Failure(article_id, "empty")
    return _article(article_id, found)


def _article(article_id: str, found: Content) -> Article:
    said, (title, date) = found.metadata, _headline(found.text, found.body)
    name = PurePosixPath(article_id).stem.replace("_", " ")
    return Article(
        id=article_id,
        text=found.text,
        title=one_line(said.get("title")) or one_line(title) or one_line(name),
        body=found.body,
        date=iso_date(said.get("date")) or date,
        source=one_line(said.get("source")),
        url=one_line(said.get("url")),
        tags=tags(said.get("tags")),
        author=one_line(said.get("author")),
        language=one_line(said.get("language")),
        locators=found.locators,
    )


def _headline(text: str, body: int) -> tuple[str, str]:
    """Return title and date of the first line if it is a headline; either may be empty."""
    first = next(line.of(text) for line in lines(text, Span(body, len(text))) if line.of(text)).splitlines()[0].strip()
    match = _DATED_LINE.match(first)
    if match:
        return match.group(2).strip(), iso_date(match.group(1))
    return (heading_text(first) if is_heading(first) else ""), ""
