"""The truth about the index, in SQLite: articles, passages, and the vectors of what the encoder saw.

An edit is written beside the live rows first (`live = 0`), in as many small transactions as it takes, and becomes
visible in one: `publishing`. Whatever is killed before that leaves the old state, and the vectors it paid for.
Vectors are keyed by what the encoder saw, so that text that moves or comes back is not encoded again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qa.errors import DamagedError, FolderError
from qa.schema import Article, Passage, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.schema import Matrix

FORMAT = 3
"""Raised when the tables change; an older catalog is then built again."""
_PAGE_BYTES = 16_384

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, live INTEGER NOT NULL, stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL, body INTEGER NOT NULL, title TEXT NOT NULL, date TEXT NOT NULL, source TEXT NOT NULL,
    url TEXT NOT NULL, tags TEXT NOT NULL, title_seen BLOB NOT NULL, text TEXT NOT NULL, UNIQUE (id, live));
CREATE INDEX articles_title ON articles (title_seen);
CREATE INDEX articles_staged ON articles (key) WHERE NOT live;
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, seen BLOB NOT NULL, sentence_count INTEGER NOT NULL,
    sentences BLOB NOT NULL, text TEXT NOT NULL);
CREATE INDEX passages_article ON passages (article, sentence_count);
CREATE INDEX passages_seen ON passages (seen);
CREATE TABLE vectors (seen BLOB PRIMARY KEY, matrix BLOB NOT NULL);
CREATE TABLE tokens (seen BLOB PRIMARY KEY, bytes INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE INDEX tokens_bytes ON tokens (bytes);
CREATE TABLE loosened (seen BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE failures (id TEXT PRIMARY KEY, stamp TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
"""


class Known(NamedTuple):
    """What the catalog knows of a file without reading it."""

    key: int
    stamp: str
    sha256: str


_LIVE = "article NOT IN (SELECT key FROM articles WHERE NOT live)"


@dataclass(frozen=True, slots=True)
class Stored:
    """An article, with the stamp and the SHA-256 of the file it was read from."""

    article: Article
    stamp: str
    sha256: str


class Catalog:
    """One SQLite file. Reading is safe from any thread; writing is for the one who holds the library's lock."""

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
            db = sqlite3.connect(self.path, isolation_level=None, timeout=30, check_same_thread=False)
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = NORMAL")
            self._local.db = db
            with self._connections_lock:
                self._connections.append(db)
        db = self._local.db
        assert isinstance(db, sqlite3.Connection)
        return db

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what SQLite says of a damaged or unusable file into one line that says what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise FolderError(f"{self.path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise DamagedError(f"{self.path} is damaged ({error}): run 'qa sync --rebuild'") from error

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
        return dict(self._db.execute("SELECT key, value FROM meta"))

    def note(self, key: str, value: str) -> None:
        """Write one row of `meta`."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def generation(self) -> str:
        """The name of the state of the live rows, `catalog.state`; empty before the first sync."""
        return self.meta().get("generation", "")

    @property
    def dimension(self) -> int:
        """The length of a vector; 0 while there are none."""
        row = self._db.execute(
            "SELECT length(v.matrix) / 4 / p.sentence_count FROM passages p JOIN vectors v ON v.seen = p.seen LIMIT 1"
        ).fetchone()
        return int(row[0]) if row else 0

    def known(self) -> dict[str, Known]:
        """Return the live articles by id."""
        rows = self._db.execute("SELECT id, key, stamp, sha256 FROM articles WHERE live")
        return {row[0]: Known._make(row[1:]) for row in rows}

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return stamp and reason of the files that could not be read, by id."""
        return {id: (stamp, reason) for id, stamp, reason in self._db.execute("SELECT * FROM failures ORDER BY id")}

    def counts(self) -> dict[str, int]:
        """Return how many live articles, passages and sentences there are."""
        articles = self._db.execute("SELECT count(*) FROM articles WHERE live").fetchone()[0]
        passages, sentences = self._db.execute(
            f"SELECT count(*), ifnull(sum(sentence_count), 0) FROM passages WHERE {_LIVE}"
        ).fetchone()
        return {"articles": articles, "passages": passages, "sentences": sentences}

    # --- writing beside the live rows ----------------------------------------------------------------------------

    def stage(
        self, article: Article, stamp: str, sha256: str, title_seen: bytes, passages: Sequence[tuple[Passage, bytes]]
    ) -> None:
        """Write an article and its passages, not yet live, each with the key of what the encoder sees of it."""
        key = self._db.execute(
            "INSERT INTO articles (id, live, stamp, sha256, body, title, date, source, url, tags, title_seen, text)"
            " VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article.id, stamp, sha256, article.body, article.title, article.date, article.source, article.url,
             json.dumps(article.tags), title_seen, article.text),
        ).lastrowid  # fmt: skip
        self._db.executemany(
            "INSERT INTO passages (article, start, end, seen, sentence_count, sentences, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (key, *passage.span, seen, len(passage.sentences), np.array(passage.sentences, "<u4").tobytes(), passage.text)
                for passage, seen in passages
            ],
        )

    def discard_staged(self) -> None:
        """Forget articles that an interrupted sync left behind; their vectors stay until the next `publishing`."""
        with self.transaction():
            self._loosen("NOT live")
            self._db.execute("DELETE FROM articles WHERE NOT live")

    def unencoded(self) -> dict[int, bytes]:
        """Return key and key of what the encoder sees of staged passages without vectors, one for each distinct text."""
        return dict(
            self._db.execute(
                "SELECT min(p.key), p.seen FROM articles a INDEXED BY articles_staged"
                " CROSS JOIN passages p ON p.article = a.key"
                " WHERE NOT a.live AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.seen = p.seen) GROUP BY p.seen ORDER BY 1"
            )
        )

    def unencoded_titles(self) -> dict[bytes, str]:
        """Return the titles of staged articles without packed tokens, by the key of what the encoder sees."""
        return dict(
            self._db.execute(
                "SELECT title_seen, min(title) FROM articles a INDEXED BY articles_staged"
                " WHERE NOT live AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.seen = a.title_seen) GROUP BY 1"
            )
        )

    def tokens_bytes(self) -> int:
        """Return how much the packed tokens take."""
        return int(self._db.execute("SELECT ifnull(sum(bytes), 0) FROM tokens").fetchone()[0])

    def add_encoded(self, vectors: Iterable[tuple[bytes, Matrix]], tokens: Iterable[tuple[bytes, bytes]]) -> None:
        """Store what was paid for at once, whatever becomes of the sync."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(seen, np.ascontiguousarray(matrix, dtype="<f4").tobytes()) for seen, matrix in vectors],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)", [(seen, len(packed), packed) for seen, packed in tokens]
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
            rows = {**meta, "generation": generation}
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(rows.items()))
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
        rows = self._db.execute(
            "SELECT p.key, p.sentence_count, v.matrix FROM passages p JOIN articles a ON a.key = p.article"
            " JOIN vectors v ON v.seen = p.seen WHERE a.live AND p.key >= ? AND p.key % ? = 0 ORDER BY p.key",
            (first, every),
        )
        for key, count, matrix in rows:
            yield key, np.frombuffer(matrix, dtype="<f4").reshape(count, -1)

    def passage_vectors(self, keys: Sequence[int], dimension: int) -> dict[int, Matrix]:
        """Return the vectors of the sentences of each passage, in their order, shape (sentences, dimension)."""
        rows = self._db.execute(
            f"SELECT p.key, v.matrix FROM passages p JOIN vectors v ON v.seen = p.seen WHERE p.key IN ({_marks(keys)})", keys
        )
        return {key: np.frombuffer(matrix, dtype="<f4").reshape(-1, dimension) for key, matrix in rows}

    def packed_tokens(self, keys: Sequence[int]) -> dict[int, tuple[str, bytes, bytes]]:
        """Return the title of each passage's article, and the packed tokens of passage and title, empty where not kept."""
        rows = self._db.execute(
            "SELECT p.key, a.title, t.packed, u.packed FROM passages p JOIN articles a ON a.key = p.article"
            " LEFT JOIN tokens t ON t.seen = p.seen LEFT JOIN tokens u ON u.seen = a.title_seen"
            f" WHERE p.key IN ({_marks(keys)})",
            keys,
        )
        return {key: (title, text or b"", of_title or b"") for key, title, text, of_title in rows}

    def passage_keys(self, ids: Collection[str] | None = None) -> NDArray[np.int64]:
        """Return the keys of all live passages, or of those of some articles, ascending."""
        which, values = _LIVE, list[str]()
        if ids is not None:
            which, values = (
                "article IN (SELECT key FROM articles WHERE live AND id IN (SELECT value FROM json_each(?)))",
                [json.dumps(list(ids))],
            )
        # As one text: a row of Python's for each key takes three times as long.
        (keys,) = self._db.execute(f"SELECT group_concat(key) FROM passages WHERE {which}", values).fetchone()
        return np.sort(np.fromstring(keys or "", dtype=np.int64, sep=","), kind="stable")

    def facts(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Yield id, date, source and tags of each live article."""
        for id, date, source, tags in self._db.execute("SELECT id, date, source, tags FROM articles WHERE live"):
            yield id, date, source, tuple(json.loads(tags))

    def titled_passages(self, keys: NDArray[np.int64]) -> Iterator[tuple[int, str, Passage]]:
        """Yield key, title of the article, and passage, for passages by key."""
        for start in range(0, len(keys), 1000):
            some = [int(key) for key in keys[start : start + 1000]]
            titles = self.titles(some)
            for key, passage in self.passages(some).items():
                yield key, titles[key], passage

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by key, ascending."""
        rows = self._db.execute(
            "SELECT p.key, a.id, p.start, p.end, p.text, p.sentences FROM passages p JOIN articles a ON a.key = p.article"
            f" WHERE p.key IN ({_marks(keys)}) ORDER BY p.key",
            keys,
        )
        return {
            key: Passage(
                id, Span(start, end), text, tuple(map(Span._make, np.frombuffer(spans, "<u4").reshape(-1, 2).tolist()))
            )
            for key, id, start, end, text, spans in rows
        }

    def titles(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the title of the article of each passage."""
        rows = self._db.execute(
            f"SELECT p.key, a.title FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({_marks(keys)})", keys
        )
        return dict(rows)

    def article(self, id: str) -> Stored | None:
        """Return a live article, or None."""
        row = self._db.execute(
            "SELECT text, title, body, date, source, url, tags, stamp, sha256 FROM articles WHERE live AND id = ?", (id,)
        ).fetchone()
        if row is None:
            return None
        text, title, body, date, source, url, tags, stamp, sha256 = row
        return Stored(Article(id, text, title, body, date, source, url, tuple(json.loads(tags))), stamp, sha256)


def _marks(keys: Collection[object]) -> str:
    return ",".join("?" * len(keys))
