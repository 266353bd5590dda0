"""Reports show every measure."""

import pytest

from qa.evaluation import report
from qa.evaluation.confidence_measures import Bin, Calibration
from qa.evaluation.measures import Outcome
from qa.evaluation.runs import ConfidenceRun

PERFECT = [Outcome(str(n), 1, True, 10.0) for n in range(4)]
RUN = ConfidenceRun(
    questions=8,
    out_of_domain=3,
    calibration=Calibration(
        auroc={"other field": 0.987},
        error=0.05,
        bins=[Bin(share=0.25, confidence=0.9, right=0.8)],
        right_at_coverage=0.9,
        answered_at_coverage={"other field": 0.125},
        risk=[(n / 100, 1 - n / 100, 0.5) for n in range(10)],
    ),
    threshold=0.42,
    answers={"answered": 0.75},
    pairs={"asked": 7, "cited": 0.5},
    cases=[],
)


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_retrieval_table_has_a_row_for_each_run():
    head, _, found = rows(report.retrieval({"as set": PERFECT}))
    assert head[:2] == ["4 questions", "MRR@10"]
    assert (found[0], found[1], found[-1]) == ("as set", "1.000 ± 0.000", "10 · 10")


@pytest.mark.parametrize(
    "row",
    [
        ["the folder answers", "", "right 90.0%"],
        ["other field", "0.987", "answered 12.5%"],
        ["0.90", "0.80", "0.25"],
        ["0.05", "0.950", "0.500"],
        ["answered", "0.750"],
        ["cited", "0.500"],
    ],
)
def test_confidence_report_has_each_measure(row):
    assert row in rows(report.confidence(RUN, 0.1))


def test_confidence_report_says_what_was_asked_and_the_threshold():
    text = report.confidence(RUN, 0.1)
    assert text.startswith("8 questions, 3 of another folder\n\n")
    assert "Threshold 0.42 for at most 10% wrong" in text
    assert "7 pairs of questions asked as one" in text
    assert "| 0.01 |" not in text  # Every fifth threshold is enough to see the curve.
