"""Hits become an answer: how sure it is, whether the question is two, and the quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa.answering import calibration
from qa.answering.confidence import COMPARED, AskedWord, ComparedPassage, Features, confidence, features, threshold
from qa.answering.quotes import compose
from qa.results import Answer, Hit, TokenMatch
from qa.retrieval.question import parts
from qa.retrieval.ranking import Scope
from qa.retrieval.search import EVERYWHERE, Evidence, Search
from qa.store.base import Term

HITS = 5
"""Hits that come with an answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question with their token matches, best first, and the probability that the first three answer it.

    `content_words` are the words of the question that are not stop words; `features` are what the confidence rests on.
    """

    hits: tuple[Hit, ...]
    matches: tuple[TokenMatch | None, ...]
    confidence: float
    content_words: frozenset[str] = frozenset()
    features: Features | None = None


def find(search: Search, question: str, scope: Scope = EVERYWHERE) -> Found:
    """Return what an answer is made of."""
    evidence = search.evidence(search.query(question), HITS, COMPARED, scope)
    if not evidence.hits:
        return Found((), (), 0.0)
    known = _features(search, evidence)
    adjusted = calibration.adjustment(search.snapshot.calibration())
    matches = {each.key: each.match for each in evidence.compared}
    query = evidence.query
    return Found(
        hits=tuple(hit for hit, _ in evidence.hits),
        matches=tuple(matches.get(ranked.key) for _, ranked in evidence.hits),
        confidence=confidence(known, adjusted) if known else 0.0,
        content_words=frozenset(term.span.of(query.text).casefold() for term in query.content_terms),
        features=known,
    )


def _features(search: Search, evidence: Evidence) -> Features | None:
    """Return the features of the first passage of those compared, or None if there is nothing to compare."""
    compared = [
        ComparedPassage(each.passage.article_id, each.why.dense, each.why.lexical, each.match)
        for each in evidence.compared
        if each.match is not None
    ]
    if not compared or evidence.compared[0].match is None:
        return None
    first, query, snapshot = evidence.compared[0], evidence.query, search.snapshot
    spans = evidence.compared[0].match.spans
    return features(
        compared,
        [_asked_word(query.text, term, spans) for term in query.content_terms],
        passage=snapshot.forms(first.passage.text),
        sentence=snapshot.forms(first.quote.shifted(-first.passage.span.start).of(first.passage.text)),
        title=snapshot.forms(snapshot.tokens([first.key])[first.key].title),
    )


def _asked_word(question: str, term: Term, spans: NDArray[np.int64]) -> AskedWord:
    initial = question[term.span.start]
    inside = tuple(n for n, (start, _) in enumerate(spans) if term.span.start <= start < term.span.end)
    particular = initial.isdigit() or (initial.isupper() and term.span.start > 0)
    return AskedWord(frozenset(term.forms), term.idf, particular, inside)


def answer(search: Search, question: str, scope: Scope = EVERYWHERE) -> Answer:
    """Answer a question, or, if it is two questions, each of them.

    A question is taken apart only if that answers it better: if no passage holds the words of both parts, and the parts are
    surer to be answered together than the whole.
    """
    needed_confidence = threshold(search.settings.wrong_share)
    found, needed, asked = find(search, question, scope), [0], parts(question)
    sure = found.confidence
    if len(asked) > 1 and not _in_one(found, asked):
        of_parts = [find(search, part, scope) for part in asked]
        least = min(each.confidence for each in of_parts)
        if least >= max(needed_confidence, sure) and len({_first_place(each) for each in of_parts}) > 1:
            found, needed, sure = _together(of_parts), list(range(len(of_parts))), least
    if sure < needed_confidence or not found.hits:
        return Answer(question, answered=False, confidence=sure, text="", citations=(), hits=found.hits)
    composed = compose(question, found.hits, found.matches, needed)
    return Answer(
        question, answered=True, confidence=sure, text=composed.text, citations=composed.citations, hits=found.hits,
        quoted=composed.quoted, conflicts=composed.conflicts, parts=tuple(asked) if len(needed) > 1 else (),
    )  # fmt: skip


def _in_one(found: Found, asked: Sequence[str]) -> bool:
    """Return True if the first passage holds the words in which the parts differ."""
    held = {word.casefold() for word in found.hits[0].why.words} if found.hits else set()
    words = [found.content_words.intersection(re.findall(r"\w+", part.casefold())) for part in asked]
    return all(mine - frozenset.intersection(*words) <= held for mine in words)


def _first_place(found: Found) -> tuple[str, int] | None:
    return (found.hits[0].passage.article_id, found.hits[0].passage.span.start) if found.hits else None


def _together(of_parts: Sequence[Found]) -> Found:
    """Return the hits of the parts in turns, each passage once: the first of each part come first."""
    taken: dict[tuple[str, int], tuple[Hit, TokenMatch | None]] = {}
    for turn in range(max(len(each.hits) for each in of_parts)):
        for each in of_parts:
            if turn < len(each.hits):
                hit = each.hits[turn]
                taken.setdefault((hit.passage.article_id, hit.passage.span.start), (hit, each.matches[turn]))
    hits = tuple(replace(hit, rank=rank) for rank, (hit, _) in enumerate(taken.values(), 1))
    return Found(hits, tuple(match for _, match in taken.values()), min(each.confidence for each in of_parts))
