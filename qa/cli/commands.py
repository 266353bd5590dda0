"""One function for each command: it prints its result as text, or with --json as JSON, and returns the exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qa.citation import Citation
from qa.cli.progress import bar, printable
from qa.errors import CitationError, FolderError, SettingsError
from qa.library import Library
from qa.results import Answer, Hit, Outline, relative_dates
from qa.text.dates import written_out
from qa.types import Note, SyncReport
from qa.web.left_out import left_out
from qa.web.markdown import plain
from qa.web.messages import ENGLISH
from qa.web.unanswered import advice, found, period_in_words
from qa.where import Where
from qa.wire import as_json


def sync(library: Library, options: argparse.Namespace) -> int:
    """Bring the index in step with the folder."""
    with bar() as progress:
        report = library.sync(progress, rebuild=options.rebuild)
    if options.json:
        print_json(report)
    else:
        _print_report(report, sys.stdout)
        for line in left_out(report.others, report.hidden, ENGLISH):
            print(printable(f"{line}."))
    return 0


def ask(library: Library, options: argparse.Namespace) -> int:
    """Answer a question, or a greeting; the exit code is 1 if a question is not answered."""
    _catch_up(library)
    answer = library.ask(options.question, _where(options), exact=options.exact)
    if answer.courtesy and not options.json:
        print(ENGLISH(f"said_{answer.courtesy}"))
        return 0
    if not answer.in_step:
        missing = f"{answer.pending:,} pending, {answer.failed:,} could not be read"
        print(f"Not all files are in the index: {missing}; see 'qa status'.", file=sys.stderr)
    if answer.is_condensed and not options.json:
        print(printable(f"The question is long; searched for: {answer.searched}"), file=sys.stderr)
    for each in () if options.json else answer.respelled:
        print(
            printable(f'Searched for "{each.searched}" instead of "{each.typed}"; --exact takes it as it is.'), file=sys.stderr
        )
    if options.json:
        print_json(answer)
    elif answer.outline:
        _print_overview(answer, answer.outline)
    elif answer.answered:
        _print_answer(answer)
    else:
        _print_unanswered(answer, _where(options))
    if not options.json:
        _print_tips(answer)
    return 0 if answer.answered else 1


def _where(options: argparse.Namespace) -> Where:
    return Where.of({name: getattr(options, name) for name in ("after", "before", "source", "tags", "author", "kind", "path")})


def _print_overview(answer: Answer, outline: Outline) -> None:
    print(printable(_said_of(outline)))
    for section in outline.sections:
        heading = written_out(section.heading) if outline.kind == "dates" else section.heading
        print(printable(f"\n{' '.join(heading.split())}"))
        for marker in section.markers:
            citation = answer.citations[marker - 1]
            place = ", ".join(filter(None, [citation.article_id, citation.within]))
            print(printable(f"  “{' '.join(plain.quote(citation).split())}” [{marker}] {place}"))


def _said_of(outline: Outline) -> str:
    """Return in one line what an overview shows."""
    count = f"{outline.total:,}" if outline.shown == outline.total else f"{outline.shown:,} of {outline.total:,}"
    about = f" about “{outline.subject}”" if outline.subject else ""
    return {
        "contents": f"Contents; articles: {count}",
        "summary": f"First sentences of “{outline.subject}”, section by section",
        "dates": f"Dated sentences{about}: {count}",
        "mentions": f"Sentences{about}; articles: {count}",
    }[outline.kind]


def _print_answer(answer: Answer) -> None:
    for part in answer.parts:
        print(printable(f"Asked in parts: {part}"))
    said = (f"“{plain.quote(each)}” [{number}]" for number, each in enumerate(answer.citations[: answer.quoted], 1))
    print(printable("\n\n".join(said)), end="\n\n")
    _print_places(answer.citations, answer.quoted)
    for markers in answer.conflicts:
        *first, last = (f"[{marker}]" for marker in markers)
        print(f"\nThe articles differ: compare {', '.join(first)} and {last}.")


def _print_unanswered(answer: Answer, where: Where) -> None:
    print(found(answer, ENGLISH))
    for hit in answer.shown[:1]:
        print(printable(f"\n{plain.passage(hit.passage)}"), end="\n\n")
    _print_places(answer.citations, 1)
    for number, (_, words) in enumerate(advice(answer, where, ENGLISH)):
        lead = "" if number else "\n"
        print(printable(f"{lead}{' '.join(filter(None, words))}"))


def _print_tips(answer: Answer) -> None:
    """Print how to ask only the articles of the period that the question seems to limit itself to."""
    for hint in answer.hints:
        if hint.kind == "period":
            dates = " ".join(f"--{name} {value}" for name, value, _ in Where.of_query(hint.value).parts())
            only = period_in_words(hint, ENGLISH)
            print(f"\nTip: {dates} asks {only[0].lower()}{only[1:]}.")


def _print_places(citations: Sequence[Citation], shown: int) -> None:
    """Print the places of citations, first of those that are shown above."""
    for number, citation in enumerate(citations, 1):
        dates = "; ".join(f"“{words}”: {written_out(iso)}" for words, iso in relative_dates(citation))
        if number == shown + 1:
            print("\nAlso found:")
        print(printable(f"[{number}] {citation.place}{f' ({dates})' if dates else ''}"))


def retrieve(library: Library, options: argparse.Namespace) -> int:
    """List the nearest passages, or say why an article is not among them; the exit code is 1 if there are none."""
    _catch_up(library)
    if options.why_not:
        reason = library.why_not(options.question, options.why_not, options.k, _where(options))
        print(json.dumps({"why_not": reason}) if options.json else printable(reason))
        return 0
    hits = library.retrieve(options.question, options.k, _where(options))
    if options.json:
        print_json(hits)
    for hit in () if options.json else hits:
        print(printable(f"{hit.rank}. {hit.citation.title} ({hit.citation.article_id}, score {hit.score:.3f})"))
        print(printable(_because(hit)))
        print(printable(plain.passage(hit.passage)), end="\n\n")
    return 0 if hits else 1


def _because(hit: Hit) -> str:
    why = hit.why
    reranked = "not reranked" if why.rerank_score is None else f"rerank score {why.rerank_score:.2f}"
    words = f"; words: {', '.join(why.words)}" if why.words else ""
    also = f"; also in {', '.join(hit.also_in)}" if hit.also_in else ""
    scores = f"sentence {why.dense:.2f}, words {why.lexical:.2f}, rank {why.fused_rank} before reranking, {reranked}"
    return f"   {scores}{words}{also}"


def status(library: Library, options: argparse.Namespace) -> int:
    """Say what the index holds."""
    state = library.status()
    notes = [Note(each.id, note) for each in library.articles() for note in each.notes]
    if options.json:
        print_json({**as_json(state), "notes": notes})
        return 0
    for name, value in as_json(state).items():
        if name not in ("failed", "others", "hidden"):
            print(printable(f"{name:12} {value}"))
    for failure in state.failed:
        print(printable(f"not indexed  {failure.article_id}: {failure.reason}"))
    for note in notes:
        print(printable(f"note         {note.article_id}: {note.words}"))
    for line in left_out(state.others, state.hidden, ENGLISH):
        print(printable(f"left out     {line}"))
    return 0


def doctor(library: Library, options: argparse.Namespace) -> int:
    """Examine the index; the exit code is 1 if something is a problem."""
    from qa.doctor import examine

    health = examine(library, repair=options.repair)
    if options.json:
        print_json({"healthy": health.healthy, "findings": health.findings})
    else:
        for each in health.findings:
            remedy = f": {each.remedy}" if each.remedy else ""
            print(printable(f"{each.state:8} {each.about:11} {each.words}{remedy}"))
        print("healthy" if health.healthy else "not healthy")
    return 0 if health.healthy else 1


def verify(library: Library, options: argparse.Namespace) -> int:
    """Check saved citations; the exit code is 1 if one does not hold."""
    from qa import citation

    try:
        text = sys.stdin.read() if options.saved == "-" else Path(options.saved).read_text(encoding="utf-8")
        citations = list(dict.fromkeys(citation.saved(json.loads(text))))
    except (OSError, ValueError, RecursionError) as error:
        raise CitationError(f"{options.saved} cannot be read as JSON: {error}") from error
    if not citations:
        raise CitationError(f"{options.saved} holds no citation: give what 'qa ask --json' printed")
    verdicts = [each.verify(library.seeds) for each in citations]
    if options.json:
        pairs = zip(citations, verdicts, strict=True)
        print_json([{"citation": each, "standing": verdict.standing, "now": verdict.now} for each, verdict in pairs])
    else:
        for each, verdict in zip(citations, verdicts, strict=True):
            print(printable(f"{verdict.standing:10} {verdict.now or each}"))
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def serve(library: Library, options: argparse.Namespace) -> int:
    """Serve the page until the process is ended."""
    from qa import web

    password = _first_line(options.password_file) if options.password_file else None
    try:
        _catch_up(library)
    except FolderError as error:
        if not options.allow_upload:
            raise
        print(f"qa: {printable(str(error))}", file=sys.stderr)  # The first article may come through the page.
    _ = library.encoder  # Loaded before the first question rather than during it.
    server_options = web.ServerOptions(
        host=options.host,
        port=options.port,
        password=password,
        names=tuple(options.names),
        feedback=Path(options.feedback) if options.feedback else None,
        allow_upload=options.allow_upload,
    )
    web.serve(library, server_options, lambda url: print(f"Ask at {url}", flush=True))
    return 0


def _first_line(path: str) -> str:
    try:
        return (Path(path).read_text(encoding="utf-8").splitlines() or [""])[0].strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _catch_up(library: Library) -> None:
    with bar() as progress:
        report = library.catch_up(progress)
    if report:
        _print_report(report, sys.stderr)


def _print_report(report: SyncReport, stream: Any) -> None:
    counts = ("added", "changed", "renamed", "removed", "unchanged")
    articles = ", ".join(f"{getattr(report, name)} {name}" for name in counts if getattr(report, name)) or "none"
    passages = f"{report.passages} passages, {report.embedded} embedded, {report.reused} reused"
    print(f"Articles: {articles}. {passages}, {report.seconds:.1f} s.", file=stream)
    for failure in report.failed:
        print(printable(f"Not indexed: {failure.article_id}: {failure.reason}"), file=stream)


def print_json(value: object) -> None:
    """Print any value of the library as JSON."""
    print(json.dumps(as_json(value), indent=2))
