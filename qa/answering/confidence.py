"""Estimate the probability that the articles answer, by sixteen features of the hits and one fitted model.

A folder may fail to answer in three ways: it is about another field, about another subject, or about this subject without the
paragraph that answers. A softmax regression tells these apart from the answered questions; the probability
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
"""Passages that the features compare, the first among them. The model was fitted with as many: to change it is to fit again."""
_CLIP = 4.0
"""Standard deviations from the mean beyond which a feature says no more, so that one odd value does not decide alone."""
_WORD_FLOOR = 0.05
"""The least cosine of a word, so that its logarithm is bounded."""
_NEAR_ENOUGH = 0.6
"""A token with this cosine is taken as present; a higher one says no more."""
_ABOVE_ALL_COSINES = 1.05
"""A token's weight is this less its mean cosine: a little more than 1, so that no weight is zero."""
_SPREAD_FLOOR = 0.05
"""Added to a standard deviation, so that the first of passages that hardly differ does not stand out."""
_RERANKED, _FUSED = 0.8, 0.1
"""The weights of the default settings: `rerank_weight`, and both halves of the rest."""
_UNKNOWN = float("nan")


class QuestionWord(NamedTuple):
    """A word of the question that is not a stop word: the forms it is indexed by, its IDF, and its tokens by number.

    Names and numbers are `particular`.
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
    """The features of the first passage, compared with the question and with the other passages.

    "The sentence" is the passage's best one. A text holds a word if it has it literally; a word's nearness to a text is
    the mean cosine of its tokens. Titles count as text. A feature is NaN if there are too few passages to compare with.
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
    """The sum of the IDF of the words that the passage does not hold."""
    missing_sentence: float
    """The sum of the IDF of the words that the sentence does not hold."""
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
    """The mean nearness of the tokens to the sentence, at most 0.6 each, weighted by their distance from all passages."""
    stands_out: float
    """By how many standard deviations the tokens are nearer than in the passages on average; NaN with fewer than six."""


def features(
    compared: Sequence[ComparedPassage],
    question_words: Sequence[QuestionWord],
    *,
    passage: Collection[str],
    sentence: Collection[str],
    title: Collection[str],
) -> Features:
    """Return the features of the first of the passages `compared`, which are in order, best first.

    `passage`, `sentence` and `title` are the forms of the words in the first passage, its best sentence and its title.
    """
    weights = compared[0].match.weights.astype(np.float64)
    near = np.stack([each.match.places for each in compared[:COMPARED]]).astype(np.float64)  # (passages, places, tokens)
    top, mean, spread = near[0], near.mean(axis=0), near.std(axis=0)
    score = [_score(each) for each in compared[:COMPARED]]
    other = next((s for s, each in zip(score, compared, strict=False) if each.article_id != compared[0].article_id), _UNKNOWN)
    words = list(question_words) or [QuestionWord(frozenset(), 1.0, particular=False, tokens=())]
    idf = np.array([word.idf for word in words])
    idf_weights = idf / idf.sum()
    here, here_sentence = {*passage, *title}, {*sentence, *title}
    held = np.array([not word.forms.isdisjoint(here) for word in words])
    held_sentence = np.array([not word.forms.isdisjoint(here_sentence) for word in words])
    by_word = np.array([[place[list(word.tokens)].mean() if word.tokens else 0.0 for word in words] for place in top])
    telling = weights * (_ABOVE_ALL_COSINES - mean[0])
    question_forms = frozenset().union(*(word.forms for word in words))
    return Features(
        score=score[0],
        dense=compared[0].dense,
        ahead_of_sixth=score[0] - score[5] if len(score) > 5 else _UNKNOWN,
        ahead_of_article=score[0] - other,
        words=float(len(question_words)),
        held=float(idf_weights @ held),
        held_sentence=float(idf_weights @ held_sentence),
        missing=float(idf @ ~held),
        missing_sentence=float(idf @ ~held_sentence),
        missing_most=float((idf * ~held).max()),
        missing_particular=float(sum(word.particular for word, here in zip(words, held, strict=True) if not here)),
        explained=len(question_forms.intersection(sentence)) / max(1, len(sentence)),
        near_sentence=float(idf_weights @ np.log(np.clip(by_word[0], _WORD_FLOOR, 1))),
        near_around=float(idf_weights @ by_word[1]),
        near_telling=float(telling @ np.minimum(top[0], _NEAR_ENOUGH) / max(1e-9, float(telling.sum()))),
        stands_out=float(weights @ ((top[2] - mean[2]) / (spread[2] + _SPREAD_FLOOR))) if len(score) > 5 else _UNKNOWN,
    )


def _score(compared: ComparedPassage) -> float:
    """Return the score that the default settings of fusion and reranking would give, whatever the settings are."""
    reranked = float((compared.match.places @ compared.match.weights).mean())
    return _RERANKED * reranked + _FUSED * compared.dense + _FUSED * compared.lexical


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The fit of the confidence to a library: a logit becomes `slope * logit + offset`."""

    slope: float = 1.0
    offset: float = 0.0


def standardised(features: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features in standard deviations from the mean, clipped; NaN becomes the mean."""
    return np.nan_to_num(np.clip((features - mean) / scale, -_CLIP, _CLIP))


class Model(NamedTuple):
    """A softmax regression over standardised features: weights, shape (classes, features), and biases.

    `risk` holds, for rising thresholds of the confidence, the fraction of the answered questions that is wrong. `anchors` are
    the lowest median logit of in-domain questions, and the highest of out-of-domain ones, among the libraries of the fit: see
    `calibration`.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    risk: list[tuple[float, float]]
    anchors: tuple[float, float]

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Model:
        """Build a model from the content of `confidence.json`. Raise `ValueError` if it has other features or classes."""
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
    """Return the lowest confidence at which at most this fraction of the answers is wrong; 1 if there is none."""
    return next((low for low, wrong in prior().risk if wrong <= wrong_share), 1.0)
