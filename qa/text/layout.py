"""Tell how a text is laid out: its paragraphs, headings and sentences, and what a part of it needs to be understood.

A text is laid out as Markdown or as plain text; each is asked in the same way.
"""

from __future__ import annotations

import re
from bisect import bisect_left
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
        """Yield the paragraphs in order, stripped; a heading is one of its own."""
        ...

    def leads_in(self, paragraph: Span) -> bool:
        """Return True if a paragraph is a heading, or leads in to the next one."""
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

    def leads_in(self, paragraph: Span) -> bool:
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
        """Return the last heading before a place, if it is not too far away."""
        before = Span(max(self._start, place - _LOOK_BACK_CHARS), place)
        return tuple(name for _, name in structure.headings(self._text, before))[-1:]


class Markdown:
    """A Markdown text."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self.blocks = scan(text, Span(start, len(text)))
        self._headings = [n for n, block in enumerate(self.blocks) if block.kind == "heading"]

    def paragraphs(self) -> Iterator[Span]:
        """See `Layout`: what stands between blank lines."""
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
        has_heading = "heading" in (before.kind, block.kind)
        return not has_heading and len(self._text[before.span.end : block.span.start].splitlines()) < 2

    def leads_in(self, paragraph: Span) -> bool:
        """See `Layout`: text that looks like a heading is one as well."""
        n = at(self.blocks, paragraph.end - 1)
        kind = self.blocks[n].kind
        if n + 1 < len(self.blocks) and self.blocks[n + 1].needs == n and kind in ("text", "item"):
            return True
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
        """See `Layout`: the headings above, then what leads in, and the opening fence of code that is cut.

        A heading with which the text opens is its title, which is known of every part.
        """
        headings = [self.blocks[n].span.of(self._text) for n in self._above(place) if n]
        return "\n".join([*headings, *self._lead_ins(place)])

    def _above(self, place: int) -> list[int]:
        """Return the numbers of the headings before a place that it stands under, the outermost first."""
        n = self._headings[found - 1] if (found := bisect_left(self._headings, place, key=self._start_of)) else -1
        own = at(self.blocks, place)
        if own >= 0 and self.blocks[own].kind == "heading":
            n = self.blocks[own].needs
        return self._chain(n)

    def _chain(self, n: int) -> list[int]:
        """Return the number of a block and of those that it needs, the last needed first."""
        chain = list[int]()
        while n >= 0:
            chain.insert(0, n)
            n = self.blocks[n].needs
        return chain

    def _lead_ins(self, place: int) -> Iterator[str]:
        n = at(self.blocks, place)
        if n < 0 or self.blocks[n].kind == "heading":
            return
        for needed in (self.blocks[each] for each in self._chain(self.blocks[n].needs)):
            yield (needed.span if needed.kind == "header" else self._leading_words(needed)).of(self._text)
        code = self.blocks[n]
        if code.kind == "code" and place > code.span.start and (fence := _FENCE.match(self._text, code.span.start)):
            yield fence.group()

    def _start_of(self, n: int) -> int:
        return self.blocks[n].span.start

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
        lines = (self.blocks[n].span.of(self._text).splitlines()[0] for n in self._above(place))
        return tuple(filter(None, map(structure.heading_text, lines)))


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
