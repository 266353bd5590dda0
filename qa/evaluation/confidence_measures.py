"""Measure the confidence and the answers, over questions that a folder answers and questions that it does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.answering.features import Features
from qa.errors import EvaluationError

NEAR_MISS = "near miss"
KINDS = ("answered", "other field", "other subject", "paragraph missing", NEAR_MISS)
"""The kinds of questions: those that the folder answers, and four ways in which it does not."""
BINS = 10
"""Bins of the expected calibration error: as many as is usual, each with enough cases for a mean."""
ANSWERED_FRACTION = 2 / 3
"""The fraction of questions assumed to have an answer in the folder; the other kinds divide the rest equally. What people ask
varies, so that this is an assumption; the setting `wrong_share` makes the same one."""
COVERAGE = 0.8
"""The fraction of the folder's questions, the most confident ones, at which accuracy is reported."""


class Case(NamedTuple):
    """One question: its kind (of `KINDS`), True if the first quote answers it, and the confidence."""

    id: str
    kind: str
    right: bool
    confidence: float
    features: Features | None


class Bin(NamedTuple):
    """Cases of similar confidence: their fraction of all, their mean confidence, and the fraction of them that is right."""

    share: float
    confidence: float
    right: float


class Calibration(NamedTuple):
    """The measures of the confidence over all cases, as `measure` defines them; `auroc` is by kind of unanswered question."""

    auroc: dict[str, float]
    error: float
    bins: list[Bin]
    right_at_coverage: float
    answered_at_coverage: dict[str, float]
    risk: list[tuple[float, float, float]]


def measure(cases: Sequence[Case]) -> Calibration:
    """Measure the confidence, assuming that the folder answers two questions in three.

    The expected calibration error is the mean difference, over ten bins, of confidence and fraction right (Naeini et al. 2015).
    `right_at_coverage` is the fraction right of the 80 % most confident questions that the folder answers, and
    `answered_at_coverage` the fraction of each other kind with at least that confidence. `risk` has rows of threshold, fraction
    of the folder's questions that is answered (coverage), and fraction of all answers that is wrong. Raise `EvaluationError`
    if the folder answers no question.
    """
    kinds = [kind for kind in KINDS if any(case.kind == kind for case in cases)]
    if KINDS[0] not in kinds:
        raise EvaluationError("no question is answered by the folder: nothing can be calibrated")
    confidence = np.array([case.confidence for case in cases])
    right = np.array([case.right for case in cases])
    others = {kind: np.array([case.kind == kind for case in cases]) for kind in kinds}
    in_domain = others.pop(KINDS[0])
    weight = _weight(in_domain, list(others.values()))
    bins = _bins(confidence, right, weight / weight.sum())
    low = float(np.quantile(confidence[in_domain], 1 - COVERAGE))
    return Calibration(
        auroc={kind: auroc(confidence[in_domain], confidence[of_kind]) for kind, of_kind in others.items()},
        error=sum(each.share * abs(each.confidence - each.right) for each in bins),
        bins=bins,
        right_at_coverage=float(right[in_domain & (confidence >= low)].mean()),
        answered_at_coverage={kind: float((confidence[of_kind] >= low).mean()) for kind, of_kind in others.items()},
        risk=risk(confidence, right, weight, in_domain),
    )


def _weight(in_domain: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Return the weight of each case, so that the kinds have the fractions they are assumed to have."""
    rest = (1 - ANSWERED_FRACTION) / max(1, len(others))
    weight: NDArray[np.float64] = ANSWERED_FRACTION * in_domain / in_domain.sum()
    for of_kind in others:
        weight = weight + rest * of_kind / of_kind.sum()
    return weight


def auroc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Return the probability that one of `higher` exceeds one of `lower`, with ties counting half."""
    order = np.sort(lower)
    below = (np.searchsorted(order, higher, "left") + np.searchsorted(order, higher, "right")) / 2
    return float(below.mean() / len(lower))


def _bins(confidence: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]) -> list[Bin]:
    number = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    bins = []
    for n in range(BINS):
        inside = weight * (number == n)
        if (share := float(inside.sum())) > 0:
            bins.append(Bin(share, float(inside @ confidence) / share, float(inside @ right) / share))
    return bins


def risk(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64], in_domain: NDArray[np.bool_]
) -> list[tuple[float, float, float]]:
    """Return rows of threshold, coverage of the in-domain questions, and fraction of the answers that is wrong."""
    rows = []
    for low in np.linspace(0, 0.98, 50):
        inside = weight * (confidence >= low)
        if inside.sum() > 0:
            wrong = float(1 - inside @ right / inside.sum())
            rows.append((round(float(low), 2), float((confidence[in_domain] >= low).mean()), wrong))
    return rows


# --- answers ---------------------------------------------------------------------------------------------------------


class Answered(NamedTuple):
    """The measures of one answer: how its quotes compare with the known answers and places."""

    exact: bool
    f1: float
    supported: float
    precision: float
    recall: bool
    quotes: int


class Paired(NamedTuple):
    """The measures of a question made of two: if it was answered, if it was split, if both places are quoted, and if cited."""

    answered: bool
    apart: bool
    quoted: bool
    cited: bool


def of_pairs(pairs: Sequence[Paired]) -> dict[str, float]:
    """Return how many pairs were asked, and the fractions that were answered, split, fully quoted, and fully cited."""
    columns = zip(*pairs, strict=True) if pairs else [[0.0]] * len(Paired._fields)
    return {"asked": len(pairs), **{name: float(np.mean(row)) for name, row in zip(Paired._fields, columns, strict=True)}}


def of_answers(answers: Sequence[Answered | None]) -> dict[str, float]:
    """Return the fraction of the questions that was answered, and the mean measures of the answers.

    They are exact match and F1 of the shortest quote against the known answers, the fraction of quotes that stand in their
    article, the fraction of quoted passages with a known place (precision), the fraction of answers with one (recall), and the
    number of quotes.
    """
    answered = [each for each in answers if each]
    columns = zip(*answered, strict=True) if answered else [[0.0]] * len(Answered._fields)
    means = {name: float(np.mean(column)) for name, column in zip(Answered._fields, columns, strict=True)}
    return {"answered": len(answered) / max(1, len(answers)), **means}


def words_in_common(quote: str, answer: str) -> tuple[bool, float]:
    """Return True if two texts have the same words, and the F1 of these, without articles and punctuation (as in SQuAD).

    >>> words_in_common("the 580 officials", "580")
    (False, 0.6666666666666666)
    """
    one, other = (
        Counter(word for word in re.findall(r"\w+", text.casefold()) if word not in ("a", "an", "the"))
        for text in (quote, answer)
    )
    common = (one & other).total()
    return one == other, 2 * common / (one.total() + other.total()) if common else 0.0
