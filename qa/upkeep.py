"""Keeps an index in step with its folder: syncs it, rebuilds it if it is damaged, and fits the confidence to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qa.answering import fitting
from qa.encoding import compiling
from qa.encoding.base import Encoder
from qa.errors import DamagedError, FolderError, LockedError
from qa.retrieval.search import Search
from qa.settings import Settings
from qa.store.base import Reset, Snapshot, Store
from qa.sync import SyncRun
from qa.types import Failure, Progress, Status, SyncReport
from qa.watch import FolderWatch


@dataclass(slots=True)
class Upkeep:
    """The writing half of a library. `encoder` loads the encoder if need be, `search` opens the index for questions."""

    seeds: Path
    store: Store
    settings: Settings
    embeddings: Path
    encoder: Callable[[Progress], Encoder]
    search: Callable[[], AbstractContextManager[Search]]
    _watch: FolderWatch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = FolderWatch(self.seeds, self.settings.article_bytes)

    def changed_files(self, snapshot: Snapshot, *, allow_cached: bool) -> Mapping[str, str]:
        """See `FolderWatch.changed`."""
        return self._watch.changed(snapshot, allow_cached=allow_cached)

    def status(self, *, allow_cached: bool) -> Status:
        """See `Library.status`."""
        with self.store.snapshot() as snapshot:
            manifest, counts = snapshot.manifest, snapshot.counts()
            pending = len(self._watch.changed(snapshot, allow_cached=allow_cached))
            return Status(
                seeds=str(self.seeds),
                embeddings=str(self.embeddings),
                articles=counts.articles,
                passages=counts.passages,
                sentences=counts.sentences,
                pending=pending,
                failed=failures(snapshot),
                encoder=manifest.encoder,
                fingerprint=manifest.fingerprint,
                runtime=manifest.runtime,
                generation=manifest.generation,
                others=self._watch.left_out.others,
                hidden=self._watch.left_out.hidden,
            )

    def sync(self, progress: Progress, *, rebuild: bool = False, patience_s: float | None = None) -> SyncReport:
        """See `Library.sync`. Wait `patience_s` for another writer, else the settings' `lock_timeout_s`."""
        patience_s = self.settings.lock_timeout_s if patience_s is None else patience_s
        try:
            return self._run(progress, "damaged" if rebuild else "", patience_s)
        except DamagedError:
            if not rebuild:
                raise
            return self._run(progress, "all", patience_s)  # The remedy that is told for all damage has to work.

    def catch_up(self, progress: Progress, *, patience_s: float | None = None) -> SyncReport | None:
        """See `Library.catch_up`."""
        if not self.store.generation:
            patience_s = None  # There is nothing else to do than to wait.
        else:
            with self.store.snapshot() as snapshot:
                if not self._watch.changed(snapshot):
                    return None
        try:
            return self.sync(progress, patience_s=patience_s)
        except (LockedError, FolderError):
            if not self.store.generation:
                raise
            return None

    def _run(self, progress: Progress, reset: Reset, patience_s: float) -> SyncReport:
        with self.store.edit(patience_s=patience_s, reset=reset) as edit:
            compiling.remove_leftovers(self.embeddings / "encoder")
            encoder = partial(self.encoder, progress)
            report = SyncRun(edit, self.seeds, self.settings, encoder, progress, rebuild=bool(reset)).run()
        self._watch.forget()
        if report.passages:
            with self.search() as search:
                calibration = fitting.fit(search, progress)
            if calibration:
                self.store.note_calibration(calibration)
        return report


def failures(snapshot: Snapshot) -> tuple[Failure, ...]:
    """Return the files that could not be read, by id."""
    return tuple(Failure(id, reason) for id, (_, reason) in snapshot.failures().items())


def silent(stage: str, done: int, total: int, article_id: str = "") -> None:
    """Show no progress."""
