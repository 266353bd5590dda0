"""Estimate the probability that the quote answers, by the features of the first passage and a fitted model.

A folder may fail to answer in four ways: it is about another field, about another subject, about this subject without the
paragraph that answers, or it says something that is nearly what is asked. A logistic regression tells these, and quotes beside
the answer, apart from those that answer. Its weights, fitted by `benchmarks/fit_confidence.py` on questions whose answers are
known, are in `data/confidence.json`, once for passages that a reader has read and once for others; `calibration` fits them to a
library and its encoder.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.answering.features import Features

_CLIP = 4.0
"""Standard deviations from the mean beyond which a feature says no more, so that one odd value does not decide alone."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The fit of the confidence to a library: a logit becomes `slope * logit + offset`."""

    slope: float = 1.0
    offset: float = 0.0


def standardised(features: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features in standard deviations from the mean, clipped; NaN becomes the mean."""
    return np.nan_to_num(np.clip((features - mean) / scale, -_CLIP, _CLIP))


class Model(NamedTuple):
    """A logistic regression over standardised features: weights, shape (features,), and a bias.

    `risk` holds, for rising thresholds of the confidence, the fraction of the answered questions that is wrong. `anchors` are
    the lowest median logit of in-domain questions, and the highest of out-of-domain ones, among the libraries of the fit: see
    `calibration`.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    risk: list[tuple[float, float]]
    anchors: tuple[float, float]

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Model:
        """Build a model from one of those in `confidence.json`."""
        mean, scale, weights = (np.array(facts[name], np.float64) for name in ("mean", "scale", "weights"))
        in_domain, out_of_domain = facts["anchors"]
        risk = [(low, wrong) for low, wrong in facts["risk"]]
        return cls(mean, scale, weights, facts["bias"], risk, (in_domain, out_of_domain))

    def logit(self, features: Features) -> float:
        """Return the logarithm of the odds that the quote answers."""
        return float(self.weights @ standardised(np.array(features), self.mean, self.scale) + self.bias)


@lru_cache(maxsize=2)
def prior(*, is_read: bool) -> Model:
    """Return the model that comes with the package for passages that a reader has read, or for others.

    Raise `ValueError` if it was fitted on other features.
    """
    facts = json.loads(files("qa.answering").joinpath("data", "confidence.json").read_text(encoding="utf-8"))
    if tuple(facts["features"]) != Features._fields:
        raise ValueError("confidence.json was fitted on other features: run benchmarks/fit_confidence.py")
    return Model.of(facts["read" if is_read else "not read"])


def logit(features: Features) -> float:
    """Return the logarithm of the odds that the quote answers, by the model for these features."""
    return prior(is_read=features.is_read).logit(features)


def confidence(features: Features, adjustment: Adjustment = Adjustment()) -> float:
    """Return the probability, 0 to 1, that the quote answers."""
    return 1 / (1 + math.exp(-min(50.0, max(-50.0, adjustment.slope * logit(features) + adjustment.offset))))


def threshold(wrong_share: float, *, is_read: bool) -> float:
    """Return the lowest confidence at which at most this fraction of the answers is wrong; 1 if there is none."""
    return next((low for low, wrong in prior(is_read=is_read).risk if wrong <= wrong_share), 1.0)
