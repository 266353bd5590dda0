"""Read a PDF: its text page by page, and what it says about itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds.pdf import pages, paragraphs
from qa.reading.kinds.pdf.characters import cleaned
from qa.reading.kinds.pdf.pages import Line
from qa.reading.kinds.pdf.running_heads import without_running_heads
from qa.types import Locator

_DAMAGED, _NO_TEXT = "damage on", "no text on"
_AGAIN, _OCR = "fetch or export it once more", "scanned? run OCR over it first"
_LISTED = 10
_LABEL_CHARS = 20
_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?![^\W\d_])", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"\W*|untitled.*|about:blank|(?:document|presentation|slide|book|layout)\s*\d*|powerpoint presentation"
    r"|microsoft (?:word|excel|powerpoint) - .*|.*\.(?:docx?|odt|rtf|pptx?|odp|xlsx?|pdf|tex|dvi|indd|qxp|pmd|pub|wpd|html?)",
    re.IGNORECASE | re.DOTALL,
)
"""Titles that a program made up, or the name of the file that was printed."""
_NO_AUTHOR = re.compile(r"\W*|user|admin|administrator|owner|unknown|author|anonymous|pc|windows user", re.IGNORECASE)


def read(content: bytes) -> Content:
    """Read the text of a PDF, with a locator for each page, and a note on pages that could not be read.

    Raise `UnreadableError` if it is encrypted, damaged, or has no text.
    """
    with pages.opened(content) as document:
        read_pages, unread = _pages(document)
        labels = [_label(document, number) for number in range(len(document))]
        joined = paragraphs.joined(without_running_heads(read_pages, labels))
        if not joined.text:
            raise UnreadableError(_without_text(len(document), unread))
        notes = tuple(_note(what, numbers, len(document)) for what, numbers in unread.items() if numbers)
        locators = [Locator(start, "page", label) for start, label in zip(joined.starts, labels, strict=True)]
        return Content(joined.text, 0, _metadata(document), tuple(locators), notes)


def _pages(document: Any) -> tuple[list[list[Line]], dict[str, list[int]]]:
    """Return the lines of each page, and the numbers from 1 of those that are damaged and of those with only pictures."""
    lines: list[list[Line]] = []
    unread: dict[str, list[int]] = {_DAMAGED: [], _NO_TEXT: []}
    for number in range(len(document)):
        with pages.page(document, number) as page:
            lines.append(page.lines() if page else [])
            if page is None:
                unread[_DAMAGED].append(number + 1)
            elif not lines[-1] and not page.is_blank:
                unread[_NO_TEXT].append(number + 1)
    return lines, unread


def _without_text(count: int, unread: dict[str, list[int]]) -> str:
    said = f"{count:,} pages" if count > 1 else "1 page"
    if unread[_DAMAGED]:
        return f"damaged, {said}: {_AGAIN}"
    return f"no text, {said}: {_OCR}" if unread[_NO_TEXT] else f"empty, {said}"


def _note(what: str, numbers: list[int], count: int) -> str:
    """Return what is said of pages that could not be read, with the first of their numbers."""
    listed = ", ".join(map(str, numbers[:_LISTED])) + (", …" if len(numbers) > _LISTED else "")
    return f"{what} {len(numbers):,} of {count:,} pages ({listed}): {_AGAIN if what == _DAMAGED else _OCR}"


def _label(document: Any, number: int) -> str:
    label = _said(document.get_page_label, number)
    return label if 0 < len(label) <= _LABEL_CHARS else str(number + 1)


def _metadata(document: Any) -> dict[str, object]:
    title, author, created = (_said(document.get_metadata_value, name) for name in ("Title", "Author", "CreationDate"))
    return {
        "title": "" if _NO_TITLE.fullmatch(title) else title,
        "author": "" if _NO_AUTHOR.fullmatch(author) else author,
        "date": _date(created),
        "language": _language(document),
    }


def _said(ask: Callable[[Any], str], what: object) -> str:
    try:
        return cleaned(ask(what))
    except UnicodeDecodeError:
        return ""


def _date(said: str) -> str:
    match = _DATE.match(said)
    return "-".join(filter(None, match.groups())) if match else ""


def _language(document: Any) -> str:
    """Return the code of the language that a PDF says it is in, without its region."""
    import pypdfium2.raw as pdfium

    size = pdfium.FPDFCatalog_GetLanguage(document.raw, None, 0)
    if not 2 <= size <= 100:
        return ""
    said = (pdfium.FPDF_WCHAR * (size // 2))()
    pdfium.FPDFCatalog_GetLanguage(document.raw, said, size)
    match = _LANGUAGE.match(bytes(said).decode("utf-16-le", "replace"))
    return match.group().lower() if match else ""
