"""Text without markup, for a shell and for what is copied: the words of Markdown, laid out as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qa.citation import Citation
from qa.reading.formats import format_of
from qa.types import Passage
from qa.web.markdown import parsing, tables

if TYPE_CHECKING:
    from qa.web.markdown.parsing import Token


def quote(citation: Citation) -> str:
    """Return the words of a quote, a row of a table under its header; the exact text is `Citation.quote`."""
    if citation.lead is None:
        return words(citation.article_id, citation.quote)
    text, _ = tables.under(citation.lead.text, citation.quote)
    return words(citation.article_id, text)


def passage(found: Passage) -> str:
    """Return the words of a passage, under what it goes on with."""
    text, _ = tables.under(found.lead, found.text) if found.lead else (found.text, 0)
    return words(found.article_id, text)


def heading(article_id: str, text: str) -> str:
    """Return the words of a heading, which is given without its marks."""
    return words(article_id, f"# {text}") if text and format_of(article_id).is_markdown else text


def words(article_id: str, text: str) -> str:
    """Return the words of a text of an article, one block below the other; that of plain text is as it is.

    >>> words("a.md", "**Two** [votes](http://a.org):")
    'Two votes:'
    """
    if not format_of(article_id).is_markdown:
        return text
    tokens = parsing.parsed(tables.opened(text))
    return "\n".join(_Layout().lines(tokens)).strip("\n") if tokens else text


class _Layout:
    """Lays out blocks as lines, with a blank one between those that Markdown sets apart."""

    def __init__(self) -> None:
        self._items: list[int | None] = []
        """The number of the next item of each list that the text is in, None in one without numbers."""
        self._mark = ""
        self._row: list[str] | None = None

    def lines(self, tokens: Sequence[Token]) -> Iterator[str]:
        """Yield the lines."""
        for token in tokens:
            if token.type in ("fence", "code_block"):
                yield from (*token.content.rstrip("\n").split("\n"), "")
            elif token.type == "html_block":
                yield from filter(None, [parsing.without_unseen(token.content).strip()])
            elif token.type == "inline":
                yield from self._inline(parsing.words(token.children or (), "\n"))
            elif token.nesting > 0:
                yield from self._begin(token)
            elif token.nesting < 0:
                yield from self._end(token)

    def _begin(self, token: Token) -> Iterator[str]:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            self._items.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None)
        elif token.type == "list_item_open":
            self._mark = self._next_mark()
        elif token.type == "tr_open":
            self._row = []
        elif token.type == "aside_open":
            yield f"{parsing.label(token)}:"

    def _end(self, token: Token) -> Iterator[str]:
        if token.type in ("bullet_list_close", "ordered_list_close"):
            self._items.pop()
            yield from () if self._items else ("",)
        elif token.type == "tr_close":
            row, self._row = self._row or [], None
            yield from [" | ".join(row)] if any(row) else ()
        elif token.type in ("heading_close", "table_close") or (token.type == "paragraph_close" and not token.hidden):
            yield ""

    def _next_mark(self) -> str:
        number = self._items[-1]
        if number is None:
            return "- "
        self._items[-1] = number + 1
        return f"{number}. "

    def _inline(self, text: str) -> Iterator[str]:
        if self._row is not None:
            self._row.append(" ".join(text.split()))
        elif text.strip():
            indent = "  " * (len(self._items) - 1)
            first, *rest = text.strip().split("\n")
            yield f"{indent}{self._mark}{first}"
            yield from (f"{indent}{' ' * len(self._mark)}{line.strip()}" for line in rest)
            self._mark = ""
