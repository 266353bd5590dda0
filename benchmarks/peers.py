"""Compare with five other systems on the same articles, questions and weights.

python -m benchmarks peers --data DIR [--limit N] [--folder WORK] [--only NAME …]

DIR holds articles/ and questions.jsonl with answers, as for `qa eval`. Every system is used as the first pages of its own
documentation show it, which benchmarks/peer/ names, in processes and a virtual environment of its own: the environments are
made in WORK/venvs, one or two gigabytes each, and used again by the next run. Nothing is downloaded after that.

A passage is right if it comes from an article that answers the question and holds one of the answers word for word, case
and white space aside: a measure that needs no offsets, and is kinder to long passages than that of `qa eval`.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import Tokenizer

from qa.encoding import loading
from qa.evaluation import measures, question_sets
from qa.evaluation.measures import DEPTH, SHOWN_CHARS, Outcome
from qa.evaluation.question_sets import Question

SCRIPTS = Path(__file__).parent / "peer"
COLD = 3
"""Runs of a cold question, of which the median is reported."""
EDIT = "The lighthouse keeper of Quimperlane wrote down a recipe for gooseberry marmalade."
TORCH = "torch>=2.6,<2.14"  # As ours.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
}


class System(NamedTuple):
    """A system: the title of its column, and the packages of its environment; without any it is the one that runs this."""

    title: str
    requirements: tuple[str, ...] = ()


SYSTEMS = {
    "qa": System("qa"),
    "langchain": System(
        "LangChain, FAISS",
        (
            "langchain-core==1.7.2",
            "langchain-community==0.4.2",
            "langchain-huggingface==1.2.3",
            "langchain-text-splitters==1.1.3",
            "faiss-cpu==1.15.1",
            "sentence-transformers==6.2.0",
        ),
    ),
    "llamaindex": System(
        "LlamaIndex",
        ("llama-index-core==0.14.25", "llama-index-embeddings-huggingface==0.8.0", "sentence-transformers==6.2.0"),
    ),
    "txtai": System("txtai", ("txtai==9.14.0", "faiss-cpu==1.15.1", "transformers==5.23.0")),
    "haystack": System(
        "Haystack", ("haystack-ai==3.4.0", "sentence-transformers-haystack==2.0.0", "sentence-transformers==6.2.0")
    ),
    "chroma": System("Chroma", ("chromadb==1.5.9", "langchain-text-splitters==1.1.3", "sentence-transformers==6.2.0")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with articles/ and questions.jsonl")
    parser.add_argument("--limit", type=int, help="questions, taken evenly; else all")
    parser.add_argument("--folder", type=Path, help="where to work; kept")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="NAME", help=", ".join(SYSTEMS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.folder or Path(temporary)).resolve()
        articles, questions = question_sets.read(options.data, work / "corpus")
        questions = [question for question in questions if question.answers]
        if not questions:
            parser.error(f"no question in {options.data} has answers in words")
        step = max(1, len(questions) // (options.limit or len(questions)))
        questions = questions[::step][: options.limit]
        pythons = {name: environment(name, work / "venvs" / name) for name in options.only}
        rows, versions = {}, {}
        for name, python in pythons.items():
            runner = Runner(name, python, work / "runs" / name)
            try:
                rows[name], versions[name] = measure(runner, articles, questions)
                print(f"{name} done", file=sys.stderr)
            except subprocess.CalledProcessError as error:
                print(f"{name} left out, {shlex.join(error.cmd)} failed:\n{runner.last_words()}", file=sys.stderr)
    _print_table(rows, versions, len(questions))


def environment(name: str, folder: Path) -> str:
    """Return the Python of a system's own environment; make the environment if it is missing."""
    requirements = SYSTEMS[name].requirements
    if not requirements:
        return sys.executable
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    packages, record = "\n".join([TORCH, *requirements]), folder / "requirements.txt"
    if not record.is_file() or record.read_text(encoding="utf-8") != packages:
        print(f"{name}: installing", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", TORCH, *requirements], check=True)
        record.write_text(packages, encoding="utf-8")
    return str(python)


class Runner(NamedTuple):
    """Runs one system's script, and times each run as a whole process."""

    name: str
    python: str
    place: Path

    @property
    def articles(self) -> Path:
        """A copy of the articles, to be edited."""
        return self.place / "articles"

    @property
    def store(self) -> Path:
        """The folder of the system's index."""
        return self.place / "store"

    @property
    def log(self) -> Path:
        """The output of its processes."""
        return self.place / "log.txt"

    def run(self, action: str, *rest: str) -> tuple[float, dict[str, Any]]:
        """Return how long the process took, in seconds, and its results. Raise `CalledProcessError` if it failed."""
        out = self.place / "out.json"
        command = [self.python, str(SCRIPTS / f"with_{self.name}.py"), action]
        command += [str(path) for path in (self.articles, self.store, loading.model_folder(loading.BUNDLED), out)]
        with self.log.open("a", encoding="utf-8") as log:
            started = time.perf_counter()
            subprocess.run([*command, *rest], check=True, stdout=log, stderr=log, env={**os.environ, **QUIET})
            seconds = time.perf_counter() - started
        return seconds, json.loads(out.read_text(encoding="utf-8"))

    def last_words(self) -> str:
        """Return the end of its processes' output."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])


def measure(runner: Runner, articles: Path, questions: Sequence[Question]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the measures of a system by name, and the versions of its packages."""
    _prepare(runner, articles)
    built_s, built = runner.run("build")
    row = {
        "passages": f"{len(built['texts']):,}",
        "characters in a passage": f"{sum(map(len, built['texts'])) / len(built['texts']):.0f}",
        "of the text embedded, %": f"{100 * fraction_read(built['texts'], built['window']):.1f}",
        "build, s": f"{built_s:.1f}",
        "build without imports and model, s": f"{built['s']:.1f}",
        "disk, MB": f"{_size(runner.store) / 1e6:.1f}",
    }
    question_file = runner.place / "questions.jsonl"
    question_file.write_text("".join(json.dumps({"question": each.text}) + "\n" for each in questions), encoding="utf-8")
    _, replies = runner.run("ask", str(question_file))
    outcomes = [
        Outcome(question.id, rank(question, hits), within(question, hits), ms)
        for question, hits, ms in zip(questions, replies["hits"], replies["ms"], strict=True)
    ]
    cold = sorted(runner.run("ask-one", questions[0].text)[0] for _ in range(COLD))[COLD // 2]
    changed_s, changed = runner.run("change", edit(runner.articles))
    _, again = runner.run("ask-one", EDIT)
    if not any(EDIT in " ".join(text.split()) for _, text in again["hits"][0]):
        print(f"{runner.name}: the edited text is not among the first {DEPTH} passages for it", file=sys.stderr)
    row |= {"one edit, s": f"{changed_s:.1f}", "edit without imports and model, s": f"{changed['s']:.2f}"}
    row |= {"cold question, s": f"{cold:.1f}"}
    latency = measures.latency(replies["ms"])
    row |= {f"question {name.replace('_ms', ', ms')}": f"{ms:.0f}" for name, ms in latency.items()}
    row |= {"build peak memory, MB": f"{built['peak_mb']:.0f}", "ask peak memory, MB": f"{replies['peak_mb']:.0f}"}
    for name, each in measures.measures(outcomes).items():
        row[name] = f"{each.mean:.3f} ± {(each.high - each.low) / 2:.3f}"
    return row, built["versions"]


def _prepare(runner: Runner, articles: Path) -> None:
    """Copy the articles; before that, index one of them, so that the system's own files are in the cache of the disk."""
    shutil.rmtree(runner.place, ignore_errors=True)
    runner.articles.mkdir(parents=True)
    shutil.copy2(_by_size(articles)[0], runner.articles)
    runner.run("build")
    shutil.rmtree(runner.store)
    shutil.copytree(articles, runner.articles, dirs_exist_ok=True)


def edit(articles: Path) -> str:
    """Add a sentence to the first paragraph of the article of median length; return the article's name."""
    paths = _by_size(articles)
    path = paths[len(paths) // 2]
    first, gap, rest = path.read_bytes().partition(b"\n\n")
    path.write_bytes(first + b" " + EDIT.encode() + gap + rest)
    return path.relative_to(articles).as_posix()


def _by_size(articles: Path) -> list[Path]:
    return sorted((path for path in articles.rglob("*") if path.is_file()), key=lambda path: (path.stat().st_size, path.name))


def _size(store: Path) -> int:
    """Return the bytes of an index, without the compiled model that only ours has beside it."""
    files = (path for path in store.rglob("*") if path.is_file() and path.relative_to(store).parts[0] != "encoder")
    return sum(path.stat().st_size for path in files)


def fraction_read(texts: Sequence[str], window: int) -> float:
    """Return the fraction of all tokens that is within the first `window` of each text; two of these are special tokens."""
    tokenizer = Tokenizer.from_file(str(loading.model_folder(loading.BUNDLED) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lengths = [len(each.ids) for each in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    return sum(min(length, window - 2) for length in lengths) / sum(lengths)


# --- one criterion for all ---------------------------------------------------------------------------------------------


def rank(question: Question, hits: Sequence[Sequence[str]]) -> int:
    """Return the rank of the first right passage, 0 for none. `hits` are pairs of article and text, best first."""
    return next((rank for rank, (article, text) in enumerate(hits[:DEPTH], 1) if holds(question, article, text)), 0)


def within(question: Question, hits: Sequence[Sequence[str]], chars: int = SHOWN_CHARS) -> bool:
    """Return True if a right passage is within the first characters of all passages in order; the last one is cut off."""
    for article, text in hits:
        if holds(question, article, text[:chars]):
            return True
        chars = max(0, chars - len(text))
    return False


def holds(question: Question, article: str, text: str) -> bool:
    """Return True if a text comes from an article that answers the question and holds one of its answers."""
    shown = _plain(text)
    return any(gold.article_id == article for gold in question.gold) and any(_plain(each) in shown for each in question.answers)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _print_table(rows: dict[str, dict[str, str]], versions: dict[str, dict[str, str]], questions: int) -> None:
    if not rows:
        sys.exit("nothing was measured")
    print(f"`{shlex.join(['python', '-m', 'benchmarks', 'peers', *sys.argv[1:]])}`, {questions:,} questions,")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(f"| | {' | '.join(SYSTEMS[name].title for name in rows)} |\n|---|{'---|' * len(rows)}")
    for measure in next(iter(rows.values())):
        print(f"| {measure} | {' | '.join(row[measure] for row in rows.values())} |")
    print()
    for name, packages in versions.items():
        print(f"{SYSTEMS[name].title}: {', '.join(f'{package} {version}' for package, version in packages.items())}  ")
