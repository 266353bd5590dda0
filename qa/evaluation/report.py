"""Report measures as Markdown: each function returns text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa.evaluation.answer_measures import STRONG, AnswerMeasures, Asked, NearMisses, Share, by_group
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


def _times(outcomes: Sequence[Outcome] | Sequence[Asked]) -> str:
    times = latency([outcome.ms for outcome in outcomes])
    return f"{times['p50_ms']:.0f} · {times['p95_ms']:.0f}"


def comparison(difference: float, chance: float, earlier: str) -> str:
    """Return one line on how a run compares with an earlier one.

    >>> comparison(0.0123, 0.04, "run.json")
    'MRR@10 +0.0123 against run.json, p = 0.0400'
    """
    return f"MRR@10 {difference:+.4f} against {earlier}, p = {chance:.4f}"


# --- what a reader gets -------------------------------------------------------------------------------------------------


def answers(asked: Sequence[Asked]) -> str:
    """Return the measures of answers, of all questions and of each group, with the half-widths of their 95 % intervals."""
    groups = by_group(asked)
    near_misses = {name: group.near_misses for name, group in groups.items() if group.near_misses}
    count = sum(each.answerable for each in asked)
    head = (
        f"{count} answerable questions, {len(asked) - count} near misses; p50 · p95 {_times(asked)} ms; strong: from {STRONG}"
    )
    return "\n\n".join([head, _answerable(groups), *([_near_misses(near_misses)] if near_misses else [])])


def _answerable(groups: Mapping[str, AnswerMeasures]) -> str:
    shares = {name: group.shares for name, group in groups.items() if group.shares["answered"].of}
    head = ["answerable", "questions", *next(iter(groups.values())).shares]
    return table(head, ([name, str(row["answered"].of), *map(_share, row.values())] for name, row in shares.items()))


def _near_misses(groups: Mapping[str, NearMisses]) -> str:
    head = ["near misses", "questions", "answered", f"answered at {COVERAGE:.0%} coverage", "AUROC",
            "wrong of all answers", "a quote right of all strong"]  # fmt: skip
    return table(head, ([name, str(each.answered.of), *_separated(each)] for name, each in groups.items()))


def _separated(each: NearMisses) -> list[str]:
    fractions = (each.at_coverage, each.auroc, each.wrong, each.strong_right)
    return [_share(each.answered), *("" if value is None else f"{value:.3f}" for value in fractions)]


def _share(share: Share) -> str:
    return _estimate(share.estimate) if share.estimate else ""


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
