"""Find the blocks of a Markdown text as spans: headings, list items, table rows, code and the like.

Line by line, in linear time, and of Markdown only what tells how a text is to be cut and quoted. Nothing fails: what is no
other block is text. As in CommonMark (commonmark.org), with GitHub's tables and the admonitions of GitHub and MkDocs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal, NamedTuple

from qa.text.span import Span

Kind = Literal["heading", "text", "item", "header", "row", "code", "mark", "html", "links"]
"""Text may be a block quote; a header is a table's first row with the rule under it; a mark is a line across the page, or the
first line of an admonition; links are definitions of references, badges, and paragraphs that only lead elsewhere."""

_PROSE = ("text", "item")
_DEEPEST = 20
"""A list item that lies deeper counts as one as deep as this."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
_FENCE = re.compile(r"`{3,}(?=[^`]*\Z)|~{3,}")
_HEADING = re.compile(r"(#{1,6})[ \t]+\S")
_ITEM = re.compile(r"(?:[-*+•‣◦·]|\d{1,3}[.)])(?:\s++|\Z)(?:\[[ xX]\]\s++)?")
_BREAK = re.compile(r"(?:-[ \t]*+){3,}\Z|(?:\*[ \t]*+){3,}\Z|(?:_[ \t]*+){3,}\Z")
_UNDERLINE = re.compile(r"(?:=+|--+)\Z")
_RULE = re.compile(r"(?=[^|]*\|)(?=[^-]*-)[|:\- \t]+\Z")
_ADMONITION = re.compile(r"(?:!!!|\?\?\?\+?)(?:\s|\Z)|:{3,}|>\s*+\[![\w-]+\]")
_REFERENCE = re.compile(r"\[(?!\^)[^\]]+\]:\s*+\S")
_HTML = re.compile(r"</?[a-zA-Z]|<!--")
_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)")
_LINK = re.compile(r"\[[^\[\]\n]*\]\(([^()\n]*)\)|<https?://[^<>\s]*>|https?://\S+")
_WORD = re.compile(r"[^\W_]")


class Block(NamedTuple):
    """A block: its kind, its span without white space at the ends, and the level of a heading.

    `needs` is the number of the block without which this one is hardly understood: the header of a row, what leads in to an
    item, to code or to a table, the heading above a heading. It is -1 if there is none.
    """

    kind: Kind
    span: Span
    level: int = 0
    needs: int = -1


def scan(text: str, span: Span) -> list[Block]:
    """Return the blocks inside `span`, in order: together they hold all that is not white space."""
    scanner = _Scanner(text)
    for line in _LINE.finditer(text, span.start, span.end):
        content = line.group()
        left = content.lstrip()
        start = line.start() + len(content) - len(left)
        indent = len(content[: len(content) - len(left)].expandtabs(4)) if left and left is not content else 0
        if line.end() > line.start():
            scanner.read(start, start + len(left.rstrip()), indent)
    return scanner.end()


def at(blocks: Sequence[Block], place: int) -> int:
    """Return the number of the block at a place, or of the last one before it; -1 if there is none."""
    return bisect_right(blocks, place, key=lambda block: block.span.start) - 1


def item_mark(text: str, span: Span) -> Span:
    """Return the mark at the start of a list item, with the white space after it.

    >>> item_mark("2. Install it", Span(0, 13))
    Span(start=0, end=3)
    """
    found = _ITEM.match(text, span.start, span.end)
    return Span(span.start, found.end() if found else span.start)


class _Item(NamedTuple):
    indent: int
    block: int
    needs: int


class _Scanner:
    """What is open while the lines are read: a block, a fence, a table, an admonition, lists and sections."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._blocks: list[Block] = []
        self._kind: Kind | Literal[""] = ""
        self._start = self._end = self._last_line = 0
        self._needs = self._table = -1
        self._fence = ""
        self._in_admonition = False
        self._items: list[_Item] = []
        self._headings: list[int] = []

    def read(self, start: int, end: int, indent: int) -> None:
        """Take in the next line, by where its content starts and ends, and how far it is indented."""
        line = self._text[start:end]
        if self._fence:
            self._end = max(self._end, end)
            if line.startswith(self._fence) and not line.strip(self._fence[0]):
                self._fence = ""
                self._close()
        elif not line:
            if self._kind != "code":  # Indented code may have blank lines in it.
                self._close()
            self._table = -1
        elif self._kind in _PROSE and line[0].isalpha() and "|" not in line:
            self._last_line, self._end = start, end
        elif self._table >= 0 and line[0] == "|":
            self._add_table_line(line, start, end)
        else:
            self._classify(line, start, end, indent)

    def end(self) -> list[Block]:
        """Close what is open, and return all blocks."""
        self._close()
        return self._blocks

    def _classify(self, line: str, start: int, end: int, indent: int) -> None:
        self._leave(line, indent)
        if self._kind == "code":
            self._end = end
        elif (fence := _FENCE.match(line)) or self._is_indented_code(line, indent):
            self._begin("code", start, end, self._before())
            self._fence = fence.group() if fence else ""
        elif heading := _HEADING.match(line):
            self._add_heading(start, end, len(heading.group(1)))
        elif self._kind == "text" and self._last_line == self._start and _UNDERLINE.match(line):
            start, self._kind = self._start, ""  # What was text is a heading, because this is the line under it.
            self._add_heading(start, end, 1 if line[0] == "=" else 2)
        elif "|" in line and self._is_in_table(line):
            self._add_table_line(line, start, end)
        elif _ITEM.match(line) and not _BREAK.match(line):
            self._begin_item(start, end, indent)
        else:
            self._begin_or_go_on(line, start, end)

    def _begin_or_go_on(self, line: str, start: int, end: int) -> None:
        if _BREAK.match(line) or _ADMONITION.match(line):
            self._in_admonition = not _BREAK.match(line)
            self._begin("mark", start, end)
            self._close()
        elif self._kind:
            self._last_line, self._end = start, end
        elif _REFERENCE.match(line):
            self._begin("links", start, end)
            self._close()
        else:
            self._begin("html" if _HTML.match(line) else "text", start, end)

    def _leave(self, line: str, indent: int) -> None:
        """End indented code, the lists and the admonition if a line does not belong to them."""
        if self._kind == "code" and not self._is_indented_code(line, indent):
            self._close()
        if not (indent or self._kind or _ITEM.match(line)):
            self._items.clear()
            self._in_admonition = False

    def _is_indented_code(self, line: str, indent: int) -> bool:
        """Return True if a line goes on with no paragraph, and is indented by four more than what it lies in."""
        if self._kind not in ("", "code") or (self._items and _ITEM.match(line)):
            return False
        inside = self._items[-1].indent + 2 if self._items else 0
        return indent >= 4 + max(inside, 4 * self._in_admonition)

    # --- tables

    def _is_in_table(self, line: str) -> bool:
        """Return True if a line with a bar is a row, or the rule under what is then a header."""
        if self._table >= 0 or line[0] == "|":
            return True
        return self._kind in _PROSE and bool(_RULE.match(line)) and "|" in self._text[self._last_line : self._end]

    def _add_table_line(self, line: str, start: int, end: int) -> None:
        if not _RULE.match(line):
            self._begin("row", start, end, self._table)
        elif self._table >= 0:
            self._begin("mark", start, end)
        else:
            self._begin("header", self._taken_header(start), end, self._lead_in())
            self._table = len(self._blocks)
        self._close()

    def _taken_header(self, rule: int) -> int:
        """Take the line above a rule out of the block that it was read as, and return its start; the rule's without one."""
        if self._kind:
            start, above = self._last_line, self._text[self._start : self._last_line].rstrip()
            self._end, self._kind = self._start + len(above), self._kind if above else ""
            self._close()
            return start
        last = self._blocks[-1] if self._blocks else None
        if last is None or last.kind != "row" or self._text.count("\n", last.span.end, rule) > 1:
            return rule
        return self._blocks.pop().span.start

    # --- blocks begin and end

    def _begin(self, kind: Kind, start: int, end: int, needs: int = -1) -> None:
        self._close()
        self._kind, self._start, self._end, self._last_line, self._needs = kind, start, end, start, needs

    def _begin_item(self, start: int, end: int, indent: int) -> None:
        self._close()
        sibling = None
        while self._items and (self._items[-1].indent >= indent or len(self._items) >= _DEEPEST):
            sibling = self._items.pop()
        outer = self._items[-1].block if self._items else -1
        needs = sibling.needs if sibling else outer if outer >= 0 else self._lead_in()
        self._items.append(_Item(indent, len(self._blocks), needs))
        self._begin("item", start, end, needs)

    def _add_heading(self, start: int, end: int, level: int) -> None:
        self._close()
        while self._headings and self._blocks[self._headings[-1]].level >= level:
            self._headings.pop()
        self._blocks.append(Block("heading", Span(start, end), level, self._headings[-1] if self._headings else -1))
        self._headings.append(len(self._blocks) - 1)
        self._items.clear()
        self._in_admonition = False

    def _close(self) -> None:
        if self._kind:
            span = Span(self._start, self._end)
            kind = "links" if self._kind in _PROSE and _only_leads_elsewhere(span.of(self._text)) else self._kind
            self._blocks.append(Block(kind, span, 0, self._needs))
            self._kind = ""

    # --- what leads in

    def _before(self) -> int:
        """Return the number of the block before, if it is prose; else -1."""
        self._close()
        return len(self._blocks) - 1 if self._blocks and self._blocks[-1].kind in _PROSE else -1

    def _lead_in(self) -> int:
        """Return the number of the block before, if it is prose that ends with a colon; else -1."""
        before = self._before()
        return before if before >= 0 and self._blocks[before].span.of(self._text).rstrip("*_ ").endswith(":") else -1


def _only_leads_elsewhere(block: str) -> bool:
    """Return True if a paragraph has nothing but images, or links to other places of the article."""
    if "](" not in block:
        return False
    bare = _IMAGE.sub("", block)
    targets = [each.group(1) or "" for each in _LINK.finditer(bare)]
    mark = _ITEM.match(bare)
    if _WORD.search(_LINK.sub("", bare[mark.end() :] if mark else bare)):
        return False
    return bare != block or all(target.startswith("#") for target in targets)
