"""The sentence vectors, searched by inner product. The only door to FAISS.

Derived from the catalog: the file carries the generation it was built from, and whoever finds it missing, stale or
damaged builds it again without the encoder. It serves to find candidates: numbers are kept in eight bits, a quarter of the
memory and the time, and what is found is then scored by the catalog's own vectors.

All vectors are compared while there are few. Of many, those in the lists whose centres are nearest (an inverted file,
Jégou, Douze and Schmid 2011): `PROBED` of them find 98 of 100 of the nearest ten (benchmarks/RESULTS.md).
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from qa import files

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.encoding.base import Matrix, Vector

MANY = 250_000
"""Vectors from which on they are kept in lists."""
PROBED = 64
"""Lists that a search looks into."""
SAMPLE_PER_LIST = 64
LAG_SHARE = 0.01
_GROWN = 4
"""Lists are made anew when there are so many times the vectors they were made for."""
_RANGE = 5.0  # Numbers of a unit vector are about 1 / root of the dimension; so many times that is the largest kept.
_SIGNED = 128  # What is added to a number to be kept in a byte.
_BATCH = 4096
_streams: Any = faiss  # Made at import, which a type checker does not see.
_EIGHT_BITS = faiss.ScalarQuantizer.QT_8bit_direct_signed
_MAGIC = b"qa-vectors-3"
_HEAD_BYTES = 256


class Vectors:
    """Sentence vectors by the key of their passage."""

    def __init__(self, dimension: int, index: Any = None, generation: str = "") -> None:
        self.generation = generation
        self.unsaved: float = math.inf
        self.dimension = dimension
        self._index: Any = index if index is not None else _flat(dimension)
        self._seen: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]] | None = None

    @classmethod
    def in_lists(cls, dimension: int, sample: Matrix, expected: int) -> Vectors:
        """Return an empty index of lists for `expected` vectors, of which `sample` is a part."""
        centres: Any = faiss.IndexFlatIP(dimension)
        metric, lists = faiss.METRIC_INNER_PRODUCT, lists_for(expected)
        index: Any = faiss.IndexIVFScalarQuantizer(centres, dimension, lists, _EIGHT_BITS, metric, False)
        index.own_fields = True
        centres.this.disown()
        index.cp.seed, index.cp.niter = 1, 10
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, SAMPLE_PER_LIST
        index.train(_scaled(sample))
        return cls(dimension, index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def lists(self) -> int:
        """How many lists there are; 0 where all vectors are compared."""
        return int(getattr(self._index, "nlist", 0))

    def suits(self, expected: int) -> bool:
        """Return True if the index is of the kind for `expected` vectors."""
        if expected < MANY:
            return not self.lists
        return bool(self.lists) and lists_for(expected) <= _GROWN * self.lists

    @property
    def worth_saving(self) -> bool:
        """Return True if to write the file: a large one is not written for a few vectors, which a reader adds by itself."""
        return self.unsaved > LAG_SHARE * len(self) or (self.unsaved > 0 and len(self) < MANY)

    def keys(self) -> NDArray[np.int64]:
        """Return the keys of all passages, ascending."""
        if not self.lists:
            return _distinct(faiss.vector_to_array(self._index.id_map))
        held = self._index.invlists
        ids = [faiss.rev_swig_ptr(held.get_ids(n), held.list_size(n)) for n in range(self.lists) if held.list_size(n)]
        return _distinct(np.concatenate(ids)) if ids else np.empty(0, np.int64)

    def copy(self) -> Vectors:
        """Return another that changes without this one."""
        copy = Vectors(self.dimension, faiss.clone_index(self._index), self.generation)
        copy.unsaved = self.unsaved
        return copy

    def add(self, passages: Iterable[tuple[int, Matrix]]) -> None:
        """Add the sentence vectors of passages, under keys that are not in use."""
        waiting: list[tuple[int, Matrix]] = []
        for each in passages:
            waiting.append(each)
            if len(waiting) == _BATCH:
                self._add(waiting)
                waiting = []
        self._add(waiting)

    def _add(self, passages: Sequence[tuple[int, Matrix]]) -> None:
        if passages:
            self._seen = None
            keys = np.repeat([key for key, _ in passages], [len(matrix) for _, matrix in passages])
            self.unsaved += len(keys)
            self._index.add_with_ids(_scaled(np.concatenate([matrix for _, matrix in passages])), keys.astype(np.int64))

    def remove(self, keys: NDArray[np.int64]) -> None:
        """Remove the vectors of passages with these keys, where there are any."""
        if len(keys):
            self._seen = None
            self.unsaved += self._index.remove_ids(np.ascontiguousarray(keys, np.int64))

    def search(self, question: Vector, count: int, only: NDArray[np.int64] | None = None) -> list[int]:
        """Return the keys of the `count` passages with the nearest sentences, best first; of equals, the lowest key first.

        With `only`, of the passages with these keys.
        """
        if only is not None and not len(only):
            return []
        faiss.omp_set_num_threads(1)  # For this thread: several would wait for each other longer than the search takes.
        scaled, parameters = _scaled(question[None]), self._parameters(only)
        depth, found = 0, list[int]()
        while len(found) < count and depth < len(self):
            depth = min(len(self), max(4 * count, 2 * depth))
            scores, keys = self._index.search(scaled, depth, params=parameters)
            here = keys[0] >= 0
            order = np.lexsort((keys[0][here], -scores[0][here]))
            found = list(dict.fromkeys(keys[0][here][order].tolist()))
            if not here.all():
                break
        return found[:count]

    def cosines(self, question: Vector, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the cosines of each passage's sentences, to about three places; only where all vectors are compared.

        What comes out for a passage does not depend on the others: products of whole numbers are exact here.
        """
        ids, order, codes = self._rows
        first, last = np.searchsorted(ids, keys, "left"), np.searchsorted(ids, keys, "right")
        counts = last - first
        ends = np.cumsum(counts)
        rows = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + counts, counts)
        found = (codes[order[rows]].astype(np.float32) - _SIGNED) @ _scaled(question[None])[0] / _scale(self.dimension) ** 2
        found = np.minimum(found, 1, dtype=np.float32)
        return {key: found[end - n : end] for key, end, n in zip(keys, ends, counts, strict=True) if n}

    @property
    def _rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
        """The keys of the vectors, ascending, the row of each, and the numbers of each row, as the index holds them."""
        if self._seen is None:
            flat: Any = faiss.downcast_index(self._index.index)
            codes = faiss.rev_swig_ptr(flat.codes.data(), len(self) * self.dimension).reshape(-1, self.dimension)
            ids = faiss.vector_to_array(self._index.id_map)
            order = np.argsort(ids, kind="stable")
            self._seen = ids[order], order, codes
        return self._seen

    def _parameters(self, only: NDArray[np.int64] | None) -> Any:
        within = {} if only is None else {"sel": faiss.IDSelectorBatch(np.ascontiguousarray(only, np.int64))}
        if not self.lists:
            return faiss.SearchParameters(**within) if within else None
        # A filter may leave little in the lists that are near.
        kind: Any = faiss.SearchParametersIVF
        return kind(nprobe=PROBED if only is None else self.lists, **within)

    def save(self, path: Path) -> None:
        """Write to `path` in one step: a reader finds the old file or the new one."""
        checksum = 0
        with files.writing(path) as stream:

            def write(block: bytes) -> int:
                nonlocal checksum
                checksum = zlib.crc32(block, checksum)
                return stream.write(block)

            stream.write(b" " * _HEAD_BYTES)
            # Through a stream: FAISS itself cannot open every path on Windows. Block by block: a copy may not fit in memory.
            writer: Any = _streams.PyCallbackIOWriter(write)
            faiss.write_index(self._index, writer)
            del writer  # Only now is the last block written.
            head = {"generation": self.generation, "crc32": checksum}
            stream.seek(0)
            stream.write(_MAGIC + json.dumps(head).encode())
        self.unsaved = 0

    @classmethod
    def load(cls, path: Path) -> Vectors | None:
        """Read the file at `path`; None when there is none, or when it is not what `save` wrote."""
        try:
            with path.open("rb") as stream:
                head = stream.read(_HEAD_BYTES)
                if not head.startswith(_MAGIC):
                    return None
                facts = json.loads(head[len(_MAGIC) :])
                # Read twice rather than kept twice in memory.
                if files.crc32_of(stream) != facts["crc32"]:
                    return None
                stream.seek(_HEAD_BYTES)
                reader: Any = _streams.PyCallbackIOReader(stream.read)
                index = faiss.read_index(reader)
            found = cls(index.d, index, str(facts["generation"]))
            found.unsaved = 0
            return found
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None


def lists_for(vectors: int) -> int:
    """Return into how many lists so many vectors go: four times the root, to a power of two."""
    return int(2 ** round(math.log2(4 * math.sqrt(vectors))))


def _distinct(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    ids = np.sort(ids, kind="stable")  # They are mostly in order, which this kind makes use of.
    return ids[np.diff(ids, prepend=-1) > 0]


def _flat(dimension: int) -> Any:
    return faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, _EIGHT_BITS, faiss.METRIC_INNER_PRODUCT))


def _scaled(vectors: Matrix) -> Matrix:
    """Scale so that the numbers of a unit vector fill the range of eight bits."""
    scale = np.float32(_scale(vectors.shape[1]))
    return np.asarray(np.clip(np.rint(vectors * scale), -127, 127), dtype=np.float32, order="C")


def _scale(dimension: int) -> float:
    return 127 * math.sqrt(dimension) / _RANGE
