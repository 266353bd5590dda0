"""One writer at a time. The only door to filelock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from qa.atomic import check_own, write_atomically
from qa.errors import FolderError, LockedError

FILES = ("writer.lock", "writer.txt")
"""The lock of an index, and who holds it: names in its folder."""


@contextmanager
def writing(embeddings: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock on an index, among threads and processes. The lock of a process that died is free.

    Raise `LockedError` with the name of who holds it, `FolderError` where nothing can be written.
    """
    check_own(embeddings, FILES)
    lock, writer = FileLock(embeddings / FILES[0], thread_local=False), embeddings / FILES[1]
    try:
        lock.acquire(timeout=patience_s)
    except Timeout as error:
        raise LockedError(f"{_named(writer)} is writing to {embeddings}/ (waited {patience_s:g} s): try again later") from error
    except OSError as error:
        raise FolderError(f"{embeddings}/ cannot be written: {error.strerror or error}") from error
    try:
        with suppress(OSError):
            since = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"
            write_atomically(writer, f"process {os.getpid()}, since {since}\n".encode())
        yield
    finally:
        lock.release()


@contextmanager
def alone(lock: Path, patience_s: float) -> Iterator[bool]:
    """Hold another lock, and give whether it was had in time; where none can be made, do without."""
    held = FileLock(lock, thread_local=False)
    try:
        held.acquire(timeout=patience_s)
        had = True
    except (Timeout, OSError):
        had = False
    try:
        yield had
    finally:
        held.release()


def _named(writer: Path) -> str:
    """Return in words who holds the lock, from what that process wrote down."""
    try:
        known = re.fullmatch(r"process \d+, since [\d: -]+", writer.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        known = None
    return f"another process ({known.group()})" if known else "another process"
