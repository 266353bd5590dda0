"""An edit of the catalog: written beside the live rows, in as many small transactions as it takes, and published in one.

Whatever is killed before `publish` leaves the old state, and the vectors it paid for.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np

from qa.encoding.base import Matrix
from qa.encoding.tokens import packed_bytes
from qa.store.base import Calibration, Counts, FileState, Manifest, StoredArticle
from qa.store.catalog import Catalog
from qa.store.database import Database
from qa.store.indexes import Indexes
from qa.store.schema import ARTICLE, CHECKED, crc32, marks
from qa.store.snapshot import CALIBRATION, MANIFEST, manifest_of
from qa.types import Passage

_STAGED = "articles INDEXED BY articles_staged WHERE NOT live"
"""Without the hint SQLite reads all articles to find the few that are staged."""


class LocalEdit:
    """See `base.Edit`. Whatever an interrupted edit left staged is forgotten first; the vectors it paid for are kept."""

    def __init__(self, catalog: Catalog, build: Callable[[str], Indexes]) -> None:
        """Edit `catalog`; `build` brings the indexes to the generation that the current transaction sees."""
        self.manifest = manifest_of(catalog)
        self.built: Indexes | None = None
        self._build = build
        self._catalog = catalog
        self._database = catalog.database
        with self._database.transaction():
            self._note_garbage("NOT live")
            self._database.execute("DELETE FROM articles WHERE NOT live")

    def counts(self) -> Counts:
        """See `base.Edit`."""
        return self._catalog.counts()

    def known(self) -> Mapping[str, FileState]:
        """See `base.Edit`."""
        return self._catalog.known()

    def failures(self) -> Mapping[str, tuple[str, str]]:
        """See `base.Edit`."""
        return self._catalog.failures()

    # --- beside the live rows ----------------------------------------------------------------------------------------

    def stage(self, stored: StoredArticle, title_input: bytes, passages: Sequence[tuple[Passage, bytes]]) -> None:
        """See `base.Edit`."""
        article = stored.article
        row = (article.id, 0, stored.stamp, stored.sha256, article.body, article.title, article.date, article.source,
               article.url, json.dumps(article.tags), article.author, article.language, json.dumps(article.locators),
               json.dumps(article.notes), stored.reader, title_input, crc32(article.text))  # fmt: skip
        with self._database.transaction():
            key = self._database.execute(
                f"INSERT INTO articles ({ARTICLE}, crc32, text) VALUES ({marks(row)}, ?, ?)",
                (*row, crc32(*row), article.text),
            )
            columns = f"{CHECKED['passages'][1]}, crc32"
            self._database.execute_many(
                f"INSERT INTO passages ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_passage_row(key, passage, seen) for passage, seen in passages],
            )

    def drop_unfit(self, dimension: int) -> None:
        """See `base.Edit`."""
        titles = f"SELECT title_seen AS seen FROM {_STAGED}"
        texts = f"SELECT seen, sentence_count FROM passages WHERE article IN (SELECT key FROM {_STAGED})"
        vectors = (
            f"SELECT v.seen FROM vectors v JOIN ({texts}) p USING (seen) WHERE length(v.matrix) <> 4 * ? * p.sentence_count"
        )
        inputs = f"SELECT seen FROM ({texts}) UNION {titles}"
        tokens = f"SELECT t.seen FROM tokens t WHERE t.seen IN ({inputs}) AND length(t.packed) % ?"
        with self._database.transaction():
            self._database.execute(f"DELETE FROM vectors WHERE seen IN ({vectors})", (dimension,))
            self._database.execute(f"DELETE FROM tokens WHERE seen IN ({tokens})", (packed_bytes(dimension),))

    def missing_titles(self) -> Mapping[bytes, str]:
        """See `base.Edit`."""
        unkept = "NOT EXISTS (SELECT 1 FROM tokens t WHERE t.seen = title_seen)"
        return dict(self._database.rows("bs", f"SELECT title_seen, min(title) FROM {_STAGED} AND {unkept} GROUP BY 1"))

    def missing_passages(self) -> Mapping[int, bytes]:
        """See `base.Edit`."""
        # CROSS JOIN keeps SQLite from beginning with the passages, which are many.
        statement = (
            "SELECT min(p.key), p.seen FROM articles a INDEXED BY articles_staged CROSS JOIN passages p ON p.article = a.key"
            " WHERE NOT a.live AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.seen = p.seen) GROUP BY p.seen ORDER BY 1"
        )
        return dict(self._database.rows("ib", statement))

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """See `base.Edit`."""
        return self._catalog.passages(keys)

    def tokens_bytes(self) -> int:
        """See `base.Edit`."""
        ((total,),) = self._database.rows("i", "SELECT ifnull(sum(bytes), 0) FROM tokens")
        return int(total)

    def add(self, vectors: Iterable[tuple[bytes, Matrix]], tokens: Iterable[tuple[bytes, bytes]]) -> None:
        """See `base.Edit`."""
        matrices = [(seen, np.ascontiguousarray(matrix, dtype="<f4").tobytes()) for seen, matrix in vectors]
        packed = [(seen, len(content), content) for seen, content in tokens]
        with self._database.transaction():
            self._database.execute_many(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", [(*row, crc32(*row)) for row in matrices]
            )
            self._database.execute_many(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)", [(*row, crc32(*row)) for row in packed]
            )

    # --- the commit --------------------------------------------------------------------------------------------------

    def publish(
        self, manifest: Manifest, *, removed: Collection[str], restamped: Mapping[str, str],
        failures: Mapping[str, tuple[str, str]],
    ) -> None:  # fmt: skip
        """See `base.Edit`. The indexes are brought to the new state before others see it."""
        with self._publishing(manifest, removed) as generation:
            self._note_files(restamped, failures)
            self.built = self._build(generation)

    def note(self, *, restamped: Mapping[str, str], failures: Mapping[str, tuple[str, str]]) -> None:
        """See `base.Edit`. Indexes that are missing or damaged are built again."""
        if restamped or failures != self.failures():
            with self._database.transaction():
                self._note_files(restamped, failures)
        with self._database.transaction(write=False):
            if generation := self._catalog.generation:
                self.built = self._build(generation)

    @contextmanager
    def _publishing(self, manifest: Manifest, removed: Iterable[str]) -> Iterator[str]:
        """Make the staged articles live in place of their old versions, and drop those `removed`.

        Give the name of the new state, which this thread sees at once and all others when the block ends.
        """
        with self._database.transaction():
            for id in removed:
                self._note_garbage("live AND id = ?", id)
                self._database.execute("DELETE FROM articles WHERE live AND id = ?", (id,))
            replaced = "live AND id IN (SELECT id FROM articles WHERE NOT live)"
            self._note_garbage(replaced)
            self._database.execute(f"DELETE FROM articles WHERE {replaced}")
            self._database.execute(f"UPDATE articles SET live = 1, crc32 = {_renewed(live='1')} WHERE NOT live")
            drop_garbage(self._database)
            lineage = self._catalog.generation.partition(".")[0] or uuid.uuid4().hex
            # Not a number: the name of a state that never came to be must not be given to another.
            generation = f"{lineage}.{uuid.uuid4().hex}"
            for name, key in MANIFEST.items():
                _note(self._database, key, getattr(manifest, name))
            _note(self._database, "generation", generation)
            yield generation

    def _note_files(self, restamped: Mapping[str, str], failures: Mapping[str, tuple[str, str]]) -> None:
        """Write down new stamps of articles that are as they were, and the failures; for use within a transaction."""
        self._database.execute_many(
            f"UPDATE articles SET stamp = ?1, crc32 = {_renewed(stamp='?1')} WHERE live AND id = ?2",
            [(stamp, id) for id, stamp in restamped.items()],
        )
        self._database.execute("DELETE FROM failures")
        self._database.execute_many(
            "INSERT INTO failures VALUES (?, ?, ?, ?)",
            [(id, stamp, reason, crc32(id, stamp, reason)) for id, (stamp, reason) in failures.items()],
        )

    def _note_garbage(self, which: str, *values: str) -> None:
        """Write down the encoder inputs of some articles as candidates for garbage collection."""
        self._database.execute(
            "INSERT OR IGNORE INTO loosened"
            f" SELECT seen FROM passages WHERE article IN (SELECT key FROM articles WHERE {which})"
            f" UNION SELECT title_seen FROM articles WHERE {which}",
            (*values, *values),
        )


def note_calibration(database: Database, calibration: Calibration) -> None:
    """Keep what the confidence was fitted to."""
    with database.transaction():
        _note(database, CALIBRATION, json.dumps(asdict(calibration)))


def forget_vectors(database: Database) -> None:
    """Forget all vectors and tokens, so that a rebuild encodes everything again."""
    with database.transaction():
        database.execute("DELETE FROM vectors")
        database.execute("DELETE FROM tokens")


def compact(database: Database) -> None:
    """Drop vectors and tokens that no row uses, and give back the space that is not used."""
    with database.transaction():
        database.execute("INSERT OR IGNORE INTO loosened SELECT seen FROM vectors UNION SELECT seen FROM tokens")
        drop_garbage(database)
    database.compact()


def drop_garbage(database: Database) -> None:
    """Remove the vectors and tokens of the garbage candidates that no row uses any more."""
    unused = (
        "SELECT seen FROM loosened l WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.seen = l.seen)"
        " AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.title_seen = l.seen)"
    )
    database.execute(f"DELETE FROM vectors WHERE seen IN ({unused})")
    database.execute(f"DELETE FROM tokens WHERE seen IN ({unused})")
    database.execute("DELETE FROM loosened")


def _note(database: Database, key: str, value: str) -> None:
    database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, crc32(key, value)))


def _passage_row(article: int, passage: Passage, seen: bytes) -> tuple[object, ...]:
    sentences = np.array(passage.sentences, "<u4").tobytes()
    row = (article, *passage.span, seen, len(passage.sentences), sentences, passage.text, passage.lead)
    return (*row, crc32(*row))


def _renewed(**changed: str) -> str:
    """Return the expression for an article's checksum after some columns change; that of a damaged row stays wrong."""
    new = ", ".join(changed.get(column, column) for column in ARTICLE.split(", "))
    return f"CASE WHEN crc32 = crc32_of({ARTICLE}) THEN crc32_of({new}) ELSE crc32 END"
