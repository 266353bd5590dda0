"""What a reader makes of a file's bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from qa.text.span import Span
from qa.types import Locator


class Content(NamedTuple):
    """The content of a file: its text, the offset of the body after any metadata, the metadata by name, and its parts.

    A name of the metadata is one of `metadata.NAMES`; a value is a text, or a list of texts for tags and authors. A note says
    in a few words what the text lacks although the file has it, such as "2 of 12 pages have no text".
    """

    text: str
    body: int = 0
    metadata: Mapping[str, object] = {}
    locators: tuple[Locator, ...] = ()
    notes: tuple[str, ...] = ()


class UnreadableError(Exception):
    """The bytes of a file are not what its suffix says, or hold nothing to read: the message says so in a few words."""


class Format(NamedTuple):
    """How files of a kind are read.

    `version` is 0 if the text is the file's own; else that of the reader, to be raised with every change after which the
    same file gives another text. `is_markdown` is True if the text is to be shown as Markdown, `has_headline` if its first
    line may be its title, which the name of a sheet is not. `draw` returns one page of the file as PNG: given the bytes of the
    file, the number of the page from 0, its text, and a span of that to be marked.
    """

    read: Callable[[bytes], Content]
    version: int = 0
    is_markdown: bool = False
    has_headline: bool = True
    draw: Callable[[bytes, int, str, Span], bytes] | None = None
