"""How sure to be that the articles answer, from what retrieval knows: sixteen signals, one small fitted model.

A folder may fail a question in three ways: it is about another field, about another subject, or about this subject while the
paragraph that answers is not there. A softmax regression tells these apart from the answered questions; the probability
of the first class is the confidence. Its weights, fitted by `benchmarks/fit_confidence.py` on questions whose answers are
known, lie in `confidence.json`; `adjust` fits them to a library and its encoder.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.results import Fit

CLASSES = ("answered", "other field", "other subject", "paragraph missing")
LOOKED_AT = 19
"""Passages that the first is compared with, itself among them."""
_CLIP = 4.0  # Standard deviations from the mean beyond which a signal says no more.
_WORD_FLOOR = 0.05
_NEAR_ENOUGH = 0.6
_UNKNOWN = float("nan")


class Asked(NamedTuple):
    """A word of the question that is not a stop word: the terms it is searched by, its IDF, its tokens.

    `particular` words are names and numbers.
    """

    terms: frozenset[str]
    idf: float
    particular: bool
    tokens: tuple[int, ...]


class Looked(NamedTuple):
    """A passage that was looked at closely."""

    article_id: str
    dense: float
    lexical: float
    fit: Fit


class Signals(NamedTuple):
    """What is known of the first passage, beside the question and the other passages found.

    "Sentence" is its best one, "held" means literally, "near" by the cosine of the words' tokens; titles count as text. Where
    there are too few passages to compare with, a signal is not a number, and says nothing.
    """

    score: float
    """Its score,"""
    dense: float
    """the cosine of its best sentence,"""
    ahead_of_sixth: float
    """its lead over the sixth passage, and"""
    ahead_of_article: float
    """over the first passage of another article."""
    words: float
    """Words asked, stop words left out."""
    held: float
    """Share of their IDF held by the passage, and"""
    held_sentence: float
    """by the sentence."""
    missing: float
    """IDF that the passage does not hold,"""
    missing_sentence: float
    """that the sentence does not hold, and"""
    missing_most: float
    """that of the rarest word not held."""
    missing_particular: float
    """Names and numbers not held by the passage."""
    explained: float
    """Share of the sentence's terms that the question has."""
    near_sentence: float
    """Mean of the logarithms of the words' nearness to the sentence, by IDF."""
    near_around: float
    """Mean of their nearness to the sentence and its neighbours, by IDF."""
    near_telling: float
    """Nearness to the sentence, at most 0.6, by how far the passages found are from the token."""
    stands_out: float
    """Standard deviations of its nearness above that of the other passages, by token."""


def signals(
    looked: Sequence[Looked],
    asked: Sequence[Asked],
    *,
    passage: Collection[str],
    sentence: Collection[str],
    title: Collection[str],
) -> Signals:
    """Return the signals of the passages `looked` at, best first, for the words `asked`.

    `passage`, `sentence` and `title` are the terms of the first passage, its best sentence and its title.
    """
    shares = looked[0].fit.shares.astype(np.float64)
    near = np.stack([each.fit.near for each in looked[:LOOKED_AT]]).astype(np.float64)  # (passages, places, tokens)
    top, mean, spread = near[0], near.mean(axis=0), near.std(axis=0)
    score = [_score(each) for each in looked[:LOOKED_AT]]
    other = next((s for s, each in zip(score, looked, strict=False) if each.article_id != looked[0].article_id), _UNKNOWN)
    words = list(asked) or [Asked(frozenset(), 1.0, particular=False, tokens=())]
    idf = np.array([word.idf for word in words])
    share = idf / idf.sum()
    here, here_sentence = {*passage, *title}, {*sentence, *title}
    held = np.array([not word.terms.isdisjoint(here) for word in words])
    held_sentence = np.array([not word.terms.isdisjoint(here_sentence) for word in words])
    by_word = np.array([[place[list(word.tokens)].mean() if word.tokens else 0.0 for word in words] for place in top])
    telling = shares * (1.05 - mean[0])
    known = frozenset().union(*(word.terms for word in words))
    return Signals(
        score=score[0],
        dense=looked[0].dense,
        ahead_of_sixth=score[0] - score[5] if len(score) > 5 else _UNKNOWN,
        ahead_of_article=score[0] - other,
        words=float(len(asked)),
        held=float(share @ held),
        held_sentence=float(share @ held_sentence),
        missing=float(idf @ ~held),
        missing_sentence=float(idf @ ~held_sentence),
        missing_most=float((idf * ~held).max()),
        missing_particular=float(sum(word.particular for word, here in zip(words, held, strict=True) if not here)),
        explained=len(known.intersection(sentence)) / max(1, len(sentence)),
        near_sentence=float(share @ np.log(np.clip(by_word[0], _WORD_FLOOR, 1))),
        near_around=float(share @ by_word[1]),
        near_telling=float(telling @ np.minimum(top[0], _NEAR_ENOUGH) / max(1e-9, float(telling.sum()))),
        stands_out=float(shares @ ((top[2] - mean[2]) / (spread[2] + 0.05))) if len(score) > 5 else _UNKNOWN,
    )


def _score(looked: Looked) -> float:
    """Return one scale for all settings of fusion and reranking."""
    closeness = float((looked.fit.near[:3] @ looked.fit.shares).mean())
    return 0.8 * closeness + 0.1 * looked.dense + 0.1 * looked.lexical


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What fits the confidence to a library: the log-odds become `slope * odds + offset`."""

    slope: float = 1.0
    offset: float = 0.0


def standardised(signals: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return signals as standard deviations from the mean, within bounds; what is not known is at the mean."""
    return np.nan_to_num(np.clip((signals - mean) / scale, -_CLIP, _CLIP))


class Model(NamedTuple):
    """A softmax regression over standardised signals: weights, shape (classes, signals), and biases.

    `risk` holds, for rising thresholds of the confidence, the share of the answered that is wrong; `landmarks` are the
    least that the median log-odds of a library's own questions came to, and the most for foreign ones: see `adjust`.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    risk: list[tuple[float, float]]
    landmarks: tuple[float, float]

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Model:
        """Build a model from what `confidence.json` holds. Raise `ValueError` where its signals are not ours."""
        if tuple(facts["signals"]) != Signals._fields or tuple(facts["classes"]) != CLASSES:
            raise ValueError("confidence.json was fitted on other signals: run benchmarks/fit_confidence.py")
        mean, scale, weights, bias = (np.array(facts[name], np.float64) for name in ("mean", "scale", "weights", "bias"))
        own, foreign = facts["landmarks"]
        return cls(mean, scale, weights, bias, [(low, wrong) for low, wrong in facts["risk"]], (own, foreign))

    def odds(self, signals: Signals) -> float:
        """Return the logarithm of the odds that the question is answered."""
        answered, *failed = self.weights @ standardised(np.array(signals), self.mean, self.scale) + self.bias
        return float(answered - np.logaddexp.reduce(failed))


@lru_cache(maxsize=1)
def prior() -> Model:
    """Return the model that comes with the package."""
    return Model.of(json.loads(files("qa").joinpath("confidence.json").read_text(encoding="utf-8")))


def confidence(signals: Signals, adjustment: Adjustment = Adjustment()) -> float:
    """Return the probability, 0 to 1, that the first three passages hold an answer."""
    return 1 / (1 + math.exp(-min(50.0, max(-50.0, adjustment.slope * prior().odds(signals) + adjustment.offset))))


def threshold(wrong_share: float) -> float:
    """Return the lowest confidence at which at most this share of the answered is wrong; 1 where none is so sure."""
    return next((low for low, wrong in prior().risk if wrong <= wrong_share), 1.0)
