"""Files written whole or not at all, and their checksums."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

_BLOCK_BYTES = 1 << 20


def write_atomically(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file in one step: a reader finds the old one or the new one, also after a power cut."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what was being written when a writer died: for the one who may write here now."""
    for path in (*folder.glob("*.tmp"), *folder.glob(".tmp*")):
        path.unlink(missing_ok=True)


def crc32(path: Path) -> int:
    """Return the CRC-32 of a file. Raise `OSError` when it cannot be read."""
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            checksum = zlib.crc32(block, checksum)
    return checksum
