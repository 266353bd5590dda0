"""An answer made of quotes: the fewest sentences that answer, in reading order, each with its marker.

Nothing is put into other words, and nothing is chosen between articles that give different dates or figures: both are quoted.
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
_WIDER = 0.08
"""A sentence is added where it brings the question's tokens, by weight, so much nearer than those before it."""
_TIED = 0.02
"""A sentence is added where its passage scores so little below the first."""
_RIVALS = 5
_AS_NEAR = 0.05
_FIGURE = re.compile(r"(?<![\w.,])\d[\d,.]*\d(?!\w)|(?<![\w.,])\d(?![\w.,]*\d)")


class Composed(NamedTuple):
    """The text, its citations in the order of their markers, and after them the runners-up, three in all if there are.

    `quoted` is how many the text quotes; each of `conflicts` holds the markers of quotes that give different dates or figures.
    """

    text: str
    citations: tuple[Citation, ...]
    quoted: int
    conflicts: tuple[tuple[int, ...], ...]


def compose(
    question: str, hits: Sequence[Hit], matches: Sequence[TokenMatch | None], needed: Collection[int] = (0,)
) -> Composed:
    """Return the answer that the hits hold, best first; `matches` are theirs, those of `needed` are quoted in any case."""
    rivals = conflicting(question, hits, matches) if len(needed) == 1 else []
    chosen = list(dict.fromkeys([*needed, *rivals]))[:CITATIONS]
    if len(needed) == 1:
        _add_ties(hits, chosen)
        _widen(matches, chosen)
    chosen.sort(key=lambda n: _reading_order(hits, n))
    rest = [n for n in range(len(hits)) if n not in chosen][: CITATIONS - len(chosen)]
    citations = tuple(hits[n].citation for n in [*chosen, *rest])
    text = "\n\n".join(f"“{each.quote}” [{n}]" for n, each in enumerate(citations[: len(chosen)], 1))
    markers = tuple(sorted(chosen.index(n) + 1 for n in {0, *rivals} if n in chosen))
    return Composed(text, citations, len(chosen), (markers,) if rivals and len(markers) > 1 else ())


def _reading_order(hits: Sequence[Hit], n: int) -> tuple[int, int]:
    """Articles by their first hit, within an article as it is written."""
    article = hits[n].passage.article_id
    return next(i for i, hit in enumerate(hits) if hit.passage.article_id == article), hits[n].citation.span.start


def _add_ties(hits: Sequence[Hit], chosen: list[int]) -> None:
    for n, hit in enumerate(hits[:CITATIONS]):
        if len(chosen) < CITATIONS and n not in chosen and hits[0].score - hit.score < _TIED:
            chosen.append(n)


def _widen(matches: Sequence[TokenMatch | None], chosen: list[int]) -> None:
    """Add the sentence that says most of what the chosen ones leave out of the question, as long as that is much."""
    while len(chosen) < CITATIONS:
        held = [match.quote for n in chosen if (match := matches[n]) is not None]
        if not held:
            return
        said = np.max(held, axis=0)
        gains = {
            n: float(match.weights @ np.maximum(0, match.quote - said))
            for n, match in enumerate(matches[:_RIVALS])
            if match is not None and n not in chosen
        }
        best = max(gains, key=lambda n: gains[n], default=None)
        if best is None or gains[best] < _WIDER:
            return
        chosen.append(best)


# --- conflicts -----------------------------------------------------------------------------------------------------------


def conflicting(question: str, hits: Sequence[Hit], matches: Sequence[TokenMatch | None]) -> list[int]:
    """Return the hits of other articles that answer as well as the first, with another date or figure.

    Only of questions that ask for one. Quotes that give the same are no conflict, nor are a month and a day of it.
    """
    kind = answer_type(question)
    first = matches[0] if matches else None
    if kind not in ("date", "number") or first is None:
        return []
    near = float(first.weights @ first.quote)
    found = []
    for n, (hit, match) in enumerate(zip(hits[1:_RIVALS], matches[1:_RIVALS], strict=False), 1):
        if match is None or hit.passage.article_id == hits[0].passage.article_id:
            continue
        if float(match.weights @ match.quote) >= near - _AS_NEAR and _differ(kind, question, hits[0].citation, hit.citation):
            found.append(n)
    return found[: CITATIONS - 1]


def _differ(kind: str, question: str, one: Citation, other: Citation) -> bool:
    if kind == "date":
        ours, theirs = (dates_or_figures("date", cited.quote) - dates_or_figures("date", question) for cited in (one, other))
        return bool(ours and theirs) and not any(agree(a, b) for a in ours for b in theirs)
    ours_of, theirs_of = figures(one.quote), figures(other.quote)
    return any(ours_of[unit].isdisjoint(theirs_of[unit]) for unit in ours_of.keys() & theirs_of.keys())


def figures(text: str) -> dict[str, set[str]]:
    """Return the figures in a text by the word that follows, dates left out.

    >>> figures("1,021 officials were held in 2020")
    {'officials': {'1021'}}
    """
    dates = [each.span for each in stated(text)]
    found: dict[str, set[str]] = {}
    for figure in _FIGURE.finditer(text):
        if not any(span.start <= figure.start() < span.end for span in dates):
            unit = re.search(r"[^\W\d]{3,}", text[figure.end() : figure.end() + 40])
            found.setdefault(unit.group().casefold() if unit else "", set()).add(figure.group().replace(",", ""))
    return found
