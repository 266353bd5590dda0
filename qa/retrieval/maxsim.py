"""Rerank the best candidates by late interaction.

Late interaction after ColBERT (Khattab and Zaharia 2020, arXiv 2004.12832), with the token vectors of the same
encoder: each token of the question looks for its most similar token (MaxSim). It does so in three places at once: in a
sentence, in that sentence with its neighbours, and in the whole passage, each time in the article's title as well, and for a
row in the header of its table, for an inner list item in the outer one. The mean of the three, weighted by how rare the words
are, is the sentence's score. A passage has the score of its best sentence, which is also the one to quote. This beats MaxSim
over the passage alone by two to three points (benchmarks/RESULTS.md).
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
from qa.retrieval.question import AnswerType, answer_type, dates_or_figures
from qa.retrieval.quoting import best_statement, captions, quoted
from qa.retrieval.rerank import BATCH_PASSAGES, RerankInput, RerankScore
from qa.store.base import Query, Term
from qa.text.structure import without_markup

COMMON_IDF = 0.5
"""The weight of a stop word: it says little, but "who" and "when" say something."""

PREFERRED = 0.04
"""How much higher a sentence without the date or figure asked for must score, to be quoted all the same: with it, more quotes
hold the answer, of "when" questions .906 instead of .871 (benchmarks/RESULTS.md)."""

REACH = 2
CLOSE = 0.01
GAIN = 2.0
"""A sentence at most `REACH` from the best one is quoted as well if it scores lower by at most `CLOSE`, and `GAIN` times by how
much it raises the mean cosine of the tokens: of quotes then .950 instead of .873 hold the answer, with 60 more characters on
average (benchmarks/RESULTS.md)."""


class MaxSim:
    """Late interaction. Token vectors that are not in the index are encoded, and cached up to `cache_bytes`."""

    uses_tokens = True

    def __init__(self, encoder: Encoder, cache_bytes: float) -> None:
        self._encoder = encoder
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._used_bytes = 0
        self._lock = threading.Lock()

    def rerank(self, query: Query, inputs: Sequence[RerankInput], deadline: float) -> list[RerankScore]:
        """See `Reranker`."""
        weights = _weights(query.tokens.spans, query.terms)
        kind = answer_type(query.text)
        in_question = dates_or_figures(kind, query.text)
        scores: list[RerankScore] = []
        for start in range(0, len(inputs), BATCH_PASSAGES):
            if time.perf_counter() > deadline:
                break
            batch = inputs[start : start + BATCH_PASSAGES]
            titles = {each.title: each.title_tokens for each in batch}
            packed = self._packed([(each.text, each.tokens) for each in batch], list(titles.items()))
            cosines = compare(query.tokens.vectors, packed)
            row_of = {title: number for number, title in enumerate(titles, len(batch))}
            title_rows = [row_of[each.title] for each in batch]
            preferred = [_preferred(kind, in_question, each) for each in batch]
            scores += _scores(query.tokens, weights, cosines, batch, title_rows, preferred)
        return scores

    def _packed(self, passages: Sequence[tuple[str, bytes]], titles: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Return the packed tokens of passages, then of titles: those given, else those cached, else those encoded now."""
        texts = [(text if stored else without_markup(text), stored) for text, stored in passages] + list(titles)
        with self._lock:
            cached = {text: self._cache[text] for text, stored in texts if not stored and text in self._cache}
            for text in cached:
                self._cache.move_to_end(text)
        missing = list(dict.fromkeys(text for text, stored in texts if not stored and text not in cached))
        if missing:
            encoded = self._encoder.encode_texts(missing, [()] * len(missing))
            fresh = {text: pack(each.tokens) for text, each in zip(missing, encoded, strict=True)}
            self._add_to_cache(fresh)
            cached |= fresh
        return [stored or cached[text] for text, stored in texts]

    def _add_to_cache(self, fresh: Mapping[str, bytes]) -> None:
        with self._lock:
            for text, packed in fresh.items():
                if text not in self._cache:
                    self._cache[text] = packed
                    self._used_bytes += len(packed)
            while self._cache and self._used_bytes > self._cache_bytes:
                self._used_bytes -= len(self._cache.popitem(last=False)[1])


def _preferred(kind: AnswerType, in_question: frozenset[str], passage: RerankInput) -> list[bool]:
    """Return for each sentence True if it holds a date or figure, as asked for, that is not in the question."""
    if not kind:
        return [False] * len(passage.sentences)
    text = without_markup(passage.text)
    return [bool(dates_or_figures(kind, span.of(text)) - in_question) for span in passage.sentences]


def _weights(tokens: NDArray[np.int64], terms: Sequence[Term]) -> NDArray[np.float32]:
    """Return the weight of each token of a question, 1 in all: its word's IDF over the square root of the word's tokens.

    With the whole IDF for each piece, a long name would drown the rest; with an equal part of it, it would count as one token.
    """
    homes = [next((i for i, term in enumerate(terms) if term.span.start <= start < term.span.end), -1) for start, _ in tokens]
    idf = [max(COMMON_IDF, terms[home].idf) if home >= 0 else COMMON_IDF / 2 for home in homes]
    weights = np.array([idf[i] / math.sqrt(homes.count(home)) for i, home in enumerate(homes)], dtype=np.float32)
    return np.asarray(weights / max(float(weights.sum()), 1e-9), dtype=np.float32)


def _scores(
    question: Tokens, weights: NDArray[np.float32], cosines: TokenCosines, inputs: Sequence[RerankInput],
    title_rows: Sequence[int], preferred: Sequence[Sequence[bool]],
) -> list[RerankScore]:  # fmt: skip
    """Return the score of each passage's best sentence, which one to quote, and how the tokens match it.

    The first texts of `cosines` are the passages, and `title_rows` are the numbers of their titles. If a date or a figure is
    asked for, a `preferred` sentence is quoted before one with a slightly higher score. All sentences are compared at once;
    matches have shape (sentences of all passages, question tokens). Six parameters: the parts of one comparison.
    """
    counts = [len(each.sentences) for each in inputs]
    home = np.repeat(np.arange(len(inputs)), counts)
    texts = cosines.best()
    title = texts[title_rows]
    best, whole = cosines.sentences([each.sentences for each in inputs]), np.maximum(texts[: len(inputs)], title)
    caption = cosines.sentences([captions(each.text, each.sentences) for each in inputs])
    alone = np.maximum(np.maximum(best, caption), title[home])
    around, beside = alone.copy(), (home[1:] == home[:-1])[:, None]
    np.maximum(around[1:], best[:-1], out=around[1:], where=beside)
    np.maximum(around[:-1], best[1:], out=around[:-1], where=beside)
    # Row by row, so that the last digits do not depend on what else is scored.
    scores = np.einsum("st,t->s", alone + around + whole[home], weights) / 3
    results, end = [], 0
    for n, count in enumerate(counts):
        start, end = end, end + count
        if not count or not len(weights) or texts[n, 0] == -1:
            results.append(RerankScore(0.0))
            continue
        own_scores, places = scores[start:end], alone[start:end]
        to_quote = own_scores + PREFERRED * np.array(preferred[n])
        text, sentences = inputs[n].text, inputs[n].sentences
        sentence = best_statement(text, sentences, np.argsort(-to_quote, kind="stable").tolist())
        quote = quoted(text, sentences, _near(places, weights, to_quote, sentence))
        in_quote = places[list(quote)].max(axis=0)
        match = TokenMatch(places[sentence], around[start + sentence], whole[n], in_quote, weights, question.spans)
        # Rounded, so that equal texts get equal scores in whatever batch they were scored.
        results.append(RerankScore(round(float(own_scores.max()), 6), quote, match))
    return results


def _near(near: NDArray[np.float32], weights: NDArray[np.float32], scores: NDArray[np.float32], best: int) -> list[int]:
    """Return the best sentence, then those close to it that score nearly as well or match more of the question, nearest first.

    `near` holds the cosines of the question's tokens, shape (sentences, tokens); `scores` those of the sentences.
    """
    start = max(0, best - REACH)
    window = slice(start, best + REACH + 1)
    gains = np.maximum(0, near[window] - near[best]) @ weights
    found = np.flatnonzero(scores[window] + GAIN * gains >= scores[best] - CLOSE) + start
    return sorted(found.tolist(), key=lambda n: abs(n - best))
