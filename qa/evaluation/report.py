"""Report measures as Markdown: each function returns text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa.evaluation.confidence_measures import COVERAGE, Bin, Calibration
from qa.evaluation.measures import Estimate, Outcome, latency, measures
from qa.evaluation.runs import ConfidenceRun

RISK_STEP = 5
"""Every fifth of the measured thresholds is shown: steps of a tenth are enough to see the curve."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(["run", "MRR@10"], [["as set", "0.950"]]))
    | run | MRR@10 |
    |---|---|
    | as set | 0.950 |
    """
    return "\n".join([_row(head), "|---" * len(head) + "|", *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# --- how well passages are found -----------------------------------------------------------------------------------------


def retrieval(runs: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the measures of runs over the same questions, each with the half-width of its 95 % interval."""
    outcomes = next(iter(runs.values()))
    head = [f"{len(outcomes)} questions", *measures(outcomes), "p50 · p95 ms"]
    return table(head, ([name, *map(_estimate, measures(run).values()), _times(run)] for name, run in runs.items()))


def _estimate(value: Estimate) -> str:
    return f"{value.mean:.3f} ± {(value.high - value.low) / 2:.3f}"


def _times(outcomes: Sequence[Outcome]) -> str:
    times = latency([outcome.ms for outcome in outcomes])
    return f"{times['p50_ms']:.0f} · {times['p95_ms']:.0f}"


def comparison(difference: float, chance: float, earlier: str) -> str:
    """Return one line on how a run compares with an earlier one.

    >>> comparison(0.0123, 0.04, "run.json")
    'MRR@10 +0.0123 against run.json, p = 0.0400'
    """
    return f"MRR@10 {difference:+.4f} against {earlier}, p = {chance:.4f}"


# --- whether the confidence is true ---------------------------------------------------------------------------------------


def confidence(run: ConfidenceRun, wrong_share: float) -> str:
    """Return the measures of the confidence and of the answers; `wrong_share` is the setting behind the threshold."""
    calibration = run.calibration
    return "\n\n".join(
        [
            f"{run.questions} questions, {run.out_of_domain} of another folder",
            _separation(calibration),
            f"Expected calibration error {calibration.error:.3f}",
            _bins(calibration.bins),
            _risk(calibration.risk),
            f"Threshold {run.threshold:.2f} for at most {wrong_share:.0%} wrong",
            _means("answers", run.answers),
            f"{run.pairs['asked']:.0f} pairs of questions asked as one",
            _means("pairs", {name: value for name, value in run.pairs.items() if name != "asked"}),
        ]
    )


def _separation(calibration: Calibration) -> str:
    head = ["asked while", "AUROC", f"as sure as the surest {COVERAGE:.0%}"]
    own = ["the folder answers", "", f"right {calibration.right_at_coverage:.1%}"]
    answered = calibration.answered_at_coverage
    others = ([kind, f"{area:.3f}", f"answered {answered[kind]:.1%}"] for kind, area in calibration.auroc.items())
    return table(head, [own, *others])


def _bins(bins: Sequence[Bin]) -> str:
    head = ["confidence", "share right", "of all"]
    return table(head, ([f"{each.confidence:.2f}", f"{each.right:.2f}", f"{each.share:.2f}"] for each in bins))


def _risk(rows: Sequence[tuple[float, float, float]]) -> str:
    head = ["threshold", "answered of what the folder answers", "wrong of what is answered"]
    shown = rows[::RISK_STEP]
    return table(head, ([f"{low:.2f}", f"{coverage:.3f}", f"{wrong:.3f}"] for low, coverage, wrong in shown))


def _means(of: str, values: Mapping[str, float]) -> str:
    return table([of, "mean"], ([name, f"{value:.3f}"] for name, value in values.items()))
