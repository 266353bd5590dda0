"""The SQLite file of the catalog: opened with care, since it may come from somebody else. The only door to sqlite3."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa.errors import DamagedError, FolderError
from qa.files import check_own
from qa.store.schema import FORMAT, TABLES, TYPES, crc32

VERSION = sqlite3.sqlite_version
_PAGE_BYTES = 16_384
"""Larger than usual: the vectors of a passage fit into one page."""
_ROWS_AT_ONCE = 500
_BUSY_S = 30
"""How long to wait for another process that writes at the same moment; writers themselves take turns by a lock."""
_JOURNAL_OF_MANY = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names another file, which SQLite would remove."""


class Database:
    """One SQLite file. Each thread has a connection of its own; transactions are begun by hand."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, or make one with empty tables. Raise `DamagedError` if it is not one of ours."""
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        _check_own(path)
        with self._errors():
            file_format = self._db.execute("PRAGMA user_version").fetchone()[0]
            if file_format == 0:
                self._create()
            elif file_format != FORMAT:
                raise DamagedError(f"{path} has format {file_format}, this version writes {FORMAT}: run 'qa sync --rebuild'")
            if _tables(self._db) != _our_tables():
                raise self.damage("it has other tables than ours")

    def damage(self, reason: str) -> DamagedError:
        """Return the error that says that the file is damaged, and what to do."""
        return DamagedError(f"{self.path} is damaged ({reason}): run 'qa sync --rebuild'")

    def _create(self) -> None:
        self._db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._db.execute("PRAGMA journal_mode = WAL")
        with self.transaction():
            # Another process may have made the tables between our look and our lock.
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0 and not _tables(self._db):
                for statement in filter(str.strip, TABLES.split(";\n")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {FORMAT}")

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread."""
        if not hasattr(self._local, "db"):
            place, uri = self._place()
            db = sqlite3.connect(place, isolation_level=None, timeout=_BUSY_S, check_same_thread=False, uri=uri)
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA cell_size_check = ON")
            db.execute("PRAGMA foreign_keys = ON")
            db.create_function("crc32_of", -1, crc32, deterministic=True)
            db.execute("PRAGMA synchronous = NORMAL")
            self._local.db = db
            with self._connections_lock:
                self._connections.append(db)
        db = self._local.db
        assert isinstance(db, sqlite3.Connection)
        return db

    def _place(self) -> tuple[str, bool]:
        """Return what to open, and whether it is a URI: SQLite has to be told if nothing can be written."""
        if os.access(self.path.parent, os.W_OK):
            return str(self.path), False
        log = self.path.with_name(f"{self.path.name}-wal")
        # A log that is there belongs to a writer elsewhere; without one nobody writes, and SQLite need not make its own.
        settled = "" if log.exists() else "&immutable=1"
        return f"{self.path.absolute().as_uri()}?mode=ro{settled}", True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what SQLite says of a damaged or unusable file into one line that says what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "decode" in str(error):
                raise self.damage("a text is not UTF-8") from error
            raise FolderError(f"{self.path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self.damage(str(error)) from error
        except UnicodeDecodeError as error:  # SQLite's own message quotes what is damaged.
            raise self.damage("its description of itself is not UTF-8") from error

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Turn the errors of values that make no sense into one line that says what to do."""
        try:
            yield
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise self.damage(str(error)) from error

    def check(self, checksum: int, *values: str | bytes | float) -> None:
        """Raise `DamagedError` if values are not those that were written."""
        if crc32(*values) != checksum:
            raise self.damage("a row is not as it was written")

    def rows(self, types: str, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows with values of these types: i for a whole number, s for text, b for bytes."""
        expected = tuple(TYPES[letter] for letter in types)
        for row in self.untyped_rows(statement, values):
            if tuple(map(type, row)) != expected:
                raise self.damage("a value is of another type than ours")
            yield row

    def untyped_rows(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows with values of any type."""
        with self._errors():
            cursor = self._db.execute(statement, values)
        while True:
            with self._errors():
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from rows

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        """Change something, and return the key of the row that was inserted last."""
        with self._errors():
            return self._db.execute(statement, values).lastrowid or 0

    def execute_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Change something once for each row of values."""
        with self._errors():
            self._db.executemany(statement, rows)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """Do all or nothing; without `write`, see one state of the file throughout."""
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._db.commit()

    def broken_structure(self) -> list[str]:
        """Let SQLite check the whole file; return in words what is broken."""
        try:
            broken = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
            orphans = self._db.execute("PRAGMA foreign_key_check")
            return broken + [f"{table}: a row without its article" for table, *_ in orphans]
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            return [str(error)]

    def spare_fraction(self) -> float:
        """Return how much of the file is empty, 0 to 1."""
        ((free,),), ((pages,),) = self.rows("i", "PRAGMA freelist_count"), self.rows("i", "PRAGMA page_count")
        return float(free / max(1, pages))

    def compact(self) -> None:
        """Give back the space that is not used."""
        self.execute("VACUUM")
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._connections_lock:
            for db in self._connections:
                db.close()
            self._connections.clear()
        self._local = threading.local()


def _check_own(path: Path) -> None:
    """Raise `FolderError` if a file of the database is a link, or leads SQLite to other files."""
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
    """Return the definitions of a file's tables, indexes, views and triggers."""
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()


@lru_cache(maxsize=1)
def _our_tables() -> list[tuple[Any, ...]]:
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    tables = _tables(db)
    db.close()
    return tables
