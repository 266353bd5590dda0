"""Tell running heads and page numbers from the text of the pages that they stand on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from qa.reading.kinds.pdf.characters import cleaned
from qa.reading.kinds.pdf.pages import Line

REPEATED = 0.3
"""The share of pages, from the first to the last that have it, on which a line at the edge stands to be a running head."""
_WORD = re.compile(r"[\w-]+")
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]+", re.IGNORECASE)


def without_running_heads(pages: Sequence[Sequence[Line]], labels: Sequence[str]) -> list[list[Line]]:
    """Return the lines of each page without its number, and without those at its edges that return, figures aside.

    `labels` are what the pages are numbered with. A line that has the number of its page need not return as often.
    """
    body = median([line.size for lines in pages for line in lines] or [0])
    edges = [_edges(lines, body) for lines in pages]
    standing: dict[_Edge, list[int]] = defaultdict(list)
    labelled: Counter[_Edge] = Counter()
    for number, (edge, label) in enumerate(zip(edges, labels, strict=True)):
        for key, line in edge.items():
            standing[key].append(number)
            labelled[key] += label in _WORD.findall(line.text)
    heads = {key for key, numbers in standing.items() if _is_head(key, numbers, labelled[key], len(pages))}
    dropped = {id(line) for edge in edges for key, line in edge.items() if key in heads}
    return [[line for line in lines if id(line) not in dropped] for lines in pages]


class _Edge(NamedTuple):
    """What a line at the edge of a page has in common with those of other pages: the edge, and its words without figures."""

    zone: int
    words: str


def _edges(lines: Sequence[Line], body: float) -> dict[_Edge, Line]:
    """Return the lines that may be running heads, the outermost of those that are alike; a line in large letters is none."""
    found: dict[_Edge, Line] = {}
    for line in lines:
        if line.zone and line.size <= 1.25 * body:
            words = cleaned(line.text)
            key = _Edge(line.zone, "#" if _ROMAN.fullmatch(words) else _DIGITS.sub("#", words))
            if key not in found or line.top * line.zone > found[key].top * line.zone:
                found[key] = line
    return found


def _is_head(key: _Edge, numbers: Sequence[int], labelled: int, pages: int) -> bool:
    """Return True if the lines that are alike on the pages of these numbers are running heads; `labelled` have their page's.

    A bare page number is one, on however few pages.
    """
    if key.words == "#" and 2 * labelled >= len(numbers):
        return True
    enough = len(numbers) >= (2 if labelled == len(numbers) or pages == 2 else 3)
    return enough and len(numbers) >= REPEATED * (numbers[-1] - numbers[0] + 1)
