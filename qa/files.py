"""Files written whole or not at all, and their checksums."""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_BLOCK_BYTES = 1 << 20


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content becomes the file at `path` in one step, when the block ends without an error.

    A reader finds the old file or the new one, also after a power cut.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
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


def write_new(path: Path, content: bytes) -> None:
    """Write a file in one step where there is nothing yet, not even a link. Raise `FileExistsError` where there is.

    Until then it has a hidden name.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)  # Unlike a rename, never takes the place of another file.
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what was being written when a writer died: for the one who may write here now."""
    for path in (*folder.glob("*.tmp"), *folder.glob(".tmp*")):
        path.unlink(missing_ok=True)


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
