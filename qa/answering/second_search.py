"""Search a second time, if the first passage leaves open a part of the question.

Of "Where was the director of the film born?" the first passage names the director, whom the question only describes. A passage
is linked to it if the first names the subject of its article, or it names the subject of the first article, or the question
names both. The question is searched for again, with that subject in place of the words that the first quote explains, and a
linked passage that matches more of the question's tokens is quoted as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from qa.results import Hit, TokenMatch
from qa.retrieval.ranking import Ranked, Scope
from qa.retrieval.search import Evidence, Search

_GAIN = 0.02
"""A linked passage is quoted if it raises the weighted mean cosine of the question's tokens by this much. A lower limit would
add passages to questions that the first answers, a higher one would leave out more halves of answers."""
_DESCRIBED = 0.03
"""How much more a subject counts that the question describes, and does not name."""
_EXPLAINED = 0.6
"""A word with this cosine in the first quote is explained, and not searched for again."""
_FOUND = 5
"""Hits of the second search in which the linked passage is looked for."""
_SUBJECT_END = re.compile(r"\s*[,:(]|\s+[–—-]\s")


class Second(NamedTuple):
    """The hit of a second passage, and how the question's tokens match that passage."""

    hit: Hit
    match: TokenMatch


@dataclass(frozen=True, slots=True)
class Linkable:
    """A passage as far as links go: its text, its quote, and the subject of its article."""

    ranked: Ranked
    subject: str

    @property
    def text(self) -> str:
        """The text of the passage, with its lead."""
        return self.ranked.passage.whole

    @property
    def quote(self) -> str:
        """The sentence to quote."""
        return self.ranked.quote.shifted(-self.ranked.passage.offset).of(self.text)


def second(search: Search, evidence: Evidence, scope: Scope) -> Second | None:
    """Return the passage that matches what the first one leaves open, or None if there is none that is linked to it."""
    query = evidence.query
    first, *others = _linkable(search, evidence.compared)
    best = _best(query.text, first, others)
    if best is None:
        return None
    found = search.evidence(search.query(_bridged(evidence, best.subject)), _FOUND, 0, scope).hits
    again = search.compared(query, [replace(ranked, match=None) for _, ranked in found])
    for (hit, _), other in zip(found, _linkable(search, again), strict=True):
        if other.subject == best.subject and other.ranked.match and _best(query.text, first, [other]):
            return Second(hit, other.ranked.match)
    return None


def subject(title: str) -> str:
    """Return what an article is about: its title up to a comma, a colon, a parenthesis or a dash.

    >>> subject("Piotr Hofmański, ICC President 2021-2024"), subject("Gladiator (2000 film)")
    ('Piotr Hofmański', 'Gladiator')
    """
    return _SUBJECT_END.split(title.strip(), maxsplit=1)[0]


def _linkable(search: Search, passages: Sequence[Ranked]) -> list[Linkable]:
    tokens = search.snapshot.tokens([each.key for each in passages])
    return [Linkable(each, subject(tokens[each.key].title)) for each in passages]


def _best(question: str, first: Linkable, others: Iterable[Linkable]) -> Linkable | None:
    """Return the linked passage that matches most of what the first quote does not, or None if that is little."""
    gains = [(_gain(first, each), each) for each in others if is_linked(question, first, each)]
    rated = [(gain + _DESCRIBED * (not _names(question, each.subject)), each) for gain, each in gains if gain >= _GAIN]
    return max(rated, key=lambda pair: pair[0])[1] if rated else None


def _gain(first: Linkable, other: Linkable) -> float:
    ours, theirs = first.ranked.match, other.ranked.match
    return 0.0 if ours is None or theirs is None else float(ours.weights @ np.maximum(0, theirs.quote - ours.quote))


def is_linked(question: str, first: Linkable, other: Linkable) -> bool:
    """Return True if one passage names the subject of the other, or the question names both.

    Names are compared to the letter: "Genocide" is a title, "genocide" a word.
    """
    if first.subject == other.subject or not first.subject or not other.subject:
        return False
    are_in_question = _names(question, first.subject) and _names(question, other.subject)
    return are_in_question or _names(first.text, other.subject) or _names(other.quote, first.subject)


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _bridged(evidence: Evidence, name: str) -> str:
    """Return the question without the words that the first quote explains, and with a name at its end."""
    text, match, end, kept = evidence.query.text, evidence.compared[0].match, 0, ""
    if match is None:
        return f"{text} ({name})"
    for term in evidence.query.content_terms:
        inside = (match.spans[:, 0] >= term.span.start) & (match.spans[:, 0] < term.span.end)
        if inside.any() and match.quote[inside].mean() >= _EXPLAINED:
            kept, end = kept + text[end : term.span.start], term.span.end
    return f"{' '.join((kept + text[end:]).split()).rstrip('? ')} {name}?"
