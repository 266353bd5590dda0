"""A question becomes ranked passages: two rankings, fused, and the best of them looked at more closely."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qa.catalog import Catalog
from qa.errors import DamagedError
from qa.fusion import convex, reciprocal_rank
from qa.passages import seen_title
from qa.rerank import Candidate, Closeness, Reranker
from qa.schema import Fit, Passage, Span, Why
from qa.settings import Settings
from qa.text import is_heading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.lexical import Lexical, Word
    from qa.schema import EncodedQuestion, Vector
    from qa.vectors import Vectors


class Indexes(NamedTuple):
    """The catalog and what is derived from it, all of one generation."""

    generation: str
    catalog: Catalog
    vectors: Vectors
    lexical: Lexical


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage in the order of its final score.

    `order` has the numbers of its sentences by their cosines, best first; `chosen` those that the closer look would quote.
    """

    key: int
    passage: Passage
    order: tuple[int, ...]
    score: float
    why: Why
    chosen: tuple[int, ...] = ()
    fit: Fit | None = None

    @property
    def quote(self) -> Span:
        """Where the sentence to quote stands, or two beside each other."""
        return _quoted(self.passage, self.chosen) if self.chosen else _quotable(self.passage, self.order)


@dataclass(frozen=True, slots=True)
class _First:
    """A candidate after the first ranking; `cosines` are those of its sentences."""

    key: int
    dense: float
    lexical: float
    fused: float
    cosines: Vector


def rank(
    question: EncodedQuestion, words: Sequence[Word], k: int, indexes: Indexes, reranker: Reranker | None, settings: Settings,
    only: NDArray[np.int64] | None = None,
) -> list[Ranked]:  # fmt: skip
    """Return at least `k` passages where there are as many, best first; of equals, the one with the lower article id.

    With `only`, of the passages with these keys: the same, in the same order, as the full ranking would give of them.
    """
    deadline = time.perf_counter() + settings.budget_ms / 1000
    depth = max(settings.rerank_depth, k)
    firsts = _first(words, question.vector, max(settings.candidates, depth), indexes, settings, only)[:depth]
    passages = indexes.catalog.passages([first.key for first in firsts])
    if any(len(first.cosines) != len(passages[first.key].sentences) for first in firsts):
        raise DamagedError("the index of the vectors is damaged (it holds others than the catalog): run 'qa sync --rebuild'")
    # Of equals the one with the lower id: keys depend on the order in which files came.
    firsts.sort(key=lambda first: (-first.fused, _place(passages[first.key])))
    ranked = [_ranked(first, number, passages[first.key]) for number, first in enumerate(firsts, 1)]
    if reranker is None:
        return ranked
    near = candidates(ranked[: settings.rerank_depth], indexes.catalog, len(question.vector))
    looked = _affordable(near, reranker, settings)
    found = reranker.rerank(question, [(word.span, word.idf) for word in words], looked, deadline)
    return _closer(ranked, found, len(looked), settings.rerank_weight)


def _first(
    words: Sequence[Word], vector: Vector, count: int, indexes: Indexes, settings: Settings, only: NDArray[np.int64] | None
) -> list[_First]:
    """Take the best of both rankings, and give each the score that the other ranking would give it."""
    near = indexes.vectors.search(vector, count, only) if settings.lexical_weight < 1 else []
    found = dict(indexes.lexical.search(words, count, only)) if settings.lexical_weight > 0 else {}
    # Another thread may have brought the words to a later state: what this transaction does not see is left out.
    cosines = _cosines(sorted({*near, *found}), vector, indexes)
    keys = list(cosines)
    missing = [key for key in keys if key not in found] if found else []
    lexical = {**dict.fromkeys(keys, 0.0), **found, **dict(indexes.lexical.search(words, len(missing), missing))}
    dense = {key: float(each.max()) for key, each in cosines.items()}
    fuse = {"convex": convex, "rrf": reciprocal_rank}[settings.fusion]
    fused = fuse(dense, lexical, settings.lexical_weight)
    firsts = [_First(key, dense[key], lexical[key], fused[key], cosines[key]) for key in keys]
    return sorted(firsts, key=lambda first: (-first.fused, first.key))


def _cosines(keys: Sequence[int], vector: Vector, indexes: Indexes) -> dict[int, Vector]:
    """Return the cosines of each passage's sentences: from the index, or where that keeps lists, from the catalog."""
    if not indexes.vectors.lists:
        return indexes.vectors.cosines(vector, keys)
    found = indexes.catalog.passage_vectors(keys, len(vector))
    return {key: found[key] @ vector for key in keys if key in found}


def _ranked(first: _First, number: int, passage: Passage) -> Ranked:
    why = Why(first.dense, first.lexical, first.fused, number, None)
    order = tuple(np.argsort(-first.cosines, kind="stable").tolist())
    return Ranked(first.key, passage, order, first.fused, why)


def _closer(ranked: list[Ranked], found: Sequence[Closeness], wanted: int, weight: float) -> list[Ranked]:
    """Order those looked at by what was found; the others stay behind them in the order they had."""
    looked = []
    for each, (closeness, chosen, fit) in zip(ranked, found, strict=False):
        score = weight * closeness + (1 - weight) * each.why.fused
        looked.append(replace(each, score=score, why=replace(each.why, closeness=closeness), chosen=chosen, fit=fit))
    looked.sort(key=lambda each: (-each.score, _place(each.passage)))
    rest = [replace(each, why=replace(each.why, cut_short=each.why.fused_rank <= wanted)) for each in ranked[len(looked) :]]
    if looked and rest:  # Their scores are of another kind: shifted, so that they are below all that were looked at.
        shift = looked[-1].score - rest[0].score - 1e-9
        rest = [replace(each, score=each.score + shift) for each in rest]
    return looked + rest


def _place(passage: Passage) -> tuple[str, int]:
    return passage.article_id, passage.span.start


def candidates(ranked: Sequence[Ranked], catalog: Catalog, dimension: int) -> list[Candidate]:
    """Return ranked passages as a reranker takes them."""
    keys = [each.key for each in ranked]
    tokens = catalog.packed_tokens(keys, dimension)
    found = []
    for each in ranked:
        title, text_tokens, title_tokens = tokens[each.key]
        found.append(Candidate(each.passage.text, each.passage.inner_sentences, seen_title(title), text_tokens, title_tokens))
    return found


def _affordable(found: list[Candidate], reranker: Reranker, settings: Settings) -> list[Candidate]:
    """Return the first candidates, up to where more would have to be encoded than the settings allow."""
    missing = accumulate(reranker.uses_tokens and not each.tokens for each in found)
    return [each for each, count in zip(found, missing, strict=True) if count <= settings.rerank_encoded]


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
