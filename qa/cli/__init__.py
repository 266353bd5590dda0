"""The `qa` command: the library's functions under their own names, for people and, with --json, for programs.

Exit code 0: done, or answered; 1: not answered, a citation does not hold, or the index is not
healthy; 2: an error, in one line on stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import qa
from qa.cli import commands
from qa.cli.progress import printable
from qa.errors import QaError
from qa.library import Library
from qa.settings import Settings


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
        sys.stdout.flush()
        return code
    except QaError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # What reads our output has ended.
        sys.stderr.close()
        return 0
    except OSError as error:
        with suppress(OSError):  # What could not be written is not tried again at the end.
            sys.stdout.close()
        return _failed(f"the output cannot be written: {error.strerror or error}")


def _failed(reason: str) -> int:
    with suppress(OSError):  # The disk that is full may be the one that the message goes to.
        print(f"qa: {printable(reason)}", file=sys.stderr, flush=True)
    return 2


def _parser() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--seeds", default="seeds", help="folder of articles (default: seeds)")
    everywhere.add_argument("--embeddings", default="embeddings", help="folder of the index (default: embeddings)")
    everywhere.add_argument("--settings", help="TOML file of settings")
    parser = argparse.ArgumentParser(prog="qa", description=(qa.__doc__ or "").partition("\n")[0])
    parser.add_argument("--version", action="version", version=qa.__version__)
    added = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[Library, argparse.Namespace], int], help: str, *, machine: bool = True
    ) -> argparse.ArgumentParser:
        made = added.add_parser(name, help=help, description=help, parents=[everywhere])
        made.set_defaults(run=run, json=False)
        if machine:
            made.add_argument("--json", action="store_true", help="print JSON")
        return made

    sync = command("sync", commands.sync, "Bring the index in step with the folder.")
    sync.add_argument("--rebuild", action="store_true", help="read and embed everything again")
    ask = command("ask", commands.ask, "Answer a question with quotes, or show the closest passage, or say that there is none.")
    ask.add_argument("question")
    ask.add_argument("--exact", action="store_true", help="correct no typing errors")
    _add_filters(ask)
    retrieve = command("retrieve", commands.retrieve, "List the passages nearest to a question.")
    retrieve.add_argument("question")
    retrieve.add_argument("-k", type=int, default=5, help="how many (default: 5)")
    _add_filters(retrieve)
    retrieve.add_argument("--why-not", metavar="ARTICLE", help="say why this article is not among the passages")
    _add_evaluation(command("eval", _evaluate, "Measure, on a set of questions or on probes, how well it finds, and answers."))
    verify = command("verify", commands.verify, "Check saved citations against the files as they are now.")
    verify.add_argument("saved", metavar="FILE.json", help="what 'qa ask --json' or 'qa retrieve --json' printed; - for stdin")
    command("status", commands.status, "Say what the index holds and whether it is in step with the folder.")
    doctor = command("doctor", commands.doctor, "Look at everything and say what is wrong, with its remedy.")
    doctor.add_argument("--repair", action="store_true", help="make it right")
    _add_serving(command("serve", commands.serve, "Serve the page on this machine.", machine=False))
    return parser


def _add_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--after", metavar="DATE", help="articles of this date or later, such as 2024-01-13 or 2024")
    command.add_argument("--before", metavar="DATE", help="articles of this date or earlier")
    command.add_argument("--source", action="append", help="articles of this source; may be repeated")
    command.add_argument("--tag", action="append", dest="tags", help="articles with this tag; may be repeated")
    command.add_argument("--author", action="append", help="articles of this author; may be repeated")
    command.add_argument("--kind", action="append", help="files of this kind, such as pdf; may be repeated")
    command.add_argument("--path", metavar="GLOB", help="articles whose path matches, such as 'reports/*'")


def _add_evaluation(command: argparse.ArgumentParser) -> None:
    set_help = (
        "folder with articles/ and questions.jsonl (near misses with '\"answerable\": false', or in unanswerable.jsonl), "
        "a BEIR folder, or the page's feedback file; none: probes"
    )
    command.add_argument("set", nargs="?", help=set_help)
    measured = command.add_mutually_exclusive_group()
    measured.add_argument("--ablation", action="store_true", help="measure the parts of retrieval one after another")
    answers_help = "measure the answers instead: what is answered, near misses too, whether the quote is right, the time"
    measured.add_argument("--answers", action="store_true", help=answers_help)
    calibration_help = "measure the confidence instead, also where the passages that answer are left out"
    measured.add_argument("--calibration", action="store_true", help=calibration_help)
    command.add_argument("--against", metavar="RUN.json", help="compare how passages are found with a run that --json printed")
    out_of_domain_help = "for --calibration: a set of questions that the articles do not answer"
    command.add_argument("--out-of-domain", metavar="SET", help=out_of_domain_help)
    command.add_argument("--foreign", metavar="SET", dest="out_of_domain", help=argparse.SUPPRESS)  # Its former name.
    sample_help = "ask only this many questions, of each kind as large a part as of all"
    command.add_argument("--sample", type=int, metavar="N", help=sample_help)
    command.add_argument("--limit", type=int, dest="sample", help=argparse.SUPPRESS)  # Its former name.


def _evaluate(library: Library, options: argparse.Namespace) -> int:
    from qa.cli import evaluate  # Its modules are loaded only if they are needed.

    return evaluate.run(library, options)


def _add_serving(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=int, default=7860, help="port to listen on (default: 7860)")
    command.add_argument("--password-file", metavar="FILE", help="ask everybody for the password in this file")
    command.add_argument("--feedback", metavar="FILE", default="feedback.jsonl",
                         help="where readers' judgements are noted (default: feedback.jsonl; '' for nowhere)")  # fmt: skip
    command.add_argument("--name", action="append", dest="names", default=[], metavar="HOST[:PORT]",
                         help="how others call this server; may be repeated")  # fmt: skip
    command.add_argument("--allow-upload", action="store_true", help="let the page add articles to the folder")
