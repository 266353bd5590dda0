"""Rerank the best candidates by late interaction.

Late interaction after ColBERT (Khattab and Zaharia 2020, arXiv 2004.12832), with the token vectors of the same
encoder: each word of the question looks for its most similar token (MaxSim). It does so in three places at once: in a
sentence, in that sentence with its neighbours, and in the whole passage, each time in the article's title as well; the mean
of the three, weighted by how rare the words are, is the sentence's score. A passage takes its best sentence, which is
also the one to quote. That this beats MaxSim over the passage alone by two to three points is in benchmarks/RESULTS.md.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Encoder, Tokens
from qa.encoding.tokens import TokenCosines, compare, pack
from qa.results import TokenMatch
from qa.retrieval.question import Wanted, said, wanted
from qa.retrieval.rerank import BATCH_PASSAGES, RerankInput, RerankScore
from qa.store.base import Query, Term
from qa.text.structure import without_markup

COMMON_IDF = 0.5
"""The weight of a stop word: it says little, but "who" and "when" say something."""

PREFERRED = 0.04
"""How much nearer a sentence without the date or figure that is wanted must be, to be quoted."""

NEIGHBOUR = 0.04
"""A neighbour that brings the tokens so much nearer is quoted as well: one quote in seven, and one in four of these is
where the answer stands (benchmarks/RESULTS.md)."""


class MaxSim:
    """Late interaction. Token vectors that are not kept with the index are encoded; recent ones stay, up to `cache_bytes`."""

    uses_tokens = True

    def __init__(self, encoder: Encoder, cache_bytes: float) -> None:
        self._encoder = encoder
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()

    def rerank(self, query: Query, inputs: Sequence[RerankInput], deadline: float) -> list[RerankScore]:
        """See `Reranker`."""
        weights = _weights(query.tokens.spans, query.terms)
        kind = wanted(query.text)
        in_question = said(kind, query.text)
        found: list[RerankScore] = []
        for start in range(0, len(inputs), BATCH_PASSAGES):
            if time.perf_counter() > deadline:
                break
            batch = inputs[start : start + BATCH_PASSAGES]
            titles = {each.title: each.title_tokens for each in batch}
            packed = self._packed([(each.text, each.tokens) for each in batch], list(titles.items()))
            alike = compare(query.tokens.vectors, packed)
            row_of = {title: number for number, title in enumerate(titles, len(batch))}
            title_rows = [row_of[each.title] for each in batch]
            preferred = [_preferred(kind, in_question, each) for each in batch]
            found += _scores(query.tokens, weights, alike, batch, title_rows, preferred)
        return found

    def _packed(self, passages: Sequence[tuple[str, bytes]], titles: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Return the packed tokens of passages, then titles: those that came along, those in the cache, others encoded now."""
        texts = [(text if kept else without_markup(text), kept) for text, kept in passages] + list(titles)
        with self._lock:
            known = {text: self._cache[text] for text, kept in texts if not kept and text in self._cache}
            for text in known:
                self._cache.move_to_end(text)
        missing = list(dict.fromkeys(text for text, kept in texts if not kept and text not in known))
        if missing:
            encoded = self._encoder.encode_texts(missing, [()] * len(missing))
            fresh = {text: pack(each.tokens) for text, each in zip(missing, encoded, strict=True)}
            self._remember(fresh)
            known |= fresh
        return [kept or known[text] for text, kept in texts]

    def _remember(self, fresh: Mapping[str, bytes]) -> None:
        with self._lock:
            for text, packed in fresh.items():
                if text not in self._cache:
                    self._cache[text] = packed
                    self._held_bytes += len(packed)
            while self._cache and self._held_bytes > self._cache_bytes:
                self._held_bytes -= len(self._cache.popitem(last=False)[1])


def _preferred(kind: Wanted, in_question: frozenset[str], passage: RerankInput) -> list[bool]:
    """Return for each sentence True if it holds a date or a figure that is asked for and not in the question."""
    if not kind:
        return [False] * len(passage.sentences)
    text = without_markup(passage.text)
    return [bool(said(kind, span.of(text)) - in_question) for span in passage.sentences]


def _weights(tokens: NDArray[np.int64], terms: Sequence[Term]) -> NDArray[np.float32]:
    """Return the weight of each token of a question, 1 in all: its word's IDF, over the root of the word's tokens.

    That is between all of the IDF for each piece of a long name, which drowns the rest, and a part of it.
    """
    homes = [next((i for i, term in enumerate(terms) if term.span.start <= start < term.span.end), -1) for start, _ in tokens]
    idf = [max(COMMON_IDF, terms[home].idf) if home >= 0 else COMMON_IDF / 2 for home in homes]
    weights = np.array([idf[i] / math.sqrt(homes.count(home)) for i, home in enumerate(homes)], dtype=np.float32)
    return np.asarray(weights / max(float(weights.sum()), 1e-9), dtype=np.float32)


def _scores(
    question: Tokens, weights: NDArray[np.float32], alike: TokenCosines, inputs: Sequence[RerankInput],
    title_rows: Sequence[int], preferred: Sequence[Sequence[bool]],
) -> list[RerankScore]:  # fmt: skip
    """Return the score of each passage's best sentence, which one to quote, and how the tokens match it.

    The first texts that are `alike` are the passages', `title_rows` the number of each one's title. If a date or a figure is
    asked for, a `preferred` sentence is quoted before one that is nearer by a little. All sentences are compared at once;
    matches have shape (sentences of all passages, question tokens). Six parameters: one comparison, taken apart.
    """
    counts = [len(each.sentences) for each in inputs]
    home = np.repeat(np.arange(len(inputs)), counts)
    texts = alike.best()
    title = texts[title_rows]
    best, whole = alike.sentences([each.sentences for each in inputs]), np.maximum(texts[: len(inputs)], title)
    alone = np.maximum(best, title[home])
    around, beside = alone.copy(), (home[1:] == home[:-1])[:, None]
    np.maximum(around[1:], best[:-1], out=around[1:], where=beside)
    np.maximum(around[:-1], best[1:], out=around[:-1], where=beside)
    # Row by row, so that the last digits do not depend on what else is scored.
    scores = np.einsum("st,t->s", alone + around + whole[home], weights) / 3
    found, end = [], 0
    for n, count in enumerate(counts):
        start, end = end, end + count
        if not count or not len(weights) or texts[n, 0] == -1:
            found.append(RerankScore(0.0))
            continue
        mine, places = scores[start:end], alone[start:end]
        sentence = int((mine + PREFERRED * np.array(preferred[n])).argmax())
        quote = _quote(places, weights, sentence)
        quoted = places[list(quote)].max(axis=0)
        match = TokenMatch(places[sentence], around[start + sentence], whole[n], quoted, weights, question.spans)
        # Equal texts get equal scores, whatever they were scored with.
        found.append(RerankScore(round(float(mine.max()), 6), quote, match))
    return found


def _quote(near: NDArray[np.float32], weights: NDArray[np.float32], best: int) -> tuple[int, ...]:
    """Return the best sentence, and a neighbour if it brings the question's tokens much nearer."""
    beside = [n for n in (best - 1, best + 1) if 0 <= n < len(near)]
    gains = {n: float(np.maximum(0, near[n] - near[best]) @ weights) for n in beside}
    other = max(gains, key=lambda n: gains[n], default=best)
    return (best, other) if gains.get(other, 0) >= NEIGHBOUR else (best,)
