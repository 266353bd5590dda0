"""The eval command: run an evaluation, and print it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from qa.cli.commands import print_json
from qa.cli.progress import bar
from qa.errors import EvaluationError
from qa.evaluation import answer_measures, measures, question_sets, report, runs
from qa.evaluation.answer_measures import Asked
from qa.evaluation.measures import Outcome
from qa.evaluation.question_sets import Question
from qa.library import Library
from qa.types import Progress

PROBES_NOTE = "Probes made from the articles themselves; real questions are harder. They serve to compare settings."


def run(library: Library, options: argparse.Namespace) -> int:
    """Measure retrieval, or with `--answers` the answers, with `--calibration` the confidence."""
    if options.against and (options.answers or options.calibration):
        raise EvaluationError("--against compares how passages are found: leave out --answers or --calibration")
    with bar() as progress:
        measured, questions, is_probes = runs.questions(library, _path(options.set), library.settings)
        measured.catch_up(progress)
        questions = question_sets.sample(questions, options.sample or 0)
        if options.calibration:
            confidence = _confidence(measured, questions, options, progress)
        elif options.answers:
            asked = runs.asked(measured, questions, progress)
        elif options.ablation:
            by_name = dict(runs.ablation(measured, questions, progress))
        else:
            by_name = {"as set": runs.run(measured, questions, progress)}
    if options.calibration:
        _print_confidence(confidence, library.settings.wrong_share, as_json=options.json)
    elif options.answers:
        _print_answers(asked, options, is_probes=is_probes)
    else:
        _print_retrieval(by_name, options, is_probes=is_probes)
    return 0


def _path(given: str | None) -> Path | None:
    return Path(given) if given else None


def _confidence(
    library: Library, questions: Sequence[Question], options: argparse.Namespace, progress: Progress
) -> runs.ConfidenceRun:
    unanswerable: Sequence[Question] = ()
    if options.out_of_domain:
        unanswerable = runs.questions(library, Path(options.out_of_domain), library.settings)[1]
        unanswerable = question_sets.sample(unanswerable, options.sample or 0)
    return runs.confidence(library, questions, unanswerable, progress)


def _print_confidence(run: runs.ConfidenceRun, wrong_share: float, *, as_json: bool) -> None:
    if not as_json:
        print(report.confidence(run, wrong_share))
        return
    print_json(
        {
            "calibration": run.calibration,
            "threshold": run.threshold,
            "answers": run.answers,
            "pairs": run.pairs,
            "cases": [case[:4] for case in run.cases],
        }
    )


def _print_answers(asked: Sequence[Asked], options: argparse.Namespace, *, is_probes: bool) -> None:
    if options.json:
        print_json(
            {
                "set": options.set or "probes",
                "questions": len(asked),
                "answers": answer_measures.by_group(asked),
                "latency": measures.latency([each.ms for each in asked]),
                "outcomes": asked,
            }
        )
        return
    if is_probes:
        print(PROBES_NOTE)
    print(report.answers(asked))


def _print_retrieval(by_name: dict[str, list[Outcome]], options: argparse.Namespace, *, is_probes: bool) -> None:
    last = list(by_name.values())[-1]
    difference = measures.compare(last, _earlier(options.against)) if options.against else None
    if options.json:
        print_json(
            {
                "set": options.set or "probes",
                "questions": len(last),
                "measures": {name: measures.measures(run) for name, run in by_name.items()},
                "latency": {name: measures.latency([each.ms for each in run]) for name, run in by_name.items()},
                "against": difference,
                "outcomes": last,
            }
        )
        return
    if is_probes:
        print(PROBES_NOTE)
    print(report.retrieval(by_name))
    if difference:
        print(f"\n{report.comparison(*difference, options.against)}")


def _earlier(path: str) -> list[Outcome]:
    try:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        return [Outcome(each["id"], each["rank"], each["within_chars"], each["ms"]) for each in run["outcomes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path} is not a run that 'qa eval --json' printed: {error}") from error
