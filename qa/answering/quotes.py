"""Compose an answer of quotes: the fewest sentences that answer, in reading order, each with its marker.

Nothing is paraphrased. If articles give different dates or figures, both are quoted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from qa.citation import Citation
from qa.results import Hit, TokenMatch
from qa.retrieval.question import answer_type, dates_or_figures
from qa.text.dates import agree, stated

CITATIONS = 3
"""Citations in an answer."""
_MIN_GAIN = 0.08
"""A sentence is added if it raises the weighted mean cosine of the question's tokens by this much. A lower limit would quote
more sentences that answer nothing new, a higher one would leave out the second half of some answers."""
_TIE = 0.02
"""A sentence is added if its passage scores less than this below the first: which of the two answers is then a guess."""
_NEAR = 0.55
"""A passage that scores less than this fraction of the first is not shown beside it. On tuning sets, none of those would have
answered; of the other passages in second and third place, one in ten is left out."""
_RIVALS = 5
"""Hits among which conflicts and additions are looked for: as many as come with an answer."""
_CONFLICT_MARGIN = 0.05
"""A conflicting quote may match the question by this much less than the first: a wider margin would report quotes that answer
something else, a narrower one would miss conflicts told in other words."""
_FIGURE = re.compile(r"(?<![\w.,])\d[\d,.]*\d(?!\w)|(?<![\w.,])\d(?![\w.,]*\d)")


class Composed(NamedTuple):
    """The text of an answer, and its citations in the order of their markers, followed by runners-up: up to three in all.

    `quoted` is how many the text quotes; each of `conflicts` holds the markers of quotes that give different dates or figures.
    """

    text: str
    citations: tuple[Citation, ...]
    quoted: int
    conflicts: tuple[tuple[int, ...], ...]


def compose(
    question: str, hits: Sequence[Hit], matches: Sequence[TokenMatch | None], required: Collection[int] = (0,)
) -> Composed:
    """Return the answer from hits, best first, and their token matches; the hits numbered in `required` are always quoted."""
    rivals = conflicting(question, hits, matches) if len(required) == 1 else []
    chosen = list(dict.fromkeys([*required, *rivals]))[:CITATIONS]
    if len(required) == 1:
        _add_ties(hits, chosen)
        _add_complements(matches, chosen)
    chosen.sort(key=lambda n: _reading_order(hits, n))
    rest = [n for n in range(len(hits)) if n not in chosen and is_near(hits[n], hits[0])][: CITATIONS - len(chosen)]
    citations = tuple(hits[n].citation for n in [*chosen, *rest])
    text = "\n\n".join(f"“{each.with_lead}” [{n}]" for n, each in enumerate(citations[: len(chosen)], 1))
    markers = tuple(sorted(chosen.index(n) + 1 for n in {0, *rivals} if n in chosen))
    return Composed(text, citations, len(chosen), (markers,) if rivals and len(markers) > 1 else ())


def is_near(hit: Hit, first: Hit) -> bool:
    """Return True if a hit is worth showing beside the first one."""
    return hit is first or hit.score >= _NEAR * first.score


def _reading_order(hits: Sequence[Hit], n: int) -> tuple[int, int]:
    """Return a sort key: articles in the order of their first hits, quotes of one article in the order of its text."""
    article = hits[n].passage.article_id
    return next(i for i, hit in enumerate(hits) if hit.passage.article_id == article), hits[n].citation.span.start


def _add_ties(hits: Sequence[Hit], chosen: list[int]) -> None:
    for n, hit in enumerate(hits[:CITATIONS]):
        if len(chosen) < CITATIONS and n not in chosen and hits[0].score - hit.score < _TIE:
            chosen.append(n)


def _add_complements(matches: Sequence[TokenMatch | None], chosen: list[int]) -> None:
    """Add sentences that match most of what the chosen ones leave unmatched of the question, as long as that is much."""
    while len(chosen) < CITATIONS:
        quotes = [match.quote for n in chosen if (match := matches[n]) is not None]
        if not quotes:
            return
        covered = np.max(quotes, axis=0)
        gains = {
            n: float(match.weights @ np.maximum(0, match.quote - covered))
            for n, match in enumerate(matches[:_RIVALS])
            if match is not None and n not in chosen
        }
        best = max(gains, key=lambda n: gains[n], default=None)
        if best is None or gains[best] < _MIN_GAIN:
            return
        chosen.append(best)


# --- conflicts -----------------------------------------------------------------------------------------------------------


def conflicting(question: str, hits: Sequence[Hit], matches: Sequence[TokenMatch | None]) -> list[int]:
    """Return the numbers of hits of other articles that answer as well as the first, with another date or figure.

    Only a question that asks for a date or figure has conflicts. A month and a day in it do not conflict.
    """
    kind = answer_type(question)
    first = matches[0] if matches else None
    if kind not in ("date", "number") or first is None:
        return []
    first_cosine = float(first.weights @ first.quote)
    rivals = []
    for n, (hit, match) in enumerate(zip(hits[1:_RIVALS], matches[1:_RIVALS], strict=False), 1):
        if match is None or hit.passage.article_id == hits[0].passage.article_id:
            continue
        is_near = float(match.weights @ match.quote) >= first_cosine - _CONFLICT_MARGIN
        if is_near and _differ(kind, question, hits[0].citation, hit.citation):
            rivals.append(n)
    return rivals[: CITATIONS - 1]


def _differ(kind: str, question: str, one: Citation, other: Citation) -> bool:
    if kind == "date":
        ours, theirs = (dates_or_figures("date", cited.quote) - dates_or_figures("date", question) for cited in (one, other))
        return bool(ours and theirs) and not any(agree(a, b) for a in ours for b in theirs)
    ours_of, theirs_of = figures(one.quote), figures(other.quote)
    return any(ours_of[unit].isdisjoint(theirs_of[unit]) for unit in ours_of.keys() & theirs_of.keys())


def figures(text: str) -> dict[str, set[str]]:
    """Return the figures in a text by the word that follows them, without dates.

    >>> figures("1,021 officials were held in 2020")
    {'officials': {'1021'}}
    """
    dates = [each.span for each in stated(text)]
    by_unit: dict[str, set[str]] = {}
    for figure in _FIGURE.finditer(text):
        if not any(span.start <= figure.start() < span.end for span in dates):
            unit = re.search(r"[^\W\d]{3,}", text[figure.end() : figure.end() + 40])
            by_unit.setdefault(unit.group().casefold() if unit else "", set()).add(figure.group().replace(",", ""))
    return by_unit
