"""The sentence vectors, searched by inner product. The only door to FAISS.

They are built from the catalog: the file carries the generation it was built from, and whoever finds it missing, stale or
damaged builds it again without the encoder. They serve to find candidates: numbers are kept in eight bits, a quarter of the
memory and the time, and candidates are then scored by the catalog's own vectors.

All vectors are compared while there are few. Of many, those in the lists whose centres are nearest (an inverted file,
Jégou, Douze and Schmid 2011): `PROBED` lists hold 98 of 100 of the nearest ten (benchmarks/RESULTS.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix, Vector
from qa.store import vectors_file
from qa.store.vectors_file import Fill, Head

MANY = 250_000
"""Vectors from which on they are kept in lists."""
PROBED = 64
"""Lists that a search looks into."""
SAMPLE_PER_LIST = 64
"""Vectors from which the centre of a list is found: FAISS's own advice is 39 to 256."""
LAG_FRACTION = 0.01
"""The vectors that a file may lack, which readers add to it when they open it."""
_GROWN = 4
"""Lists are built again when there are so many times the vectors they were made for."""
_RANGE = 5.0
"""Numbers of a unit vector are about 1 / root of the dimension; so many times that is the largest kept."""
_SIGNED = 128
"""What is added to a number to keep it in a byte."""
_BATCH = 4096
_EIGHT_BITS = faiss.ScalarQuantizer.QT_8bit_direct_signed


class Vectors:
    """Sentence vectors by the key of their passage."""

    def __init__(self, dimension: int, index: Any = None, generation: str = "") -> None:
        self.generation = generation
        self.unsaved: float = math.inf
        self.dimension = dimension
        self._index: Any = index if index is not None else _flat(dimension)
        self._sorted: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]] | None = None

    @classmethod
    def in_lists(cls, dimension: int, sample: Matrix, expected: int) -> Vectors:
        """Return an empty index of lists for `expected` vectors, of which `sample` is a part."""
        index: Any = _in_lists(dimension, lists_for(expected))
        index.cp.seed, index.cp.niter = 1, 10
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, SAMPLE_PER_LIST
        index.train(_scaled(sample))
        return cls(dimension, index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def lists(self) -> int:
        """How many lists there are; 0 if all vectors are compared."""
        return int(getattr(self._index, "nlist", 0))

    def suits(self, expected: int) -> bool:
        """Return True if the index is of the kind for `expected` vectors."""
        if expected < MANY:
            return not self.lists
        return bool(self.lists) and lists_for(expected) <= _GROWN * self.lists

    @property
    def worth_saving(self) -> bool:
        """Return True if the file should be written: a large one is not, for a few vectors that a reader adds by itself."""
        return self.unsaved > LAG_FRACTION * len(self) or (self.unsaved > 0 and len(self) < MANY)

    def keys(self) -> NDArray[np.int64]:
        """Return the keys of all passages, ascending."""
        if not self.lists:
            return _distinct(faiss.vector_to_array(self._index.id_map))
        held = self._index.invlists
        ids = [faiss.rev_swig_ptr(held.get_ids(n), held.list_size(n)) for n in range(self.lists) if held.list_size(n)]
        return _distinct(np.concatenate(ids)) if ids else np.empty(0, np.int64)

    def copy(self) -> Vectors:
        """Return an independent copy."""
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
            self._sorted = None
            keys = np.repeat([key for key, _ in passages], [len(matrix) for _, matrix in passages])
            self.unsaved += len(keys)
            self._index.add_with_ids(_scaled(np.concatenate([matrix for _, matrix in passages])), keys.astype(np.int64))

    def remove(self, keys: NDArray[np.int64]) -> None:
        """Remove the vectors of passages with these keys, if there are any."""
        if len(keys):
            self._sorted = None
            self.unsaved += self._index.remove_ids(np.ascontiguousarray(keys, np.int64))

    def search(self, question: Vector, count: int, only: NDArray[np.int64] | None = None) -> list[int]:
        """Return the keys of the `count` passages with the nearest sentences, best first; ties are broken by key.

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
        if self._sorted is None:
            flat: Any = faiss.downcast_index(self._index.index)
            codes = faiss.rev_swig_ptr(flat.codes.data(), len(self) * self.dimension).reshape(-1, self.dimension)
            ids = faiss.vector_to_array(self._index.id_map)
            order = np.argsort(ids, kind="stable")
            self._sorted = ids[order], order, codes
        return self._sorted

    def _parameters(self, only: NDArray[np.int64] | None) -> Any:
        within = {} if only is None else {"sel": faiss.IDSelectorBatch(np.ascontiguousarray(only, np.int64))}
        if not self.lists:
            return faiss.SearchParameters(**within) if within else None
        # A filter may leave little in the lists that are near.
        kind: Any = faiss.SearchParametersIVF
        return kind(nprobe=PROBED if only is None else self.lists, **within)

    def save(self, path: Path) -> None:
        """Write to `path` in one step: a reader finds the old file or the new one."""
        head = Head(self.generation, 0, self.dimension, len(self), self.lists)
        vectors_file.write(path, head, self._blocks())
        self.unsaved = 0

    def _blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the centres and sizes of the lists, if there are any, then the keys, then the numbers of all vectors."""
        if self.lists:
            yield self._index.quantizer.reconstruct_n(0, self.lists).astype("<f4")
            yield np.array([self._index.invlists.list_size(n) for n in range(self.lists)], "<i8")
        runs = list(_runs(self._index))
        for keys, _ in runs:
            yield keys.astype("<i8", copy=False)
        for _, codes in runs:
            yield codes

    @classmethod
    def load(cls, path: Path) -> Vectors | None:
        """Read the file at `path`; return None if there is none, or if it is not what `save` wrote.

        Raise `FolderError` if it is a link.
        """
        try:
            with vectors_file.reading(path) as (head, fill):
                index = _read_lists(head, fill) if head.lists else _read_flat(head, fill)
        except (OSError, ValueError, TypeError, RuntimeError):
            return None
        vectors = cls(head.dimension, index, head.generation)
        vectors.unsaved = 0
        return vectors


def _runs(index: Any) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Yield keys and numbers of the vectors, list by list, as views of the index's memory if it has them in one piece."""
    if not hasattr(index, "invlists"):
        count = int(index.ntotal)
        flat: Any = faiss.downcast_index(index.index)
        if count:
            yield faiss.vector_to_array(index.id_map), _view(flat.codes.data(), count * index.d)
        return
    held = index.invlists
    for n in range(index.nlist):
        if size := held.list_size(n):
            yield faiss.rev_swig_ptr(held.get_ids(n), size), _view(held.get_codes(n), size * index.d)


def _view(memory: Any, count: int) -> NDArray[np.uint8]:
    view: NDArray[np.uint8] = faiss.rev_swig_ptr(memory, count)
    return view


def _read_flat(head: Head, fill: Fill) -> Any:
    index: Any = _flat(head.dimension)
    keys = _keys(head.vectors, fill)
    if head.vectors:
        flat: Any = faiss.downcast_index(index.index)
        flat.codes.resize(head.vectors * head.dimension)
        fill(_view(flat.codes.data(), head.vectors * head.dimension))
        faiss.copy_array_to_vector(keys, index.id_map)
        flat.ntotal = index.ntotal = head.vectors
    return index


def _read_lists(head: Head, fill: Fill) -> Any:
    centres = np.empty((head.lists, head.dimension), "<f4")
    sizes = np.empty(head.lists, "<i8")
    fill(centres)
    fill(sizes)
    if not np.isfinite(centres).all() or (sizes < 0).any() or sum(sizes.tolist()) != head.vectors:
        raise ValueError("the lists make no sense")
    index: Any = _in_lists(head.dimension, head.lists)
    index.quantizer.add(centres)
    index.is_trained = True
    keys, ends = _keys(head.vectors, fill), np.cumsum(sizes)
    for n in np.flatnonzero(sizes).tolist():
        index.invlists.resize(n, int(sizes[n]))
        faiss.rev_swig_ptr(index.invlists.get_ids(n), int(sizes[n]))[:] = keys[ends[n] - sizes[n] : ends[n]]
        fill(_view(index.invlists.get_codes(n), int(sizes[n]) * head.dimension))
    index.ntotal = head.vectors
    return index


def _keys(count: int, fill: Fill) -> NDArray[np.int64]:
    keys = np.empty(count, "<i8")
    fill(keys)
    if count and keys.min() < 0:
        raise ValueError("a key makes no sense")
    return keys


def lists_for(vectors: int) -> int:
    """Return into how many lists so many vectors go: four times the root, to a power of two."""
    return int(2 ** round(math.log2(4 * math.sqrt(vectors))))


def _distinct(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    ids = np.sort(ids, kind="stable")  # They are mostly in order, which this kind makes use of.
    return ids[np.diff(ids, prepend=-1) > 0]


def _in_lists(dimension: int, lists: int) -> Any:
    centres: Any = faiss.IndexFlatIP(dimension)
    metric = faiss.METRIC_INNER_PRODUCT
    index: Any = faiss.IndexIVFScalarQuantizer(centres, dimension, lists, _EIGHT_BITS, metric, False)
    index.own_fields = True
    centres.this.disown()
    return index


def _flat(dimension: int) -> Any:
    return faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, _EIGHT_BITS, faiss.METRIC_INNER_PRODUCT))


def _scaled(vectors: Matrix) -> Matrix:
    """Scale so that the numbers of a unit vector fill the range of eight bits."""
    scale = np.float32(_scale(vectors.shape[1]))
    return np.asarray(np.clip(np.rint(vectors * scale), -127, 127), dtype=np.float32, order="C")


def _scale(dimension: int) -> float:
    return 127 * math.sqrt(dimension) / _RANGE
