"""Is an index on disk as it was written? Everything in it is read, down to the last row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qa.settings import Settings
from qa.store import derived
from qa.store.catalog import Catalog
from qa.store.lexical import Lexical
from qa.types import Finding

SPARE = 0.25
"""A catalog of which a larger fraction is empty is worth compacting."""


def check(catalog: Catalog, embeddings: Path, settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the catalog and of the indexes built from it."""
    broken = catalog.broken_structure()
    for words in broken:
        yield Finding("catalog", "problem", words, "run 'qa sync --rebuild'")
    if broken:
        return
    yield from _rows(catalog)
    generation, keys = catalog.generation, catalog.passage_keys().tolist()
    if generation:
        yield _vectors(embeddings / derived.VECTORS, generation, keys)
        yield _lexical(embeddings / derived.LEXICAL, settings, generation, keys)


def _rows(catalog: Catalog) -> Iterator[Finding]:
    for table, damaged in catalog.damaged_rows().items():
        words = f"{len(damaged):,} rows of {table} are not as they were written"
        yield Finding("catalog", "problem", words, "run 'qa sync --rebuild'")
    held = ", ".join(f"{count:,} {name}" for name, count in catalog.counts().items())
    yield Finding("catalog", "ok", f"{held}; every row compared with its checksum")
    if dead := catalog.dead_rows():
        yield Finding("catalog", "note", f"{dead:,} vectors belong to no passage", "run 'qa doctor --repair'")
    if (spare := catalog.spare_share()) > SPARE:
        yield Finding("catalog", "note", f"{spare:.0%} of the file is empty", "run 'qa doctor --repair'")


def _vectors(path: Path, generation: str, keys: list[int]) -> Finding:
    from qa.store.vectors import Vectors

    vectors = Vectors.load(path)
    if vectors is None:
        return Finding("vectors", "problem", "the file is missing or damaged", "run 'qa sync'")
    if vectors.generation == generation and vectors.keys().tolist() != keys:
        return Finding("vectors", "problem", "they are not those of the passages", "run 'qa doctor --repair'")
    lag = "" if vectors.generation == generation else "; some are added when it is opened"
    return Finding("vectors", "ok", f"{len(vectors):,} of sentences, of the current state{lag}")


def _lexical(folder: Path, settings: Settings, generation: str, keys: list[int]) -> Finding:
    try:
        words = Lexical(folder, settings.language, settings.title_weight)
    except ValueError as error:
        return Finding("words", "problem", f"the files are damaged: {error}", "run 'qa sync'")
    if words.generation != generation or words.keys().tolist() != keys:
        return Finding("words", "problem", "they are not those of the passages", "run 'qa sync'")
    return Finding("words", "ok", f"of {len(words):,} passages, of the current state")
