"""Is an index on disk as it was written? Everything in it is read, down to the last row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa.settings import Settings
from qa.store.catalog import Catalog
from qa.store.database import Database
from qa.store.indexes import LEXICAL, VECTORS
from qa.store.schema import CHECKED, TYPES, crc32, makes_sense
from qa.types import Finding

SPARE = 0.25
"""A catalog of which a larger fraction is empty is worth compacting."""
_MOST_KEYS = 1 << 53
"""More keys than are ever given: what is larger has no exact place among JavaScript's and NumPy's floats either."""
_NAMES = {"meta": "key", "articles": "id", "passages": "article", "vectors": "seen", "tokens": "seen", "failures": "id"}
"""The column that names a row in a finding."""
_REBUILD = "run 'qa sync --rebuild'"
_REPAIR = "run 'qa doctor --repair'"


def check(catalog: Catalog, embeddings: Path, settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the catalog and of the indexes built from it."""
    broken = broken_structure(catalog.database)
    for reason in broken:
        yield Finding("catalog", "problem", reason, _REBUILD)
    if broken:
        return
    yield from _rows(catalog)
    generation, keys = catalog.generation, catalog.keys().tolist()
    if generation:
        yield _vectors(embeddings / VECTORS, generation, keys)
        yield _lexical(embeddings / LEXICAL, settings, generation, keys)


def _rows(catalog: Catalog) -> Iterator[Finding]:
    for table, damaged in damaged_rows(catalog).items():
        yield Finding("catalog", "problem", f"{len(damaged):,} rows of {table} are not as they were written", _REBUILD)
    counts = ", ".join(f"{count:,} {name}" for name, count in catalog.counts()._asdict().items())
    yield Finding("catalog", "ok", f"{counts}; every row compared with its checksum")
    if dead := unused_vectors(catalog.database):
        yield Finding("catalog", "note", f"{dead:,} vectors belong to no passage", _REPAIR)
    if (spare := catalog.database.spare_fraction()) > SPARE:
        yield Finding("catalog", "note", f"{spare:.0%} of the file is empty", _REPAIR)


def _vectors(path: Path, generation: str, keys: list[int]) -> Finding:
    from qa.store.vectors import Vectors

    vectors = Vectors.load(path)
    if vectors is None:
        return Finding("vectors", "problem", "the file is missing or damaged", "run 'qa sync'")
    if vectors.generation == generation and vectors.keys().tolist() != keys:
        return Finding("vectors", "problem", "they are not those of the passages", _REPAIR)
    lag = "" if vectors.generation == generation else "; some are added when it is opened"
    return Finding("vectors", "ok", f"{len(vectors):,} of sentences, of the current state{lag}")


def _lexical(folder: Path, settings: Settings, generation: str, keys: list[int]) -> Finding:
    from qa.store.lexical import Lexical

    try:
        lexical = Lexical(folder, settings.language, settings.title_weight)
    except ValueError as error:
        return Finding("words", "problem", f"the files are damaged: {error}", "run 'qa sync'")
    if lexical.generation != generation or lexical.keys().tolist() != keys:
        return Finding("words", "problem", "they are not those of the passages", "run 'qa sync'")
    return Finding("words", "ok", f"of {len(lexical):,} passages, of the current state")


# --- the catalog ---------------------------------------------------------------------------------------------------------


def is_damaged(catalog: Catalog) -> bool:
    """Return True if something in the catalog is not as it was written. Raise `DamagedError` if it cannot even be read."""
    return bool(broken_structure(catalog.database) or damaged_rows(catalog))


def broken_structure(database: Database) -> list[str]:
    """Let SQLite check the whole file; return in words what is broken."""
    if broken := database.broken_structure():
        return broken
    # There is room for more keys: they are counted up, and none is given twice.
    keys = "SELECT key FROM articles UNION ALL SELECT key FROM passages UNION ALL SELECT seq FROM sqlite_sequence"
    ((lowest, highest),) = database.untyped_rows(f"SELECT ifnull(min(key), 1), ifnull(max(key), 1) FROM ({keys})")
    sound = type(lowest) is type(highest) is int and 0 <= lowest <= highest < _MOST_KEYS
    return [] if sound else ["keys are beyond what is counted"]


def damaged_rows(catalog: Catalog) -> dict[str, list[Any]]:
    """Read every row; return for each table the names of those that are not as they were written."""
    return {table: damaged for table in CHECKED if (damaged := _damaged(catalog, table))}


def _damaged(catalog: Catalog, table: str) -> list[Any]:
    letters, columns = CHECKED[table]
    types = [TYPES[letter] for letter in letters]
    text = ", text" if table == "articles" else ""
    damaged = []
    rows = catalog.database.untyped_rows(f"SELECT {_NAMES[table]}, crc32, {columns}{text} FROM {table}")
    for name, checksum, *values in rows:
        checked = values[: len(types)]
        if list(map(type, checked)) != types or crc32(*checked) != checksum or not makes_sense(table, values):
            damaged.append(name)
    if table == "passages":  # Those without vectors, or with those of another passage, are as good as damaged.
        lost = (
            "SELECT article FROM passages p LEFT JOIN vectors v USING (seen)"
            " WHERE ifnull(length(v.matrix), -1) <> 4 * p.sentence_count * ?"
        )
        damaged += [article for (article,) in catalog.database.untyped_rows(lost, (catalog.dimension,))]
    return damaged


def drop_damaged(catalog: Catalog) -> None:
    """Forget damaged rows that a rebuild makes again: all but articles and passages, which it replaces."""
    with catalog.database.transaction():
        for table in ("vectors", "tokens", "meta", "failures"):
            names = [(name,) for name in _damaged(catalog, table)]
            catalog.database.execute_many(f"DELETE FROM {table} WHERE {_NAMES[table]} IS ?", names)


def unused_vectors(database: Database) -> int:
    """Count the vectors that no passage uses: at most what an interrupted sync left behind."""
    unused = "SELECT count(*) FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.seen = v.seen)"
    ((count,),) = database.rows("i", unused)
    return int(count)
