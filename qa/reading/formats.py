"""Read a file's bytes as an article. `FORMATS` has the reader for each kind of file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from qa.reading.content import Content, Format, UnreadableError
from qa.reading.headline import headline
from qa.reading.kinds import (
    epub,
    html,
    mail,
    notebook,
    opendocument,
    plain,
    records,
    rtf,
    sheets,
    slides,
    subtitles,
    word,
)
from qa.reading.kinds.pdf import picture as pdf_picture
from qa.reading.kinds.pdf import reader as pdf
from qa.reading.metadata import one_line, typed
from qa.types import Article, Failure, kind

FORMATS: Mapping[str, Format] = {
    ".md": Format(plain.read, is_markdown=True),
    ".txt": Format(plain.read),
    ".markdown": Format(plain.read, is_markdown=True),
    ".pdf": Format(pdf.read, 1, draw=pdf_picture.draw),
    ".html": Format(html.read, 1, is_markdown=True),
    ".htm": Format(html.read, 1, is_markdown=True),
    ".xhtml": Format(html.read, 1, is_markdown=True),
    ".mhtml": Format(html.read_saved, 1, is_markdown=True),
    ".mht": Format(html.read_saved, 1, is_markdown=True),
    ".epub": Format(epub.read, 1, is_markdown=True),
    ".docx": Format(word.read, 1, is_markdown=True),
    ".odt": Format(opendocument.read_text, 1, is_markdown=True),
    ".rtf": Format(rtf.read, 1, is_markdown=True),
    ".pptx": Format(slides.read, 1, is_markdown=True),
    ".odp": Format(opendocument.read_slides, 1, is_markdown=True),
    ".csv": Format(sheets.read_csv, 1, is_markdown=True, has_headline=False),
    ".tsv": Format(sheets.read_csv, 1, is_markdown=True, has_headline=False),
    ".xlsx": Format(sheets.read_workbook, 1, is_markdown=True, has_headline=False),
    ".xlsm": Format(sheets.read_workbook, 1, is_markdown=True, has_headline=False),
    ".xls": Format(sheets.read_workbook, 1, is_markdown=True, has_headline=False),
    ".ods": Format(sheets.read_workbook, 1, is_markdown=True, has_headline=False),
    ".eml": Format(mail.read_message, 1, is_markdown=True),
    ".mbox": Format(mail.read_mailbox, 1, is_markdown=True, has_headline=False),
    ".jsonl": Format(records.read_lines, 1, is_markdown=True, has_headline=False),
    ".ndjson": Format(records.read_lines, 1, is_markdown=True, has_headline=False),
    ".json": Format(records.read_list, 1, is_markdown=True, has_headline=False),
    ".ipynb": Format(notebook.read, 1, is_markdown=True),
    ".rst": Format(plain.read),
    ".org": Format(plain.read),
    ".tex": Format(plain.read),
    ".srt": Format(subtitles.read, 1),
    ".vtt": Format(subtitles.read, 1),
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
    how = format_of(article_id)
    try:
        extract = how.read(content)
    except UnreadableError as error:
        return Failure(article_id, str(error))
    if not extract.text[extract.body :].strip():
        return Failure(article_id, "empty")
    return _article(article_id, extract, headline(extract.text, extract.body) if how.has_headline else ("", ""))


def _article(article_id: str, extract: Content, first_line: tuple[str, str]) -> Article:
    said, (title, date) = typed(extract.metadata), first_line
    name = PurePosixPath(article_id).stem.replace("_", " ")
    return Article(
        id=article_id,
        text=extract.text,
        title=said.title or one_line(title) or one_line(name),
        body=extract.body,
        date=said.date or date,
        source=said.source,
        url=said.url,
        tags=said.tags,
        author=said.author,
        language=said.language,
        locators=extract.locators,
        notes=(*said.notes, *extract.notes),
    )
