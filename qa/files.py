"""Write files whole or not at all, compute checksums, hold locks, and check files before they are trusted."""

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
"""Bytes that are read at once, so that files of any size take little memory."""
_JSON_BYTES = 1 << 24
"""More than the size of any JSON file that this package writes beside an index."""


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content becomes the file at `path` in one step, once the block has ended without an error.

    A reader finds the old file or the new one, even after a power cut.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as stream:  # "x" never writes through a link.
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
    """Hold a lock among threads and processes; the lock of a process that died is free.

    Raise `TimeoutError` if it is not free within `patience_s`, `OSError` if its file cannot be made.
    """
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=patience_s)
    except Timeout as error:
        raise TimeoutError from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone(path: Path, patience_s: float) -> Iterator[bool]:
    """Hold a lock and give True, or give False if it is not free in time or its file cannot be made."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, patience_s))
        except OSError:  # Includes `TimeoutError`.
            yield False
            return
        yield True


def check_own(folder: Path, files: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
    """Raise `FolderError` if one of these names in `folder` is a link, or one of the files is not a plain file.

    An index may come from somebody else, and a link in it may lead to files that are not ours.
    """
    for name in (*files, *folders):
        try:
            mode = (folder / name).lstat().st_mode
        except OSError:
            continue  # It is missing, or opening it will raise the error.
        if stat.S_ISLNK(mode):
            raise FolderError(f"{folder / name} is a link, and may lead anywhere: remove it, or give another --embeddings")
        if name in files and not stat.S_ISREG(mode):
            raise FolderError(f"{folder / name} is not a plain file: remove it, or give another --embeddings")


def is_plain(path: Path) -> bool:
    """Return True if there is a file at `path` itself, neither a folder nor a link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def plain_files(folder: Path, names: re.Pattern[str]) -> set[str]:
    """Return the names of the plain files in `folder` that match a pattern; none if there is no such folder."""
    if folder.is_symlink() or not folder.is_dir():
        return set()
    return {path.name for path in folder.iterdir() if names.fullmatch(path.name) and is_plain(path)}


def remove_leftovers(folder: Path, names: str) -> None:
    """Remove unfinished files of dead writers, for names that match a pattern. Only the process that may write calls it."""
    for name in plain_files(folder, re.compile(rf"(?:{names})\.\d+\.tmp")):
        (folder / name).unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raise `OSError` or `ValueError` if it cannot be read or is not one of ours."""
    if not is_plain(path) or path.stat().st_size > _JSON_BYTES:
        raise ValueError(f"{path} is not a plain file of moderate size")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply") from error


def copy(source: Path, target: BinaryIO) -> int:
    """Copy a file and return the CRC-32 of the copied bytes. Raise `OSError` if that fails."""
    checksum = 0
    with source.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            checksum = zlib.crc32(block, checksum)
            target.write(block)
    return checksum


def crc32(path: Path) -> int:
    """Return the CRC-32 of a file. Raise `OSError` if it cannot be read."""
    with path.open("rb") as stream:
        return crc32_of(stream)


def crc32_of(stream: BinaryIO) -> int:
    """Return the CRC-32 of the rest of a stream."""
    checksum = 0
    while block := stream.read(_BLOCK_BYTES):
        checksum = zlib.crc32(block, checksum)
    return checksum
