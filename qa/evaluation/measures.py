"""Measure retrieval by the usual measures, with confidence intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.errors import EvaluationError
from qa.evaluation.question_sets import Question, holds
from qa.text.span import Span
from qa.types import Passage

DEPTH = 10
"""Hits that are measured: the depth of the usual MRR@10 and nDCG@10."""
SHOWN_CHARS = 2_000
"""Characters of passages among which hit@2000chars looks for the answer: with it, longer passages have no advantage."""
RESAMPLES = 2_000
"""Bootstrap samples for an interval: more would be slower and hardly change its ends."""


class Outcome(NamedTuple):
    """The result of one question: the rank of the first hit that answers it, or 0; if within `SHOWN_CHARS`; and its time."""

    id: str
    rank: int
    within_chars: bool
    ms: float


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def evaluate(retrieve: Callable[[Question], Sequence[Passage]], questions: Iterable[Question]) -> list[Outcome]:
    """Ask every question but the near misses. Raise `EvaluationError` if there are none, or if no question has a hit."""
    outcomes, hits = [], 0
    for question in questions:
        if not question.answerable:
            continue
        started = time.perf_counter()
        passages = retrieve(question)
        ms = 1000 * (time.perf_counter() - started)
        hits += len(passages)
        outcomes.append(Outcome(question.id, _rank(question, passages), _within(question, passages), ms))
    if not outcomes:
        raise EvaluationError("there are no questions: nothing was measured")
    if not hits:
        raise EvaluationError("no question found any passage: the index is empty, nothing was measured")
    return outcomes


def _rank(question: Question, passages: Sequence[Passage]) -> int:
    return next((rank for rank, passage in enumerate(passages[:DEPTH], 1) if holds(passage, question.gold)), 0)


def _within(question: Question, passages: Sequence[Passage]) -> bool:
    chars = SHOWN_CHARS
    for passage in passages:
        if chars <= 0:
            return False
        shown = Passage(passage.article_id, Span(passage.span.start, min(passage.span.end, passage.span.start + chars)), "", ())
        if holds(shown, question.gold):
            return True
        chars -= passage.span.end - passage.span.start
    return False


# --- measures ----------------------------------------------------------------------------------------------------------


def measures(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """Return the measures of a run by name."""
    ranks = np.array([outcome.rank for outcome in outcomes])
    answered = ranks > 0
    safe = np.maximum(ranks, 1)
    values = {
        "MRR@10": answered / safe,
        **{f"hit@{k}": answered & (ranks <= k) for k in (1, 3, 5, 10)},
        "nDCG@10": answered / np.log2(1 + safe),
        "hit@2000chars": np.array([outcome.within_chars for outcome in outcomes]),
    }
    return {name: estimate(np.asarray(each, float)) for name, each in values.items()}


def latency(times: Sequence[float]) -> dict[str, float]:
    """Return median and 95th percentile of the times for a question, in milliseconds."""
    return {"p50_ms": float(np.percentile(times, 50)), "p95_ms": float(np.percentile(times, 95))}


def estimate(values: NDArray[np.float64]) -> Estimate:
    """Return the mean of at least one value, with its interval by bootstrap."""
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high))


def compare(one: Sequence[Outcome], other: Sequence[Outcome]) -> tuple[float, float]:
    """Return by how much the MRR@10 of `one` exceeds that of `other`, and the p-value of the difference.

    By a paired randomisation test, two-sided (Smucker, Allan and Carterette, CIKM 2007), over the questions that both have.
    Raise `EvaluationError` if there are none.
    """
    ranks = {outcome.id: outcome.rank for outcome in other}
    pairs = [(outcome.rank, ranks[outcome.id]) for outcome in one if outcome.id in ranks]
    if not pairs:
        raise EvaluationError("the two runs have no question in common: they cannot be compared")
    differences = np.array([(1 / a if a else 0) - (1 / b if b else 0) for a, b in pairs])
    signs = np.random.default_rng(0).choice([-1, 1], (10_000, len(differences)))
    chance = np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-12
    return float(differences.mean()), float((chance.sum() + 1) / (len(chance) + 1))
