"""Load a server with many clients while the articles change: count errors and wrong citations, and watch its memory.

python -m benchmarks load --articles DIR --questions FILE [--askers 32] [--seconds 60]

The server is real; a writer keeps editing, adding, renaming and removing articles, so that it keeps syncing. Every citation
is compared with the state of the file that it names.
"""

import argparse
import hashlib
import http.client
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PAUSE_S = 0.2
"""The pause between two changes of the writer: five changes a second."""
SAMPLES = 20
"""How often memory is measured during a run."""


@dataclass
class Result:
    """The result of a run; `errors` holds the status and error of each reply that is not an answer."""

    questions: int = 0
    cited: int = 0
    wrong: int = 0
    changes: int = 0
    errors: list[str] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    shutdown_s: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, default=Path("seeds"), help="articles to begin with; a copy is changed")
    parser.add_argument("--questions", type=Path, required=True, help="JSON lines with a field question")
    parser.add_argument("--askers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    questions = [json.loads(line)["question"] for line in options.questions.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as temporary:
        seeds = Path(temporary) / "seeds"
        shutil.copytree(options.articles, seeds)
        command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--seeds", str(seeds)]
        result = run(
            [*command, "--embeddings", str(Path(temporary) / "index")], seeds, questions, options.askers, options.seconds
        )
    ms = sorted(result.ms)
    print("| | |\n|---|---|")
    print(f"| askers · seconds | {options.askers} · {options.seconds:g} |")
    print(f"| questions · each second | {result.questions:,} · {result.questions / options.seconds:.1f} |")
    print(f"| p50 · p95, ms | {ms[len(ms) // 2]:.0f} · {ms[int(len(ms) * 0.95)]:.0f} |")
    print(f"| changes to the articles | {result.changes:,} |")
    print(f"| citations compared · wrong | {result.cited:,} · {result.wrong} |")
    print(f"| errors | {len(result.errors)} {sorted(set(result.errors))[:3] or ''} |")
    memory = " · ".join(f"{mb:.0f}" for mb in thirds(result.memory_mb))
    print(f"| memory at the start · in the middle · at the end, MB | {memory} |")
    print(f"| shutdown, s | {result.shutdown_s:.1f} |")


def thirds(values: Sequence[float]) -> list[float]:
    """Return the first, the middle and the last value."""
    return [values[0], values[len(values) // 2], values[-1]]


def run(command: Sequence[str], seeds: Path, questions: Sequence[str], askers: int, seconds: float) -> Result:
    """Start a server by a command that prints its address, load it, and end it."""
    result, lock, folder = Result(), threading.Lock(), Folder(seeds)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            address = server.stdout.readline().split()[-1]
            end = time.monotonic() + seconds
            with ThreadPoolExecutor(askers + 2) as pool:
                tasks = [pool.submit(_ask, address, questions[n::askers], folder, end, result, lock) for n in range(askers)]
                tasks += [pool.submit(_change, folder, end, result), pool.submit(_watch, server.pid, end, seconds, result)]
                for task in tasks:
                    task.result()
        finally:
            started = time.monotonic()
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)
            result.shutdown_s = time.monotonic() - started
    return result


class Folder:
    """The articles, every state of every file by its SHA-256, and changes to them that are the same in each run."""

    def __init__(self, seeds: Path) -> None:
        self.seeds = seeds
        self.states: dict[str, str] = {}
        self._choose = random.Random(1)
        self._paths = sorted(path for path in seeds.rglob("*") if path.suffix in (".md", ".txt"))
        for path in self._paths:
            self._note(path.read_text(encoding="utf-8"))

    def change(self, number: int) -> None:
        """Make the next change: edit an article, add one, rename that one, or remove it."""
        extra, moved = self.seeds / "extra.md", self.seeds / "moved.md"
        match number % 4:
            case 0:
                path = self._choose.choice(self._paths)
                self._write(path, path.read_text(encoding="utf-8") + f"\n\nThe remark of number {number} was made later.\n")
            case 1:
                self._write(extra, f"# An extra article\n\nIt was added as change {number}, and nobody asked for it.\n")
            case 2:
                extra.replace(moved)
            case 3:
                moved.unlink()

    def _write(self, path: Path, text: str) -> None:
        self._note(text)  # Before any citation can name it.
        new = path.with_name(f".{path.name}")
        new.write_text(text, encoding="utf-8")
        new.replace(path)

    def _note(self, text: str) -> None:
        self.states[hashlib.sha256(text.encode()).hexdigest()] = text

    def holds(self, citation: dict) -> bool:
        """Return True if a quote is where its citation says, in the state of the file that it names."""
        text, span = self.states.get(citation["sha256"], ""), citation["span"]
        return bool(text) and text[span["start"] : span["end"]] == citation["quote"]


def _ask(address: str, questions: Sequence[str], folder: Folder, end: float, result: Result, lock: threading.Lock) -> None:
    """Ask questions until `end`. Six parameters: what the threads share."""
    place = urlsplit(address)
    number = 0
    while questions and time.monotonic() < end:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        started = time.perf_counter()
        try:
            body = json.dumps({"question": questions[number % len(questions)]})
            connection.request("POST", "/api/v1/ask", body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            status, answer = reply.status, json.loads(reply.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            status, answer = 0, {"error": repr(error)}
        finally:
            connection.close()
        cited = [*answer.get("citations", []), *(hit["citation"] for hit in answer.get("hits", []))]
        wrong = sum(not folder.holds(each) for each in cited)
        with lock:
            result.questions += 1
            result.cited += len(cited)
            result.wrong += wrong
            result.ms.append((time.perf_counter() - started) * 1000)
            if status != 200:
                result.errors.append(f"{status}: {answer.get('error')}")
        number += 1


def _change(folder: Folder, end: float, result: Result) -> None:
    while time.monotonic() < end:
        folder.change(result.changes)
        result.changes += 1
        time.sleep(PAUSE_S)


def _watch(process: int, end: float, seconds: float, result: Result) -> None:
    status = Path(f"/proc/{process}/status")
    while time.monotonic() < end and status.exists():
        resident = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
        result.memory_mb.append(int(resident.split()[1]) / 1e3)
        time.sleep(seconds / SAMPLES)
