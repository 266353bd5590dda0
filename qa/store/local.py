"""A store in one folder: the catalog in SQLite, and beside it the vector and lexical indexes built from it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import DamagedError, FolderError
from qa.settings import Settings
from qa.store import edit as editing
from qa.store import indexes, integrity
from qa.store.base import Calibration, Reset
from qa.store.catalog import Catalog
from qa.store.database import VERSION, Database
from qa.store.edit import LocalEdit
from qa.store.indexes import Builder, Indexes
from qa.store.lock import writing
from qa.store.snapshot import LocalSnapshot, manifest_of
from qa.types import Finding

CATALOG = "catalog.sqlite"
"""The name of the database in `embeddings`."""
_LOOK_S = 0.01
"""How often a reader looks whether the indexes of its state are ready."""


class LocalStore:
    """See `base.Store`. Safe to use from many threads."""

    def __init__(self, embeddings: Path, settings: Settings) -> None:
        """Name the folder; nothing is opened before it is needed."""
        self.embeddings = embeddings
        self.settings = settings
        self._catalog: Catalog | None = None
        self._held: Indexes | None = None
        self._lock = threading.RLock()

    @property
    def catalog(self) -> Catalog:
        """The catalog, opened at first use. Raise `FolderError` or `DamagedError` if it cannot be."""
        with self._lock:
            if self._catalog is None:
                make_folder(self.embeddings)
                self._catalog = Catalog(Database(self.embeddings / CATALOG))
            return self._catalog

    @property
    def generation(self) -> str:
        """See `base.Store`."""
        return self.catalog.generation

    @contextmanager
    def snapshot(self, *, patience_s: float = 0.0) -> Iterator[LocalSnapshot]:
        """See `base.Store`."""
        catalog, patience = self.catalog, time.monotonic() + patience_s
        while True:
            with catalog.database.transaction(write=False):
                manifest = manifest_of(catalog)
                # A sync has just ended in another thread or is about to in another process; later they are built in memory.
                if self._is_at_hand(manifest.generation) or time.monotonic() >= patience:
                    yield LocalSnapshot(catalog, manifest, self._indexes)
                    return
            time.sleep(_LOOK_S)

    def _is_at_hand(self, generation: str) -> bool:
        held = self._held
        return (held is not None and held.generation == generation) or indexes.on_disk(self.embeddings) == generation

    def _indexes(self, generation: str) -> Indexes:
        """Return the indexes of the state that the current transaction sees, brought up to it if they lag behind."""
        with self._lock:
            if self._held is None or self._held.generation != generation:
                self._held = self._builder(write=False).indexes(generation, self._held)
            return self._held

    def _builder(self, *, write: bool) -> Builder:
        return Builder(self.catalog, self.embeddings, self.settings, write)

    @contextmanager
    def edit(self, *, patience_s: float, reset: Reset = "") -> Iterator[LocalEdit]:
        """See `base.Store`."""
        make_folder(self.embeddings)
        with writing(self.embeddings, patience_s):
            try:
                indexes.remove_leftovers(self.embeddings)
                if reset:
                    self._reset(reset)
                edit = LocalEdit(self.catalog, self._written_indexes)
                yield edit
            except OSError as error:
                reason = error.strerror or error
                raise FolderError(f"{self.embeddings}/ cannot be written ({reason}): the index is as it was") from error
            if edit.built:
                with self._lock:
                    self._held = edit.built

    def _written_indexes(self, generation: str) -> Indexes:
        """Return the indexes of the state that the current transaction sees, written to disk as well: for the writer."""
        return self._builder(write=True).indexes(generation, self._held)

    def note_calibration(self, calibration: Calibration) -> None:
        """See `base.Store`."""
        editing.note_calibration(self.catalog.database, calibration)

    def _reset(self, reset: Reset) -> None:
        """Drop damaged rows; or make room for a new catalog if this one cannot be mended, which is kept under another name."""
        try:
            if reset == "damaged" and not integrity.broken_structure(self.catalog.database):
                integrity.drop_damaged(self.catalog)
                return
        except (DamagedError, FolderError):
            pass
        self.close()
        for suffix in ("", "-wal", "-shm"):
            path = self.embeddings / f"{CATALOG}{suffix}"
            if path.exists():
                path.replace(self.embeddings / f"damaged.sqlite{suffix}")

    @property
    def engine(self) -> str:
        """See `base.Store`."""
        return f"SQLite {VERSION}"

    def check(self) -> Iterator[Finding]:
        """See `base.Store`."""
        return integrity.check(self.catalog, self.embeddings, self.settings)

    def is_damaged(self) -> bool:
        """See `base.Store`."""
        try:
            return integrity.is_damaged(self.catalog)
        except (DamagedError, FolderError):  # It cannot even be opened.
            return True

    def forget_vectors(self, *, patience_s: float) -> None:
        """See `base.Store`."""
        with writing(self.embeddings, patience_s):
            editing.forget_vectors(self.catalog.database)

    def compact(self, *, patience_s: float) -> None:
        """See `base.Store`."""
        with writing(self.embeddings, patience_s):
            editing.compact(self.catalog.database)

    def close(self) -> None:
        """See `base.Store`."""
        with self._lock:
            if self._catalog:
                self._catalog.database.close()
            self._catalog = self._held = None


def make_folder(folder: Path) -> None:
    """Make a folder if there is none. Raise `FolderError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{folder}/ cannot be made: {error.strerror or error}") from error
