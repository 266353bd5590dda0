"""The truth about the index, in SQLite: articles, passages, and the vectors of what the encoder saw.

An edit is written beside the live rows first (`live = 0`), in as many small transactions as it takes, and becomes
visible in one: `publishing`. Whatever is killed before that leaves the old state, and the vectors it paid for.
Vectors are keyed by what the encoder saw, so that text that moves or comes back is not encoded again.

Every row that holds what was read or encoded carries its CRC-32, compared whenever the row is read for what it holds: SQLite
itself notices a damaged page only where its structure suffers. A checksum does not say who wrote a row. So what a row holds
must make sense as well, and the file must have our tables and nothing else: it may come from somebody else.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from qa.encoding.tokens import is_packed, packed_bytes
from qa.errors import DamagedError, FolderError
from qa.files import check_own
from qa.store.base import FileState, StoredArticle
from qa.text.span import Span
from qa.types import Article, Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.encoding.base import Matrix

FORMAT = 4
"""Raised when the tables change; an older catalog is then built again."""
_PAGE_BYTES = 16_384
_ROWS_AT_ONCE = 500
_LARGEST = 1e6
"""More than any number in the vector of a sentence."""
_MOST_KEYS = 1 << 53
_GENERATION = re.compile(r"([0-9a-f]{32})\.[0-9a-f]{32}")
_JOURNAL_OF_MANY = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names another file, which SQLite would remove."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, live INTEGER NOT NULL, stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL, body INTEGER NOT NULL, title TEXT NOT NULL, date TEXT NOT NULL, source TEXT NOT NULL,
    url TEXT NOT NULL, tags TEXT NOT NULL, title_seen BLOB NOT NULL, text_crc32 INTEGER NOT NULL, crc32 INTEGER NOT NULL,
    text TEXT NOT NULL, UNIQUE (id, live));
CREATE INDEX articles_title ON articles (title_seen);
CREATE INDEX articles_staged ON articles (key) WHERE NOT live;
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, seen BLOB NOT NULL, sentence_count INTEGER NOT NULL,
    sentences BLOB NOT NULL, text TEXT NOT NULL, crc32 INTEGER NOT NULL);
CREATE INDEX passages_article ON passages (article, sentence_count);
CREATE INDEX passages_seen ON passages (seen);
CREATE TABLE vectors (seen BLOB PRIMARY KEY NOT NULL, matrix BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE tokens (seen BLOB PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL, packed BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE INDEX tokens_bytes ON tokens (bytes);
CREATE TABLE loosened (seen BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE failures (id TEXT PRIMARY KEY, stamp TEXT NOT NULL, reason TEXT NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID;
"""


T = TypeVar("T")


_ARTICLE = "id, live, stamp, sha256, body, title, date, source, url, tags, title_seen, text_crc32"
_CHECKED = {
    "meta": ("ss", "key, value"),
    "articles": ("sississsssbi", _ARTICLE),
    "passages": ("iiibibs", "article, start, end, seen, sentence_count, sentences, text"),
    "vectors": ("bb", "seen, matrix"),
    "tokens": ("bib", "seen, bytes, packed"),
    "failures": ("sss", "id, stamp, reason"),
}
"""The columns that a row's checksum is of, with their types: that of an article's text is one of them."""
_TYPES = {"i": int, "s": str, "b": bytes}
_KEYS = {"meta": "key", "articles": "id", "passages": "article", "vectors": "seen", "tokens": "seen", "failures": "id"}
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
        _check_own(path)
        with self._speaking():
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found == 0:
                self._create()
            elif found != FORMAT:
                raise DamagedError(f"{path} has format {found}, this version writes {FORMAT}: run 'qa sync --rebuild'")
            if _tables(self._db) != _tables_of_ours():
                raise self._damaged_by("it has other tables than ours")

    def _damaged_by(self, reason: str) -> DamagedError:
        return DamagedError(f"{self.path} is damaged ({reason}): run 'qa sync --rebuild'")

    def _create(self) -> None:
        self._db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._db.execute("PRAGMA journal_mode = WAL")
        with self.transaction():
            # Another process may have made the tables between our look and our lock.
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0 and not _tables(self._db):
                for statement in filter(str.strip, _SCHEMA.split(";\n")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {FORMAT}")

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread; transactions are begun by hand."""
        if not hasattr(self._local, "db"):
            place, uri = self._place()
            db = sqlite3.connect(place, isolation_level=None, timeout=30, check_same_thread=False, uri=uri)
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA cell_size_check = ON")
            db.execute("PRAGMA foreign_keys = ON")
            db.create_function("crc32_of", -1, _crc32, deterministic=True)
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
            if "decode" in str(error):
                raise self._damaged_by("a text is none") from error
            raise FolderError(f"{self.path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged_by(str(error)) from error
        except UnicodeDecodeError as error:  # SQLite's own message quotes what is damaged.
            raise self._damaged_by("what it says of itself is no text") from error

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        """Turn what goes wrong with values that make no sense into one line that says what to do."""
        try:
            yield
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise self._damaged_by(str(error)) from error

    def _rows(self, kinds: str, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows with values of these kinds: i for a whole number, s for text, b for bytes."""
        types = tuple(_TYPES[kind] for kind in kinds)
        for row in self._rows_of_any_kind(statement, values):
            if tuple(map(type, row)) != types:
                raise self._damaged_by("a value is of another kind than ours")
            yield row

    def _rows_of_any_kind(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
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
        for key, value, crc32 in self._rows("ssi", "SELECT key, value, crc32 FROM meta"):
            self._check(crc32, key, value)
            found[key] = value
        if "generation" in found and not _GENERATION.fullmatch(found["generation"]):
            raise self._damaged_by("its state has a name that is not ours")
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
            "i",
            "SELECT ifnull(length(v.matrix) / 4 / p.sentence_count, 0) FROM passages p JOIN vectors v USING (seen) LIMIT 1",
        )
        return next((int(length) for (length,) in lengths), 0)

    def known(self) -> dict[str, FileState]:
        """Return the state of the file of each live article, by id."""
        rows = self._rows("sss", "SELECT id, stamp, sha256 FROM articles WHERE live")
        return {row[0]: FileState._make(row[1:]) for row in rows}

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return stamp and reason of the files that could not be read, by id."""
        found = {}
        for id, stamp, reason, crc32 in self._rows("sssi", "SELECT id, stamp, reason, crc32 FROM failures ORDER BY id"):
            self._check(crc32, id, stamp, reason)
            found[id] = stamp, reason
        return found

    def counts(self) -> dict[str, int]:
        """Return how many live articles, passages and sentences there are."""
        ((articles,),) = self._rows("i", "SELECT count(*) FROM articles WHERE live")
        ((passages, sentences),) = self._rows(
            "ii", f"SELECT count(*), ifnull(sum(sentence_count), 0) FROM passages WHERE {_LIVE}"
        )
        return {"articles": articles, "passages": passages, "sentences": sentences}

    # --- writing beside the live rows ----------------------------------------------------------------------------

    def stage(
        self, article: Article, stamp: str, sha256: str, title_seen: bytes, passages: Sequence[tuple[Passage, bytes]]
    ) -> None:
        """Write an article and its passages, not yet live, each with the key of what the encoder sees of it."""
        row = (article.id, 0, stamp, sha256, article.body, article.title, article.date, article.source, article.url,
               json.dumps(article.tags), title_seen, _crc32(article.text))  # fmt: skip
        key = self._db.execute(
            f"INSERT INTO articles ({_ARTICLE}, crc32, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, _crc32(*row), article.text),
        ).lastrowid
        assert key is not None
        rows = []
        for passage, seen in passages:
            sentences = np.array(passage.sentences, "<u4").tobytes()
            values = (key, *passage.span, seen, len(passage.sentences), sentences, passage.text)
            rows.append((*values, _crc32(*values)))
        self._db.executemany(f"INSERT INTO passages ({_CHECKED['passages'][1]}, crc32) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def discard_staged(self) -> None:
        """Forget articles that an interrupted sync left behind; their vectors stay until the next `publishing`."""
        with self.transaction():
            self._loosen("NOT live")
            self._db.execute("DELETE FROM articles WHERE NOT live")

    def unencoded(self) -> dict[int, bytes]:
        """Return key and key of what the encoder sees of staged passages without vectors, one for each distinct text."""
        return dict(
            self._rows(
                "ib",
                "SELECT min(p.key), p.seen FROM articles a INDEXED BY articles_staged"
                " CROSS JOIN passages p ON p.article = a.key"
                " WHERE NOT a.live AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.seen = p.seen) GROUP BY p.seen ORDER BY 1",
            )
        )

    def unencoded_titles(self) -> dict[bytes, str]:
        """Return the titles of staged articles without packed tokens, by the key of what the encoder sees."""
        return dict(
            self._rows(
                "bs",
                "SELECT title_seen, min(title) FROM articles a INDEXED BY articles_staged"
                " WHERE NOT live AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.seen = a.title_seen) GROUP BY 1",
            )
        )

    def forget_unfit(self, dimension: int) -> None:
        """Forget vectors and tokens of what is staged that this package never wrote for it: of another length."""
        staged = "SELECT key FROM articles INDEXED BY articles_staged WHERE NOT live"
        titles = "SELECT title_seen AS seen FROM articles INDEXED BY articles_staged WHERE NOT live"
        texts = f"SELECT seen, sentence_count FROM passages WHERE article IN ({staged})"
        wide = "(SELECT v.seen FROM vectors v JOIN ({}) p USING (seen) WHERE length(v.matrix) <> 4 * ? * p.sentence_count)"
        held = f"SELECT seen FROM ({texts}) UNION {titles}"
        odd = f"(SELECT t.seen FROM tokens t WHERE t.seen IN ({held}) AND length(t.packed) % ?)"
        with self.transaction():
            self._db.execute(f"DELETE FROM vectors WHERE seen IN {wide.format(texts)}", (dimension,))
            self._db.execute(f"DELETE FROM tokens WHERE seen IN {odd}", (packed_bytes(dimension),))

    def tokens_bytes(self) -> int:
        """Return how much the packed tokens take."""
        ((total,),) = self._rows("i", "SELECT ifnull(sum(bytes), 0) FROM tokens")
        return int(total)

    def add_encoded(self, vectors: Iterable[tuple[bytes, Matrix]], tokens: Iterable[tuple[bytes, bytes]]) -> None:
        """Store what was paid for at once, whatever becomes of the sync."""
        with self.transaction():
            matrices = [(seen, np.ascontiguousarray(matrix, dtype="<f4").tobytes()) for seen, matrix in vectors]
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", [(*row, _crc32(*row)) for row in matrices])
            self._db.executemany(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)",
                [(seen, len(packed), packed, _crc32(seen, len(packed), packed)) for seen, packed in tokens],
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
            self._db.execute(f"UPDATE articles SET live = 1, crc32 = {_renewed(live='1')} WHERE NOT live")
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
            f"UPDATE articles SET stamp = ?1, crc32 = {_renewed(stamp='?1')} WHERE live AND id = ?2",
            [(stamp, id) for id, stamp in restamped.items()],
        )
        self._db.execute("DELETE FROM failures")
        self._db.executemany(
            "INSERT INTO failures VALUES (?, ?, ?, ?)",
            [(id, stamp, reason, _crc32(id, stamp, reason)) for id, (stamp, reason) in failures.items()],
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
        dimension = self.dimension
        rows = self._rows(
            "iibbi",
            "SELECT p.key, p.sentence_count, v.matrix, v.seen, v.crc32 FROM passages p JOIN articles a ON a.key = p.article"
            " JOIN vectors v ON v.seen = p.seen WHERE a.live AND p.key >= ? AND p.key % ? = 0 ORDER BY p.key",
            (first, every),
        )
        for key, count, matrix, seen, crc32 in rows:
            self._check(crc32, seen, matrix)
            with self._decoding():
                found = _matrix(matrix, count, dimension)
            yield key, found

    def passage_vectors(self, keys: Sequence[int], dimension: int) -> dict[int, Matrix]:
        """Return the vectors of the sentences of each passage, in their order, shape (sentences, dimension)."""
        rows = self._rows(
            "iibbi",
            "SELECT p.key, p.sentence_count, v.matrix, v.seen, v.crc32 FROM passages p JOIN vectors v ON v.seen = p.seen"
            f" WHERE p.key IN ({_marks(keys)})",
            keys,
        )
        found = {}
        for key, count, matrix, seen, crc32 in rows:
            self._check(crc32, seen, matrix)
            with self._decoding():
                found[key] = _matrix(matrix, count, dimension)
        return found

    def packed_tokens(self, keys: Sequence[int], dimension: int) -> dict[int, tuple[str, bytes, bytes]]:
        """Return the title of each passage's article, and the packed tokens of passage and title, empty where not kept."""
        rows = self._rows(
            "isbbbiibii",
            "SELECT p.key, a.title, p.seen, a.title_seen,"
            " ifnull(t.packed, x''), ifnull(t.bytes, 0), ifnull(t.crc32, -1),"
            " ifnull(u.packed, x''), ifnull(u.bytes, 0), ifnull(u.crc32, -1)"
            " FROM passages p JOIN articles a ON a.key = p.article"
            " LEFT JOIN tokens t ON t.seen = p.seen LEFT JOIN tokens u ON u.seen = a.title_seen"
            f" WHERE p.key IN ({_marks(keys)})",
            keys,
        )
        found = {}
        for key, title, seen, title_seen, *kept in rows:
            for name, (packed, size, crc32) in ((seen, kept[:3]), (title_seen, kept[3:])):
                if crc32 != -1:
                    self._check(crc32, name, size, packed)
                if not is_packed(packed, dimension):
                    raise self._damaged_by("tokens are of another size than ours")
            found[key] = title, kept[0], kept[3]
        return self._complete(found, keys)

    def _complete(self, found: dict[int, T], keys: Collection[int]) -> dict[int, T]:
        """Return what was found, where that is something for each key."""
        if len(found) < len(set(keys)):
            raise self._damaged_by("a row is missing")
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
        ((keys,),) = self._rows("s", f"SELECT ifnull(group_concat(key), '') FROM passages WHERE {which}", values)
        found = np.sort(np.fromstring(keys, dtype=np.int64, sep=","), kind="stable")
        if len(found) and found[0] < 1:
            raise self._damaged_by("a key is not ours")
        return found

    def facts(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Yield id, date, source and tags of each live article."""
        for id, date, source, tags in self._rows("ssss", "SELECT id, date, source, tags FROM articles WHERE live"):
            yield id, date, source, self._tags(tags)

    def _tags(self, tags: str) -> tuple[str, ...]:
        with self._decoding():
            return _tags(tags)

    def listing(self) -> Iterator[tuple[str, str, str, str, tuple[str, ...], int]]:
        """Yield id, title, date, source, tags and number of passages of each live article, by id."""
        rows = self._rows(
            "sssssi",
            "SELECT a.id, a.title, a.date, a.source, a.tags, ifnull(p.count, 0) FROM articles a"
            " LEFT JOIN (SELECT article, count(*) AS count FROM passages GROUP BY article) p ON p.article = a.key"
            " WHERE a.live ORDER BY a.id",
        )
        for id, title, date, source, tags, count in rows:
            yield id, title, date, source, self._tags(tags), count

    def article_vectors(self, ids: Sequence[str], dimension: int) -> Iterator[tuple[str, Matrix]]:
        """Yield the sentence vectors of each passage of some articles, with the article's id, an article after the other."""
        rows = self._rows(
            "sibbi",
            "SELECT a.id, p.sentence_count, v.matrix, v.seen, v.crc32 FROM articles a JOIN passages p ON p.article = a.key"
            " JOIN vectors v ON v.seen = p.seen WHERE a.live"
            " AND a.id IN (SELECT value FROM json_each(?)) ORDER BY a.key, p.key",
            (json.dumps(list(ids)),),
        )
        for id, count, matrix, seen, crc32 in rows:
            self._check(crc32, seen, matrix)
            with self._decoding():
                found = _matrix(matrix, count, dimension)
            yield id, found

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
            "isiiibibsi",
            "SELECT p.key, a.id, p.article, p.start, p.end, p.seen, p.sentence_count, p.sentences, p.text, p.crc32"
            f" FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({_marks(keys)}) ORDER BY p.key",
            keys,
        )
        found = {}
        for key, id, *values, crc32 in rows:
            self._check(crc32, *values)
            with self._decoding():
                found[key] = _passage(id, *values)
        return self._complete(found, keys)

    def titles(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the title of the article of each passage."""
        rows = self._rows(
            "is",
            f"SELECT p.key, a.title FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({_marks(keys)})",
            keys,
        )
        return self._complete(dict(rows), keys)

    def article(self, id: str) -> StoredArticle | None:
        """Return a live article, or None."""
        rows = self._rows(
            f"{_CHECKED['articles'][0]}is", f"SELECT {_ARTICLE}, crc32, text FROM articles WHERE live AND id = ?", (id,)
        )
        if (row := next(rows, None)) is None:
            return None
        *values, crc32, text = row
        self._check(crc32, *values)
        self._check(values[-1], text)
        with self._decoding():
            return _stored(text, *values)

    # --- damage --------------------------------------------------------------------------------------------------

    def _check(self, crc32: int, *values: str | bytes | float) -> None:
        """Raise `DamagedError` when values are not those that were written."""
        if _crc32(*values) != crc32:
            raise self._damaged_by("a row is not as it was written")

    def broken_structure(self) -> list[str]:
        """Let SQLite check the whole file; return in words what is broken."""
        try:
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
            found += [f"{table}: a row without its article" for table, *_ in self._db.execute("PRAGMA foreign_key_check")]
            return found + ["keys are beyond what is counted"] * (not self._keys_are_sound())
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            return [str(error)]

    def _keys_are_sound(self) -> bool:
        """Tell whether there is room for more keys: they are counted up, and never given twice."""
        keys = "SELECT key FROM articles UNION ALL SELECT key FROM passages UNION ALL SELECT seq FROM sqlite_sequence"
        ((lowest, highest),) = self._db.execute(f"SELECT ifnull(min(key), 1), ifnull(max(key), 1) FROM ({keys})").fetchall()
        return type(lowest) is type(highest) is int and 0 <= lowest <= highest < _MOST_KEYS

    def damaged_rows(self) -> dict[str, list[Any]]:
        """Read every row; return for each table the first value of those that are not as they were written."""
        return {table: damaged for table in _CHECKED if (damaged := self._damaged(table))}

    def _damaged(self, table: str) -> list[Any]:
        kinds, columns = _CHECKED[table]
        types = [_TYPES[kind] for kind in kinds]
        more = {"articles": ", text", "passages": "", "vectors": ""}.get(table, "")
        found = []
        for name, crc32, *values in self._rows_of_any_kind(f"SELECT {_KEYS[table]}, crc32, {columns}{more} FROM {table}"):
            checked = values[: len(types)]
            if list(map(type, checked)) != types or _crc32(*checked) != crc32 or not _makes_sense(table, values):
                found.append(name)
        if table == "passages":  # Those without vectors, or with those of another passage, are as good as damaged.
            lost = (
                "SELECT article FROM passages p LEFT JOIN vectors v USING (seen)"
                " WHERE ifnull(length(v.matrix), -1) <> 4 * p.sentence_count * ?"
            )
            found += [article for (article,) in self._rows_of_any_kind(lost, (self.dimension,))]
        return found

    def drop_damaged(self) -> None:
        """Forget damaged rows that a rebuild makes again: all but articles and passages, which it replaces."""
        with self.transaction():
            for table in ("vectors", "tokens", "meta", "failures"):
                names = [(name,) for name in self._damaged(table)]
                self._db.executemany(f"DELETE FROM {table} WHERE {_KEYS[table]} IS ?", names)

    def forget_vectors(self) -> None:
        """Forget all vectors and tokens, so that a rebuild encodes everything anew."""
        with self.transaction():
            self._db.execute("DELETE FROM vectors")
            self._db.execute("DELETE FROM tokens")

    def dead_rows(self) -> int:
        """Count the vectors that no row holds: at most what an interrupted sync left behind."""
        ((dead,),) = self._rows(
            "i",
            "SELECT count(*) FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.seen = v.seen)",
        )
        return int(dead)

    def spare_share(self) -> float:
        """Return how much of the file is empty, 0 to 1."""
        ((free,),), ((pages,),) = self._rows("i", "PRAGMA freelist_count"), self._rows("i", "PRAGMA page_count")
        return float(free / max(1, pages))

    def compact(self) -> None:
        """Drop vectors and tokens that no row holds, and give the space back that is not used."""
        with self.transaction():
            self._db.execute("INSERT OR IGNORE INTO loosened SELECT seen FROM vectors UNION SELECT seen FROM tokens")
            self._drop_loosened()
        with self._speaking():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _check_own(path: Path) -> None:
    """Raise `FolderError` where a file of the catalog is a link, or leads SQLite to other files."""
    check_own(path.parent, [f"{path.name}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")])
    journal = path.with_name(f"{path.name}-journal")
    try:
        # We write to one file at a time: no journal of ours names another.
        if journal.read_bytes().endswith(_JOURNAL_OF_MANY):
            raise FolderError(f"{journal} names another file, and is not ours: remove it, or give another --embeddings")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise FolderError(f"{journal} cannot be read: {error.strerror or error}") from error


def _tables(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return all that a file's tables, indexes, views and triggers are made by."""
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()


@lru_cache(maxsize=1)
def _tables_of_ours() -> list[tuple[Any, ...]]:
    db = sqlite3.connect(":memory:")
    db.executescript(_SCHEMA)
    found = _tables(db)
    db.close()
    return found


def _renewed(**changed: str) -> str:
    """Return the expression for an article's checksum when some columns change; that of a damaged row stays wrong."""
    new = ", ".join(changed.get(column, column) for column in _ARTICLE.split(", "))
    return f"CASE WHEN crc32 = crc32_of({_ARTICLE}) THEN crc32_of({new}) ELSE crc32 END"


def _makes_sense(table: str, values: Sequence[Any]) -> bool:
    """Tell whether a row holds what this package could have written."""
    try:
        if table == "articles":
            *row, text_crc32, text = values
            _stored(text, *row, text_crc32)
            return bool(_crc32(text) == text_crc32)
        if table == "passages":
            _passage("", *values)
        if table == "vectors":
            _matrix(values[1], 1, len(values[1]) // 4)
        return table != "tokens" or bool(values[1] == len(values[2]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return False


def _stored(text: str, id: str, live: int, stamp: str, sha256: str, body: int, title: str, date: str, source: str,
            url: str, tags: str, *_: object) -> StoredArticle:  # fmt: skip
    if live not in (0, 1) or not 0 <= body <= len(text):
        raise ValueError("an article's numbers make no sense")
    return StoredArticle(Article(id, text, title, body, date, source, url, _tags(tags)), stamp, sha256)


def _tags(tags: str) -> tuple[str, ...]:
    found = json.loads(tags)
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        raise ValueError("an article's tags are none")
    return tuple(found)


def _passage(id: str, _: int, start: int, end: int, __: bytes, count: int, sentences: bytes, text: str) -> Passage:
    places = np.frombuffer(sentences, "<u4").astype(np.int64).reshape(count, 2)
    # In order, each after the other, all inside.
    if not 0 <= start <= end or end - start != len(text) or (np.diff(np.r_[start, places.ravel(), end]) < 0).any():
        raise ValueError("a passage's numbers make no sense")
    return Passage(id, Span(start, end), text, tuple(map(Span._make, places.tolist())))


def _matrix(matrix: bytes, count: int, dimension: int) -> Matrix:
    found = np.frombuffer(matrix, "<f4").reshape(count, dimension)
    if not (np.abs(found) < _LARGEST).all():
        raise ValueError("a vector's numbers make no sense")
    return found


def _crc32(*values: str | bytes | float) -> int:
    """Return a checksum of the values of a row."""
    checksum = 0
    for value in values:
        checksum = zlib.crc32(value if isinstance(value, bytes) else str(value).encode(), checksum)
    return checksum


def _marks(keys: Collection[object]) -> str:
    return ",".join("?" * len(keys))
