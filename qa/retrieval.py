"""A question becomes ranked passages: two rankings, fused, and the best of them looked at more closely."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qa.catalog import Catalog
from qa.fusion import convex, reciprocal_rank
from qa.passages import seen_text
from qa.rerank import Candidate, Closeness, Reranker
from qa.schema import Encoder, Fit, Passage, Span, Why
from qa.settings import Settings
from qa.text import is_heading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.lexical import Lexical, Word
    from qa.schema import Matrix, Vector
    from qa.vectors import Vectors


class Indexes(NamedTuple):
    """The catalog and what is derived from it, all of one generation."""

    catalog: Catalog
    vectors: Vectors
    lexical: Lexical


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage in the order of its final score, with the sentence to quote."""

    key: int
    passage: Passage
    quote: Span
    score: float
    why: Why
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class _First:
    """A candidate after the first ranking; `order` holds the numbers of its sentences, best first."""

    key: int
    dense: float
    lexical: float
    fused: float
    order: tuple[int, ...]


def rank(
    question: str, k: int, indexes: Indexes, encoder: Encoder, reranker: Reranker | None, settings: Settings,
    only: NDArray[np.int64] | None = None,
) -> list[Ranked]:  # fmt: skip
    """Return at least `k` passages where there are as many, best first; of equals, the one with the lower article id.

    With `only`, of the passages with these keys: the same, in the same order, as the full ranking would give of them.
    """
    deadline = time.perf_counter() + settings.budget_ms / 1000
    words = indexes.lexical.words(question)
    vector = encoder.encode_question(question)
    depth = max(settings.rerank_depth, k)
    firsts = _first(words, vector, max(settings.candidates, depth), indexes, settings, only)[:depth]
    passages = indexes.catalog.passages([first.key for first in firsts])
    # Of equals the one with the lower id: keys depend on the order in which files came.
    firsts.sort(key=lambda first: (-first.fused, _place(passages[first.key])))
    ranked = [_ranked(first, number, passages[first.key]) for number, first in enumerate(firsts, 1)]
    if reranker is None:
        return ranked
    titles = indexes.catalog.titles([first.key for first in firsts])
    candidates = [candidate(each, titles[each.key]) for each in ranked[: settings.rerank_depth]]
    found = reranker.rerank(question, [(word.span, word.idf) for word in words], candidates, deadline)
    return _closer(ranked, found, len(candidates), settings.rerank_weight)


def _first(
    words: Sequence[Word], vector: Vector, count: int, indexes: Indexes, settings: Settings, only: NDArray[np.int64] | None
) -> list[_First]:
    """Take the best of both rankings, and give each the score that the other ranking would give it."""
    near = _nearest(vector, count, indexes, only) if settings.lexical_weight < 1 else []
    found = dict(indexes.lexical.search(words, count, only)) if settings.lexical_weight > 0 else {}
    # Another thread may have brought the words to a later state: what this transaction does not see is left out.
    vectors = indexes.catalog.passage_vectors(sorted({*near, *found}), len(vector))
    keys = sorted(vectors)
    missing = [key for key in keys if key not in found] if found else []
    lexical = {**dict.fromkeys(keys, 0.0), **found, **dict(indexes.lexical.search(words, len(missing), missing))}
    dense, order = _dense(vector, vectors)
    fuse = {"convex": convex, "rrf": reciprocal_rank}[settings.fusion]
    fused = fuse(dense, lexical, settings.lexical_weight)
    firsts = [_First(key, dense[key], lexical[key], fused[key], order[key]) for key in keys]
    return sorted(firsts, key=lambda first: (-first.fused, first.key))


def _nearest(vector: Vector, count: int, indexes: Indexes, only: NDArray[np.int64] | None) -> list[int]:
    """Return the keys of the `count` passages with the nearest sentences."""
    sentences = indexes.catalog.sentence_keys_of(only) if only is not None else None
    most = len(indexes.vectors) if sentences is None else len(sentences)
    depth, passages = 0, list[int]()
    while len(passages) < count and depth < most:
        depth = min(most, max(4 * count, 2 * depth))
        hits = indexes.vectors.search(vector, depth, sentences)
        places = indexes.catalog.sentences([key for key, _ in hits])
        passages = list(dict.fromkeys(places[key][0] for key, _ in hits))
    return passages[:count]


def _dense(vector: Vector, vectors: Mapping[int, Matrix]) -> tuple[dict[int, float], dict[int, tuple[int, ...]]]:
    """Return each passage's best cosine, and the order of its sentences."""
    cosines = {key: matrix @ vector for key, matrix in vectors.items()}
    best = {key: float(each.max()) for key, each in cosines.items()}
    return best, {key: tuple(np.argsort(-each, kind="stable").tolist()) for key, each in cosines.items()}


def _ranked(first: _First, number: int, passage: Passage) -> Ranked:
    why = Why(first.dense, first.lexical, first.fused, number, None)
    return Ranked(first.key, passage, _quotable(passage, first.order), first.fused, why)


def _closer(ranked: list[Ranked], found: Sequence[Closeness], wanted: int, weight: float) -> list[Ranked]:
    """Order those looked at by what was found; the others stay behind them in the order they had."""
    looked = []
    for each, (closeness, sentences, fit) in zip(ranked, found, strict=False):
        score = weight * closeness + (1 - weight) * each.why.fused
        quote = _quoted(each.passage, sentences) if sentences else each.quote
        looked.append(replace(each, score=score, quote=quote, why=replace(each.why, closeness=closeness), fit=fit))
    looked.sort(key=lambda each: (-each.score, _place(each.passage)))
    rest = [replace(each, why=replace(each.why, cut_short=each.why.fused_rank <= wanted)) for each in ranked[len(looked) :]]
    if looked and rest:  # Their scores are of another kind: shifted, so that they are below all that were looked at.
        shift = looked[-1].score - rest[0].score - 1e-9
        rest = [replace(each, score=each.score + shift) for each in rest]
    return looked + rest


def _place(passage: Passage) -> tuple[str, int]:
    return passage.article_id, passage.span.start


def candidate(ranked: Ranked, title: str) -> Candidate:
    """Return a ranked passage as a reranker takes it."""
    return Candidate(ranked.key, title, seen_text(ranked.passage), ranked.passage.inner_sentences)


def _quoted(passage: Passage, sentences: Sequence[int]) -> Span:
    """Return the span of the best sentence with the one beside it, if any, that is to be quoted as well."""
    best, inner = _quotable(passage, sentences[:1]), passage.inner_sentences
    beside = [passage.sentences[n] for n in sentences[1:] if not is_heading(inner[n].of(passage.text))]
    return Span(min(span.start for span in [best, *beside]), max(span.end for span in [best, *beside]))


def _quotable(passage: Passage, order: Sequence[int]) -> Span:
    """Return the best sentence of a passage that is not a heading; a heading stands for the sentence after it."""
    body = [not is_heading(span.of(passage.text)) for span in passage.inner_sentences]
    choices = (*order[:1], *range(order[0] + 1, len(body)), *order)
    return passage.sentences[next((number for number in choices if body[number]), order[0])]
