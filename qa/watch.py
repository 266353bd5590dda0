"""Watch a folder: which files are not in an index as they are now, by a stat of each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from qa.reading import folder
from qa.reading.folder import File
from qa.reading.formats import digest, format_of
from qa.store.base import FileState, Snapshot
from qa.types import Failure

LONG_SCAN_S = 0.02
"""A shorter scan of the folder is done again whenever it is asked for."""
CACHED_SCANS = 20
"""A scan may be reused for so many times as long as it took, so that scanning takes a twentieth of the time at most."""


class LeftOut(NamedTuple):
    """How many files of a folder are of kinds that are not read, by ending, and how many are left out on purpose."""

    others: Mapping[str, int]
    hidden: int


NOTHING_LEFT_OUT = LeftOut({}, 0)


class FolderWatch:
    """Tells which files are not in an index as they are now, by a stat of each."""

    def __init__(self, seeds: Path, article_bytes: int) -> None:
        self._seeds = seeds
        self._article_bytes = article_bytes
        self._last: tuple[str, Mapping[str, str], float, float] = ("", {}, 0.0, 0.0)
        self.left_out = NOTHING_LEFT_OUT
        """What the last scan left out."""

    def changed(self, snapshot: Snapshot, *, allow_cached: bool = False) -> Mapping[str, str]:
        """Return the files that are not in a snapshot as they are now, by id: "new", "changed" or "gone".

        With `allow_cached`, reuse the last scan if it is of the same state and younger than 20 times what it took.
        """
        generation, found, took_s, at_s = self._last
        is_young = took_s > LONG_SCAN_S and time.monotonic() - at_s < CACHED_SCANS * took_s
        if allow_cached and is_young and generation == snapshot.manifest.generation:
            return found
        started = time.monotonic()
        found = self._scan(snapshot)
        self._last = snapshot.manifest.generation, found, time.monotonic() - started, time.monotonic()
        return found

    def forget(self) -> None:
        """Scan again whenever asked next."""
        self._last = ("", {}, 0.0, 0.0)

    def _scan(self, snapshot: Snapshot) -> dict[str, str]:
        scan = folder.scan(self._seeds)
        self.left_out = LeftOut(scan.others, scan.hidden)
        known, failures = snapshot.known(), snapshot.failures()
        there = {file.id for file in scan.files}
        found = dict.fromkeys((known.keys() | failures.keys()) - there, "gone")
        for file in scan.files:
            if not is_known(file, known, failures) and not self._is_same(file, known.get(file.id)):
                found[file.id] = "changed" if file.id in known or file.id in failures else "new"
        for id, reason in scan.failures:
            if id not in known and failures.get(id) == ("", reason):
                del found[id]
            else:
                found[id] = "changed" if id in found else "new"
        return found

    def _is_same(self, file: File, known: FileState | None) -> bool:
        if known is None or not is_read_alike(file, known):
            return False
        content = folder.load(file, self._article_bytes)
        return not isinstance(content, Failure) and digest(content) == known.sha256


def is_known(file: File, known: Mapping[str, FileState], failures: Mapping[str, tuple[str, str]]) -> bool:
    """Return True if a file is as it was when it was read, or could not be read, by the same reader."""
    if state := known.get(file.id):
        return state.stamp == file.stamp and is_read_alike(file, state)
    return failures.get(file.id, ("", ""))[0] == failed_stamp(file)


def is_read_alike(file: File, state: FileState) -> bool:
    """Return True if the reader of a file is the one that read it before."""
    return state.reader == format_of(file.id).version


def failed_stamp(file: File) -> str:
    """Return the stamp of a file that cannot be read, with the version of the reader that could not: another one may."""
    return f"{file.stamp}:{format_of(file.id).version}"
