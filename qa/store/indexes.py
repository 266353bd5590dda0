"""The indexes derived from the catalog, brought in step with the generation that the current transaction sees.

A reader does so in memory. Whoever holds the library's lock writes them to disk as well, before the catalog's new state is
committed: a reader that sees this finds them ready, and none ever sees the one without the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qa import files
from qa.errors import DamagedError
from qa.reading.passages import encoder_text
from qa.settings import Settings
from qa.store.catalog import Catalog
from qa.store.lock import FILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.store.lexical import Lexical
    from qa.store.vectors import Vectors

VECTORS, LEXICAL = "vectors.faiss", "lexical"
"""Where they lie in `embeddings`."""


def indexes(
    catalog: Catalog, generation: str, embeddings: Path, held: Indexes | None, settings: Settings, *, write: bool
) -> Indexes:
    """Return the indexes of the state that the current transaction sees; what is `held` is left as it is.

    With `write`, for the one who holds the library's lock, they are on disk as well when this returns.
    """
    vectors = _vectors(catalog, generation, embeddings / VECTORS, held.vectors if held else None, write=write)
    lexical = _lexical(catalog, generation, embeddings / LEXICAL, held.lexical if held else None, settings, write=write)
    return Indexes(generation, catalog, vectors, lexical)


def remove_leftovers(embeddings: Path) -> None:
    """Remove the files that a writer was about to finish when it died."""
    from qa.store import lexical

    files.remove_leftovers(embeddings, "|".join(map(re.escape, (VECTORS, *FILES))))
    lexical.remove_leftovers(embeddings / LEXICAL)


def on_disk(embeddings: Path) -> str:
    """Return the generation that the indexes on disk were last brought to."""
    from qa.store.lexical import state_of

    return state_of(embeddings / LEXICAL).generation


def _vectors(catalog: Catalog, generation: str, path: Path, held: Vectors | None, *, write: bool) -> Vectors:
    """Return the sentence vectors of the catalog's generation, from what is held in memory, from disk, or made anew."""
    from qa.store.vectors import Vectors

    found = held if held and _same_catalog(held.generation, generation) else Vectors.load(path)
    expected = catalog.counts()["sentences"]
    if found is None or found.generation != generation or len(found) != expected:
        found = _caught_up(catalog, found, generation, in_use=found is held)
    if len(found) != expected:  # What was there had others than the catalog.
        found = _caught_up(catalog, None, generation, in_use=False)
    if write and (found.worth_saving or not path.exists()):
        found.save(path)
    return found


def _caught_up(catalog: Catalog, old: Vectors | None, generation: str, *, in_use: bool) -> Vectors:
    from qa.store.vectors import MANY, SAMPLE_PER_LIST, Vectors, lists_for

    now, expected = catalog.passage_keys(), catalog.counts()["sentences"]
    # Keys mean the same only within one catalog.
    fits = old and _same_catalog(old.generation, generation) and old.dimension == catalog.dimension
    if old and fits and old.suits(expected):
        found = old.copy() if in_use else old
    elif expected < MANY:
        found = Vectors(catalog.dimension)
    else:
        share = max(1, expected // (lists_for(expected) * SAMPLE_PER_LIST))
        sample = np.concatenate(
            [np.empty((0, catalog.dimension), np.float32), *(matrix for _, matrix in catalog.vectors_from(0, every=share))]
        )
        if len(sample) < lists_for(expected):
            raise DamagedError("the catalog is damaged (it counts more sentences than it has): run 'qa sync --rebuild'")
        found = Vectors.in_lists(catalog.dimension, sample, expected)
    removed, missing = _difference(found.keys(), now)
    found.remove(removed)
    if len(missing):
        wanted = frozenset(missing.tolist())
        found.add(each for each in catalog.vectors_from(int(missing[0])) if each[0] in wanted)
    found.generation = generation
    return found


def _lexical(
    catalog: Catalog, generation: str, folder: Path, held: Lexical | None, settings: Settings, *, write: bool
) -> Lexical:
    """Return the words of the catalog's generation, from what is held in memory, from disk, or made anew."""
    if held and held.generation == generation and (held.on_disk or not write):
        return held
    found, expected = _opened(folder, settings, write=write), catalog.counts()["passages"]
    if found and found.generation == generation and len(found) == expected:
        return found
    if not write:
        found = _empty(None, settings)
    elif found is None or not _same_catalog(found.generation, generation):
        found = _empty(folder, settings)
    now = catalog.passage_keys()
    try:
        removed, missing = _difference(found.keys(), now)
    except DamagedError:  # Found out only when it is read.
        found = _empty(folder, settings)
        removed, missing = _difference(found.keys(), now)
    rebuild = found.needs_rebuild(len(removed), len(now))
    found.update(map(int, removed), _texts(catalog, now if rebuild else missing), generation, rebuild=rebuild)
    return found


def _opened(folder: Path, settings: Settings, *, write: bool) -> Lexical | None:
    from qa.store.lexical import Lexical

    if not write and not folder.is_dir():
        return None
    try:
        return Lexical(folder, settings.language, settings.title_weight)
    except ValueError:
        return None


def _empty(folder: Path | None, settings: Settings) -> Lexical:
    from qa.store.lexical import Lexical

    return Lexical(folder, settings.language, settings.title_weight, fresh=True)


def _texts(catalog: Catalog, keys: NDArray[np.int64]) -> Iterator[tuple[int, str, str]]:
    return ((key, title, encoder_text(passage)) for key, title, passage in catalog.titled_passages(keys))


def _difference(old: NDArray[np.int64], new: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which keys went and which came, each ascending."""
    return np.setdiff1d(old, new, assume_unique=True), np.setdiff1d(new, old, assume_unique=True)


def _same_catalog(one: str, other: str) -> bool:
    return bool(one) and one.partition(".")[0] == other.partition(".")[0]


class Indexes(NamedTuple):
    """The catalog and what is derived from it, all of one generation."""

    generation: str
    catalog: Catalog
    vectors: Vectors
    lexical: Lexical
