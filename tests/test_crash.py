"""After any crash, full disk, failed call or damage, the index is the old one or the new one, and nothing is encoded twice.

strace ends the process, or makes the call fail, at one call to the system after another. A run takes some of them, spread over
the whole, with --exhaustive four times as many; QA_CRASHES=all takes every one (benchmarks/RESULTS.md has the count).
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from small_encoder import SmallEncoder

from qa import Library
from qa.encoding import loading
from qa.errors import QaError
from qa.store import integrity

CHANGING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "unlink", "mkdir", "openat")
"""The system calls that change a file or folder."""
WRITING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat")
ALL = os.environ.get("QA_CRASHES") == "all"
every = pytest.mark.parametrize("every", [1] if ALL else [116, pytest.param(29, marks=pytest.mark.exhaustive)])
"""One of so many calls is tried."""
QUESTIONS = ("office in Caracas", "goats climb mountains", "treaty adopted by a vote", "fish swim in the sea")
SYNC = Path(__file__).with_name("sync_small.py")

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace (on Debian: apt-get install strace)")


class Case(NamedTuple):
    """A folder that has changed since the index in `old` was built, and what is found before and after a sync."""

    seeds: Path
    old: Path
    old_generation: str
    found_before: list
    found_after: list
    fresh_texts: int


def article(number: int, more: str = "") -> str:
    return (
        f"# Report {number}\n\nThe prosecutor opened office {number} in Caracas{more}. It is small.\n\n"
        f"Goats climb mountain {number}, and the treaty was adopted by a vote of {number} to 7.\n"
    )


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("crash")
    seeds, old = folder / "seeds", folder / "old"
    seeds.mkdir()
    for number in range(12):
        (seeds / f"{number}.md").write_text(article(number))
    with opened(seeds, old) as library:
        library.sync()
        generation = library.store.catalog.generation
    (seeds / "0.md").write_text(article(0, " again"))
    (seeds / "1.md").unlink()
    (seeds / "2.md").rename(seeds / "renamed.md")
    (seeds / "fish.md").write_text("Fish swim in the sea.\n\nThey have no office.")
    shutil.copytree(old, folder / "new")
    with opened(seeds, folder / "read") as fresh:
        shutil.copytree(old, folder / "read", dirs_exist_ok=True)
        before = found(fresh)
    with opened(seeds, folder / "new") as library:
        embedded = library.sync().embedded
        return Case(seeds, old, generation, before, found(library), embedded)


def opened(seeds: Path, embeddings: Path) -> Library:
    encoder = SmallEncoder()
    encoder.name = loading.BUNDLED
    return Library(seeds, embeddings, encoder=encoder)


def found(library: Library) -> list:
    """Return all hits of some questions, after comparing each quote with its file."""
    hits = [hit for question in QUESTIONS for hit in library.retrieve(question, 8)]
    for hit in hits:
        text = (library.seeds / hit.citation.article_id).read_text()
        assert hit.citation.span.of(text) == hit.citation.quote
    return [(hit.rank, round(hit.score, 6), hit.citation.article_id, hit.citation.span) for hit in hits]


def check(case: Case, embeddings: Path) -> None:
    """Assert that an index is the old one or the new one, and that a sync then encodes only what is missing."""
    with opened(case.seeds, embeddings) as library:
        if generation := library.store.catalog.generation:
            assert found(library) == (case.found_before if generation == case.old_generation else case.found_after)
        ((kept,),) = library.store.catalog.database.rows("i", "SELECT count(*) FROM vectors")
        with opened(case.seeds, case.old) as before:
            ((old,),) = before.store.catalog.database.rows("i", "SELECT count(*) FROM vectors")
        is_new = generation != case.old_generation
        report = library.sync()
        assert report.embedded == (0 if is_new else case.fresh_texts - (kept - old))
        assert found(library) == case.found_after
        assert not library.pending()
        assert not integrity.broken_structure(library.store.catalog.database)
        assert not integrity.damaged_rows(library.store.catalog)
        assert not [path for path in embeddings.rglob("*tmp*") if path.is_file()]


def traced(case: Case, embeddings: Path, *options: str) -> subprocess.CompletedProcess:
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        str(embeddings.with_suffix(".log")),
        *options,
        sys.executable,
        str(SYNC),
    ]
    command += ["sync", "--seeds", str(case.seeds), "--embeddings", str(embeddings)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def calls(case: Case, tmp_path_factory: pytest.TempPathFactory) -> dict[str, range]:
    """Return how often a sync makes each call in any one thread, from the first that concerns the index."""
    embeddings = tmp_path_factory.mktemp("calls") / "index"
    shutil.copytree(case.old, embeddings)
    run = traced(case, embeddings, "-e", f"trace={','.join(CHANGING)}")
    assert run.returncode == 0, run.stderr
    counted: Counter[tuple[str, str]] = Counter()
    first: dict[str, int] = {}
    begun = False
    for line in embeddings.with_suffix(".log").read_text().splitlines():
        thread, _, call = line.partition(" ")
        name = call.strip().partition("(")[0]
        counted[thread, name] += name in CHANGING
        begun = begun or str(embeddings) in call
        if begun:
            first.setdefault(name, counted[thread, name])
    last = {name: max(count for (_, other), count in counted.items() if other == name) for _, name in counted}
    return {name: range(first[name], last[name] + 1) for name in CHANGING if name in first}


def trials(calls: dict[str, range], names: tuple[str, ...], every: int) -> Iterator[tuple[str, int]]:
    """Yield one of so many calls, each by its name and its number."""
    numbered = [(name, number) for name in names if name in calls for number in calls[name]]
    yield from numbered[::every]


@needs_strace
@every
def test_kill_at_any_call_leaves_the_old_index_or_the_new(case, calls, tmp_path, every):
    killed = 0
    for name, number in trials(calls, CHANGING, every):
        embeddings = tmp_path / f"{name}{number}"
        shutil.copytree(case.old, embeddings)
        run = traced(case, embeddings, "-e", f"inject={name}:signal=KILL:when={number}")
        killed += run.returncode == -signal.SIGKILL or run.returncode == 128 + signal.SIGKILL
        check(case, embeddings)
        shutil.rmtree(embeddings)
    print(f"killed {killed} times")
    assert killed > 150 / every - 1


@every
def test_kill_at_any_time_leaves_the_old_index_or_the_new(case, tmp_path, every):
    chosen = random.Random(1)
    for number in range(1 + 80 // (every // 4 or 1)):
        embeddings = tmp_path / str(number)
        shutil.copytree(case.old, embeddings)
        command = [sys.executable, str(SYNC), "sync", "--seeds", str(case.seeds), "--embeddings", str(embeddings)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(chosen.uniform(0.3, 1.2))
            process.kill()
        check(case, embeddings)
        shutil.rmtree(embeddings)


@needs_strace
@every
@pytest.mark.parametrize(("error", "lasting"), [("ENOSPC", "+"), ("EIO", "")])
def test_failed_write_is_one_line_and_leaves_the_old_index(case, calls, tmp_path, every, error, lasting):
    failed = 0
    for name, number in trials(calls, WRITING, every):
        embeddings = tmp_path / f"{name}{number}"
        shutil.copytree(case.old, embeddings)
        # What is printed is written as well: only once, or nothing could be said.
        when = f"{number}{lasting if name != 'write' else ''}"
        run = traced(case, embeddings, "-e", f"inject={name}:error={error}:when={when}")
        assert "Traceback" not in run.stderr
        if run.returncode:
            failed += 1
            assert run.returncode == 2, run.stderr
            log = embeddings.with_suffix(".log").read_text()
            message_failed = re.search(r'write\(2, "qa: .* \(INJECTED\)', log)
            assert message_failed or re.search(r"qa: .+", run.stderr.splitlines()[-1]), run.stderr
        check(case, embeddings)
        shutil.rmtree(embeddings)
    print(f"failed {failed} times with {error}")
    assert failed > 20 / every - 1


def damaged(content: bytes, chosen: random.Random, bits: int) -> Iterator[bytes]:
    """Yield a file cut off in three places, and with a bit turned in some."""
    for _ in range(bits):
        place = chosen.randrange(len(content))
        yield content[:place] + bytes([content[place] ^ 1 << chosen.randrange(8)]) + content[place + 1 :]
    for end in (0, len(content) // 2, len(content) - 1)[: bits // 2]:
        yield content[: max(0, end)]


@pytest.mark.parametrize("bits", [1, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_damage_to_an_index_changes_no_answer_and_is_repaired(case, tmp_path, bits):
    embeddings, chosen = tmp_path / "index", random.Random(2)
    shutil.copytree(case.old, embeddings)
    with opened(case.seeds, embeddings) as library:
        library.sync()
    whole = {path: path.read_bytes() for path in embeddings.rglob("*") if path.is_file() and "catalog" not in path.name}
    tried = 0
    for path, content in whole.items():
        for broken in damaged(content, chosen, bits) if content else [b"rubbish"]:
            path.write_bytes(broken)
            with opened(case.seeds, embeddings) as library:
                assert found(library) == case.found_after
                assert library.sync().embedded == 0
            with opened(case.seeds, embeddings) as library:
                assert library.store._is_at_hand(library.store.catalog.generation), path
                assert found(library) == case.found_after
            tried += 1
            for other in embeddings.rglob("*"):
                if other.is_file() and "catalog" not in other.name:
                    other.unlink()
            for other, bytes_of_other in whole.items():
                other.write_bytes(bytes_of_other)
    print(f"{tried} damaged files")
    assert tried > 8 * bits


@pytest.mark.parametrize("seed", range(400 if ALL else 24))
def test_damage_to_the_catalog_is_reported_or_harmless_and_a_rebuild_repairs_it(case, tmp_path, seed):
    embeddings, chosen = tmp_path / "index", random.Random(seed)
    shutil.copytree(case.old, embeddings)
    with opened(case.seeds, embeddings) as library:
        library.sync()
    path = embeddings / "catalog.sqlite"
    content = bytearray(path.read_bytes())
    if seed % 8 == 0:
        del content[chosen.randrange(len(content)) :]
    else:
        content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
    path.write_bytes(content)
    said = "--rebuild"
    try:
        with opened(case.seeds, embeddings) as library:
            found(library)  # Whatever is shown is in its file, word for word.
            library.sync()
            found(library)
    except QaError as error:
        said = str(error)
    assert re.fullmatch(r".*(--rebuild|cannot be used).*", said)
    with opened(case.seeds, embeddings) as library:
        library.sync(rebuild=True)
        assert found(library) == case.found_after
        assert not integrity.broken_structure(library.store.catalog.database)
        assert not integrity.damaged_rows(library.store.catalog)
