"""A sync in the background, one at a time, and how far it has come."""

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
class Underway:
    """How far a sync has come, or what the last one did: `error` in one line where it failed. See `Progress`."""

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
        """The time that the stage still takes at its rate; None while that cannot be told."""
        return (self.total - self.done) / self.per_second if self.running and self.per_second else None


PATIENCE_S = 10.0
"""How long the end of the server waits for a sync to stop."""


class Syncing:
    """Syncs a library when asked to; who asks while it does joins in. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._since = 0.0
        self._state = Underway()
        self._missed: Mapping[str, str] = {}

    def start(self) -> None:
        """Begin a sync, unless one is under way."""
        with self._lock:
            if self._state.running or self._ending:
                return
            self._state = Underway(running=True)
            self._thread = threading.Thread(target=self._sync, name="qa-sync", daemon=True)
            self._thread.start()

    def follow(self, behind: Mapping[str, str]) -> None:
        """Begin a sync where files are `behind`; not once more where the last one failed with the same ones."""
        if behind and behind != self._missed:
            self._missed = behind
            self.start()

    @property
    def state(self) -> Underway:
        """How far the sync has come, or what the last one did, with the files that could not be read as of now."""
        return replace(self._state, failed=self._library.failures())

    def close(self) -> None:
        """Stop a sync that is under way; what it has encoded is kept."""
        with self._lock:
            self._ending = True
            thread = self._thread
        if thread:
            thread.join(PATIENCE_S)

    def _sync(self) -> None:
        try:
            ended = Underway(report=self._library.sync(self._progress))
            self._missed = {}
        except QaError as error:
            ended = Underway(error=str(error))
        except _Ended:
            ended = Underway()
        except Exception as error:  # Its words may be of an article: only its place is told.
            log_trouble(error)
            ended = Underway(error="the sync broke off: the server's log says where")
        self._state = ended

    def _progress(self, stage: str, done: int, total: int, article_id: str = "") -> None:
        if self._ending:
            raise _Ended
        now = time.monotonic()
        if stage != self._state.stage:
            self._since = now
        took_s = now - self._since
        rate = done / took_s if took_s > 0 else 0.0
        self._state = Underway(True, stage, done, total, article_id, rate)


class _Ended(Exception):  # noqa: N818  # No error.
    """The server ends."""
