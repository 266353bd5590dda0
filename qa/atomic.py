"""A file written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


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
