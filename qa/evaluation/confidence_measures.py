"""Is the confidence true, and are the answers good? Measures over questions that a folder answers and that it does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qa.answering.confidence import CLASSES, Features
from qa.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10
ANSWERED_SHARE = 2 / 3
"""Share of questions taken to have an answer in the folder; the other kinds share the rest."""
COVERAGE = 0.8


class Case(NamedTuple):
    """One question: why it is or is not answered (of `CLASSES`), whether the first three hits did, how sure that was."""

    id: str
    kind: str
    right: bool
    confidence: float
    features: Features | None


class Bin(NamedTuple):
    """The cases of like confidence: their share of all, their mean confidence, and how many of them were right."""

    share: float
    confidence: float
    right: float


class Calibration(NamedTuple):
    """What the cases show; `auroc` is by the kind of question that is not answered."""

    auroc: dict[str, float]
    error: float
    bins: list[Bin]
    right_at_coverage: float
    answered_at_coverage: dict[str, float]
    risk: list[tuple[float, float, float]]


def measure(cases: Sequence[Case]) -> Calibration:
    """Measure the confidence. The folder is taken to answer two questions in three.

    The expected calibration error is the mean distance, in ten bins, of confidence and share right (Naeini et al. 2015).
    `right_at_coverage` is the share right of the surest 80 % of the questions that the folder answers, and
    `answered_at_coverage` the share of each other kind that is as sure. `risk` has rows of threshold, share of the
    questions of the folder answered (coverage), and share wrong of all that is answered.
    """
    kinds = [kind for kind in CLASSES if any(case.kind == kind for case in cases)]
    if CLASSES[0] not in kinds:
        raise EvaluationError("no question is answered by the folder: nothing can be calibrated")
    sure = np.array([case.confidence for case in cases])
    right = np.array([case.right for case in cases])
    others = {kind: np.array([case.kind == kind for case in cases]) for kind in kinds}
    own = others.pop(CLASSES[0])
    weight = _weight(own, list(others.values()))
    bins = _bins(sure, right, weight / weight.sum())
    low = float(np.quantile(sure[own], 1 - COVERAGE))
    return Calibration(
        auroc={kind: auroc(sure[own], sure[chosen]) for kind, chosen in others.items()},
        error=sum(each.share * abs(each.confidence - each.right) for each in bins),
        bins=bins,
        right_at_coverage=float(right[own & (sure >= low)].mean()),
        answered_at_coverage={kind: float((sure[chosen] >= low).mean()) for kind, chosen in others.items()},
        risk=risk(sure, right, weight, own),
    )


def _weight(own: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Return the weight of each case, so that the kinds have the shares they are taken to have."""
    rest = (1 - ANSWERED_SHARE) / max(1, len(others))
    weight: NDArray[np.float64] = ANSWERED_SHARE * own / own.sum()
    for chosen in others:
        weight = weight + rest * chosen / chosen.sum()
    return weight


def auroc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Return the probability that one of the first is higher than one of the second, ties counting half."""
    order = np.sort(lower)
    below = (np.searchsorted(order, higher, "left") + np.searchsorted(order, higher, "right")) / 2
    return float(below.mean() / len(lower))


def _bins(sure: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]) -> list[Bin]:
    number = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    found = []
    for n in range(BINS):
        inside = weight * (number == n)
        if (share := float(inside.sum())) > 0:
            found.append(Bin(share, float(inside @ sure) / share, float(inside @ right) / share))
    return found


def risk(
    sure: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64], own: NDArray[np.bool_]
) -> list[tuple[float, float, float]]:
    """Return rows of threshold, coverage of the folder's own questions, share wrong of the answered."""
    rows = []
    for low in np.linspace(0, 0.98, 50):
        inside = weight * (sure >= low)
        if inside.sum() > 0:
            wrong = float(1 - inside @ right / inside.sum())
            rows.append((round(float(low), 2), float((sure[own] >= low).mean()), wrong))
    return rows


# --- answers ---------------------------------------------------------------------------------------------------------


class Answered(NamedTuple):
    """One answered question of the folder: how its quotes compare with the known answers and places."""

    exact: bool
    f1: float
    supported: float
    precision: float
    recall: bool
    quotes: int


class Paired(NamedTuple):
    """A question made of two: whether it was answered, as two, with both answers in the quoted or the cited passages."""

    answered: bool
    apart: bool
    quoted: bool
    cited: bool


def of_pairs(found: Sequence[Paired]) -> dict[str, float]:
    """Return how many were asked, and the shares of all that were answered, taken apart, fully quoted, fully cited."""
    columns = zip(*found, strict=True) if found else [[0.0]] * len(Paired._fields)
    return {"asked": len(found), **{name: float(np.mean(row)) for name, row in zip(Paired._fields, columns, strict=True)}}


def of_answers(found: Sequence[Answered | None]) -> dict[str, float]:
    """Return the share of the questions answered, and the mean measures of the answers.

    They are exact match and F1 of the shortest quote against the known answers, the share of quotes that stand in their
    article, the share of the quoted passages with a known place (precision), of the answers with one (recall), and how
    many sentences are quoted.
    """
    answered = [each for each in found if each]
    columns = zip(*answered, strict=True) if answered else [[0.0]] * len(Answered._fields)
    means = {name: float(np.mean(column)) for name, column in zip(Answered._fields, columns, strict=True)}
    return {"answered": len(answered) / max(1, len(found)), **means}


def words_in_common(quote: str, answer: str) -> tuple[bool, float]:
    """Return whether two texts are equal and the F1 of their words, articles and punctuation left out (as SQuAD does).

    >>> words_in_common("the 580 officials", "580")
    (False, 0.6666666666666666)
    """
    one, other = (
        Counter(word for word in re.findall(r"\w+", text.casefold()) if word not in ("a", "an", "the"))
        for text in (quote, answer)
    )
    common = (one & other).total()
    return one == other, 2 * common / (one.total() + other.total()) if common else 0.0
