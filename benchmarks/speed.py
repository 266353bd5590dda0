"""How fast, how large: an index of growing size, from the first build to many askers.

python -m benchmarks speed --articles DIR --questions FILE [--sizes 1000 10000 …] [--folder WORK] [--plot FILE.svg]

Each size is built, then changed, then asked, each in a process of its own, so that peak memory is that size's. Encoding the
passages is left out: `python -m benchmarks encoding` measures it.
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
ASKED = 200
ASKERS = (1, 4, 16)
RECALL_QUESTIONS = 100
COLD = 5
CHANGED = 5


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
        print(json.dumps(built(options.build, options.folder, options.articles)))
        return
    if options.change:
        print(json.dumps(changed(options.change, options.folder, options.articles)))
        return
    if options.ask:
        print(json.dumps(asked(options.ask, options.folder, options.articles, options.questions)))
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


def built(size: int, folder: Path, articles: Path) -> dict[str, float]:
    """Build an index of `size` passages; seconds and megabytes by name."""
    place = folder / str(size)
    shutil.rmtree(place, ignore_errors=True)
    large.write(place / "seeds", size, large.real_sentences(articles))
    encoder = _stand_in(folder, articles)
    _wait_for_clock()
    with Library(place / "seeds", place / "index", encoder=encoder) as library:
        found = {"build, s": _seconds(library.sync)}
    found["disk, MB"] = sum(path.stat().st_size for path in (place / "index").rglob("*") if path.is_file()) / 1e6
    found["build peak memory, MB"] = _peak_mb()
    shutil.copytree(folder / "encoder", place / "index" / "encoder")
    return found


def changed(size: int, folder: Path, articles: Path) -> dict[str, float]:
    """Sync an index that `built` made, in an open library, with nothing changed and after changes; seconds, medians of five."""
    place = folder / str(size)
    known = large.real_sentences(articles)
    paths = sorted((place / "seeds").rglob("*.md"))[:CHANGED]
    with Library(place / "seeds", place / "index", encoder=_stand_in(folder, articles)) as library:
        library.sync()
        nothing = [_seconds(library.sync) for _ in paths]
        edits, renames = [], []
        for number, path in enumerate(paths):
            added = " ".join(known[number : number + 3])
            path.write_text(f"{path.read_text(encoding='utf-8')}\n{added}\n", encoding="utf-8")
            edits.append(_seconds(library.sync))
            path.rename(path.with_name(f"renamed-{path.name}"))
            renames.append(_seconds(library.sync))
    names = ("nothing changed, s", "one edit, s", "rename, s")
    return {name: sorted(times)[len(times) // 2] for name, times in zip(names, (nothing, edits, renames), strict=True)}


def _stand_in(folder: Path, articles: Path) -> large.Remembering:
    """Return an encoder that remembers what the real one makes of each sentence."""
    real = loading.load(loading.BUNDLED, folder / "encoder")
    return large.Remembering(real, large.real_sentences(articles), folder / "sentences.pickle")


def asked(size: int, folder: Path, articles: Path, questions: Path | None) -> dict[str, float]:
    """Ask an index that `built` made; milliseconds, seconds, megabytes by name."""
    place = folder / str(size)
    asked = _asked(questions, articles)
    found: dict[str, float] = {}
    fast = replace(Settings(), rerank="none")
    with Library(place / "seeds", place / "index", settings=fast) as reader:
        found |= latency(reader, asked, "not reranked")
        found["memory, not reranked, MB"] = _peak_mb()
        found["recall@10 of the sentence search"] = recall(reader, asked[:RECALL_QUESTIONS])
        for askers in ASKERS:
            found[f"questions/s, {askers} askers"] = throughput(reader, asked, askers)
    with Library(place / "seeds", place / "index") as reader:
        found |= latency(reader, asked, "reranked")
    found["cold ask, s"] = cold(place)
    return found


def recall(library: Library, asked: list[str]) -> float:
    """Return which share of the ten passages with the nearest sentences, all compared exactly, are among the candidates."""
    with library.store.snapshot() as snapshot:
        vectors = snapshot._indexes.vectors
        questions = np.stack([library.encoder.encode_question(question).vector for question in asked])
        best = np.full((len(asked), 10), -2.0)
        keys = np.zeros((len(asked), 10), np.int64)
        for key, matrix in library.store.catalog.vectors_from(0):
            score = (questions @ matrix.T).max(axis=1)
            worst = best.argmin(axis=1)
            rows = np.flatnonzero(score > best[np.arange(len(asked)), worst])
            best[rows, worst[rows]], keys[rows, worst[rows]] = score[rows], key
    candidates = [vectors.search(question, library.settings.candidates) for question in questions]
    found = [len({*some} & {*map(int, exact)}) for some, exact in zip(candidates, keys, strict=True)]
    return float(np.mean(found)) / 10


def latency(library: Library, asked: list[str], kind: str) -> dict[str, float]:
    """Return how long a question takes once all is loaded: each is asked once before, so that nothing comes from the disk."""
    for question in asked:
        library.retrieve(question)
    times = sorted(_seconds(lambda question=question: library.retrieve(question)) * 1e3 for question in asked)
    return {f"{kind} p50, ms": times[len(times) // 2], f"{kind} p95, ms": times[int(len(times) * 0.95)]}


def throughput(library: Library, asked: list[str], askers: int) -> float:
    """Return how many questions are answered in a second, by so many threads at once."""
    barrier = threading.Barrier(askers + 1)

    def ask(number: int) -> None:
        barrier.wait()
        for question in asked[number::askers]:
            library.retrieve(question)

    with ThreadPoolExecutor(askers) as pool:
        futures = [pool.submit(ask, number) for number in range(askers)]
        barrier.wait()
        started = time.perf_counter()
        for future in futures:
            future.result()
    return len(asked) / (time.perf_counter() - started)


def cold(place: Path) -> float:
    """Return the median wall time of `qa ask` as a process of its own, on the existing index."""
    command = [sys.executable, "-m", "qa", "ask", "--seeds", str(place / "seeds"), "--embeddings", str(place / "index")]
    command += ["Who was the first to say so?"]
    return sorted(_seconds(lambda: subprocess.run(command, check=False, capture_output=True)) for _ in range(COLD))[COLD // 2]


def _asked(questions: Path | None, articles: Path) -> list[str]:
    if questions is None:
        known = large.real_sentences(articles)
        return [f"What is said of {' '.join(text.split()[3:8])}?" for text in known[:: max(1, len(known) // ASKED)]][:ASKED]
    lines = questions.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[:: max(1, len(lines) // ASKED)]][:ASKED]


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _wait_for_clock() -> None:
    """Let the files become old enough for their stamps to be trusted."""
    time.sleep(2.5)
