"""Syncs in the background, one at a time, and their progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from qa.errors import QaError
from qa.library import Library
from qa.types import Failure, SyncReport
from qa.web.guard import log_trouble


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """The progress of a sync, or what the last one did; `error` says in one line why it failed. See `Progress`."""

    running: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    article_id: str = ""
    per_second: float = 0.0
    report: SyncReport | None = None
    error: str = ""
    failed: tuple[Failure, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """The time that the stage still takes at its rate; None if the rate is unknown."""
        return (self.total - self.done) / self.per_second if self.running and self.per_second else None


PATIENCE_S = 10.0
"""How long a server that ends waits for the sync to stop."""


class BackgroundSync:
    """Syncs a library on demand; a demand during a sync joins it. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._since = 0.0
        self._state = SyncProgress()
        self._attempted: Mapping[str, str] = {}

    def start(self) -> None:
        """Begin a sync unless one is running."""
        with self._lock:
            if self._state.running or self._ending:
                return
            self._state = SyncProgress(running=True)
            self._thread = threading.Thread(target=self._sync, name="qa-sync", daemon=True)
            self._thread.start()

    def follow(self, changed: Mapping[str, str]) -> None:
        """Begin a sync if files have `changed`, unless the last one failed with the same files."""
        if changed and changed != self._attempted:
            self._attempted = changed
            self.start()

    @property
    def state(self) -> SyncProgress:
        """The progress of the sync, or what the last one did, with the files that cannot be read at present."""
        return replace(self._state, failed=self._library.failures())

    def close(self) -> None:
        """Stop a running sync; what it has encoded stays in the index."""
        with self._lock:
            self._ending = True
            thread = self._thread
        if thread:
            thread.join(PATIENCE_S)

    def _sync(self) -> None:
        try:
            ended = SyncProgress(report=self._library.sync(self._progress))
            self._attempted = {}
        except QaError as error:
            ended = SyncProgress(error=str(error))
        except _Ended:
            ended = SyncProgress()
        except Exception as error:  # Its message may quote an article: only its place is logged.
            log_trouble(error)
            ended = SyncProgress(error="the sync broke off: the server's log says where")
        self._state = ended

    def _progress(self, stage: str, done: int, total: int, article_id: str = "") -> None:
        if self._ending:
            raise _Ended
        now = time.monotonic()
        if stage != self._state.stage:
            self._since = now
        took_s = now - self._since
        rate = done / took_s if took_s > 0 else 0.0
        self._state = SyncProgress(True, stage, done, total, article_id, rate)


class _Ended(Exception):  # noqa: N818  # No error.
    """The server ends."""
