"""How well is it found: the measures of the field, and how far to trust them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qa.errors import EvaluationError
from qa.evaluation.question_sets import Question, holds
from qa.text.span import Span
from qa.types import Passage

DEPTH = 10

SHOWN_CHARS = 2_000

RESAMPLES = 2_000


class Outcome(NamedTuple):
    """What became of one question: the rank of the first hit that answers it, 0 for none; whether soon; how long it took."""

    id: str
    rank: int
    within_chars: bool
    ms: float


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def evaluate(retrieve: Callable[[str], Sequence[Passage]], questions: Iterable[Question]) -> list[Outcome]:
    """Ask every question. Raise `EvaluationError` where there are none, or where nothing is ever found."""
    outcomes, found = [], 0
    for question in questions:
        started = time.perf_counter()
        passages = retrieve(question.text)
        ms = 1000 * (time.perf_counter() - started)
        found += len(passages)
        outcomes.append(Outcome(question.id, _rank(question, passages), _within(question, passages), ms))
    if not outcomes:
        raise EvaluationError("there are no questions: nothing was measured")
    if not found:
        raise EvaluationError("no question found any passage: the index is empty, nothing was measured")
    return outcomes


def _rank(question: Question, passages: Sequence[Passage]) -> int:
    return next((rank for rank, passage in enumerate(passages[:DEPTH], 1) if holds(passage, question.gold)), 0)


def _within(question: Question, passages: Sequence[Passage]) -> bool:
    left = SHOWN_CHARS
    for passage in passages:
        if left <= 0:
            return False
        shown = Passage(passage.article_id, Span(passage.span.start, min(passage.span.end, passage.span.start + left)), "", ())
        if holds(shown, question.gold):
            return True
        left -= passage.span.end - passage.span.start
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
    return {name: _estimate(np.asarray(each, float)) for name, each in values.items()}


def latency(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return median and 95th percentile of the time for a question, in milliseconds."""
    times = [outcome.ms for outcome in outcomes]
    return {"p50_ms": float(np.percentile(times, 50)), "p95_ms": float(np.percentile(times, 95))}


def _estimate(values: np.ndarray[Any, np.dtype[np.float64]]) -> Estimate:
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high))


def compare(one: Sequence[Outcome], other: Sequence[Outcome]) -> tuple[float, float]:
    """Return by how much the MRR@10 of `one` is above that of `other`, and how probable so much is by chance.

    A paired randomisation test, two-sided (Smucker, Allan and Carterette, CIKM 2007), over the questions of both.
    """
    ranks = {outcome.id: outcome.rank for outcome in other}
    pairs = [(outcome.rank, ranks[outcome.id]) for outcome in one if outcome.id in ranks]
    if not pairs:
        raise EvaluationError("the two runs have no question in common: they cannot be compared")
    differences = np.array([(1 / a if a else 0) - (1 / b if b else 0) for a, b in pairs])
    signs = np.random.default_rng(0).choice([-1, 1], (10_000, len(differences)))
    chance = np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-12
    return float(differences.mean()), float((chance.sum() + 1) / (len(chance) + 1))
