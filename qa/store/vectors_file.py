"""The file of the sentence vectors: a head that says how many there are, a checksum of all that follows, and plain arrays.

FAISS's own form of a file is not read: FAISS trusts what it finds there.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa import files

MAGIC = b"qa-vectors-4"
HEAD_BYTES = 256
LONGEST = 1 << 16
"""More than the numbers of any vector."""

Fill = Callable[[NDArray[Any]], None]
"""Reads the next bytes of a file into an array. Raises `ValueError` if the file has become shorter."""


class Head(NamedTuple):
    """How a file begins: with the generation it belongs to, a checksum of all that follows, and how much that is."""

    generation: str
    crc32: int
    dimension: int
    vectors: int
    lists: int

    @property
    def file_bytes(self) -> int:
        """The length of the whole file."""
        return HEAD_BYTES + self.lists * (4 * self.dimension + 8) + self.vectors * (8 + self.dimension)


def write(path: Path, head: Head, blocks: Iterable[NDArray[Any]]) -> None:
    """Write a file in one step: a reader finds the old file or the new one. The checksum in `head` is replaced."""
    checksum = 0
    with files.writing(path) as stream:
        stream.write(b" " * HEAD_BYTES)
        for block in blocks:
            content = _bytes(np.ascontiguousarray(block))
            checksum = zlib.crc32(content, checksum)
            stream.write(content)
        stream.seek(0)
        stream.write(MAGIC + json.dumps(head._replace(crc32=checksum)._asdict()).encode())


@contextmanager
def reading(path: Path) -> Iterator[tuple[Head, Fill]]:
    """Open a file that is as it was written: give its head, and a function that reads the arrays one after another.

    Raise `ValueError` if it is not, `OSError` if it cannot be read, `FolderError` if it is a link.
    """
    files.check_own(path.parent, [path.name])
    with path.open("rb") as stream:
        head = _head(stream.read(HEAD_BYTES))
        # Memory is taken only for what is there; and the file is read twice rather than kept twice in memory.
        if os.fstat(stream.fileno()).st_size != head.file_bytes or files.crc32_of(stream) != head.crc32:
            raise ValueError("the file is not as it was written")
        stream.seek(HEAD_BYTES)
        yield head, lambda target: _fill(stream, target)


def _head(content: bytes) -> Head:
    if not content.startswith(MAGIC):
        raise ValueError("not a file of ours")
    head = Head(**json.loads(content[len(MAGIC) :]))
    if not isinstance(head.generation, str) or any(type(number) is not int or number < 0 for number in head[1:]):
        raise ValueError("the head makes no sense")
    if head.dimension > LONGEST:
        raise ValueError("the head makes no sense")
    return head


def _fill(stream: BinaryIO, target: NDArray[Any]) -> None:
    source: Any = stream
    if target.size and source.readinto(_bytes(target)) != target.nbytes:
        raise ValueError("the file ends early")


def _bytes(array: NDArray[Any]) -> memoryview:
    """Return the memory of an array, not a copy."""
    flat: Any = array.reshape(-1).view(np.uint8)
    return memoryview(flat)
