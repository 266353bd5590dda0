"""Answer a question: find its hits, estimate the confidence, split it if it is two questions, and compose quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.answering.confidence import threshold
from qa.answering.hints import hints, period
from qa.answering.overview import overview
from qa.answering.quotes import CITATIONS, compose, is_near
from qa.answering.rating import HITS, RatedHits, find
from qa.answering.second_search import Second, second
from qa.results import Answer, Hit, TokenMatch
from qa.retrieval.question import parts
from qa.retrieval.ranking import Scope
from qa.retrieval.search import EVERYWHERE, Search
from qa.store.base import Snapshot
from qa.where import Where

UNSURE_FROM = 0.15
"""The lowest confidence at which a passage may answer, and is shown. On tuning sets, 1 in 100 of the questions that articles
answer is below it, and of those about other fields 84 to 98 in 100."""


def answer(search: Search, question: str, scope: Scope = EVERYWHERE) -> Answer:
    """Answer a question, or, if it is two questions, each of them.

    A question is split only if that answers it better: if the first passage does not hold the words of both parts, and the
    lowest confidence of the parts is at least that of the whole. A request for an overview is answered by that. A question that
    stays whole is searched for again if its first passage leaves a part open: see `second_search`.
    """
    if requested := overview(search, question, scope):
        return requested
    rated, required, questions = find(search, question, scope), [0], parts(question)
    least_confidence = threshold(search.settings.wrong_share, is_read=rated.is_read)
    if len(questions) > 1 and not _first_holds_all(rated, questions):
        rated_parts = [find(search, part, scope) for part in questions]
        lowest = min(each.confidence for each in rated_parts)
        if lowest >= max(least_confidence, rated.confidence) and len({_first_place(each) for each in rated_parts}) > 1:
            rated, required = _interleaved(rated_parts), list(range(len(rated_parts)))
    if rated.confidence < least_confidence or not rated.hits:
        return _unanswered(search.snapshot, question, rated, scope.where)
    if rated.evidence and (other := second(search, rated.evidence, scope)):
        rated, required = _with_second(rated, other), [0, 1]
    composed = compose(question, rated.hits, rated.matches, required)
    return Answer(
        question, state="answer", confidence=rated.confidence, text=composed.text, citations=composed.citations,
        hits=rated.hits, quoted=composed.quoted, conflicts=composed.conflicts,
        parts=() if rated.evidence else tuple(questions), articles=_searched(search.snapshot, scope.where),
        hints=period(search.snapshot, question, scope.where),
    )  # fmt: skip


def _unanswered(snapshot: Snapshot, question: str, rated: RatedHits, where: Where) -> Answer:
    """Return the passages that may answer, or that there are none, and what may help."""
    near = [hit for hit in rated.hits[:CITATIONS] if is_near(hit, rated.hits[0])] if rated.confidence >= UNSURE_FROM else []
    citations = tuple(hit.citation for hit in near)
    return Answer(
        question, state="unsure" if near else "nothing", confidence=rated.confidence, text="", citations=citations,
        hits=rated.hits, articles=_searched(snapshot, where),
        hints=(*period(snapshot, question, where), *hints(question, where, rated.hits, citations)),
    )  # fmt: skip


def _searched(snapshot: Snapshot, where: Where) -> int:
    """Return how many articles a filter admits."""
    if not where:
        return snapshot.counts().articles
    return sum(where.admits(each) for each in snapshot.articles())


def _with_second(rated: RatedHits, other: Second) -> RatedHits:
    """Return hits with another one in second place."""
    pairs = zip(rated.hits, rated.matches, strict=True)
    first, *rest = [(hit, match) for hit, match in pairs if _place(hit) != _place(other.hit)]
    by_rank = list(enumerate([first, other, *rest[: HITS - 2]], 1))
    hits, matches = (tuple(replace(hit, rank=n) for n, (hit, _) in by_rank), tuple(match for _, (_, match) in by_rank))
    return replace(rated, hits=hits, matches=matches)


def _first_holds_all(rated: RatedHits, questions: Sequence[str]) -> bool:
    """Return True if the first passage holds the words in which the parts of a question differ."""
    passage_words = {word.casefold() for word in rated.hits[0].why.words} if rated.hits else set()
    part_words = [rated.content_words.intersection(re.findall(r"\w+", part.casefold())) for part in questions]
    return all(words - frozenset.intersection(*part_words) <= passage_words for words in part_words)


def _first_place(rated: RatedHits) -> tuple[str, int] | None:
    return _place(rated.hits[0]) if rated.hits else None


def _place(hit: Hit) -> tuple[str, int]:
    return hit.passage.article_id, hit.passage.span.start


def _interleaved(rated_parts: Sequence[RatedHits]) -> RatedHits:
    """Return the hits of the parts in turn, each passage once: first the first hit of each part, then the second ones."""
    by_place: dict[tuple[str, int], tuple[Hit, TokenMatch | None]] = {}
    for turn in range(max(len(each.hits) for each in rated_parts)):
        for each in rated_parts:
            if turn < len(each.hits):
                hit = each.hits[turn]
                by_place.setdefault(_place(hit), (hit, each.matches[turn]))
    hits = tuple(replace(hit, rank=rank) for rank, (hit, _) in enumerate(by_place.values(), 1))
    return RatedHits(hits, tuple(match for _, match in by_place.values()), min(each.confidence for each in rated_parts))
