"""One writer and many readers, each in a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_encoder import SmallEncoder

from qa import Library, LockedError, Settings
from qa.encoding import loading

HERE = Path(__file__).parent
READ = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from small_encoder import SmallEncoder
from qa import Library
from qa.encoding import loading as models
encoder = SmallEncoder()
encoder.name = models.BUNDLED
with Library(sys.argv[1], sys.argv[2], encoder=encoder) as library:
    end = time.monotonic() + 60
    print("ready", flush=True)
    ended = False
    while not ended and time.monotonic() < end:
        ended = Path(sys.argv[4]).exists()  # Looked for first, so that the last question comes after the last sync.
        hits = library.retrieve("prosecutor opened office", 99)
        print(json.dumps([[hit.citation.article_id, hit.citation.quote, round(hit.score, 6)] for hit in hits]))
"""
STATES = 12
HOLD = """
import sys, time
from pathlib import Path
from qa.store.lock import writing
with writing(Path(sys.argv[1]), 10):
    print("holding", flush=True)
    time.sleep(60)
"""


def opened(seeds: Path, embeddings: Path, **options: object) -> Library:
    encoder = SmallEncoder()
    encoder.name = loading.BUNDLED
    return Library(seeds, embeddings, encoder=encoder, **options)


def add(seeds: Path, number: int) -> None:
    words = " ".join(f"word{number * 7 + n}" for n in range(number % 5))
    (seeds / f"{number:02}.md").write_text(f"The prosecutor opened office number {number}. {words}.")


def found(library: Library) -> list:
    hits = library.retrieve("prosecutor opened office", 99)
    return [[hit.citation.article_id, hit.citation.quote, round(hit.score, 6)] for hit in hits]


def start(code: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_readers_see_whole_states_and_new_ones_without_a_restart(tmp_path):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    states = []
    for number in range(STATES):
        add(seeds, number)
        with opened(seeds, tmp_path / f"alone{number}") as alone:
            alone.sync()
            states.append(found(alone))
    for number in range(1, STATES):
        (seeds / f"{number:02}.md").unlink()
    with opened(seeds, tmp_path / "index") as writer:
        writer.sync()
        readers = [start(READ, seeds, tmp_path / "index", HERE, tmp_path / "end") for _ in range(3)]
        for reader in readers:
            assert reader.stdout.readline() == "ready\n"
        for number in range(1, STATES):
            add(seeds, number)
            writer.sync()
            time.sleep(0.2)
        (tmp_path / "end").touch()
    for reader in readers:
        out, err = reader.communicate(timeout=30)
        assert reader.returncode == 0, err
        seen = [states.index(json.loads(line)) for line in out.splitlines()]  # Each is one of the states, word for word.
        assert seen == sorted(seen)
        assert seen[-1] == STATES - 1
        assert len(set(seen)) > STATES / 2


def test_second_writer_learns_who_holds_the_lock_and_a_dead_writer_frees_it(tmp_path):
    (tmp_path / "seeds").mkdir()
    add(tmp_path / "seeds", 1)
    with opened(tmp_path / "seeds", tmp_path / "index", settings=Settings(lock_timeout_s=0.1)) as library:
        library.sync()
        holder = start(HOLD, tmp_path / "index")
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(LockedError, match=rf"another process \(process {holder.pid}, since 20.*\) is writing to"):
            library.sync()
        assert found(library)
        holder.send_signal(signal.SIGKILL)
        holder.communicate(timeout=10)
        assert library.sync().unchanged == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions are set as POSIX has them")
@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs setpriv to give up root's rights")
def test_read_only_index_can_be_searched(tmp_path):
    seeds, index = tmp_path / "seeds", tmp_path / "index"
    seeds.mkdir()
    add(seeds, 1)
    with opened(seeds, index) as library:
        library.sync()
        before = found(library)
    add(seeds, 2)
    without_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*without_rights, sys.executable, str(HERE / "sync_small.py")]
    folders = ["--seeds", str(seeds), "--embeddings", str(index), "--json"]
    for path in (index, *index.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        asked = subprocess.run(
            [*command, "retrieve", "prosecutor opened office", *folders], capture_output=True, text=True, check=True
        )
        synced = subprocess.run([*command, "sync", *folders], capture_output=True, text=True, check=False)
    finally:
        for path in (index, *index.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    hits = json.loads(asked.stdout)
    assert [[hit["citation"]["article_id"], hit["citation"]["quote"], round(hit["score"], 6)] for hit in hits] == before
    assert (synced.returncode, synced.stdout) == (2, "")
    assert "cannot be written: Permission denied" in synced.stderr
