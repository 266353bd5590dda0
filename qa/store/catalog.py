"""The truth about the index, in SQLite: articles, passages, and the vectors of what the encoder saw.

An edit is written beside the live rows first (`live = 0`), in as many small transactions as it takes, and becomes
visible in one: `publishing`. Whatever is killed before that leaves the old state, and the vectors it paid for.
Vectors are keyed by what the encoder saw, so that text that moves or comes back is not encoded again.

Every row that holds what was read or encoded carries its CRC-32, compared whenever the row is read: SQLite itself notices
a damaged page only where its structure suffers.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from qa.errors import DamagedError, FolderError
from qa.store.base import StoredArticle
from qa.text.span import Span
from qa.types import Article, Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.encoding.base import Matrix

FORMAT = 3
"""Raised when the tables change; an older catalog is then built again."""
_PAGE_BYTES = 16_384
_ROWS_AT_ONCE = 500

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, live INTEGER NOT NULL, stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL, body INTEGER NOT NULL, title TEXT NOT NULL, date TEXT NOT NULL, source TEXT NOT NULL,
    url TEXT NOT NULL, tags TEXT NOT NULL, title_seen BLOB NOT NULL, text TEXT NOT NULL, crc32 INTEGER NOT NULL,
    UNIQUE (id, live));
CREATE INDEX articles_title ON articles (title_seen);
CREATE INDEX articles_staged ON articles (key) WHERE NOT live;
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, seen BLOB NOT NULL, sentence_count INTEGER NOT NULL,
    sentences BLOB NOT NULL, text TEXT NOT NULL, crc32 INTEGER NOT NULL);
CREATE INDEX passages_article ON passages (article, sentence_count);
CREATE INDEX passages_seen ON passages (seen);
CREATE TABLE vectors (seen BLOB PRIMARY KEY, matrix BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE tokens (seen BLOB PRIMARY KEY, bytes INTEGER NOT NULL, packed BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE INDEX tokens_bytes ON tokens (bytes);
CREATE TABLE loosened (seen BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE failures (id TEXT PRIMARY KEY, stamp TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
"""


class Known(NamedTuple):
    """What the catalog knows of a file without reading it."""

    key: int
    stamp: str
    sha256: str


_CHECKED = {
    "meta": "key, value",
    "articles": "id, sha256, body, title, date, source, url, tags, title_seen, text",
    "passages": "start, end, seen, sentences, text",
    "vectors": "seen, matrix",
    "tokens": "seen, packed",
}
"""The columns that a row's checksum is of."""
_LIVE = "article NOT IN (SELECT key FROM articles WHERE NOT live)"


class Catalog:
    """One SQLite file. Reading is safe from any thread; writing is for the one who holds the library's lock."""

    sqlite_version = sqlite3.sqlite_version

    def __init__(self, path: Path) -> None:
        """Open the catalog at `path`, or make an empty one. Raise `DamagedError` when it is none."""
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        with self._speaking():
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found == 0:
                self._create()
            elif found != FORMAT:
                raise DamagedError(f"{path} has format {found}, this version writes {FORMAT}: run 'qa sync --rebuild'")

    def _create(self) -> None:
        self._db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._db.execute("PRAGMA journal_mode = WAL")
        with self.transaction():
            # Another process may have made the tables between our look and our lock.
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in filter(str.strip, _SCHEMA.split(";\n")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {FORMAT}")

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread; transactions are begun by hand."""
        if not hasattr(self._local, "db"):
            place, uri = self._place()
            db = sqlite3.connect(place, isolation_level=None, timeout=30, check_same_thread=False, uri=uri)
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = NORMAL")
            self._local.db = db
            with self._connections_lock:
                self._connections.append(db)
        db = self._local.db
        assert isinstance(db, sqlite3.Connection)
        return db

    def _place(self) -> tuple[str, bool]:
        """Return what to open, and whether it is a URI: where nothing can be written SQLite has to be told so."""
        if os.access(self.path.parent, os.W_OK):
            return str(self.path), False
        log = self.path.with_name(f"{self.path.name}-wal")
        # A log that is there belongs to a writer elsewhere; without one nobody writes, and SQLite need not make its own.
        settled = "" if log.exists() else "&immutable=1"
        return f"{self.path.absolute().as_uri()}?mode=ro{settled}", True

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what SQLite says of a damaged or unusable file into one line that says what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise FolderError(f"{self.path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise DamagedError(f"{self.path} is damaged ({error}): run 'qa sync --rebuild'") from error

    def _rows(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with self._speaking():
            cursor = self._db.execute(statement, values)
        while True:
            with self._speaking():
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from rows

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """Do all or nothing; without `write`, see one state of the catalog throughout."""
        with self._speaking():
            self._db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._db.commit()

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._connections_lock:
            for db in self._connections:
                db.close()
            self._connections.clear()
        self._local = threading.local()

    # --- what is known -------------------------------------------------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Return the encoder, the settings and the generation that the live rows belong to; empty at first."""
        found = {}
        for key, value, crc32 in self._rows("SELECT key, value, crc32 FROM meta"):
            self._check(crc32, key, value)
            found[key] = value
        return found

    def note(self, key: str, value: str) -> None:
        """Write one row of `meta`."""
        with self.transaction():
            self._note(key, value)

    def _note(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, _crc32(key, value)))

    @property
    def generation(self) -> str:
        """The name of the state of the live rows, `catalog.state`; empty before the first sync."""
        return self.meta().get("generation", "")

    @property
    def dimension(self) -> int:
        """The length of a vector; 0 while there are none."""
        lengths = self._rows(
            "SELECT length(v.matrix) / 4 / p.sentence_count FROM passages p JOIN vectors v USING (seen) LIMIT 1"
        )
        return next((int(length) for (length,) in lengths), 0)

    def known(self) -> dict[str, Known]:
        """Return the live articles by id."""
        rows = self._rows("SELECT id, key, stamp, sha256 FROM articles WHERE live")
        return {row[0]: Known._make(row[1:]) for row in rows}

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return stamp and reason of the files that could not be read, by id."""
        return {id: (stamp, reason) for id, stamp, reason in self._rows("SELECT * FROM failures ORDER BY id")}

    def counts(self) -> dict[str, int]:
        """Return how many live articles, passages and sentences there are."""
        ((articles,),) = self._rows("SELECT count(*) FROM articles WHERE live")
        ((passages, sentences),) = self._rows(f"SELECT count(*), ifnull(sum(sentence_count), 0) FROM passages WHERE {_LIVE}")
        return {"articles": articles, "passages": passages, "sentences": sentences}

    # --- writing beside the live rows ----------------------------------------------------------------------------

    def stage(
        self, article: Article, stamp: str, sha256: str, title_seen: bytes, passages: Sequence[tuple[Passage, bytes]]
    ) -> None:
        """Write an article and its passages, not yet live, each with the key of what the encoder sees of it."""
        row = (sha256, article.body, article.title, article.date, article.source, article.url, json.dumps(article.tags),
               title_seen, article.text)  # fmt: skip
        key = self._db.execute(
            "INSERT INTO articles (id, live, stamp, sha256, body, title, date, source, url, tags, title_seen, text, crc32)"
            " VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article.id, stamp, *row, _crc32(article.id, *row)),
        ).lastrowid
        rows = []
        for passage, seen in passages:
            values = (*passage.span, seen, np.array(passage.sentences, "<u4").tobytes(), passage.text)
            rows.append((key, *values, len(passage.sentences), _crc32(*values)))
        self._db.executemany(
            "INSERT INTO passages (article, start, end, seen, sentences, text, sentence_count, crc32)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def discard_staged(self) -> None:
        """Forget articles that an interrupted sync left behind; their vectors stay until the next `publishing`."""
        with self.transaction():
            self._loosen("NOT live")
            self._db.execute("DELETE FROM articles WHERE NOT live")

    def unencoded(self) -> dict[int, bytes]:
        """Return key and key of what the encoder sees of staged passages without vectors, one for each distinct text."""
        return dict(
            self._rows(
                "SELECT min(p.key), p.seen FROM articles a INDEXED BY articles_staged"
                " CROSS JOIN passages p ON p.article = a.key"
                " WHERE NOT a.live AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.seen = p.seen) GROUP BY p.seen ORDER BY 1"
            )
        )

    def unencoded_titles(self) -> dict[bytes, str]:
        """Return the titles of staged articles without packed tokens, by the key of what the encoder sees."""
        return dict(
            self._rows(
                "SELECT title_seen, min(title) FROM articles a INDEXED BY articles_staged"
                " WHERE NOT live AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.seen = a.title_seen) GROUP BY 1"
            )
        )

    def tokens_bytes(self) -> int:
        """Return how much the packed tokens take."""
        ((total,),) = self._rows("SELECT ifnull(sum(bytes), 0) FROM tokens")
        return int(total)

    def add_encoded(self, vectors: Iterable[tuple[bytes, Matrix]], tokens: Iterable[tuple[bytes, bytes]]) -> None:
        """Store what was paid for at once, whatever becomes of the sync."""
        with self.transaction():
            matrices = [(seen, np.ascontiguousarray(matrix, dtype="<f4").tobytes()) for seen, matrix in vectors]
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", [(*row, _crc32(*row)) for row in matrices])
            self._db.executemany(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)",
                [(seen, len(packed), packed, _crc32(seen, packed)) for seen, packed in tokens],
            )

    @contextmanager
    def publishing(self, removed: Iterable[str], meta: Mapping[str, str]) -> Iterator[str]:
        """Make the staged articles live in place of their old versions, and drop those `removed`.

        `meta` says what they were built with. Gives the name of the new state, which this thread sees at once and all others
        when the block ends.
        """
        with self.transaction():
            for id in removed:
                self._loosen("live AND id = ?", id)
                self._db.execute("DELETE FROM articles WHERE live AND id = ?", (id,))
            replaced = "live AND id IN (SELECT id FROM articles WHERE NOT live)"
            self._loosen(replaced)
            self._db.execute(f"DELETE FROM articles WHERE {replaced}")
            self._db.execute("UPDATE articles SET live = 1 WHERE NOT live")
            self._drop_loosened()
            lineage = self.generation.partition(".")[0] or uuid.uuid4().hex
            # Not a number: the name of a state that never came to be must not be given to another.
            generation = f"{lineage}.{uuid.uuid4().hex}"
            for key, value in {**meta, "generation": generation}.items():
                self._note(key, value)
            yield generation

    def note_files(self, restamped: Mapping[str, str], failures: Mapping[str, tuple[str, str]]) -> None:
        """Note new stamps of articles that are as they were, and what could not be read: for use within a transaction."""
        self._db.executemany(
            "UPDATE articles SET stamp = ? WHERE live AND id = ?", [(stamp, id) for id, stamp in restamped.items()]
        )
        self._db.execute("DELETE FROM failures")
        self._db.executemany(
            "INSERT INTO failures VALUES (?, ?, ?)", [(id, stamp, reason) for id, (stamp, reason) in failures.items()]
        )

    def _loosen(self, which: str, *values: str) -> None:
        """Note that what the encoder saw of some articles may soon be held by no row."""
        self._db.execute(
            "INSERT OR IGNORE INTO loosened"
            f" SELECT seen FROM passages WHERE article IN (SELECT key FROM articles WHERE {which})"
            f" UNION SELECT title_seen FROM articles WHERE {which}",
            (*values, *values),
        )

    def _drop_loosened(self) -> None:
        """Remove the vectors and tokens that no row holds any more."""
        unheld = (
            "SELECT seen FROM loosened l WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.seen = l.seen)"
            " AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.title_seen = l.seen)"
        )
        self._db.execute(f"DELETE FROM vectors WHERE seen IN ({unheld})")
        self._db.execute(f"DELETE FROM tokens WHERE seen IN ({unheld})")
        self._db.execute("DELETE FROM loosened")

    # --- reading passages ----------------------------------------------------------------------------------------

    def vectors_from(self, first: int, *, every: int = 1) -> Iterator[tuple[int, Matrix]]:
        """Yield key and sentence vectors of the live passages, or of `every` so many, with keys from `first` on, ascending."""
        rows = self._rows(
            "SELECT p.key, p.sentence_count, v.matrix, v.seen, v.crc32 FROM passages p JOIN articles a ON a.key = p.article"
            " JOIN vectors v ON v.seen = p.seen WHERE a.live AND p.key >= ? AND p.key % ? = 0 ORDER BY p.key",
            (first, every),
        )
        for key, count, matrix, seen, crc32 in rows:
            self._check(crc32, seen, matrix)
            yield key, np.frombuffer(matrix, dtype="<f4").reshape(count, -1)

    def passage_vectors(self, keys: Sequence[int], dimension: int) -> dict[int, Matrix]:
        """Return the vectors of the sentences of each passage, in their order, shape (sentences, dimension)."""
        rows = self._rows(
            "SELECT p.key, v.matrix, v.seen, v.crc32 FROM passages p JOIN vectors v ON v.seen = p.seen"
            f" WHERE p.key IN ({_marks(keys)})",
            keys,
        )
        found = {}
        for key, matrix, seen, crc32 in rows:
            self._check(crc32, seen, matrix)
            found[key] = np.frombuffer(matrix, dtype="<f4").reshape(-1, dimension)
        return found

    def packed_tokens(self, keys: Sequence[int]) -> dict[int, tuple[str, bytes, bytes]]:
        """Return the title of each passage's article, and the packed tokens of passage and title, empty where not kept."""
        rows = self._rows(
            "SELECT p.key, a.title, p.seen, a.title_seen, t.packed, t.crc32, u.packed, u.crc32"
            " FROM passages p JOIN articles a ON a.key = p.article"
            " LEFT JOIN tokens t ON t.seen = p.seen LEFT JOIN tokens u ON u.seen = a.title_seen"
            f" WHERE p.key IN ({_marks(keys)})",
            keys,
        )
        found = {}
        for key, title, seen, title_seen, text, text_crc32, of_title, title_crc32 in rows:
            for packed, name, crc32 in ((text, seen, text_crc32), (of_title, title_seen, title_crc32)):
                if packed is not None:
                    self._check(crc32, name, packed)
            found[key] = title, text or b"", of_title or b""
        return found

    def passage_keys(self, ids: Collection[str] | None = None) -> NDArray[np.int64]:
        """Return the keys of all live passages, or of those of some articles, ascending."""
        which, values = _LIVE, list[str]()
        if ids is not None:
            which, values = (
                "article IN (SELECT key FROM articles WHERE live AND id IN (SELECT value FROM json_each(?)))",
                [json.dumps(list(ids))],
            )
        # As one text: a row of Python's for each key takes three times as long.
        ((keys,),) = self._rows(f"SELECT group_concat(key) FROM passages WHERE {which}", values)
        return np.sort(np.fromstring(keys or "", dtype=np.int64, sep=","), kind="stable")

    def facts(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Yield id, date, source and tags of each live article."""
        for id, date, source, tags in self._rows("SELECT id, date, source, tags FROM articles WHERE live"):
            yield id, date, source, tuple(json.loads(tags))

    def listing(self) -> Iterator[tuple[str, str, str, str, tuple[str, ...], int]]:
        """Yield id, title, date, source, tags and number of passages of each live article, by id."""
        rows = self._rows(
            "SELECT a.id, a.title, a.date, a.source, a.tags, ifnull(p.count, 0) FROM articles a"
            " LEFT JOIN (SELECT article, count(*) AS count FROM passages GROUP BY article) p ON p.article = a.key"
            " WHERE a.live ORDER BY a.id"
        )
        for id, title, date, source, tags, count in rows:
            yield id, title, date, source, tuple(json.loads(tags)), count

    def article_vectors(self, ids: Sequence[str], dimension: int) -> Iterator[tuple[str, Matrix]]:
        """Yield the sentence vectors of each passage of some articles, with the article's id, an article after the other."""
        rows = self._rows(
            "SELECT a.id, v.matrix, v.seen, v.crc32 FROM articles a JOIN passages p ON p.article = a.key"
            " JOIN vectors v ON v.seen = p.seen WHERE a.live"
            " AND a.id IN (SELECT value FROM json_each(?)) ORDER BY a.key, p.key",
            (json.dumps(list(ids)),),
        )
        for id, matrix, seen, crc32 in rows:
            self._check(crc32, seen, matrix)
            yield id, np.frombuffer(matrix, dtype="<f4").reshape(-1, dimension)

    def titled_passages(self, keys: NDArray[np.int64]) -> Iterator[tuple[int, str, Passage]]:
        """Yield key, title of the article, and passage, for passages by key."""
        for start in range(0, len(keys), 1000):
            some = [int(key) for key in keys[start : start + 1000]]
            titles = self.titles(some)
            for key, passage in self.passages(some).items():
                yield key, titles[key], passage

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by key, ascending."""
        rows = self._rows(
            "SELECT p.key, a.id, p.start, p.end, p.seen, p.sentences, p.text, p.crc32"
            f" FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({_marks(keys)}) ORDER BY p.key",
            keys,
        )
        found = {}
        for key, id, start, end, seen, sentences, text, crc32 in rows:
            self._check(crc32, start, end, seen, sentences, text)
            spans = tuple(map(Span._make, np.frombuffer(sentences, "<u4").reshape(-1, 2).tolist()))
            found[key] = Passage(id, Span(start, end), text, spans)
        return found

    def titles(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the title of the article of each passage."""
        rows = self._rows(
            f"SELECT p.key, a.title FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({_marks(keys)})", keys
        )
        return dict(rows)

    def article(self, id: str) -> StoredArticle | None:
        """Return a live article, or None."""
        rows = self._rows(
            "SELECT stamp, crc32, sha256, body, title, date, source, url, tags, title_seen, text"
            " FROM articles WHERE live AND id = ?",
            (id,),
        )
        if (row := next(rows, None)) is None:
            return None
        stamp, crc32, *values = row
        self._check(crc32, id, *values)
        sha256, body, title, date, source, url, tags, _, text = values
        return StoredArticle(Article(id, text, title, body, date, source, url, tuple(json.loads(tags))), stamp, sha256)

    # --- damage --------------------------------------------------------------------------------------------------

    def _check(self, crc32: int, *values: str | bytes | float) -> None:
        """Raise `DamagedError` when values are not those that were written."""
        if _crc32(*values) != crc32:
            raise DamagedError(f"{self.path} is damaged (a row is not as it was written): run 'qa sync --rebuild'")

    def broken_structure(self) -> list[str]:
        """Let SQLite check the whole file; return in words what is broken."""
        try:
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
            return found + [f"{table}: a row without its article" for table, *_ in self._db.execute("PRAGMA foreign_key_check")]
        except sqlite3.DatabaseError as error:
            return [str(error)]

    def damaged_rows(self) -> dict[str, list[Any]]:
        """Read every row; return for each table the first value of those that are not as they were written."""
        return {table: damaged for table in _CHECKED if (damaged := self._damaged(table))}

    def _damaged(self, table: str) -> list[Any]:
        rows = self._rows(f"SELECT crc32, {_CHECKED[table]} FROM {table}")
        return [values[0] for crc32, *values in rows if _crc32(*values) != crc32]

    def drop_damaged(self) -> None:
        """Forget damaged rows that a rebuild makes again: vectors, tokens, and what they were built with."""
        with self.transaction():
            for table, key in (("vectors", "seen"), ("tokens", "seen"), ("meta", "key")):
                self._db.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(name,) for name in self._damaged(table)])

    def dead_rows(self) -> int:
        """Count the vectors that no row holds: at most what an interrupted sync left behind."""
        ((dead,),) = self._rows(
            "SELECT count(*) FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.seen = v.seen)"
        )
        return int(dead)

    def spare_share(self) -> float:
        """Return how much of the file is empty, 0 to 1."""
        ((free,),), ((pages,),) = self._rows("PRAGMA freelist_count"), self._rows("PRAGMA page_count")
        return float(free / max(1, pages))

    def compact(self) -> None:
        """Drop vectors and tokens that no row holds, and give the space back that is not used."""
        with self.transaction():
            self._db.execute("INSERT OR IGNORE INTO loosened SELECT seen FROM vectors UNION SELECT seen FROM tokens")
            self._drop_loosened()
        with self._speaking():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _crc32(*values: str | bytes | float) -> int:
    """Return a checksum of the values of a row."""
    checksum = 0
    for value in values:
        checksum = zlib.crc32(value if isinstance(value, bytes) else str(value).encode(), checksum)
    return checksum


def _marks(keys: Collection[object]) -> str:
    return ",".join("?" * len(keys))
