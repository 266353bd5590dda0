"""Rate the hits of a question: read the best of them, and estimate if the first one's quote answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from qa.answering import calibration
from qa.answering.confidence import confidence
from qa.answering.features import COMPARED, ComparedPassage, Features, FirstPassage, QuestionWord, features
from qa.encoding.base import Reading
from qa.results import Hit, TokenMatch
from qa.retrieval.ranking import Scope
from qa.retrieval.search import EVERYWHERE, Evidence, Search
from qa.store.base import Term

HITS = 5
"""Hits that come with an answer."""
READ = 3
"""Hits that the reader reads: each takes some 15 ms, and the answer is seldom beyond them."""


@dataclass(frozen=True, slots=True)
class RatedHits:
    """The hits of a question with their token matches, best first, and the probability that the first one's quote answers.

    `content_words` are the words of the question without stop words; `features` are what the confidence is computed from.
    `evidence` is what they rest on, None if they are those of several parts.
    """

    hits: tuple[Hit, ...]
    matches: tuple[TokenMatch | None, ...]
    confidence: float
    content_words: frozenset[str] = frozenset()
    features: Features | None = None
    evidence: Evidence | None = None

    @property
    def is_read(self) -> bool:
        """True if a reader has read the first passages."""
        return self.features is not None and self.features.is_read


def find(search: Search, question: str, scope: Scope = EVERYWHERE) -> RatedHits:
    """Return the hits of a question with its confidence, which is 0 if there are none."""
    evidence = search.evidence(search.query(question), HITS, COMPARED, scope)
    if not evidence.hits:
        return RatedHits((), (), 0.0)
    readings = search.read(evidence.query, [hit for hit, _ in evidence.hits[:READ]])
    first = _first_features(search, evidence, readings)
    adjustment = calibration.adjustment(search.snapshot.calibration(), is_read=bool(readings))
    matches = {each.key: each.match for each in evidence.compared}
    query = evidence.query
    return RatedHits(
        hits=tuple(_with_answer(hit, reading) for (hit, _), reading in zip_longest(evidence.hits, readings)),
        matches=tuple(matches.get(ranked.key) for _, ranked in evidence.hits),
        confidence=confidence(first, adjustment) if first else 0.0,
        content_words=frozenset(term.span.of(query.text).casefold() for term in query.content_terms),
        features=first,
        evidence=evidence,
    )


def _with_answer(hit: Hit, reading: Reading | None) -> Hit:
    """Return a hit with the words that answer, if the reader found them in its quote."""
    if reading is None or reading.margin <= 0:
        return hit
    cited, answer = hit.citation, reading.span.shifted(hit.passage.offset)
    is_quoted = cited.span.start <= answer.start < answer.end <= cited.span.end
    return replace(hit, citation=replace(cited, answer=answer)) if is_quoted else hit


def _first_features(search: Search, evidence: Evidence, readings: Sequence[Reading]) -> Features | None:
    """Return the features of the first hit, or None if its tokens were not compared."""
    compared = [
        ComparedPassage(each.why.dense, each.why.lexical, each.match) for each in evidence.compared if each.match is not None
    ]
    first = evidence.compared[0]
    if first.match is None:
        return None
    query, snapshot, spans = evidence.query, search.snapshot, first.match.spans
    return features(
        compared,
        query.text,
        [_question_word(query.text, term, spans) for term in query.content_terms],
        FirstPassage(
            passage=snapshot.forms(first.passage.whole),
            title=snapshot.forms(snapshot.tokens([first.key])[first.key].title),
            sentence=first.best_sentence,
            in_sentence=snapshot.forms(first.best_sentence),
            quote=first.quote.shifted(-first.passage.offset),
            readings=readings,
        ),
    )


def _question_word(question: str, term: Term, spans: NDArray[np.int64]) -> QuestionWord:
    initial = question[term.span.start]
    inside = tuple(n for n, (start, _) in enumerate(spans) if term.span.start <= start < term.span.end)
    is_particular = initial.isdigit() or (initial.isupper() and term.span.start > 0)
    return QuestionWord(frozenset(term.forms), term.idf, is_particular, inside)
