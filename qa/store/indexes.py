"""The vector and lexical indexes, built from the catalog and brought in step with the generation that a transaction sees.

A reader does so in memory. Whoever holds the lock writes them to disk as well, before the catalog's new state is committed: a
reader that sees this state finds them ready, and none ever sees the one without the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa import files
from qa.errors import DamagedError
from qa.reading.passages import encoder_text
from qa.settings import Settings
from qa.store import lexical_files, lock
from qa.store.catalog import Catalog

if TYPE_CHECKING:  # FAISS and Tantivy are loaded when something is searched.
    from qa.store.lexical import Lexical
    from qa.store.vectors import Vectors

VECTORS, LEXICAL = "vectors.faiss", "lexical"
"""Where they lie in `embeddings`."""


class Indexes(NamedTuple):
    """The indexes of one generation."""

    generation: str
    vectors: Vectors
    lexical: Lexical


def remove_leftovers(embeddings: Path) -> None:
    """Remove the files that a writer was about to finish when it died."""
    files.remove_leftovers(embeddings, "|".join(map(re.escape, (VECTORS, *lock.FILES))))
    lexical_files.remove_leftovers(embeddings / LEXICAL)


def on_disk(embeddings: Path) -> str:
    """Return the generation that the indexes on disk were last brought to."""
    return lexical_files.state_of(embeddings / LEXICAL).generation


@dataclass(frozen=True, slots=True)
class Builder:
    """Brings indexes to the generation of `catalog` that the current transaction sees.

    With `write`, for the one who holds the lock, they are on disk as well when `indexes` returns.
    """

    catalog: Catalog
    embeddings: Path
    settings: Settings
    write: bool

    def indexes(self, generation: str, current: Indexes | None) -> Indexes:
        """Return the indexes of a generation, made from the `current` ones if there are any, which stay as they are."""
        vectors = self._vectors(generation, current.vectors if current else None)
        return Indexes(generation, vectors, self._lexical(generation, current.lexical if current else None))

    def _vectors(self, generation: str, current: Vectors | None) -> Vectors:
        """Return the sentence vectors of a generation: those in memory or on disk, brought up to it, or built again."""
        from qa.store.vectors import Vectors

        path, expected = self.embeddings / VECTORS, self.catalog.counts().sentences
        vectors = current if current and _same_catalog(current.generation, generation) else Vectors.load(path)
        if vectors is None or vectors.generation != generation or len(vectors) != expected:
            vectors = self._caught_up(vectors, generation, in_use=vectors is current)
        if len(vectors) != expected:  # What was there had others than the catalog.
            vectors = self._caught_up(None, generation, in_use=False)
        if self.write and (vectors.worth_saving or not path.exists()):
            vectors.save(path)
        return vectors

    def _caught_up(self, old: Vectors | None, generation: str, *, in_use: bool) -> Vectors:
        now, expected = self.catalog.keys(), self.catalog.counts().sentences
        # Keys mean the same only within one catalog.
        fits = old and _same_catalog(old.generation, generation) and old.dimension == self.catalog.dimension
        if not (old and fits and old.suits(expected)):
            vectors = self._empty_vectors(expected)
        elif in_use:
            vectors = old.copy()
        else:
            vectors = old
        removed, missing = _difference(vectors.keys(), now)
        vectors.remove(removed)
        if len(missing):
            wanted = frozenset(missing.tolist())
            vectors.add(each for each in self.catalog.vectors_from(int(missing[0])) if each[0] in wanted)
        vectors.generation = generation
        return vectors

    def _empty_vectors(self, expected: int) -> Vectors:
        from qa.store.vectors import MANY, SAMPLE_PER_LIST, Vectors, lists_for

        dimension = self.catalog.dimension
        if expected < MANY:
            return Vectors(dimension)
        every = max(1, expected // (lists_for(expected) * SAMPLE_PER_LIST))
        matrices = [matrix for _, matrix in self.catalog.vectors_from(0, every=every)]
        sample = np.concatenate([np.empty((0, dimension), np.float32), *matrices])
        if len(sample) < lists_for(expected):
            raise DamagedError("the catalog is damaged (it counts more sentences than it has): run 'qa sync --rebuild'")
        return Vectors.in_lists(dimension, sample, expected)

    def _lexical(self, generation: str, current: Lexical | None) -> Lexical:
        """Return the lexical index of a generation: that in memory or on disk, brought up to it, or built again."""
        if current and current.generation == generation and (current.on_disk or not self.write):
            return current
        lexical, expected = self._opened_lexical(), self.catalog.counts().passages
        if lexical and lexical.generation == generation and len(lexical) == expected:
            return lexical
        if not self.write or lexical is None or not _same_catalog(lexical.generation, generation):
            lexical = self._empty_lexical()
        now = self.catalog.keys()
        try:
            removed, missing = _difference(lexical.keys(), now)
        except DamagedError:  # Found out only when it is read.
            lexical = self._empty_lexical()
            removed, missing = _difference(lexical.keys(), now)
        rebuild = lexical.needs_rebuild(len(removed), len(now))
        lexical.update(map(int, removed), self._texts(now if rebuild else missing), generation, rebuild=rebuild)
        return lexical

    def _opened_lexical(self) -> Lexical | None:
        from qa.store.lexical import Lexical

        folder = self.embeddings / LEXICAL
        if not self.write and not folder.is_dir():
            return None
        try:
            return Lexical(folder, self.settings.language, self.settings.title_weight)
        except ValueError:
            return None

    def _empty_lexical(self) -> Lexical:
        from qa.store.lexical import Lexical

        folder = self.embeddings / LEXICAL if self.write else None
        return Lexical(folder, self.settings.language, self.settings.title_weight, fresh=True)

    def _texts(self, keys: NDArray[np.int64]) -> Iterator[tuple[int, str, str]]:
        return ((key, title, encoder_text(passage)) for key, title, passage in self.catalog.titled_passages(keys))


def _difference(old: NDArray[np.int64], new: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which keys went and which came, each ascending."""
    return np.setdiff1d(old, new, assume_unique=True), np.setdiff1d(new, old, assume_unique=True)


def _same_catalog(one: str, other: str) -> bool:
    return bool(one) and one.partition(".")[0] == other.partition(".")[0]
