"""The files of the lexical index: what they are, checked private copies of them, and how new ones are committed.

Tantivy maps its files into memory and trusts what it finds in them, which would end the process if another one cut them short,
and it removes files by names that it reads. So it only ever sees a private copy, checked while it is made.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from qa import files
from qa.errors import sober

STATE = "state.json"
"""The file that is written last."""
_META = "meta.json"
_SEGMENT = re.compile(r"([0-9a-f]{32})(?:\.\d+)?\.[a-z]+")
_OURS = re.compile(rf"{re.escape(STATE)}|meta\.json|\.managed\.json|\.tantivy-\w+\.lock|{_SEGMENT.pattern}")
_LEFTOVER = rf"{re.escape(STATE)}|{_SEGMENT.pattern}"
_NORMED_FIELDS = 3
"""The fields whose lengths are kept: title, text and word."""
_TRIES = 3
"""How often a writer may come between while a copy is made."""
_PREFIX = "qa-words-"
_REMOVALS, _REMOVED_S = 10, 0.02
"""How often, and how far apart, a folder is removed again into which Tantivy's own threads wrote while it was removed."""
_ABANDONED_S = 3600
"""A private folder older than this was left by a process that was killed while it wrote."""


class PrivateFolder(tempfile.TemporaryDirectory[str]):
    """A folder that only this process knows."""

    def __init__(self) -> None:
        super().__init__(prefix=_PREFIX, ignore_cleanup_errors=True)

    def unlink(self) -> None:
        """Remove the folder. What is mapped stays readable, and a kill from then on leaves nothing."""
        if os.name != "posix":  # There it goes when nothing is mapped any more.
            return
        self.cleanup()
        for _ in range(_REMOVALS):
            if not Path(self.name).exists():
                return
            time.sleep(_REMOVED_S)
            shutil.rmtree(self.name, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class State:
    """What the files are: made from which generation, with how many dead passages, the CRC-32 of each, and Tantivy's notes."""

    generation: str = ""
    dead: int = 0
    files: dict[str, int] = field(default_factory=dict)
    meta: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether these notes could be ours."""
        return (
            isinstance(self.generation, str)
            and type(self.dead) is int
            and isinstance(self.files, dict)
            and all(type(checksum) is int for checksum in self.files.values())
            and isinstance(self.meta, str)
            and all(_SEGMENT.fullmatch(name) for name in self.files.keys() - {_META})
            and self.files.get(_META) == zlib.crc32(self.meta.encode("utf-8", "replace"))
        )


def state_of(folder: Path) -> State:
    """Return what was last noted of the files in `folder`; an empty state if nothing was, or if it is not ours."""
    try:
        state = State(**files.read_json(folder / STATE))
        return state if state.is_sound else State()
    except (OSError, ValueError, TypeError):
        return State()


def check_own(folder: Path) -> None:
    """Raise `FolderError` if the folder or one of our files in it is a link."""
    files.check_own(folder.parent, folders=[folder.name])
    if folder.is_dir():
        files.check_own(folder, files=[path.name for path in folder.iterdir() if _OURS.fullmatch(path.name)])


def remove_leftovers(folder: Path) -> None:
    """Remove what was being written when a writer died: for the one who may write here now."""
    files.remove_leftovers(folder, _LEFTOVER)
    for place in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = place.lstat()
            mine = os.name != "posix" or status.st_uid == os.geteuid()
            if stat.S_ISDIR(status.st_mode) and mine and time.time() - status.st_mtime > _ABANDONED_S:
                shutil.rmtree(place, ignore_errors=True)


def private_copy(folder: Path) -> tuple[State, PrivateFolder]:
    """Return a checked copy of the files in `folder`, and their state. Raise `ValueError` if one is damaged."""
    for _ in range(_TRIES):
        state, place = state_of(folder), PrivateFolder()
        try:
            _copy(folder, Path(place.name), state)
            return state, place
        except (OSError, ValueError) as error:
            place.cleanup()
            if state == state_of(folder):  # Else a writer has just come to a new one.
                raise ValueError(str(error)) from error
    raise ValueError("changed while it was opened")


def _copy(folder: Path, place: Path, state: State) -> None:
    if not state.files:
        if files.plain_files(folder, _OURS):
            raise ValueError("files are missing")
        return
    for name, checksum in state.files.items():
        if name != _META:
            if not (folder / name).exists():
                raise ValueError("files are missing")
            with (place / name).open("xb") as target:
                if files.copy(folder / name, target) != checksum:
                    raise ValueError("a file is damaged")
    for segment in _segments(state.meta):
        # Tantivy believes these numbers, and takes memory by them: each text has one byte for its length.
        norms = place / f"{segment.name}.fieldnorm"
        if not norms.exists() or not 0 < segment.passages * _NORMED_FIELDS <= norms.stat().st_size:
            raise ValueError("the notes do not match the files")
    (place / _META).write_text(state.meta, encoding="utf-8")


def commit(place: Path, folder: Path, generation: str, dead: int, unchanged: dict[str, int]) -> State:
    """Copy the files that Tantivy wrote in `place` to `folder`, and return the new state.

    `unchanged` holds the checksums of files that stand in `folder` as they are in `place`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meta = (place / _META).read_text(encoding="utf-8")
    segments = _segments(meta)
    checksums = {_META: zlib.crc32(meta.encode())}
    for name in sorted(files.plain_files(place, _SEGMENT)):
        if not any(segment.has(name) for segment in segments):
            continue
        if name in unchanged:
            checksums[name] = unchanged[name]
        else:
            with files.writing(folder / name) as target:
                checksums[name] = files.copy(place / name, target)
    state = State(generation, dead, checksums, meta)
    files.write_atomically(folder / STATE, json.dumps(asdict(state)).encode())
    # That was the commit: nothing needs the old files any more.
    for name in files.plain_files(folder, _OURS) - checksums.keys() - {STATE}:
        (folder / name).unlink(missing_ok=True)
    return state


@dataclass(frozen=True, slots=True)
class _Segment:
    """What Tantivy notes of a part of the index: its name, how many passages it has, and when some were removed last."""

    name: str
    passages: int
    removed_at: int | None

    def has(self, file: str) -> bool:
        """Return True if a file belongs to this part, as it is now."""
        of_removed = f"{self.name}.{self.removed_at}.del"
        return file == of_removed or (file.startswith(f"{self.name}.") and not file.endswith(".del"))


@sober()
def _segments(meta: str) -> list[_Segment]:
    """Return the parts of the index that Tantivy's notes name. Raise `ValueError` if they make no sense."""
    segments = []
    for each in json.loads(meta)["segments"]:
        name, passages, removed = each["segment_id"].replace("-", ""), each["max_doc"], each["deletes"]
        if not _SEGMENT.fullmatch(f"{name}.idx") or type(passages) is not int:
            raise ValueError("the notes name no files of ours")
        segments.append(_Segment(name, passages, int(removed["opstamp"]) if removed else None))
    return segments
