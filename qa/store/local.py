"""A store in one folder: the catalog in SQLite, and beside it the vector and lexical indexes built from it."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix, Vector
from qa.errors import DamagedError, FolderError
from qa.settings import Settings
from qa.store import derived, integrity
from qa.store.base import (
    ArticleInfo,
    Calibration,
    Candidate,
    Counts,
    FileState,
    Manifest,
    PassageTokens,
    Query,
    Rankings,
    Reset,
    StoredArticle,
    Term,
)
from qa.store.catalog import Catalog
from qa.store.derived import Indexes
from qa.store.lock import writing
from qa.types import Finding, Passage
from qa.where import EVERYWHERE, Where

MOST_LOGIT = 1e3
"""More than any logit of a question: what is larger was not noted by us."""
CALIBRATION = "calibration"
"""The row of the catalog's `meta` that holds the calibration."""


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
                self._catalog = Catalog(self.embeddings / "catalog.sqlite")
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
            with catalog.transaction(write=False):
                manifest = _manifest(catalog)
                # A sync has just ended in another thread or is about to in another process; later they are built in memory.
                if self._is_at_hand(manifest.generation) or time.monotonic() >= patience:
                    yield LocalSnapshot(self, catalog, manifest)
                    return
            time.sleep(0.01)

    def _is_at_hand(self, generation: str) -> bool:
        held = self._held
        return (held is not None and held.generation == generation) or derived.on_disk(self.embeddings) == generation

    def indexes(self, generation: str) -> Indexes:
        """Return the indexes of the state that the current transaction sees, brought up to it if they lag behind."""
        with self._lock:
            if self._held is None or self._held.generation != generation:
                self._held = derived.indexes(self.catalog, generation, self.embeddings, self._held, self.settings, write=False)
            return self._held

    @contextmanager
    def edit(self, *, patience_s: float, reset: Reset = "") -> Iterator[LocalEdit]:
        """See `base.Store`."""
        make_folder(self.embeddings)
        with writing(self.embeddings, patience_s):
            try:
                derived.remove_leftovers(self.embeddings)
                if reset:
                    self._reset(reset)
                edit = LocalEdit(self, self.catalog)
                yield edit
            except OSError as error:
                reason = error.strerror or error
                raise FolderError(f"{self.embeddings}/ cannot be written ({reason}): the index is as it was") from error
            if edit.built:
                with self._lock:
                    self._held = edit.built

    def build(self, generation: str) -> Indexes:
        """Return the indexes of the state that the current transaction sees, written to disk as well: for the writer."""
        return derived.indexes(self.catalog, generation, self.embeddings, self._held, self.settings, write=True)

    def note_calibration(self, calibration: Calibration) -> None:
        """See `base.Store`."""
        self.catalog.note(CALIBRATION, json.dumps(asdict(calibration)))

    def _reset(self, reset: Reset) -> None:
        """Drop damaged rows; or make room for a new catalog if this one cannot be mended, which is kept under another name."""
        try:
            if reset == "damaged" and not self.catalog.broken_structure():
                self.catalog.drop_damaged()
                return
        except (DamagedError, FolderError):
            pass
        self.close()
        for suffix in ("", "-wal", "-shm"):
            path = self.embeddings / f"catalog.sqlite{suffix}"
            if path.exists():
                path.replace(self.embeddings / f"damaged.sqlite{suffix}")

    @property
    def engine(self) -> str:
        """See `base.Store`."""
        return f"SQLite {self.catalog.sqlite_version}"

    def check(self) -> Iterator[Finding]:
        """See `base.Store`."""
        return integrity.check(self.catalog, self.embeddings, self.settings)

    def is_damaged(self) -> bool:
        """See `base.Store`."""
        try:
            return bool(self.catalog.broken_structure() or self.catalog.damaged_rows())
        except (DamagedError, FolderError):
            return True

    def forget_vectors(self, *, patience_s: float) -> None:
        """See `base.Store`."""
        with writing(self.embeddings, patience_s):
            self.catalog.forget_vectors()

    def compact(self, *, patience_s: float) -> None:
        """See `base.Store`."""
        with writing(self.embeddings, patience_s):
            self.catalog.compact()

    def close(self) -> None:
        """See `base.Store`."""
        with self._lock:
            if self._catalog:
                self._catalog.close()
            self._catalog = self._held = None


def make_folder(folder: Path) -> None:
    """Make a folder if there is none. Raise `FolderError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{folder}/ cannot be made: {error.strerror or error}") from error


def _manifest(catalog: Catalog) -> Manifest:
    meta = catalog.meta()
    names = {"encoder": "encoder", "fingerprint": "fingerprint", "runtime": "runtime", "splitting": "passages"}
    return Manifest(**{name: meta.get(key, "") for name, key in names.items()}, generation=meta.get("generation", ""))


class LocalSnapshot:
    """See `base.Snapshot`. It lives inside a transaction of the catalog; the indexes are opened when they are needed."""

    def __init__(self, store: LocalStore, catalog: Catalog, manifest: Manifest) -> None:
        self.manifest = manifest
        self._store = store
        self._catalog = catalog

    @cached_property
    def _indexes(self) -> Indexes:
        return self._store.indexes(self.manifest.generation)

    def counts(self) -> Counts:
        """See `base.Snapshot`."""
        return Counts(**self._catalog.counts())

    def articles(self) -> Iterator[ArticleInfo]:
        """See `base.Snapshot`."""
        return (ArticleInfo(*row) for row in self._catalog.listing())

    def article(self, id: str) -> StoredArticle | None:
        """See `base.Snapshot`."""
        return self._catalog.article(id)

    def known(self) -> Mapping[str, FileState]:
        """See `base.Snapshot`."""
        return self._catalog.known()

    def failures(self) -> Mapping[str, tuple[str, str]]:
        """See `base.Snapshot`."""
        return self._catalog.failures()

    def keys(self, where: Where = EVERYWHERE) -> NDArray[np.int64]:
        """See `base.Snapshot`."""
        if not where:
            return self._catalog.passage_keys()
        return self._catalog.passage_keys({facts[0] for facts in self._catalog.facts() if where.admits(*facts)})

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """See `base.Snapshot`."""
        return self._catalog.passages(keys)

    def passage_vectors(self, keys: Sequence[int]) -> dict[int, Matrix]:
        """See `base.Snapshot`."""
        return self._catalog.passage_vectors(keys, self._catalog.dimension)

    def tokens(self, keys: Sequence[int]) -> dict[int, PassageTokens]:
        """See `base.Snapshot`."""
        return {
            key: PassageTokens(*row) for key, row in self._catalog.packed_tokens(keys, self._indexes.vectors.dimension).items()
        }

    def vectors(self, article_ids: Sequence[str]) -> Iterator[tuple[str, Matrix]]:
        """See `base.Snapshot`."""
        return self._catalog.article_vectors(article_ids, self._catalog.dimension)

    def terms(self, question: str) -> tuple[Term, ...]:
        """See `base.Snapshot`."""
        return tuple(self._indexes.lexical.words(question))

    def forms(self, text: str) -> frozenset[str]:
        """See `base.Snapshot`."""
        return self._indexes.lexical.terms(text)

    def candidates(
        self, query: Query, k: int, where: Where = EVERYWHERE, *, exclude: Collection[int] = (), rankings: Rankings
    ) -> list[Candidate]:
        """See `base.Snapshot`."""
        only = self.keys(where) if where or exclude else None
        if only is not None and exclude:
            only = np.setdiff1d(only, list(exclude))
        vectors, lexical = self._indexes.vectors, self._indexes.lexical
        near = vectors.search(query.vector, k, only) if rankings.vectors else []
        found = dict(lexical.search(query.terms, k, only)) if rankings.words else {}
        # Another thread may have brought the words to a later state: what this transaction does not see is left out.
        cosines = self._cosines(sorted({*near, *found}), query.vector)
        missing = [key for key in cosines if key not in found] if found else []
        scores = {**found, **dict(lexical.search(query.terms, len(missing), missing))}
        return [Candidate(key, each, scores.get(key, 0.0)) for key, each in cosines.items()]

    def _cosines(self, keys: Sequence[int], vector: Vector) -> dict[int, Vector]:
        """Return the cosines of each passage's sentences: from the index, or if that keeps lists, from the catalog."""
        if not self._indexes.vectors.lists:
            return self._indexes.vectors.cosines(vector, keys)
        found = self._catalog.passage_vectors(keys, len(vector))
        return {key: found[key] @ vector for key in keys if key in found}

    def calibration(self) -> Calibration | None:
        """See `base.Snapshot`."""
        return _calibration(self._catalog.meta().get(CALIBRATION, ""))


def _calibration(text: str) -> Calibration | None:
    """Return what was noted, or None if that makes no sense: it is then fitted again."""
    try:
        noted = json.loads(text)
        fingerprint, passages, logits = noted["fingerprint"], noted["passages"], noted["logits"]
        found = tuple(map(float, logits)) if logits is not None else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    if not isinstance(fingerprint, str) or type(passages) is not int:
        return None
    if found is None:
        return Calibration(fingerprint, passages, None)
    sound = len(found) == 2 and all(math.isfinite(each) and abs(each) < MOST_LOGIT for each in found)
    return Calibration(fingerprint, passages, (found[0], found[1])) if sound else None


class LocalEdit:
    """See `base.Edit`. Whatever an interrupted edit left staged is forgotten first; the vectors it paid for are kept."""

    def __init__(self, store: LocalStore, catalog: Catalog) -> None:
        self.manifest = _manifest(catalog)
        self.built: Indexes | None = None
        self._store = store
        self._catalog = catalog
        catalog.discard_staged()

    def counts(self) -> Counts:
        """See `base.Edit`."""
        return Counts(**self._catalog.counts())

    def known(self) -> Mapping[str, FileState]:
        """See `base.Edit`."""
        return self._catalog.known()

    def failures(self) -> Mapping[str, tuple[str, str]]:
        """See `base.Edit`."""
        return self._catalog.failures()

    def stage(self, stored: StoredArticle, title_input: bytes, passages: Sequence[tuple[Passage, bytes]]) -> None:
        """See `base.Edit`."""
        with self._catalog.transaction():
            self._catalog.stage(stored.article, stored.stamp, stored.sha256, title_input, passages)

    def drop_unfit(self, dimension: int) -> None:
        """See `base.Edit`."""
        self._catalog.forget_unfit(dimension)

    def missing_titles(self) -> Mapping[bytes, str]:
        """See `base.Edit`."""
        return self._catalog.unencoded_titles()

    def missing_passages(self) -> Mapping[int, bytes]:
        """See `base.Edit`."""
        return self._catalog.unencoded()

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """See `base.Edit`."""
        return self._catalog.passages(keys)

    def tokens_bytes(self) -> int:
        """See `base.Edit`."""
        return self._catalog.tokens_bytes()

    def add(self, vectors: Iterable[tuple[bytes, Matrix]], tokens: Iterable[tuple[bytes, bytes]]) -> None:
        """See `base.Edit`."""
        self._catalog.add_encoded(vectors, tokens)

    def publish(
        self, manifest: Manifest, *, removed: Collection[str], restamped: Mapping[str, str],
        failures: Mapping[str, tuple[str, str]],
    ) -> None:  # fmt: skip
        """See `base.Edit`. The indexes are brought to the new state before others see it."""
        facts = {"encoder": manifest.encoder, "fingerprint": manifest.fingerprint, "runtime": manifest.runtime}
        with self._catalog.publishing(removed, {**facts, "passages": manifest.splitting}) as generation:
            self._catalog.note_files(restamped, failures)
            self.built = self._store.build(generation)

    def note(self, *, restamped: Mapping[str, str], failures: Mapping[str, tuple[str, str]]) -> None:
        """See `base.Edit`. Indexes that are missing or damaged are built again."""
        if restamped or failures != self._catalog.failures():
            with self._catalog.transaction():
                self._catalog.note_files(restamped, failures)
        with self._catalog.transaction(write=False):
            if generation := self._catalog.generation:
                self.built = self._store.build(generation)
