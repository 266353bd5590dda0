"""The sentence vectors, searched by inner product. The only door to FAISS.

Derived from the catalog: the file carries the generation it was built from, and whoever finds it missing, stale or
damaged builds it again without the encoder.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.schema import Matrix, Vector

_MAGIC = b"qa-vectors-1"


class Vectors:
    """Vectors by key. `search` is exact: all are compared."""

    def __init__(self, dimension: int, index: faiss.Index | None = None, generation: str = "") -> None:
        self.generation = generation
        self.on_disk = False
        self._index: Any = index if index is not None else faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._index.d)

    def keys(self) -> NDArray[np.int64]:
        """Return all keys, ascending."""
        return np.sort(faiss.vector_to_array(self._index.id_map))

    def copy(self) -> Vectors:
        """Return another that changes without this one."""
        return Vectors(self.dimension, faiss.clone_index(self._index), self.generation)

    def add(self, keys: NDArray[np.int64], vectors: Matrix) -> None:
        """Add vectors, shape (rows, dimension), under keys that are not in use."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(keys, np.int64))

    def remove(self, keys: NDArray[np.int64]) -> None:
        """Remove the vectors with these keys, where there are any."""
        if len(keys):
            self._index.remove_ids(np.ascontiguousarray(keys, np.int64))

    def search(self, question: Vector, k: int, only: NDArray[np.int64] | None = None) -> list[tuple[int, float]]:
        """Return the keys and inner products of the `k` nearest, best first; of equals, the lowest key first.

        With `only`, of the vectors with these keys.
        """
        k = min(k, len(self) if only is None else len(only))
        if k == 0:
            return []
        within = None if only is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(only))  # type: ignore[call-arg]
        scores, keys = self._index.search(np.ascontiguousarray(question[None], np.float32), k, params=within)
        found = [(int(key), float(score)) for key, score in zip(keys[0], scores[0], strict=True) if key >= 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def save(self, path: Path) -> None:
        """Write to `path` in one step: a reader finds the old file or the new one."""
        # Through bytes: FAISS itself cannot open every path on Windows.
        body = faiss.serialize_index(self._index).tobytes()
        head = {"generation": self.generation, "crc32": zlib.crc32(body), "bytes": len(body)}
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as stream:
                stream.write(_MAGIC + json.dumps(head).encode() + b"\n" + body)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
            self.on_disk = True
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Vectors | None:
        """Read the file at `path`; None when there is none, or when it is not what `save` wrote."""
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            if not head.startswith(_MAGIC):
                return None
            facts = json.loads(head[len(_MAGIC) :])
            if len(body) != facts["bytes"] or zlib.crc32(body) != facts["crc32"]:
                return None
            index = faiss.deserialize_index(np.frombuffer(body, np.uint8))
            found = cls(index.d, index, str(facts["generation"]))
            found.on_disk = True
            return found
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
