"""Tell how a text is laid out: its paragraphs, headings and sentences, and what a part of it needs to be understood.

A text is laid out as Markdown or as plain text; each is asked in the same way.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from qa.text import structure
from qa.text.blocks import Block, at, item_mark, scan
from qa.text.span import Span
from qa.text.structure import strip

CODE_CHARS = 400
"""Code that is no longer is one sentence: it is quoted as a whole. Longer code is cut at blank lines, and then into lines."""
LEAD_CHARS = 200
"""The most that is quoted of a sentence or an item that leads in: more is hardly read before what it leads to."""
_LOOK_BACK_CHARS = 20_000
"""How far before a place in plain text its heading is looked for: a chapter may be long, and a search takes time."""
_CACHED = 8
_SENTENCE_BREAK = re.compile(r"[.!?…][\"'”’»)\]*_]*\s+")
_BOLD = re.compile(r"(\*\*|__)(?=\S)[^*_\n]{1,100}\1[.:?]?(?=\s|\Z)")
"""Bold words at the start of a paragraph: they are no sentence of their own, even with a full stop in them."""
_FENCE = re.compile(r"(?:```|~~~)[^\n]*")


class Layout(Protocol):
    """How a text is laid out."""

    def paragraphs(self) -> Iterator[Span]:
        """Yield the paragraphs in order, with what leads in to a list, a table or code; a heading is one of its own."""
        ...

    def is_heading(self, paragraph: Span) -> bool:
        """Return True if a paragraph is a heading."""
        ...

    def sentences(self, span: Span, language: str, /) -> list[Span]:
        """Return the sentences in a part of the text in order, stripped: together they hold all but white space."""
        ...

    def lead(self, place: int, /) -> str:
        """Return what stands before a place and is needed to understand what begins there, such as a table's header."""
        ...

    def lead_of(self, quote: Span, /) -> Span | None:
        """Return what is to be cited with a quote so that it is understood, such as a table's header; None if nothing is."""
        ...

    def section(self, place: int) -> tuple[str, ...]:
        """Return the headings above a place, the outermost first."""
        ...


@lru_cache(_CACHED)
def layout(text: str, start: int, *, is_markdown: bool) -> Layout:
    """Return how a text is laid out from `start` on. That of the last texts is kept: it takes a while to find for long ones."""
    return Markdown(text, start) if is_markdown else Plain(text, start)


class Plain:
    """A plain text: lines that look like headings are headings, and everything can be understood by itself."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start

    def paragraphs(self) -> Iterator[Span]:
        """See `Layout`: what stands between blank lines."""
        return structure.paragraphs(self._text, Span(self._start, len(self._text)))

    def is_heading(self, paragraph: Span) -> bool:
        """See `Layout`."""
        return structure.is_heading(paragraph.of(self._text))

    def sentences(self, span: Span, language: str) -> list[Span]:
        """See `Layout`."""
        return structure.sentences(self._text, span, language)

    def lead(self, _: int, /) -> str:
        """See `Layout`."""
        return ""

    def lead_of(self, _: Span, /) -> Span | None:
        """See `Layout`."""
        return None

    def section(self, place: int) -> tuple[str, ...]:
        """Return the last heading at or before a place, if it is not too far away."""
        line_end = self._text.find("\n", place)
        before = Span(max(self._start, place - _LOOK_BACK_CHARS), line_end if line_end >= 0 else len(self._text))
        names = [name for start, name in structure.headings(self._text, before) if start <= place]
        return tuple(names[-1:])


class Markdown:
    """A Markdown text."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self.blocks = scan(text, Span(start, len(text)))
        self._headings = [(block.span.start, n) for n, block in enumerate(self.blocks) if block.kind == "heading"]

    def paragraphs(self) -> Iterator[Span]:
        """See `Layout`: what stands between blank lines, with what leads in to it."""
        start = end = -1
        for n, block in enumerate(self.blocks):
            if start >= 0 and not self._goes_on(n):
                yield Span(start, end)
                start = -1
            start, end = block.span.start if start < 0 else start, block.span.end
        if start >= 0:
            yield Span(start, end)

    def _goes_on(self, n: int) -> bool:
        """Return True if a block belongs to one paragraph with the block before."""
        before, block = self.blocks[n - 1], self.blocks[n]
        if "heading" in (before.kind, block.kind):
            return False
        return block.needs == n - 1 or len(self._text[before.span.end : block.span.start].splitlines()) < 2

    def is_heading(self, paragraph: Span) -> bool:
        """See `Layout`: one with Markdown's marks, or text that looks like one."""
        kind = self.blocks[at(self.blocks, paragraph.start)].kind
        return kind == "heading" or (kind == "text" and structure.is_heading(paragraph.of(self._text)))

    def sentences(self, span: Span, language: str) -> list[Span]:
        """See `Layout`: a row is one, an item has its mark, and code is not cut like prose."""
        found = []
        for n in range(max(0, at(self.blocks, span.start)), len(self.blocks)):
            block = self.blocks[n]
            if block.span.start >= span.end:
                break
            part = strip(self._text, Span(max(block.span.start, span.start), min(block.span.end, span.end)))
            if part.start < part.end:
                found += self._sentences_in(block, part, language)
        return found

    def _sentences_in(self, block: Block, part: Span, language: str) -> list[Span]:
        if block.kind == "code":
            return _pieces_of_code(self._text, part)
        if block.kind in ("heading", "header", "row", "mark"):
            return [part]
        mark = item_mark(self._text, part) if block.kind == "item" and part.start == block.span.start else Span(0, part.start)
        said = structure.sentences(self._text, Span(min(mark.end, part.end), part.end), language)
        if not said:
            return [part]
        bold = _BOLD.match(self._text, mark.end, part.end)
        first = next((n for n, each in enumerate(said) if not bold or each.end > bold.end()), len(said) - 1)
        return [Span(part.start, said[first].end), *said[first + 1 :]]

    # --- what is needed

    def lead(self, place: int) -> str:
        """See `Layout`: the opening fence of code that is cut is needed as well."""
        n = at(self.blocks, place)
        if n < 0 or self.blocks[n].kind == "heading":
            return ""
        block, parts = self.blocks[n], list[str]()
        if block.kind == "code" and place > block.span.start and (fence := _FENCE.match(self._text, block.span.start)):
            parts.append(fence.group())
        while (n := self.blocks[n].needs) >= 0:
            needed = self.blocks[n]
            parts.append(needed.span.of(self._text) if needed.kind == "header" else self._leading_words(needed).of(self._text))
        return "\n".join(reversed(parts))

    def lead_of(self, quote: Span) -> Span | None:
        """See `Layout`."""
        n = at(self.blocks, quote.start)
        if n < 0 or self.blocks[n].kind == "heading" or self.blocks[n].needs < 0:
            return None
        return self._leading_words(self.blocks[self.blocks[n].needs])

    def _leading_words(self, block: Block) -> Span:
        """Return what a block says of what it leads to: of a header without its rule, of prose the last sentence."""
        text, span = self._text, block.span
        if block.kind == "header":
            return strip(text, Span(span.start, span.start + len(span.of(text).splitlines()[0])))
        start = item_mark(text, span).end if block.kind == "item" else span.start
        for each in _SENTENCE_BREAK.finditer(text, max(start, span.end - 2 * LEAD_CHARS), span.end):
            start = each.end() if each.end() < span.end else start
        if span.end - start > LEAD_CHARS:
            start = max(text.rfind(" ", 0, span.end - LEAD_CHARS), start) + 1
        return Span(start, span.end)

    def section(self, place: int) -> tuple[str, ...]:
        """See `Layout`."""
        n = self._heading_at(place)
        names = []
        while n >= 0:
            names.append(self._name(self.blocks[n]))
            n = self.blocks[n].needs
        return tuple(filter(None, reversed(names)))

    def _heading_at(self, place: int) -> int:
        return self._headings[found - 1][1] if (found := bisect_right(self._headings, (place, len(self.blocks)))) else -1

    def _name(self, heading: Block) -> str:
        return structure.heading_text(heading.span.of(self._text).splitlines()[0])


def _pieces_of_code(text: str, code: Span) -> list[Span]:
    """Return short code as a whole, longer code without its fences by blank lines, and what is still long line by line."""
    if code.end - code.start <= CODE_CHARS:
        return [code]
    found: list[Span] = []
    for part in structure.paragraphs(text, code):
        is_fenced = any(_FENCE.match(text, line.start) for line in structure.lines(text, part))
        is_short = part.end - part.start <= CODE_CHARS and not is_fenced
        found += [part] if is_short else structure.lines(text, part)
    return found
