"""What was measured, as Markdown: each function returns text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa.evaluation.confidence_measures import COVERAGE, Bin, Calibration
from qa.evaluation.measures import Estimate, Outcome, latency, measures
from qa.evaluation.runs import ConfidenceRun

RISK_STEP = 5
"""Of the thresholds measured, every fifth is shown: steps of a tenth."""


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
    asked = next(iter(runs.values()))
    head = [f"{len(asked)} questions", *measures(asked), "p50 · p95 ms"]
    return table(head, ([name, *map(_estimate, measures(run).values()), _times(run)] for name, run in runs.items()))


def _estimate(found: Estimate) -> str:
    return f"{found.mean:.3f} ± {(found.high - found.low) / 2:.3f}"


def _times(outcomes: Sequence[Outcome]) -> str:
    times = latency(outcomes)
    return f"{times['p50_ms']:.0f} · {times['p95_ms']:.0f}"


def comparison(difference: float, chance: float, earlier: str) -> str:
    """Return one line on how a run compares with an earlier one.

    >>> comparison(0.0123, 0.04, "run.json")
    'MRR@10 +0.0123 against run.json, p = 0.0400'
    """
    return f"MRR@10 {difference:+.4f} against {earlier}, p = {chance:.4f}"


# --- whether the confidence is true ---------------------------------------------------------------------------------------


def confidence(run: ConfidenceRun, wrong_share: float) -> str:
    """Return all that was measured of the confidence and of the answers; `wrong_share` is what the threshold is set for."""
    found = run.calibration
    return "\n\n".join(
        [
            f"{run.questions} questions, {run.out_of_domain} of another folder",
            _separation(found),
            f"Expected calibration error {found.error:.3f}",
            _bins(found.bins),
            _risk(found.risk),
            f"Threshold {run.threshold:.2f} for at most {wrong_share:.0%} wrong",
            _shares("answers", run.answers),
            f"{run.pairs['asked']:.0f} pairs of questions asked as one",
            _shares("pairs", {name: value for name, value in run.pairs.items() if name != "asked"}),
        ]
    )


def _separation(found: Calibration) -> str:
    head = ["asked while", "AUROC", f"as sure as the surest {COVERAGE:.0%}"]
    own = ["the folder answers", "", f"right {found.right_at_coverage:.1%}"]
    others = ([kind, f"{area:.3f}", f"answered {found.answered_at_coverage[kind]:.1%}"] for kind, area in found.auroc.items())
    return table(head, [own, *others])


def _bins(bins: Sequence[Bin]) -> str:
    head = ["confidence", "share right", "of all"]
    return table(head, ([f"{each.confidence:.2f}", f"{each.right:.2f}", f"{each.share:.2f}"] for each in bins))


def _risk(rows: Sequence[tuple[float, float, float]]) -> str:
    head = ["threshold", "answered of what the folder answers", "wrong of what is answered"]
    shown = rows[::RISK_STEP]
    return table(head, ([f"{low:.2f}", f"{coverage:.3f}", f"{wrong:.3f}"] for low, coverage, wrong in shown))


def _shares(of: str, found: Mapping[str, float]) -> str:
    return table([of, "mean"], ([name, f"{value:.3f}"] for name, value in found.items()))
