"""One writer at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from qa.errors import FolderError, LockedError
from qa.files import check_own, locked, write_atomically

FILES = ("writer.lock", "writer.txt")
"""The lock of an index, and who holds it: names in its folder."""


@contextmanager
def writing(embeddings: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock on an index, among threads and processes. The lock of a process that died is free.

    Raise `LockedError` with the name of who holds it, `FolderError` if nothing can be written.
    """
    check_own(embeddings, FILES)
    writer = embeddings / FILES[1]
    with ExitStack() as held:
        try:
            held.enter_context(locked(embeddings / FILES[0], patience_s))
        except TimeoutError as error:
            waited = f"(waited {patience_s:g} s): try again later"
            raise LockedError(f"{_named(writer)} is writing to {embeddings}/ {waited}") from error
        except OSError as error:
            raise FolderError(f"{embeddings}/ cannot be written: {error.strerror or error}") from error
        with suppress(OSError):
            since = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"
            write_atomically(writer, f"process {os.getpid()}, since {since}\n".encode())
        yield


def _named(writer: Path) -> str:
    """Return in words who holds the lock, from what that process wrote down."""
    try:
        known = re.fullmatch(r"process \d+, since [\d: -]+", writer.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        known = None
    return f"another process ({known.group()})" if known else "another process"
