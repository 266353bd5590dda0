"""Measure speed and size of indexes of growing size, from the first build to many concurrent questions.

python -m benchmarks speed --articles DIR --questions FILE [--sizes 1000 10000 …] [--folder WORK] [--plot FILE.svg]

Each size is built, then changed, then asked, each in a process of its own, so that peak memory is that of the size. Encoding
the passages is left out: `python -m benchmarks encoding` measures it.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import large, plot
from qa import Library, Settings
from qa.encoding import loading

SIZES = (1_000, 10_000, 100_000)
QUESTIONS = 200
ASKERS = (1, 4, 16)
"""Threads that ask at the same time."""
RECALL_QUESTIONS = 100
"""Questions whose candidates are compared with an exact search, which takes long."""
COLD = 5
"""Runs of a cold question, of which the median is reported."""
CHANGES = 5
"""Changes of each kind, of which the median is reported."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, default=Path("seeds"), help="articles to take sentences from")
    parser.add_argument("--questions", type=Path, help="JSON lines with a field question; else questions are made")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="passages")
    parser.add_argument("--folder", type=Path, help="where to work; kept")
    parser.add_argument("--plot", type=Path, help="write growth against size as SVG")
    parser.add_argument("--build", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--change", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        print(json.dumps(build(options.build, options.folder, options.articles)))
        return
    if options.change:
        print(json.dumps(change(options.change, options.folder, options.articles)))
        return
    if options.ask:
        print(json.dumps(ask(options.ask, options.folder, options.articles, options.questions)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = options.folder or Path(temporary)
        rows = []
        for size in options.sizes:
            command = [sys.executable, "-m", "benchmarks", "speed", "--folder", str(work), "--articles", str(options.articles)]
            command += ["--questions", str(options.questions)] if options.questions else []
            row: dict[str, float] = {"passages": size}
            for part in ("--build", "--change", "--ask"):
                run = subprocess.run([*command, part, str(size)], check=True, capture_output=True, text=True)
                row |= json.loads(run.stdout)
            rows.append(row)
            print(f"{size} passages done", file=sys.stderr)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    names = list(rows[0])
    sizes = " | ".join(f"{row['passages']:,} passages" for row in rows)
    print(f"| | {sizes} |\n|---|{'---|' * len(rows)}")
    for name in names[1:]:
        print(f"| {name} | {' | '.join(f'{row[name]:.4g}' for row in rows)} |")
    if options.plot:
        plot.growth(rows, options.plot)


def build(size: int, folder: Path, articles: Path) -> dict[str, float]:
    """Build an index of `size` passages; return seconds and megabytes by name."""
    place = folder / str(size)
    shutil.rmtree(place, ignore_errors=True)
    large.write(place / "seeds", size, large.real_sentences(articles))
    encoder = _stand_in(folder, articles)
    _wait_for_clock()
    with Library(place / "seeds", place / "index", encoder=encoder) as library:
        row = {"build, s": _seconds(library.sync)}
    row["disk, MB"] = sum(path.stat().st_size for path in (place / "index").rglob("*") if path.is_file()) / 1e6
    row["build peak memory, MB"] = _peak_mb()
    shutil.copytree(folder / "encoder", place / "index" / "encoder")
    return row


def change(size: int, folder: Path, articles: Path) -> dict[str, float]:
    """Sync the index of `build` in an open library, unchanged and after changes; return median seconds by name."""
    place = folder / str(size)
    sentences = large.real_sentences(articles)
    paths = sorted((place / "seeds").rglob("*.md"))[:CHANGES]
    with Library(place / "seeds", place / "index", encoder=_stand_in(folder, articles)) as library:
        library.sync()
        nothing = [_seconds(library.sync) for _ in paths]
        edits, renames = [], []
        for number, path in enumerate(paths):
            added = " ".join(sentences[number : number + 3])
            path.write_text(f"{path.read_text(encoding='utf-8')}\n{added}\n", encoding="utf-8")
            edits.append(_seconds(library.sync))
            path.rename(path.with_name(f"renamed-{path.name}"))
            renames.append(_seconds(library.sync))
    names = ("nothing changed, s", "one edit, s", "rename, s")
    return {name: sorted(times)[len(times) // 2] for name, times in zip(names, (nothing, edits, renames), strict=True)}


def _stand_in(folder: Path, articles: Path) -> large.StoringEncoder:
    """Return an encoder that stores the vectors of each sentence."""
    real = loading.load(loading.BUNDLED, folder / "encoder")
    return large.StoringEncoder(real, large.real_sentences(articles), folder / "sentences.pickle")


def ask(size: int, folder: Path, articles: Path, questions: Path | None) -> dict[str, float]:
    """Ask the index of `build`; return milliseconds, seconds and megabytes by name."""
    place = folder / str(size)
    texts = _question_texts(questions, articles)
    row: dict[str, float] = {}
    fast = replace(Settings(), rerank="none")
    with Library(place / "seeds", place / "index", settings=fast) as reader:
        row |= latency(reader, texts, "not reranked")
        row["memory, not reranked, MB"] = _peak_mb()
        row["recall@10 of the sentence search"] = recall(reader, texts[:RECALL_QUESTIONS])
        for askers in ASKERS:
            row[f"questions/s, {askers} askers"] = throughput(reader, texts, askers)
    with Library(place / "seeds", place / "index") as reader:
        row |= latency(reader, texts, "reranked")
    row["cold ask, s"] = cold(place)
    return row


def recall(library: Library, texts: list[str]) -> float:
    """Return the fraction of the exact ten passages with the nearest sentences that is among the candidates."""
    with library.store.snapshot() as snapshot:
        vectors = snapshot._indexes.vectors
        questions = np.stack([library.encoder.encode_question(question).vector for question in texts])
        best = np.full((len(texts), 10), -2.0)
        keys = np.zeros((len(texts), 10), np.int64)
        for key, matrix in library.store.catalog.vectors_from(0):
            score = (questions @ matrix.T).max(axis=1)
            worst = best.argmin(axis=1)
            rows = np.flatnonzero(score > best[np.arange(len(texts)), worst])
            best[rows, worst[rows]], keys[rows, worst[rows]] = score[rows], key
    candidates = [vectors.search(question, library.settings.candidates) for question in questions]
    hits = [len({*some} & {*map(int, exact)}) for some, exact in zip(candidates, keys, strict=True)]
    return float(np.mean(hits)) / 10


def latency(library: Library, texts: list[str], kind: str) -> dict[str, float]:
    """Return how long a question takes once all is loaded: each is asked once before, so that nothing is read from disk."""
    for question in texts:
        library.retrieve(question)
    times = sorted(_seconds(lambda question=question: library.retrieve(question)) * 1e3 for question in texts)
    return {f"{kind} p50, ms": times[len(times) // 2], f"{kind} p95, ms": times[int(len(times) * 0.95)]}


def throughput(library: Library, texts: list[str], askers: int) -> float:
    """Return how many questions are answered per second if `askers` threads ask at the same time."""
    barrier = threading.Barrier(askers + 1)

    def ask_some(number: int) -> None:
        barrier.wait()
        for question in texts[number::askers]:
            library.retrieve(question)

    with ThreadPoolExecutor(askers) as pool:
        futures = [pool.submit(ask_some, number) for number in range(askers)]
        barrier.wait()
        started = time.perf_counter()
        for future in futures:
            future.result()
    return len(texts) / (time.perf_counter() - started)


def cold(place: Path) -> float:
    """Return the median wall time of `qa ask` as a process of its own, on the existing index."""
    command = [sys.executable, "-m", "qa", "ask", "--seeds", str(place / "seeds"), "--embeddings", str(place / "index")]
    command += ["Who was the first to say so?"]
    return sorted(_seconds(lambda: subprocess.run(command, check=False, capture_output=True)) for _ in range(COLD))[COLD // 2]


def _question_texts(questions: Path | None, articles: Path) -> list[str]:
    if questions is None:
        sentences = large.real_sentences(articles)
        sample = sentences[:: max(1, len(sentences) // QUESTIONS)][:QUESTIONS]
        return [f"What is said of {' '.join(text.split()[3:8])}?" for text in sample]
    lines = questions.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[:: max(1, len(lines) // QUESTIONS)]][:QUESTIONS]


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _wait_for_clock() -> None:
    """Wait until the files are old enough for their stamps to be trusted."""
    time.sleep(2.5)
