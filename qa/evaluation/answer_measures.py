"""Measure the answers as a reader gets them: what is answered, if it should have been, and if the quote is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from qa.answering.quotes import CITATIONS
from qa.evaluation.confidence_measures import ANSWERED_FRACTION, COVERAGE, auroc
from qa.evaluation.measures import Estimate, estimate
from qa.evaluation.question_sets import ASKED_FOR, Question, holds, is_right
from qa.results import Answer

STRONG = 0.9
"""The confidence from which the page calls an answer strong."""
LENGTHS = (10, 18, 30)
"""The most words of each group of questions by length: what is typed into a search box, a sentence, two, and letters."""


class Asked(NamedTuple):
    """What came of one question.

    `found` is True if one of the three passages shown holds a known place. A quote is right if it holds a known place
    entirely, or an answer word for word: `right_first` is True if the first is, `right` if any is, both None without an answer
    or if nothing is known to compare with.
    """

    id: str
    asks_for: str
    words: int
    answerable: bool
    answered: bool
    confidence: float
    found: bool
    right_first: bool | None
    right: bool | None
    ms: float

    @classmethod
    def of(cls, question: Question, answer: Answer, ms: float) -> Self:
        """Compare an answer with what is known of its question; it took `ms` milliseconds."""
        can_be_judged = bool(question.answers) or any(gold.span for gold in question.gold)
        quotes = [is_right(quote, question) for quote in answer.citations[: answer.quoted]] if can_be_judged else []
        return cls(
            id=question.id,
            asks_for=question.asks_for,
            words=len(question.text.split()),
            answerable=question.answerable,
            answered=answer.answered,
            confidence=answer.confidence,
            found=any(
                holds(hit.passage, question.gold) for hit in (answer.shown if answer.answered else answer.hits)[:CITATIONS]
            ),
            right_first=quotes[0] if quotes else None,
            right=any(quotes) if quotes else None,
            ms=ms,
        )


class Share(NamedTuple):
    """The fraction of `of` questions for which something is true; `estimate` is None if there are none."""

    of: int
    estimate: Estimate | None

    @classmethod
    def true(cls, values: Sequence[bool]) -> Self:
        """Return the fraction of the values that is true."""
        return cls(len(values), estimate(np.array(values, float)) if values else None)


class NearMisses(NamedTuple):
    """How well near misses are told apart from answerable questions.

    `auroc` is the area under the curve of the confidence; `at_coverage` the fraction of near misses with at least the
    confidence of the 80 % most confident answerable questions. If two questions in three are answerable, `wrong` is the
    fraction of the answers whose citations hold no known place, and `strong_right` the fraction of the strong answers whose
    quote is right; None if there are none.
    """

    answered: Share
    auroc: float
    at_coverage: float
    wrong: float | None
    strong_right: float | None


class AnswerMeasures(NamedTuple):
    """The measures of a group of questions: those of the answerable ones by name, and of the near misses, or None."""

    shares: dict[str, Share]
    near_misses: NearMisses | None


def by_group(asked: Sequence[Asked]) -> dict[str, AnswerMeasures]:
    """Return the measures of all questions, then of each kind of question, then of each length, without empty groups."""
    return {name: measure(group) for name, group in _groups(asked) if group}


def _groups(asked: Sequence[Asked]) -> Iterator[tuple[str, list[Asked]]]:
    yield "all", list(asked)
    for kind in ASKED_FOR:
        yield kind, [each for each in asked if each.asks_for == kind]
    for low, high in zip((0, *LENGTHS), LENGTHS, strict=False):
        yield f"to {high} words", [each for each in asked if low < each.words <= high]
    yield f"over {LENGTHS[-1]} words", [each for each in asked if each.words > LENGTHS[-1]]


def measure(asked: Sequence[Asked]) -> AnswerMeasures:
    """Return the measures of questions."""
    answerable = [each for each in asked if each.answerable]
    near_misses = [each for each in asked if not each.answerable]
    quoted = [each for each in answerable if each.right is not None]
    shares = {
        "answered": Share.true([each.answered for each in answerable]),
        "found": Share.true([each.found for each in answerable]),
        "answered of found": Share.true([each.answered for each in answerable if each.found]),
        "declined though found": Share.true([each.found and not each.answered for each in answerable]),
        "first quote right": Share.true([bool(each.right_first) for each in quoted]),
        "a quote right": Share.true([bool(each.right) for each in quoted]),
        "a quote right of strong": Share.true([bool(each.right) for each in quoted if each.confidence >= STRONG]),
    }
    return AnswerMeasures(shares, _near_misses(answerable, near_misses) if answerable and near_misses else None)


def _near_misses(answerable: Sequence[Asked], near_misses: Sequence[Asked]) -> NearMisses:
    higher, lower = (np.array([each.confidence for each in group]) for group in (answerable, near_misses))
    answered = [each for each in near_misses if each.answered]
    found = [each.found for each in answerable if each.answered]
    strong = [each.right for each in answerable if each.right is not None and each.confidence >= STRONG]
    right = _right(found, len(answerable), len(answered) / len(near_misses))
    return NearMisses(
        answered=Share.true([each.answered for each in near_misses]),
        auroc=auroc(higher, lower),
        at_coverage=float((lower >= np.quantile(higher, 1 - COVERAGE)).mean()),
        wrong=None if right is None else 1 - right,
        strong_right=_right(strong, len(answerable), sum(each.confidence >= STRONG for each in answered) / len(near_misses)),
    )


def _right(answers: Sequence[bool], asked: int, near_misses_answered: float) -> float | None:
    """Return the fraction of answers that is right, if two questions in three are answerable.

    `answers` says of each answer to one of the `asked` answerable questions if it is right.
    """
    answered = ANSWERED_FRACTION * len(answers) / asked + (1 - ANSWERED_FRACTION) * near_misses_answered
    return ANSWERED_FRACTION * sum(answers) / asked / answered if answered else None
