"""Tell whether a sentence says what a question asks, as far as single words show it. By rule, for English.

Questions that the articles nearly answer differ from it in a negation, an opposite, an exchanged name or number, or in who did
what to whom: all their words may be near, so that neither words nor vectors tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.retrieval.question import AnswerType, dates_or_figures
from qa.store.base import Term

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nobody|nothing|without|cannot|unable|fail(?:s|ed)?|refus(?:es|ed)|except|lacks?)\b|n['’]t\b",
    re.IGNORECASE,
)
_OPPOSITES = (
    "first last, largest smallest, biggest smallest, most least, more less, more fewer, before after, highest lowest, higher"
    " lower, increase decrease, increased decreased, increases decreases, north south, northern southern, east west, eastern"
    " western, win lose, won lost, oldest youngest, newest oldest, above below, start end, began ended, begin end, born died,"
    " gain lose, gained lost, best worst, early late, earliest latest, longest shortest, support oppose, supported opposed,"
    " accept reject, accepted rejected, allow forbid, allowed forbidden, allowed prohibited, male female, men women, public"
    " private, import export, imports exports, inside outside, internal external, cause prevent, causes prevents, major minor,"
    " majority minority, maximum minimum, common rare, old new, always never, all none, strong weak, stronger weaker, faster"
    " slower, fast slow, hot cold, warm cool, positive negative, active inactive, legal illegal, possible impossible, like"
    " unlike, agree disagree, agreed disagreed, appear disappear, connect disconnect, able unable, complete incomplete, direct"
    " indirect, dependent independent, regular irregular, stable unstable, successful unsuccessful, popular unpopular, upper"
    " lower, left right, open closed, enter leave, entered left, buy sell, bought sold, rise fall, rose fell, rich poor, expand"
    " shrink, add remove, added removed, join leave, joined left, attack defend, attacked defended, create destroy, created"
    " destroyed, convicted acquitted, guilty innocent, father mother, son daughter, king queen, husband wife, urban rural"
)
_PAIRS = [tuple(pair.split()) for pair in _OPPOSITES.split(",")]
OPPOSITE: dict[str, set[str]] = {}
for _one, _other in _PAIRS:
    OPPOSITE.setdefault(_one, set()).add(_other)
    OPPOSITE.setdefault(_other, set()).add(_one)
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<![.?!:“\"] )(?<!^)\b[A-Z]\w+")
_APART = 5
"""Two words that follow each other in the question are taken to belong together in a sentence with fewer words between."""


def polarity_differs(question: str, sentence: str) -> bool:
    """Return True if just one of both is negated."""
    return bool(_NEGATION.search(question)) != bool(_NEGATION.search(sentence))


def opposed(question: str, sentence: str) -> int:
    """Return how many words of a question stand in a sentence as their opposite only.

    >>> opposed("Which is the largest organ?", "The smallest organ is the Presidency.")
    1
    """
    asked, said = ({word.casefold() for word in _WORD.findall(text)} for text in (question, sentence))
    return sum(word not in said and not OPPOSITE[word].isdisjoint(said - asked) for word in asked & OPPOSITE.keys())


def in_order(question: Sequence[Term], sentence: Sequence[Term]) -> float:
    """Return the fraction of neighbouring content words of a question that a sentence holds near each other, in this order.

    NaN if it holds no two neighbours.
    """
    places: dict[str, list[int]] = {}
    content = [term for term in sentence if term.forms]
    for place, term in enumerate(content):
        for form in term.forms:
            places.setdefault(form, []).append(place)
    asked = [[place for form in term.forms for place in places.get(form, ())] for term in question if term.forms]
    held = [each for each in asked if each]
    kept = [any(0 < b - a <= _APART for a in one for b in other) for one, other in pairwise(held)]
    return sum(kept) / len(kept) if kept else float("nan")


def holds_asked(kind: AnswerType, question: str, sentence: str) -> float:
    """Return 1 if a sentence holds a date, figure or name, as asked for, beyond the question's, else 0; NaN if unknown."""
    if not kind:
        return float("nan")
    if kind in ("date", "number"):
        return float(bool(dates_or_figures(kind, sentence) - dates_or_figures(kind, question)))
    own = {word.casefold() for word in _WORD.findall(question)}
    return float(any(name.casefold() not in own for name in _NAME.findall(sentence)))
