"""Estimate the probability that the articles answer, from what retrieval knows: sixteen features, one fitted model.

A folder may fail a question in three ways: it is about another field, about another subject, or about this subject while the
paragraph that answers is not there. A softmax regression tells these apart from the answered questions; the probability
of the first class is the confidence. Its weights, fitted by `benchmarks/fit_confidence.py` on questions whose answers are
known, are in `data/confidence.json`; `calibration` fits them to a library and its encoder.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.results import TokenMatch

CLASSES = ("answered", "other field", "other subject", "paragraph missing")
COMPARED = 19
"""Passages that the first is compared with, itself among them."""
_CLIP = 4.0  # Standard deviations from the mean beyond which a feature says no more.
_WORD_FLOOR = 0.05
"""The least nearness of a word, so that its logarithm is bounded."""
_NEAR_ENOUGH = 0.6
"""A token as near as this is there; nearer says no more."""
_FARTHEST = 1.05
"""A little above the largest mean cosine, so that no token's weight is zero."""
_SPREAD_FLOOR = 0.05
"""Added to a standard deviation, so that passages that hardly differ do not stand out."""
_RERANKED, _FUSED = 0.8, 0.1
"""The weights of the default settings: `rerank_weight`, and both halves of the rest."""
_UNKNOWN = float("nan")


class AskedWord(NamedTuple):
    """A word of the question that is not a stop word: the forms it is indexed by, its IDF, its tokens.

    `particular` words are names and numbers.
    """

    forms: frozenset[str]
    idf: float
    particular: bool
    tokens: tuple[int, ...]


class ComparedPassage(NamedTuple):
    """A passage whose tokens were compared with the question's."""

    article_id: str
    dense: float
    lexical: float
    match: TokenMatch


class Features(NamedTuple):
    """What is known of the first passage, beside the question and the other passages found.

    The sentence is the passage's best one; a word is held if the text has it literally, and near by the cosine of its tokens;
    titles count as text. A feature is NaN if there are too few passages to compare with.
    """

    score: float
    """The passage's score on one scale for all settings."""
    dense: float
    """The cosine of its best sentence."""
    ahead_of_sixth: float
    """Its margin over the sixth passage; NaN with fewer than six."""
    ahead_of_article: float
    """Its margin over the first passage of another article; NaN if there is none."""
    words: float
    """The number of the question's words, without stop words."""
    held: float
    """The fraction of these words' IDF that the passage holds."""
    held_sentence: float
    """The fraction of these words' IDF that the sentence holds."""
    missing: float
    """The IDF that the passage does not hold."""
    missing_sentence: float
    """The IDF that the sentence does not hold."""
    missing_most: float
    """The IDF of the rarest word that the passage does not hold."""
    missing_particular: float
    """The number of names and numbers that the passage does not hold."""
    explained: float
    """The fraction of the sentence's words that the question has."""
    near_sentence: float
    """The mean logarithm of the words' nearness to the sentence, weighted by IDF."""
    near_around: float
    """The mean nearness of the words to the sentence and its neighbours, weighted by IDF."""
    near_telling: float
    """The nearness of the tokens to the sentence, at most 0.6, weighted by how far the other passages are from the token."""
    stands_out: float
    """How many standard deviations the tokens are nearer than in the other passages; NaN with fewer than six passages."""


def features(
    compared: Sequence[ComparedPassage],
    asked: Sequence[AskedWord],
    *,
    passage: Collection[str],
    sentence: Collection[str],
    title: Collection[str],
) -> Features:
    """Return the features of the first of the passages `compared`, best first, for the words `asked`.

    `passage`, `sentence` and `title` are the forms of the words in the first passage, its best sentence and its title.
    """
    weights = compared[0].match.weights.astype(np.float64)
    near = np.stack([each.match.places for each in compared[:COMPARED]]).astype(np.float64)  # (passages, places, tokens)
    top, mean, spread = near[0], near.mean(axis=0), near.std(axis=0)
    score = [_score(each) for each in compared[:COMPARED]]
    other = next((s for s, each in zip(score, compared, strict=False) if each.article_id != compared[0].article_id), _UNKNOWN)
    words = list(asked) or [AskedWord(frozenset(), 1.0, particular=False, tokens=())]
    idf = np.array([word.idf for word in words])
    share = idf / idf.sum()
    here, here_sentence = {*passage, *title}, {*sentence, *title}
    held = np.array([not word.forms.isdisjoint(here) for word in words])
    held_sentence = np.array([not word.forms.isdisjoint(here_sentence) for word in words])
    by_word = np.array([[place[list(word.tokens)].mean() if word.tokens else 0.0 for word in words] for place in top])
    telling = weights * (_FARTHEST - mean[0])
    known = frozenset().union(*(word.forms for word in words))
    return Features(
        score=score[0],
        dense=compared[0].dense,
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
        stands_out=float(weights @ ((top[2] - mean[2]) / (spread[2] + _SPREAD_FLOOR))) if len(score) > 5 else _UNKNOWN,
    )


def _score(compared: ComparedPassage) -> float:
    """Return a score on one scale, whatever the settings of fusion and reranking are: that of their defaults."""
    reranked = float((compared.match.places @ compared.match.weights).mean())
    return _RERANKED * reranked + _FUSED * compared.dense + _FUSED * compared.lexical


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What fits the confidence to a library: a logit becomes `slope * logit + offset`."""

    slope: float = 1.0
    offset: float = 0.0


def standardised(features: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features as standard deviations from the mean, within bounds; NaN becomes the mean."""
    return np.nan_to_num(np.clip((features - mean) / scale, -_CLIP, _CLIP))


class Model(NamedTuple):
    """A softmax regression over standardised features: weights, shape (classes, features), and biases.

    `risk` holds, for rising thresholds of the confidence, the fraction of the answered questions that is wrong. `anchors` are
    the lowest median logit of a library's in-domain questions, and the highest of out-of-domain ones, among the libraries
    that it was fitted on: see `calibration`.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    risk: list[tuple[float, float]]
    anchors: tuple[float, float]

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Model:
        """Build a model from what `confidence.json` holds. Raise `ValueError` if its features are not ours."""
        if tuple(facts["features"]) != Features._fields or tuple(facts["classes"]) != CLASSES:
            raise ValueError("confidence.json was fitted on other features: run benchmarks/fit_confidence.py")
        mean, scale, weights, bias = (np.array(facts[name], np.float64) for name in ("mean", "scale", "weights", "bias"))
        in_domain, out_of_domain = facts["anchors"]
        risk = [(low, wrong) for low, wrong in facts["risk"]]
        return cls(mean, scale, weights, bias, risk, (in_domain, out_of_domain))

    def logit(self, features: Features) -> float:
        """Return the logarithm of the odds that the question is answered."""
        answered, *failed = self.weights @ standardised(np.array(features), self.mean, self.scale) + self.bias
        return float(answered - np.logaddexp.reduce(failed))


@lru_cache(maxsize=1)
def prior() -> Model:
    """Return the model that comes with the package."""
    return Model.of(json.loads(files("qa.answering").joinpath("data", "confidence.json").read_text(encoding="utf-8")))


def confidence(features: Features, adjustment: Adjustment = Adjustment()) -> float:
    """Return the probability, 0 to 1, that the first three passages hold an answer."""
    return 1 / (1 + math.exp(-min(50.0, max(-50.0, adjustment.slope * prior().logit(features) + adjustment.offset))))


def threshold(wrong_share: float) -> float:
    """Return the lowest confidence at which at most this fraction of the answered is wrong; 1 if there is none."""
    return next((low for low, wrong in prior().risk if wrong <= wrong_share), 1.0)
