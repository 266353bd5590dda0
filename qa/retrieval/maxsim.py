"""A closer look at the best candidates. The only door to cross-encoders.

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
from typing import TYPE_CHECKING

import numpy as np

from qa.encoding.tokens import Alike, compare, pack
from qa.results import Fit
from qa.retrieval.question import Wanted, said, wanted
from qa.retrieval.rerank import BATCH_PASSAGES, Candidate, Closeness
from qa.text.structure import without_markup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.encoding.base import EncodedQuestion, Encoder, Tokens
    from qa.text.span import Span

COMMON_IDF = 0.5
"""The weight of a stop word: it says little, but "who" and "when" say something."""

FITTING = 0.04
"""How much nearer a sentence without the date or figure that is wanted must be, to be quoted."""

LEANING = 0.04
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

    def rerank(
        self, question: EncodedQuestion, weights: Sequence[tuple[Span, float]], candidates: Sequence[Candidate], deadline: float
    ) -> list[Closeness]:
        """See `Reranker`. `weights` are the words of the question with their IDF."""
        asked, shares = question.tokens, _shares(question.tokens.spans, weights)
        kind = wanted(question.text)
        told = said(kind, question.text)
        found: list[Closeness] = []
        for start in range(0, len(candidates), BATCH_PASSAGES):
            if time.perf_counter() > deadline:
                break
            batch = candidates[start : start + BATCH_PASSAGES]
            titles = {each.title: each.title_tokens for each in batch}
            packed = self._packed([(each.text, each.tokens) for each in batch], list(titles.items()))
            alike = compare(asked.vectors, packed)
            place = {title: number for number, title in enumerate(titles, len(batch))}
            titled = [place[each.title] for each in batch]
            fitting = [_fitting(kind, told, each) for each in batch]
            found += _closeness(asked, shares, alike, batch, titled, fitting)
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


def _fitting(kind: Wanted, told: frozenset[str], candidate: Candidate) -> list[bool]:
    """Tell which sentences hold a date or a figure, where one is wanted, that the question has not told."""
    if not kind:
        return [False] * len(candidate.sentences)
    text = without_markup(candidate.text)
    return [bool(said(kind, span.of(text)) - told) for span in candidate.sentences]


def _shares(tokens: NDArray[np.int64], weights: Sequence[tuple[Span, float]]) -> NDArray[np.float32]:
    """Return the weight of each token of a question, in all 1: its word's IDF, over the root of the word's tokens.

    Between all of the IDF for each piece of a long name, which drowns the rest, and a share of it.
    """
    homes = [next((i for i, (span, _) in enumerate(weights) if span.start <= start < span.end), -1) for start, _ in tokens]
    idf = [max(COMMON_IDF, weights[home][1]) if home >= 0 else COMMON_IDF / 2 for home in homes]
    shares = np.array([idf[i] / math.sqrt(homes.count(home)) for i, home in enumerate(homes)], dtype=np.float32)
    return np.asarray(shares / max(float(shares.sum()), 1e-9), dtype=np.float32)


def _closeness(
    asked: Tokens,
    shares: NDArray[np.float32],
    alike: Alike,
    candidates: Sequence[Candidate],
    titled: Sequence[int],
    fitting: Sequence[Sequence[bool]],
) -> list[Closeness]:
    """Return the score of each candidate's best sentence, which one to quote, and how near the tokens come to that.

    The first texts that are `alike` are the candidates', `titled` the number of each one's title. Where a date or a figure is
    wanted, a sentence that is `fitting` is quoted before one that is nearer by a little. All sentences are compared at once;
    places have shape (sentences of all candidates, question tokens).
    """
    counts = [len(each.sentences) for each in candidates]
    home = np.repeat(np.arange(len(candidates)), counts)
    texts = alike.best()
    title = texts[titled]
    best, whole = alike.sentences([each.sentences for each in candidates]), np.maximum(texts[: len(candidates)], title)
    alone = np.maximum(best, title[home])
    around, beside = alone.copy(), (home[1:] == home[:-1])[:, None]
    np.maximum(around[1:], best[:-1], out=around[1:], where=beside)
    np.maximum(around[:-1], best[1:], out=around[:-1], where=beside)
    # Row by row, so that the last digits do not depend on what else is looked at.
    scores = np.einsum("st,t->s", alone + around + whole[home], shares) / 3
    found, end = [], 0
    for n, count in enumerate(counts):
        start, end = end, end + count
        if not count or not len(shares) or texts[n, 0] == -1:
            found.append(Closeness(0.0))
            continue
        mine, places = scores[start:end], alone[start:end]
        sentence = int((mine + FITTING * np.array(fitting[n])).argmax())
        quote = _quote(places, shares, sentence)
        near = np.stack([places[sentence], around[start + sentence], whole[n], places[list(quote)].max(axis=0)])
        # Equal texts get equal scores, whatever they were looked at with.
        found.append(Closeness(round(float(mine.max()), 6), quote, Fit(near, shares, asked.spans)))
    return found


def _quote(near: NDArray[np.float32], shares: NDArray[np.float32], best: int) -> tuple[int, ...]:
    """Return the best sentence, and a neighbour where it brings the question's tokens much nearer."""
    beside = [n for n in (best - 1, best + 1) if 0 <= n < len(near)]
    gains = {n: float(np.maximum(0, near[n] - near[best]) @ shares) for n in beside}
    other = max(gains, key=lambda n: gains[n], default=best)
    return (best, other) if gains.get(other, 0) >= LEANING else (best,)
