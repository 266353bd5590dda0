"""Rank passages: fuse two rankings, and rerank the best."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from qa.encoding.base import Vector
from qa.errors import DamagedError
from qa.reading.passages import encoder_title
from qa.results import TokenMatch, Why
from qa.retrieval.fusion import convex, reciprocal_rank
from qa.retrieval.quoting import best_statement, leads, quoted
from qa.retrieval.rerank import Reranker, RerankInput, RerankScore
from qa.settings import Settings
from qa.store.base import Candidate, Query, Rankings, Snapshot
from qa.text.span import Span
from qa.types import Passage
from qa.where import EVERYWHERE, Where

_BELOW = 1e-9
"""How far below the last reranked passage the first one is put that was not reranked: just enough to keep the order."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage in the order of its final score.

    `order` has the numbers of its sentences by their cosines, best first; `to_quote` those that the reranker would quote.
    """

    key: int
    passage: Passage
    order: tuple[int, ...]
    score: float
    why: Why
    to_quote: tuple[int, ...] = ()
    match: TokenMatch | None = None

    @property
    def chosen(self) -> tuple[int, ...]:
        """The numbers of the sentences to quote, best first: the reranker's, else the best with what it cannot do without."""
        text, sentences = self.passage.whole, self.passage.inner_sentences
        return self.to_quote or quoted(text, sentences, [best_statement(text, sentences, self.order)])

    @property
    def quote(self) -> Span:
        """The span to quote, from the first to the last of these sentences."""
        spans = [self.passage.sentences[n] for n in self.chosen]
        return Span(min(span.start for span in spans), max(span.end for span in spans))

    @property
    def best_sentence(self) -> str:
        """The text of the sentence that the quote was chosen for, below what it needs to be understood."""
        text, sentences = self.passage.whole, self.passage.inner_sentences
        sentence = sentences[self.chosen[0]]
        (needed,) = leads(text, [sentence])
        return f"{needed.of(text)}\n{sentence.of(text)}" if needed else sentence.of(text)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages are ranked: those that the filter admits, without the keys to `exclude`."""

    where: Where = EVERYWHERE
    exclude: Collection[int] = ()


def rank(snapshot: Snapshot, query: Query, k: int, scope: Scope, settings: Settings, reranker: Reranker | None) -> list[Ranked]:
    """Return at least `k` passages if there are as many, best first; ties are broken by article id, then by place.

    A scope does not change the order of the passages that are left. Six parameters: a question's state, and how to rank it.
    """
    deadline = time.perf_counter() + settings.budget_ms / 1000
    depth = max(settings.rerank_depth, k)
    fused = _fused_candidates(snapshot, query, max(settings.candidates, depth), scope, settings)[:depth]
    passages = snapshot.passages([candidate.key for candidate, _ in fused])
    if any(len(candidate.cosines) != len(passages[candidate.key].sentences) for candidate, _ in fused):
        raise DamagedError("the vectors are damaged (they are not those of the passages): run 'qa sync --rebuild'")
    # Ties are broken by article id: keys depend on the order in which files were added.
    fused.sort(key=lambda pair: (-pair[1].fused, _place(passages[pair[0].key])))
    ranked = [_ranked(candidate, replace(why, fused_rank=n), passages) for n, (candidate, why) in enumerate(fused, 1)]
    if reranker is None:
        return ranked
    inputs = _affordable(rerank_inputs(snapshot, ranked[: settings.rerank_depth]), reranker, settings)
    scores = reranker.rerank(query, inputs, deadline)
    return _reranked(ranked, scores, len(inputs), settings.rerank_weight)


def _fused_candidates(
    snapshot: Snapshot, query: Query, count: int, scope: Scope, settings: Settings
) -> list[tuple[Candidate, Why]]:
    """Return the candidates with their fused scores, best first."""
    rankings = Rankings(vectors=settings.lexical_weight < 1, words=settings.lexical_weight > 0)
    candidates = snapshot.candidates(query, count, scope.where, exclude=scope.exclude, rankings=rankings)
    dense = {each.key: float(each.cosines.max()) for each in candidates}
    lexical = {each.key: each.lexical for each in candidates}
    fuse = {"convex": convex, "rrf": reciprocal_rank}[settings.fusion]
    fused = fuse(dense, lexical, settings.lexical_weight)
    pairs = [(each, Why(dense[each.key], each.lexical, fused[each.key], 0, None)) for each in candidates]
    return sorted(pairs, key=lambda pair: (-pair[1].fused, pair[0].key))


def _ranked(candidate: Candidate, why: Why, passages: dict[int, Passage]) -> Ranked:
    return Ranked(candidate.key, passages[candidate.key], _by_cosine(candidate.cosines), why.fused, why)


def _by_cosine(cosines: Vector) -> tuple[int, ...]:
    return tuple(np.argsort(-cosines, kind="stable").tolist())


def _reranked(ranked: list[Ranked], scores: Sequence[RerankScore], count: int, weight: float) -> list[Ranked]:
    """Return the reranked passages by their final score, then the others in the order they had.

    `count` is how many were to be reranked: those among them that were not are `cut_short`.
    """
    first = []
    for each, (score, to_quote, match) in zip(ranked, scores, strict=False):
        final = weight * score + (1 - weight) * each.why.fused
        first.append(replace(each, score=final, why=replace(each.why, rerank_score=score), to_quote=to_quote, match=match))
    first.sort(key=lambda each: (-each.score, _place(each.passage)))
    rest = [replace(each, why=replace(each.why, cut_short=each.why.fused_rank <= count)) for each in ranked[len(first) :]]
    if first and rest:  # Their scores are on another scale: shift them below those of all reranked passages.
        shift = first[-1].score - rest[0].score - _BELOW
        rest = [replace(each, score=each.score + shift) for each in rest]
    return first + rest


def _place(passage: Passage) -> tuple[str, int]:
    return passage.article_id, passage.span.start


def rerank_inputs(snapshot: Snapshot, ranked: Sequence[Ranked]) -> list[RerankInput]:
    """Return ranked passages as a reranker takes them."""
    tokens = snapshot.tokens([each.key for each in ranked])
    inputs = []
    for each in ranked:
        title, text_tokens, title_tokens = tokens[each.key]
        inputs.append(
            RerankInput(each.passage.whole, each.passage.inner_sentences, encoder_title(title), text_tokens, title_tokens)
        )
    return inputs


def _affordable(inputs: list[RerankInput], reranker: Reranker, settings: Settings) -> list[RerankInput]:
    """Return the first inputs for which no more have to be encoded than the settings allow."""
    missing = accumulate(reranker.uses_tokens and not each.tokens for each in inputs)
    return [each for each, count in zip(inputs, missing, strict=True) if count <= settings.rerank_encoded]
