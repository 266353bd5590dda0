"""The `qa` command: the library's functions under their own names, for people and, with --json, for programs.

Exit code 0: done, or found; 1: the articles do not answer, a citation does not hold, or the index is not
healthy; 2: an error, said in one line on stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qa
from qa.answering import confidence
from qa.errors import CitationError, EvaluationError, FolderError, QaError, SettingsError
from qa.library import Library
from qa.results import Answer, Hit
from qa.settings import Settings
from qa.types import Progress, SyncReport
from qa.web.chat.answer_html import differing, resolved
from qa.where import Where
from qa.wire import as_json

if TYPE_CHECKING:
    from qa.evaluation.measures import Outcome
    from qa.evaluation.question_sets import Question


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # A terminal that cannot show a character is no reason to stop.
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.load(options.settings) if options.settings else Settings()
        with Library(options.seeds, options.embeddings, settings=settings) as library:
            code: int = options.run(library, options)
            return code
    except QaError as error:
        with suppress(OSError):  # The disk that is full may be the one that the message goes to.
            print(f"qa: {_printable(str(error))}", file=sys.stderr, flush=True)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # The reader of our output has seen enough.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--seeds", default="seeds", help="folder of articles (default: seeds)")
    everywhere.add_argument("--embeddings", default="embeddings", help="folder of the index (default: embeddings)")
    everywhere.add_argument("--settings", help="TOML file of settings")
    parser = argparse.ArgumentParser(prog="qa", description=(qa.__doc__ or "").partition("\n")[0])
    parser.add_argument("--version", action="version", version=qa.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str, *, machine: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help, parents=[everywhere])
        made.set_defaults(run=run, json=False)
        if machine:
            made.add_argument("--json", action="store_true", help="print JSON")
        return made

    sync = command("sync", _sync, "Bring the index in step with the folder.")
    sync.add_argument("--rebuild", action="store_true", help="read and embed everything again")
    ask = command("ask", _ask, "Answer a question with quotes, or say that the articles do not.")
    ask.add_argument("question")
    _add_filters(ask)
    retrieve = command("retrieve", _retrieve, "List the passages nearest to a question.")
    retrieve.add_argument("question")
    retrieve.add_argument("-k", type=int, default=5, help="how many (default: 5)")
    _add_filters(retrieve)
    retrieve.add_argument("--why-not", metavar="ARTICLE", help="say why this article is not among the passages")
    measure = command("eval", _eval, "Measure how well passages are found, on a set of questions or on probes.")
    set_help = "folder with articles/ and questions.jsonl, a BEIR folder, or the page's feedback file; none: probes"
    measure.add_argument("set", nargs="?", help=set_help)
    measure.add_argument("--ablation", action="store_true", help="measure the parts of retrieval one after another")
    measure.add_argument("--against", metavar="RUN.json", help="compare with a run that --json printed")
    measure.add_argument("--calibration", action="store_true", help="measure the confidence and the answers instead")
    measure.add_argument(
        "--foreign", metavar="SET", help="for --calibration: a set of questions that the articles do not answer"
    )
    measure.add_argument("--limit", type=int, help="ask only every n-th question, so that this many are asked")
    verify = command("verify", _verify, "Check saved citations against the files as they are now.")
    verify.add_argument("saved", metavar="FILE.json", help="what 'qa ask --json' or 'qa retrieve --json' printed; - for stdin")
    command("status", _status, "Say what the index holds and whether it is in step with the folder.")
    doctor = command("doctor", _doctor, "Look at everything and say what is wrong, with its remedy.")
    doctor.add_argument("--repair", action="store_true", help="make it right")
    serve = command("serve", _serve, "Serve the page on this machine.", machine=False)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, default=7860, help="port to listen on (default: 7860)")
    serve.add_argument("--password-file", metavar="FILE", help="ask everybody for the password in this file")
    serve.add_argument("--feedback", metavar="FILE", default="feedback.jsonl",
                       help="where readers' judgements are noted (default: feedback.jsonl; '' for nowhere)")  # fmt: skip
    serve.add_argument("--name", action="append", dest="names", default=[], metavar="HOST[:PORT]",
                       help="how others call this server; may be repeated")  # fmt: skip
    serve.add_argument("--allow-upload", action="store_true", help="let the page add articles to the folder")
    return parser


def _add_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--after", metavar="DATE", help="articles of this date or later, such as 2024-01-13 or 2024")
    command.add_argument("--before", metavar="DATE", help="articles of this date or earlier")
    command.add_argument("--source", action="append", help="articles of this source; may be repeated")
    command.add_argument("--tag", action="append", dest="tags", help="articles with this tag; may be repeated")
    command.add_argument("--path", metavar="GLOB", help="articles whose path matches, such as 'reports/*'")


def _where(options: argparse.Namespace) -> Where:
    return Where.of({name: getattr(options, name) for name in ("after", "before", "source", "tags", "path")})


def _sync(library: Library, options: argparse.Namespace) -> int:
    with _bar() as progress:
        report = library.sync(progress, rebuild=options.rebuild)
    if options.json:
        _print_json(report)
    else:
        _tell(report, sys.stdout)
    return 0


def _ask(library: Library, options: argparse.Namespace) -> int:
    _catch_up(library)
    answer = library.ask(options.question, _where(options))
    if not answer.in_step:
        behind = f"{answer.pending:,} pending, {answer.failed:,} could not be read"
        print(f"Not all files are in the index: {behind}; see 'qa status'.", file=sys.stderr)
    if options.json:
        _print_json(answer)
    elif answer.answered:
        _print_answer(answer)
    else:
        print("The articles do not say. Nearest passages:", end="\n\n")
        for hit in answer.hits[:3]:
            print(_printable(f" -  {hit.citation}"))
    return 0 if answer.answered else 1


def _print_answer(answer: Answer) -> None:
    for part in answer.parts:
        print(_printable(f"Asked in parts: {part}"))
    print(_printable(answer.text), end="\n\n")
    for number, citation in enumerate(answer.citations, 1):
        dates = f" ({found})" if (found := resolved(citation)) else ""
        if number == answer.quoted + 1:
            print("\nAlso found:")
        print(_printable(f"[{number}] {citation.place}{dates}"))
    for markers in answer.conflicts:
        print(f"\n{differing(markers)}")


def _retrieve(library: Library, options: argparse.Namespace) -> int:
    _catch_up(library)
    if options.why_not:
        reason = library.why_not(options.question, options.why_not, options.k, _where(options))
        print(json.dumps({"why_not": reason}) if options.json else _printable(reason))
        return 0
    hits = library.retrieve(options.question, options.k, _where(options))
    if options.json:
        _print_json(hits)
    for hit in () if options.json else hits:
        print(_printable(f"{hit.rank}. {hit.citation.title} ({hit.citation.article_id}, score {hit.score:.3f})"))
        print(_printable(_because(hit)))
        print(_printable(hit.passage.text), end="\n\n")
    return 0 if hits else 1


def _because(hit: Hit) -> str:
    why = hit.why
    reranked = "not reranked" if why.rerank_score is None else f"rerank score {why.rerank_score:.2f}"
    words = f"; words: {', '.join(why.words)}" if why.words else ""
    also = f"; also in {', '.join(hit.also_in)}" if hit.also_in else ""
    return (
        f"   sentence {why.dense:.2f}, words {why.lexical:.2f}, rank {why.fused_rank} before reranking, {reranked}{words}{also}"
    )


def _eval(library: Library, options: argparse.Namespace) -> int:
    from qa.evaluation import measures, trials

    with _bar() as progress:
        asked_of, questions, probes = trials.questions(library, Path(options.set) if options.set else None, library.settings)
        asked_of.catch_up(progress)
        if options.limit and questions:
            questions = _some(questions, options.limit)
        if options.calibration:
            return _calibration(asked_of, questions, options, progress)
        runs = dict(trials.ablation(asked_of, questions, progress)) if options.ablation else {}
        runs = runs or {"as set": trials.run(asked_of, questions, progress)}
    against = _earlier(options.against) if options.against else None
    last = list(runs.values())[-1]
    difference = measures.compare(last, against) if against else None
    if options.json:
        _print_json(
            {
                "set": options.set or "probes",
                "questions": len(questions),
                "measures": {name: measures.measures(run) for name, run in runs.items()},
                "latency": {name: measures.latency(run) for name, run in runs.items()},
                "against": difference,
                "outcomes": last,
            }
        )
        return 0
    if probes:
        print("Probes made from the articles themselves; real questions are harder. They serve to compare settings.")
    print(_table(runs))
    if difference:
        print(f"\nMRR@10 {difference[0]:+.4f} against {options.against}, p = {difference[1]:.4f}")
    return 0


def _some(questions: Sequence[Question], count: int) -> list[Question]:
    """Return every n-th question, about as many as `count`."""
    return list(questions[:: max(1, len(questions) // count)])


def _calibration(library: Library, questions: Sequence[Question], options: argparse.Namespace, progress: Progress) -> int:
    from qa.evaluation import confidence_measures, trials

    foreign = trials.questions(library, Path(options.foreign), library.settings)[1] if options.foreign else []
    foreign = _some(foreign, options.limit) if options.limit else foreign
    cases = trials.cases(library, questions, foreign, progress)
    found = confidence_measures.measure(cases)
    threshold = confidence.threshold(library.settings.wrong_share)
    answers = trials.answers(library, questions, progress)
    of_answers = confidence_measures.of_answers(answers)
    of_pairs = confidence_measures.of_pairs(trials.pairs(library, questions, progress))
    if options.json:
        _print_json(
            {
                "calibration": found,
                "threshold": threshold,
                "answers": of_answers,
                "pairs": of_pairs,
                "cases": [case[:4] for case in cases],
            }
        )
        return 0
    print(f"{len(questions)} questions, {len(foreign)} of another folder\n")
    print(f"| asked while | AUROC | as sure as the surest {confidence_measures.COVERAGE:.0%} |\n|---|---|---|")
    print(f"| the folder answers | | right {found.right_at_coverage:.1%} |")
    for kind, area in found.auroc.items():
        print(f"| {kind} | {area:.3f} | answered {found.answered_at_coverage[kind]:.1%} |")
    print(f"\nExpected calibration error {found.error:.3f}\n\n| confidence | share right | of all |\n|---|---|---|")
    for each in found.bins:
        print(f"| {each.confidence:.2f} | {each.right:.2f} | {each.share:.2f} |")
    print("\n| threshold | answered of what the folder answers | wrong of what is answered |\n|---|---|---|")
    for low, coverage, wrong in found.risk[::5]:
        print(f"| {low:.2f} | {coverage:.3f} | {wrong:.3f} |")
    print(f"\nThreshold {threshold:.2f} for at most {library.settings.wrong_share:.0%} wrong\n")
    print("\n".join(f"| {name} | {value:.3f} |" for name, value in of_answers.items()))
    print(f"\n{of_pairs.pop('asked')} pairs of questions asked as one\n")
    print("\n".join(f"| {name} | {value:.3f} |" for name, value in of_pairs.items()))
    return 0


def _table(runs: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the measures of runs as a Markdown table, each with the half-width of its 95 % interval."""
    from qa.evaluation import measures

    names = list(measures.measures(next(iter(runs.values()))))
    lines = [
        f"| {len(next(iter(runs.values())))} questions | {' | '.join(names)} | p50 · p95 ms |",
        "|---" * (len(names) + 2) + "|",
    ]
    for run, outcomes in runs.items():
        estimates = measures.measures(outcomes).values()
        cells = [f"{each.mean:.3f} ± {(each.high - each.low) / 2:.3f}" for each in estimates]
        times = measures.latency(outcomes)
        lines.append(f"| {run} | {' | '.join(cells)} | {times['p50_ms']:.0f} · {times['p95_ms']:.0f} |")
    return "\n".join(lines)


def _earlier(path: str) -> list[Outcome]:
    from qa.evaluation.measures import Outcome

    try:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        return [Outcome(each["id"], each["rank"], each["within_chars"], each["ms"]) for each in run["outcomes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path} is not a run that 'qa eval --json' printed: {error}") from error


def _status(library: Library, options: argparse.Namespace) -> int:
    status = library.status()
    if options.json:
        _print_json(status)
        return 0
    for name, value in as_json(status).items():
        if name != "failed":
            print(_printable(f"{name:12} {value}"))
    for failure in status.failed:
        print(_printable(f"not indexed  {failure.article_id}: {failure.reason}"))
    return 0


def _doctor(library: Library, options: argparse.Namespace) -> int:
    """Exit code 1 says that something is a problem."""
    from qa import doctor

    health = doctor.examine(library, repair=options.repair)
    if options.json:
        _print_json({"healthy": health.healthy, "findings": health.findings})
    else:
        for each in health.findings:
            remedy = f": {each.remedy}" if each.remedy else ""
            print(_printable(f"{each.state:8} {each.about:11} {each.words}{remedy}"))
        print("healthy" if health.healthy else "not healthy")
    return 0 if health.healthy else 1


def _verify(library: Library, options: argparse.Namespace) -> int:
    """Exit code 1 says that one does not hold."""
    from qa import citation

    try:
        text = sys.stdin.read() if options.saved == "-" else Path(options.saved).read_text(encoding="utf-8")
        cited = list(dict.fromkeys(citation.saved(json.loads(text))))
    except (OSError, ValueError, RecursionError) as error:
        raise CitationError(f"{options.saved} cannot be read as JSON: {error}") from error
    if not cited:
        raise CitationError(f"{options.saved} holds no citation: give what 'qa ask --json' printed")
    verdicts = [each.verify(library.seeds) for each in cited]
    if options.json:
        _print_json([{"citation": one, "standing": found.standing, "now": found.now}
                     for one, found in zip(cited, verdicts, strict=True)])  # fmt: skip
    else:
        for one, found in zip(cited, verdicts, strict=True):
            print(_printable(f"{found.standing:10} {found.now or one}"))
    return 0 if all(found.holds for found in verdicts) else 1


def _serve(library: Library, options: argparse.Namespace) -> int:
    from qa.web import serve

    password = _first_line(options.password_file) if options.password_file else None
    try:
        _catch_up(library)
    except FolderError as error:
        if not options.allow_upload:
            raise
        print(f"qa: {_printable(str(error))}", file=sys.stderr)  # The first article may come through the page.
    _ = library.encoder  # Loaded before the first question rather than during it.
    serve(
        library, host=options.host, port=options.port, password=password, names=options.names,
        allow_upload=options.allow_upload,
        feedback=Path(options.feedback) if options.feedback else None,
        on_ready=lambda url: print(f"Ask at {url}", flush=True),
    )  # fmt: skip
    return 0


def _first_line(path: str) -> str:
    try:
        return (Path(path).read_text(encoding="utf-8").splitlines() or [""])[0].strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _catch_up(library: Library) -> None:
    with _bar() as progress:
        report = library.catch_up(progress)
    if report:
        _tell(report, sys.stderr)


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show on stderr how far a sync has come, with counts and time left, once it has anything to do."""
    names = {
        "reading": "Reading articles",
        "loading": "Loading encoder",
        "embedding": "Embedding passages",
        "asking": "Asking questions",
        "calibrating": "Fitting confidence",
    }
    bars: list[Any] = []
    tasks: dict[str, Any] = {}

    def progress(stage: str, done: int, total: int, article_id: str = "") -> None:  # noqa: ARG001
        if not total:
            return
        if not bars:
            bars.append(_started_bar())
        if stage not in tasks:
            tasks[stage] = bars[0].add_task(names[stage], total=total)
        if not done:
            bars[0].reset(tasks[stage], total=total)
        bars[0].update(tasks[stage], completed=done)

    try:
        yield progress
    finally:
        for bar in bars:
            bar.stop()


def _started_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(file=_Unfailing(sys.stderr)))  # type: ignore[arg-type]
    bar.start()
    return bar


class _Unfailing:
    """A stream for what is only nice to see: where it cannot be written, the work goes on."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def _tell(report: SyncReport, stream: Any) -> None:
    counts = ("added", "changed", "renamed", "removed", "unchanged")
    articles = ", ".join(f"{getattr(report, name)} {name}" for name in counts if getattr(report, name)) or "none"
    passages = f"{report.passages} passages, {report.embedded} embedded, {report.reused} reused"
    print(f"Articles: {articles}. {passages}, {report.seconds:.1f} s.", file=stream)
    for failure in report.failed:
        print(_printable(f"Not indexed: {failure.article_id}: {failure.reason}"), file=stream)


def _print_json(value: object) -> None:
    print(json.dumps(as_json(value), indent=2))


def _printable(text: str) -> str:
    """Take the control characters out of what comes from articles: a terminal would obey them."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) == "Cc" and c not in "\n\t" else c for c in text)


if __name__ == "__main__":
    sys.exit(main())
