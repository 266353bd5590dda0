"""Files written whole or not at all, their checksums and locks, and what is checked of a file before it is trusted."""

from __future__ import annotations

import json
import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from qa.errors import FolderError

_BLOCK_BYTES = 1 << 20
_FACTS_BYTES = 1 << 24
"""More than any JSON file that this package keeps beside an index comes to."""


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content becomes the file at `path` in one step, when the block ends without an error.

    A reader finds the old file or the new one, also after a power cut.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as stream:  # Never through a link of this name.
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step."""
    with writing(path) as stream:
        stream.write(content)


@contextmanager
def locked(path: Path, patience_s: float) -> Iterator[None]:
    """Hold a lock, among threads and processes; that of a process that died is free.

    Raise `TimeoutError` if it is not free within `patience_s`, `OSError` if it cannot be made.
    """
    held = FileLock(path, thread_local=False)
    try:
        held.acquire(timeout=patience_s)
    except Timeout as error:
        raise TimeoutError from error
    try:
        yield
    finally:
        held.release()


@contextmanager
def alone(path: Path, patience_s: float) -> Iterator[bool]:
    """Hold a lock and give True, or give False if it was not free in time, or none can be made."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(path, patience_s))
        except OSError:  # A `TimeoutError` is one.
            yield False
            return
        yield True


def check_own(folder: Path, files: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
    """Raise `FolderError` where one of these names in `folder` is a link, or one of the files is none.

    An index may come from somebody else, and a link in it leads to what is not ours.
    """
    for name in (*files, *folders):
        try:
            mode = (folder / name).lstat().st_mode
        except OSError:
            continue  # Not there, or told by whoever opens it.
        if stat.S_ISLNK(mode):
            raise FolderError(f"{folder / name} is a link, and may lead anywhere: remove it, or give another --embeddings")
        if name in files and not stat.S_ISREG(mode):
            raise FolderError(f"{folder / name} is not a plain file: remove it, or give another --embeddings")


def is_plain(path: Path) -> bool:
    """Tell whether there is a file at `path` itself: no folder, no link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def plain_files(folder: Path, names: re.Pattern[str]) -> set[str]:
    """Return the names of the files in `folder`, where there is one, that a pattern fits: neither folders nor links."""
    if folder.is_symlink() or not folder.is_dir():
        return set()
    return {path.name for path in folder.iterdir() if names.fullmatch(path.name) and is_plain(path)}


def remove_leftovers(folder: Path, names: str) -> None:
    """Remove what was being written when a writer died, under names that a pattern fits: for the one who may write here now."""
    for name in plain_files(folder, re.compile(rf"(?:{names})\.\d+\.tmp")):
        (folder / name).unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Return what a JSON file holds. Raise `OSError` or `ValueError` where it cannot be read or is none of ours."""
    if not is_plain(path) or path.stat().st_size > _FACTS_BYTES:
        raise ValueError(f"{path} is not a plain file of moderate size")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply") from error


def copy(source: Path, target: BinaryIO) -> int:
    """Copy a file and return the CRC-32 of what was copied. Raise `OSError` where that fails."""
    checksum = 0
    with source.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            checksum = zlib.crc32(block, checksum)
            target.write(block)
    return checksum


def crc32(path: Path) -> int:
    """Return the CRC-32 of a file. Raise `OSError` when it cannot be read."""
    with path.open("rb") as stream:
        return crc32_of(stream)


def crc32_of(stream: BinaryIO) -> int:
    """Return the CRC-32 of the rest of a stream."""
    checksum = 0
    while block := stream.read(_BLOCK_BYTES):
        checksum = zlib.crc32(block, checksum)
    return checksum
