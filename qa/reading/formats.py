"""Read a file's bytes as an article. `FORMATS` has the reader for each kind of file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from qa.reading.content import Content, Format, UnreadableError
from qa.reading.headline import headline
from qa.reading.kinds import plain
from qa.reading.metadata import one_line, typed
from qa.types import Article, Failure, kind

FORMATS: Mapping[str, Format] = {
    ".md": Format(plain.read, "Markdown", is_markdown=True),
    ".txt": Format(plain.read, "plain text"),
    ".markdown": Format(plain.read, "Markdown", is_markdown=True),
}
"""How files are read, by suffix; messages list the suffixes in this order."""


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
    said = typed(found.metadata)
    name = PurePosixPath(article_id).stem.replace("_", " ")
    # The first headline among many messages or records is that of one of them.
    title, date = ("", "") if _is_collection(found) else headline(found.text, found.body)
    return Article(
        id=article_id,
        text=found.text,
        title=said.title or one_line(title) or one_line(name),
        body=found.body,
        date=said.date or date,
        source=said.source,
        url=said.url,
        tags=said.tags,
        author=said.author,
        language=said.language,
        locators=found.locators,
        notes=(*said.notes, *found.notes),
    )


def _is_collection(found: Content) -> bool:
    return any(each.kind in ("message", "record") for each in found.locators)
