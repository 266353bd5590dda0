"""Mark spans of Markdown source in its tokens.

Where a span begins or ends, a character that no text holds is put into the source before it is parsed, a *sentinel*. It stands
where it changes nothing: never within a mark of a block, such as "- " or "| ", nor beside one of emphasis. That it did change
nothing is checked, token by token.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from qa.text.span import Span
from qa.web.markdown import parsing

if TYPE_CHECKING:
    from qa.web.markdown.parsing import Token

FIRST = 0xFDD0
"""The code point of the first sentinel, a noncharacter: an even one begins a span, the odd one after it ends that."""
SENTINELS = re.compile("[\ufdd0-\ufdef]")

_PREFIX = re.compile(r"(?:[ \t]*(?:>|(?:#{1,6}|[-+*])(?=[ \t])|\|))*[ \t]*")
"""The marks of blocks at the start of a line."""
_ITEM_PREFIX = re.compile(r"(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t])))*[ \t]*(?:#{1,6}[ \t]+)?")
"""Those at the start of an item of a list."""
_CODE_PREFIX = re.compile(r"[ \t>]*")
_NO_TEXT = re.compile(r"[\s>|:=*_+-]*\Z|[ \t>]*\[!\w+\]")
"""A line without text: a rule, the line under a header, the label of an admonition."""
_TAG = re.compile(r"<[^<>\n]{1,999}>")
_EMPHASIS = "*_~"


class _Line(NamedTuple):
    """A line of the source: where it begins, where its text does, and where it ends; both are the same if it has no text."""

    start: int
    text: int
    end: int
    is_code: bool


def marked(source: str, spans: Sequence[Span | None]) -> list[Token] | None:
    """Return the tokens of a source with sentinels in their text where the spans begin and end, the n-th from `FIRST` + 2 n.

    None if the source cannot be parsed, or the sentinels would change what it means.
    """
    source = SENTINELS.sub("\ufffd", source)
    plain = parsing.blocks(source)
    if plain is None:
        return None
    lines = list(_lines(source, plain[0]))
    for tight in (False, True):
        with_sentinels = _with_sentinels(source, spans, _Places(source, lines, tight))
        found = parsing.blocks(with_sentinels) if with_sentinels != source else plain
        if found and _same(plain[0], found[0]):
            break
    else:
        return None
    for before, token in zip(plain[0], found[0], strict=True):
        if token.type == "inline":
            children = parsing.inline(token.content, found[1])
            is_same = token.content == before.content or _same(parsing.inline(before.content, plain[1]), children)
            token.children = children if is_same else parsing.literal(token.content)
    return found[0]


def _same(plain: Sequence[Token], found: Sequence[Token]) -> bool:
    """Return True if the sentinels are all that tells two sequences of tokens apart."""
    others = [token for token in found if token.type != "text" or not token.content or SENTINELS.sub("", token.content)]
    return len(plain) == len(others) and all(map(_is_same, plain, others))


def _is_same(plain: Token, found: Token) -> bool:
    return (
        plain.type == found.type
        and plain.map == found.map
        and plain.content == SENTINELS.sub("", found.content)
        and plain.info == SENTINELS.sub("", found.info)
        and all(str(value) == SENTINELS.sub("", str(found.attrs.get(name))) for name, value in plain.attrs.items())
        and _same(plain.children or (), found.children or ())
    )


def _with_sentinels(source: str, spans: Sequence[Span | None], places: _Places) -> str:
    put = []
    for n, span in enumerate(spans):
        moved = span and places.inward(span)
        if moved:
            put += [(moved.start, chr(FIRST + 2 * n)), (moved.end, chr(FIRST + 2 * n + 1))]
    pieces, end = [], 0
    for place, sentinel in sorted(put):
        pieces += [source[end:place], sentinel]
        end = place
    return "".join(pieces) + source[end:]


class _Places:
    """The places of a source at which a sentinel can stand; if `tight`, only those beside a letter or digit."""

    def __init__(self, source: str, lines: Sequence[_Line], tight: bool) -> None:
        self._source, self._lines, self._tight = source, lines, tight

    def inward(self, span: Span) -> Span | None:
        """Return a span with its ends moved to such places within it; None if nothing is left."""
        start, end = self._start(span), self._end(span)
        return Span(start, end) if start < end else None

    def _number(self, place: int) -> int:
        return bisect_right(self._lines, place, key=lambda line: line.start) - 1

    def _start(self, span: Span) -> int:
        place = span.start
        for line in islice(self._lines, self._number(place), None):
            place = max(place, line.text)
            while place < min(line.end, span.end):
                if line.is_code or self._may_begin(place):
                    return place
                tag = _TAG.match(self._source, place)
                place = tag.end() if tag else place + 1
            if place >= span.end:
                break
        return span.end

    def _end(self, span: Span) -> int:
        place = span.end
        for n in range(self._number(max(span.start, span.end - 1)), -1, -1):
            line = self._lines[n]
            place = min(place, line.end)
            while place > max(line.text, span.start):
                if line.is_code or self._may_end(place):
                    return place
                place = self._before_tag(line.text, place) if self._source[place - 1] == ">" else place - 1
            if place <= span.start:
                break
        return span.start

    def _may_begin(self, place: int) -> bool:
        before, after = self._source[place - 1 : place], self._source[place]
        if self._tight or (before and before in _EMPHASIS):
            return after.isalnum()
        return not (after.isspace() or after in "|" + _EMPHASIS or _belong_together(before, after))

    def _may_end(self, place: int) -> bool:
        before, after = self._source[place - 1], self._source[place : place + 1]
        if self._tight or (after and after in _EMPHASIS):
            return before.isalnum()
        return not (before.isspace() or before in "|#" + _EMPHASIS or _belong_together(before, after))

    def _before_tag(self, start: int, place: int) -> int:
        opened = self._source.rfind("<", max(start, place - 999), place)
        return opened if opened >= 0 and _TAG.fullmatch(self._source, opened, place) else place - 1


def _belong_together(before: str, after: str) -> bool:
    return before == "\\" or before + after in ("``", "![", "](", "][", "]:")


def _lines(source: str, tokens: Sequence[Token]) -> Iterator[_Line]:
    """Yield the lines of a source, numbered as in its tokens."""
    code, texts, items = (_numbers(tokens, *types) for types in (_CODE, _TEXTS, _ITEMS))
    for n, found in enumerate(re.finditer(r"([^\r\n]*)(?:\r\n?|\n|\Z)", source)):
        start, end = found.span(1)
        prefix = _CODE_PREFIX if n in code else _ITEM_PREFIX if n in items else _PREFIX
        is_text = n in code or (n in texts and not _NO_TEXT.match(source, start, end))
        text = prefix.match(source, start, end)
        yield _Line(start, text.end() if text and is_text else end, end, n in code)


_CODE = ("fence", "code_block")
_TEXTS = ("inline",)
_ITEMS = ("list_item_open",)


def _numbers(tokens: Sequence[Token], *types: str) -> set[int]:
    """Return the numbers of the lines of all tokens of some types; of an item only its first, of a fence those within."""
    numbers = set[int]()
    for token in tokens:
        if token.type in types and token.map:
            first, after = token.map
            if token.type == "fence":
                first, after = first + 1, first + 1 + token.content.count("\n")
            numbers.update([first] if token.type in _ITEMS else range(first, after))
    return numbers
