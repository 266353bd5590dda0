"""Answer a question: find its hits, estimate the confidence, split it if it is two questions, and compose quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa.answering import calibration
from qa.answering.confidence import COMPARED, ComparedPassage, Features, QuestionWord, confidence, features, threshold
from qa.answering.hints import hints
from qa.answering.overview import overview
from qa.answering.quotes import CITATIONS, compose, is_near
from qa.results import Answer, Hit, TokenMatch
from qa.retrieval.question import parts
from qa.retrieval.ranking import Scope
from qa.retrieval.search import EVERYWHERE, Evidence, Search
from qa.store.base import Snapshot, Term
from qa.where import Where

HITS = 5
"""Hits that come with an answer."""
UNSURE_FROM = 0.15
"""The lowest confidence at which a passage may answer, and is shown. On tuning sets, 1 in 100 of the questions that articles
answer is below it, and of those about other subjects 9 in 10 where the articles are of many fields, 99 in 100 where of one."""


@dataclass(frozen=True, slots=True)
class RatedHits:
    """The hits of a question with their token matches, best first, and the probability that the first three answer it.

    `content_words` are the words of the question without stop words; `features` are what the confidence is computed from.
    """

    hits: tuple[Hit, ...]
    matches: tuple[TokenMatch | None, ...]
    confidence: float
    content_words: frozenset[str] = frozenset()
    features: Features | None = None


def find(search: Search, question: str, scope: Scope = EVERYWHERE) -> RatedHits:
    """Return the hits of a question with its confidence, which is 0 if there are none."""
    evidence = search.evidence(search.query(question), HITS, COMPARED, scope)
    if not evidence.hits:
        return RatedHits((), (), 0.0)
    features = _first_features(search, evidence)
    adjustment = calibration.adjustment(search.snapshot.calibration())
    matches = {each.key: each.match for each in evidence.compared}
    query = evidence.query
    return RatedHits(
        hits=tuple(hit for hit, _ in evidence.hits),
        matches=tuple(matches.get(ranked.key) for _, ranked in evidence.hits),
        confidence=confidence(features, adjustment) if features else 0.0,
        content_words=frozenset(term.span.of(query.text).casefold() for term in query.content_terms),
        features=features,
    )


def _first_features(search: Search, evidence: Evidence) -> Features | None:
    """Return the features of the first compared passage, or None if its tokens were not compared."""
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
        [_question_word(query.text, term, spans) for term in query.content_terms],
        passage=snapshot.forms(first.passage.text),
        sentence=snapshot.forms(first.quote.shifted(-first.passage.span.start).of(first.passage.text)),
        title=snapshot.forms(snapshot.tokens([first.key])[first.key].title),
    )


def _question_word(question: str, term: Term, spans: NDArray[np.int64]) -> QuestionWord:
    initial = question[term.span.start]
    inside = tuple(n for n, (start, _) in enumerate(spans) if term.span.start <= start < term.span.end)
    is_particular = initial.isdigit() or (initial.isupper() and term.span.start > 0)
    return QuestionWord(frozenset(term.forms), term.idf, is_particular, inside)


def answer(search: Search, question: str, scope: Scope = EVERYWHERE) -> Answer:
    """Answer a question, or, if it is two questions, each of them.

    A question is split only if that answers it better: if the first passage does not hold the words of both parts, and the
    lowest confidence of the parts is at least that of the whole. A request for an overview is answered by that.
    """
    if requested := overview(search, question, scope):
        return requested
    least_confidence = threshold(search.settings.wrong_share)
    rated, required, questions = find(search, question, scope), [0], parts(question)
    if len(questions) > 1 and not _first_holds_all(rated, questions):
        rated_parts = [find(search, part, scope) for part in questions]
        lowest = min(each.confidence for each in rated_parts)
        if lowest >= max(least_confidence, rated.confidence) and len({_first_place(each) for each in rated_parts}) > 1:
            rated, required = _interleaved(rated_parts), list(range(len(rated_parts)))
    if rated.confidence < least_confidence or not rated.hits:
        return _unanswered(search.snapshot, question, rated, scope.where)
    composed = compose(question, rated.hits, rated.matches, required)
    return Answer(
        question, state="answer", confidence=rated.confidence, text=composed.text, citations=composed.citations,
        hits=rated.hits, quoted=composed.quoted, conflicts=composed.conflicts,
        parts=tuple(questions) if len(required) > 1 else (), articles=_searched(search.snapshot, scope.where),
    )  # fmt: skip


def _unanswered(snapshot: Snapshot, question: str, rated: RatedHits, where: Where) -> Answer:
    """Return the passages that may answer, or that there are none, and what may help."""
    near = [hit for hit in rated.hits[:CITATIONS] if is_near(hit, rated.hits[0])] if rated.confidence >= UNSURE_FROM else []
    citations = tuple(hit.citation for hit in near)
    return Answer(
        question, state="unsure" if near else "nothing", confidence=rated.confidence, text="", citations=citations,
        hits=rated.hits, articles=_searched(snapshot, where), hints=hints(question, where, rated.hits, citations),
    )  # fmt: skip


def _searched(snapshot: Snapshot, where: Where) -> int:
    """Return how many articles a filter admits."""
    if not where:
        return snapshot.counts().articles
    return sum(where.admits(each.id, each.date, each.source, each.tags) for each in snapshot.articles())


def _first_holds_all(rated: RatedHits, questions: Sequence[str]) -> bool:
    """Return True if the first passage holds the words in which the parts of a question differ."""
    passage_words = {word.casefold() for word in rated.hits[0].why.words} if rated.hits else set()
    part_words = [rated.content_words.intersection(re.findall(r"\w+", part.casefold())) for part in questions]
    return all(words - frozenset.intersection(*part_words) <= passage_words for words in part_words)


def _first_place(rated: RatedHits) -> tuple[str, int] | None:
    return (rated.hits[0].passage.article_id, rated.hits[0].passage.span.start) if rated.hits else None


def _interleaved(rated_parts: Sequence[RatedHits]) -> RatedHits:
    """Return the hits of the parts in turn, each passage once: first the first hit of each part, then the second ones."""
    by_place: dict[tuple[str, int], tuple[Hit, TokenMatch | None]] = {}
    for turn in range(max(len(each.hits) for each in rated_parts)):
        for each in rated_parts:
            if turn < len(each.hits):
                hit = each.hits[turn]
                by_place.setdefault((hit.passage.article_id, hit.passage.span.start), (hit, each.matches[turn]))
    hits = tuple(replace(hit, rank=rank) for rank, (hit, _) in enumerate(by_place.values(), 1))
    return RatedHits(hits, tuple(match for _, match in by_place.values()), min(each.confidence for each in rated_parts))
