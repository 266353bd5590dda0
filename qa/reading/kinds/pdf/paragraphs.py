"""Make paragraphs of the lines of pages, and whole words of those that the end of a line cuts in two."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from qa.reading.kinds.pdf.characters import cleaned
from qa.reading.kinds.pdf.pages import Line

_SOFT = "\u2010\u00ad"
HYPHENS = f"\x02\ufffe{_SOFT}"
"""What a word that goes on in the next line ends with: the first two stand for a hyphen of any kind."""
_WIDE_GAP = 1.35
"""How many times the usual distance of lines parts two paragraphs."""
_MANY_LINES = 10
_HYPHENATED = re.compile(r"\b\w++(?:-\w++)+")
_LAST_WORD = re.compile(r"[\w-]*[^\W\d_]\Z")
_WORD_CHARS = 50
_FIRST_WORD = re.compile(r"[^\W\d_][\w-]*")
_LEADER = re.compile(r"(?:\. ?){5}")
"""The dots between an entry of a table of contents and its page."""
_BULLET = re.compile(r"[•‣◦·▪■●–—*+-] ")
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’»)\]]*$")


class Joined(NamedTuple):
    """A text, and the offset at which each page begins in it."""

    text: str
    starts: tuple[int, ...]


def joined(pages: Sequence[Sequence[Line]]) -> Joined:
    """Return the lines of pages as one text: paragraphs between blank lines, each on one line if its lines are full ones.

    A line is full if the first word of the next one would not have fitted. A list, a table or an address is not: it keeps
    its lines. A paragraph may go on in the next column or on the next page.
    """
    hyphens = _Hyphens(line.text for lines in pages for line in lines)
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    before: tuple[Line, _Layout] | None = None
    for lines in pages:
        layout, start = _Layout(lines), -1
        for line in lines:
            joint = _joint(before, line, layout, hyphens) if before else ""
            text = cleaned(line.text.rstrip(f"{HYPHENS}-") if _is_cut(line) else line.text)
            parts += (joint, text)
            start = length + len(joint) if start < 0 else start
            length += len(joint) + len(text)
            before = line, layout
        starts.append(length if start < 0 else start)
    return Joined("".join(parts), tuple(starts))


class _Layout:
    """How the lines of a page stand: where its columns begin and end, and how far apart its lines are."""

    def __init__(self, lines: Sequence[Line]) -> None:
        columns = defaultdict(list)
        for line in lines:
            columns[self._column(line)].append(line)
        # Most lines of a column begin at its left and end near its right; a title above all columns is one line of many.
        self._lefts = {column: _quantile((each.left for each in inside), 0.2) for column, inside in columns.items()}
        self._rights = {
            column: _quantile((each.right for each in inside), 0.8 if len(inside) >= _MANY_LINES else 1)
            for column, inside in columns.items()
        }
        steps = [(line.top - above.last_top) / line.size for above, line in pairwise(lines) if line.size]
        # On a page of short paragraphs, most lines stand further apart than those of one paragraph.
        self._step = _quantile([step for step in steps if 0.3 < step < 4] or [1.2], 0.3)

    @staticmethod
    def _column(line: Line) -> int:
        return line.left // 2000  # A sixth of an ordinary page.

    def indent(self, line: Line) -> float:
        """Return how far right of its column's edge a line begins, as a multiple of its size."""
        return (line.left - self._lefts[self._column(line)]) / max(1, line.size)

    def is_short(self, line: Line, following: Line) -> bool:
        """Return True if the first word of the following line would have fitted into a line."""
        return line.right + line.size // 3 + following.word <= self._rights[self._column(line)]

    def is_far(self, line: Line, following: Line) -> bool:
        """Return True if there is more space between two lines than usual."""
        return following.top - line.last_top > _WIDE_GAP * self._step * max(line.size, following.size)


def _quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]


def _joint(before: tuple[Line, _Layout], line: Line, layout: _Layout, hyphens: _Hyphens) -> str:
    """Return what stands between a line and the one before it, which may be of another page."""
    above, layout_above = before
    if (gap := _gap_beside(above, line)) is not None and layout is layout_above:
        return " " if gap > 0.15 * above.size else ""
    if _looks_different(above, line):
        return "-\n\n" if _is_cut(above) else "\n\n"
    if _is_cut(above):
        return hyphens.between(above.text, line.text)
    ends = bool(_SENTENCE_END.search(above.text[-_WORD_CHARS:]))
    is_short = layout_above.is_short(above, line)
    if layout is not layout_above or line.top < above.top - above.size:  # The next page, or the next column.
        if ends or (is_short and not line.text[0].islower()):
            return "\n\n"
        return " "
    if layout.is_far(above, line) or (ends and (is_short or _is_indented(above, line, layout))):
        return "\n\n"
    return "\n" if is_short or _BULLET.match(line.text) or _LEADER.search(above.text) else " "


def _gap_beside(above: Line, line: Line) -> int | None:
    """Return the space between two lines that are one as they are seen, as after the raised mark of a note; else None."""
    gap = line.left - above.right
    is_beside = abs(line.top - above.last_top) < 0.7 * max(above.size, line.size) and -above.size < 5 * gap < 15 * above.size
    return gap if is_beside else None


def _is_cut(line: Line) -> bool:
    """Return True if a line ends within a word, or after the hyphen of one."""
    return line.text[-1] in HYPHENS or (line.text[-1] == "-" and line.text[-2:-1].isalnum())


def _looks_different(above: Line, line: Line) -> bool:
    """Return True if two lines are of different size or weight, as a heading and its text."""
    larger, smaller = max(above.size, line.size), max(1, min(above.size, line.size))
    differs = above.weight > 0 < line.weight and abs(above.weight - line.weight) >= 100
    return larger > 1.18 * smaller or differs


def _is_indented(above: Line, line: Line, layout: _Layout) -> bool:
    return 0.7 < layout.indent(line) < 5 and line.left - above.left > 0.5 * line.size


class _Hyphens:
    """Tells which hyphens at the ends of lines belong to a word, and which only cut it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._are_told_apart = False
        for line in lines:
            self._words.update(word.casefold() for word in _HYPHENATED.findall(line))
            self._are_told_apart |= line[-1] in _SOFT

    def between(self, above: str, line: str) -> str:
        """Return the hyphen between two parts of a word if the word is written with it, else an empty text.

        It is if it is so elsewhere, before a capital letter ("Pre-Trial"), between figures, and if it is not the mark with
        which this text cuts words.
        """
        if self._are_told_apart and above[-1] not in _SOFT:
            return "-"
        first, second = _LAST_WORD.search(above.rstrip(f"{HYPHENS}-")[-_WORD_CHARS:]), _FIRST_WORD.match(line)
        if not first or not second:
            return "-"
        is_name = second.group()[0].isupper() and not first.group().isupper()
        is_known = f"{first.group()}-{second.group()}".casefold() in self._words
        return "-" if is_name or is_known else ""
