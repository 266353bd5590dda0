"""The facade: a folder of articles and its index, kept in step, searched and asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qa.answering import ask as answering
from qa.encoding import loading, reader_loading
from qa.encoding.base import Encoder, Reader
from qa.errors import FolderError, QuestionError
from qa.results import Answer, Hit
from qa.retrieval import explain
from qa.retrieval.courtesy import courtesy
from qa.retrieval.ranking import Scope
from qa.retrieval.search import Models, Search, checked
from qa.settings import Settings
from qa.store.base import ArticleInfo, Store
from qa.store.local import LocalStore
from qa.sync import check_built_alike
from qa.types import Article, Failure, Progress, Status, SyncReport
from qa.upkeep import Upkeep, failures, silent
from qa.where import Where

PATIENCE_S = 1.0
"""How long a question waits for indexes that do not go with the catalog, before it builds its own in memory."""


class Library:
    """Articles in `seeds` and their index in `embeddings`. Safe to use from many threads.

    >>> with Library("seeds", "embeddings") as library:  # doctest: +SKIP
    ...     report = library.sync()
    ...     hits = library.retrieve("Who opened an office in Caracas?")
    """

    def __init__(
        self,
        seeds: str | Path = "seeds",
        embeddings: str | Path = "embeddings",
        *,
        settings: Settings | None = None,
        encoder: Encoder | None = None,
        store: Store | None = None,
    ) -> None:
        """Name the two folders; nothing is read before it is needed.

        `encoder` takes the place of the settings', `store` that of one in the folder `embeddings`. Raise `FolderError` if
        `embeddings` lies in `seeds`: its files would become articles.
        """
        self.seeds = Path(seeds)
        self.embeddings = Path(embeddings)
        if self.embeddings.resolve().is_relative_to(self.seeds.resolve()):
            raise FolderError(f"{embeddings}/ lies in {seeds}/, and would be taken for articles: give another --embeddings")
        self.settings = settings or Settings()
        if encoder:
            self.settings = replace(self.settings, encoder=encoder.name)
        self.store: Store = store or LocalStore(self.embeddings, self.settings)
        self._encoder = encoder
        self._upkeep = Upkeep(self.seeds, self.store, self.settings, self.embeddings, self._load_models, self.search)
        self._lock = threading.RLock()
        # More at once than there are processors would only take turns, at a price.
        self._turns = threading.BoundedSemaphore(os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the index. A closed library opens it again when it is used."""
        self.store.close()

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at first use. Raise `EncoderError` if it cannot be."""
        return self._load_encoder(silent)

    @property
    def reader(self) -> Reader | None:
        """The reader, loaded at first use, or None without one. Raise `EncoderError` if it cannot be loaded."""
        with self._lock:
            name = self.settings.reader
            return None if name == "none" else reader_loading.load(name, self.embeddings / "encoder")

    def _load_encoder(self, progress: Progress) -> Encoder:
        with self._lock:
            if self._encoder is None:
                progress("loading", 0, 1)
                self._encoder = loading.load(self.settings.encoder, self.embeddings / "encoder")
                progress("loading", 1, 1)
            return self._encoder

    def _load_models(self, progress: Progress) -> Encoder:
        """Return the encoder; the reader is loaded as well, so that the first question need not wait for it."""
        encoder = self._load_encoder(progress)
        _ = self.reader
        return encoder

    # --- in step with the folder ---------------------------------------------------------------------------------

    def sync(self, progress: Progress | None = None, *, rebuild: bool = False) -> SyncReport:
        """Bring the index in step with the folder; only passages with new text are encoded.

        The old state serves readers until the new one is complete. With `rebuild` every article is read again, even with
        another encoder, other settings, or a damaged catalog, which is kept aside.

        Raise `FolderError` if the folder is missing or holds no articles (the index is kept), `LockedError` if another
        process is syncing, `IndexMismatchError` if the index was built with another encoder or settings.
        """
        return self._upkeep.sync(progress or silent, rebuild=rebuild)

    def catch_up(self, progress: Progress | None = None, *, patience_s: float | None = None) -> SyncReport | None:
        """Sync if the folder has changed or there is no index yet; return None if there was nothing to do.

        While another thread or process syncs, for longer than `patience_s` (the settings' `lock_timeout_s`), or if nothing
        can be written, an index that is there stays in use: what has changed is then not quoted.
        """
        return self._upkeep.catch_up(progress or silent, patience_s=patience_s)

    def changed_files(self, *, allow_cached: bool = False) -> Mapping[str, str]:
        """Return the files that are not in the index as they are now, by id: "new", "changed" or "gone"."""
        with self.store.snapshot() as snapshot:
            return self._upkeep.changed_files(snapshot, allow_cached=allow_cached)

    def pending(self, *, allow_cached: bool = False) -> int:
        """Return how many files are not in the index as they are now. See `FolderWatch.changed`."""
        return len(self.changed_files(allow_cached=allow_cached))

    def status(self, *, allow_cached: bool = False) -> Status:
        """Return what the index holds, what it was built with, and how far the folder has moved on."""
        return self._upkeep.status(allow_cached=allow_cached)

    def failures(self) -> tuple[Failure, ...]:
        """Return the files that could not be read at the last sync, by id."""
        with self.store.snapshot() as snapshot:
            return failures(snapshot)

    # --- questions -----------------------------------------------------------------------------------------------

    def retrieve(
        self, question: str, k: int = 5, where: Where | Mapping[str, Any] | None = None, *, rerank: bool = True
    ) -> list[Hit]:
        """Return at most `k` passages, best first, each as its file is now; ties are broken by article id.

        `where` filters articles before anything is ranked: see `Where`. Near-duplicates are one hit. A file that changed since
        the last sync is quoted if the passage still stands in it, else not at all. Without an index, the folder is synced
        first. Without `rerank` hits come sooner, in a less good order. Raise `QuestionError` for a question or `k` that cannot
        be answered, `IndexMismatchError` if the index was built with another encoder or other settings. Typing errors stay:
        only an `Answer` can say what was searched for instead.
        """
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise QuestionError(f"k is {k!r}: it takes a whole number from 1")
        question, scope = checked(question, self.settings), Scope(Where.of(where))
        with self.search() as search:
            return search.hits(search.query(question), k, scope, rerank=rerank)

    def ask(
        self, question: str, where: Where | Mapping[str, Any] | None = None, *, earlier: str = "", exact: bool = False
    ) -> Answer:
        """Return what the articles say to a question, in quotes, or the closest passages, or nothing. Raises like `retrieve`.

        `earlier` is what was searched for before (`Answer.searched`): a follow-up question ("And when was that?") is searched
        for with what that was about. If the encoder cannot read all of a question, its most telling sentences are searched for.
        For a greeting, thanks or a call for help nothing is: the answer only says so (`Answer.courtesy`).
        Typing errors are corrected by the words of the articles (`Answer.respelled`), unless it is to be taken `exact`.
        """
        question, scope = checked(question, self.settings), Scope(Where.of(where))
        if said := courtesy(question):
            return Answer(question, state="nothing", confidence=0.0, text="", citations=(), hits=(), courtesy=said)
        with self.search() as search:
            answer = answering.ask(search, question, scope, earlier=earlier, exact=exact)
            pending = len(self._upkeep.changed_files(search.snapshot, allow_cached=True))
            failed = len(search.snapshot.failures())
        return replace(answer, pending=pending, failed=failed)

    def why_not(self, question: str, article_id: str, k: int = 5, where: Where | Mapping[str, Any] | None = None) -> str:
        """Return in one line why an article is not among the first `k` hits of a question, or at which rank it is."""
        question = checked(question, self.settings)
        with self.search() as search:
            return explain.why_not(search, question, article_id, k, Where.of(where))

    @contextmanager
    def search(self) -> Iterator[Search]:
        """Open one state of the index for a question; without an index, the folder is synced first."""
        if not self.store.generation:
            self.sync()
        encoder = self.encoder
        with self.store.snapshot(patience_s=PATIENCE_S) as snapshot:
            if not snapshot.manifest.generation:
                raise FolderError(f"{self.seeds}/ holds no article that can be read: 'qa status' lists the reasons")
            check_built_alike(snapshot.manifest, self.settings, encoder)
            yield Search(snapshot, encoder, self._models, self.settings, self.seeds, self._turns)

    @cached_property
    def _models(self) -> Models:
        return Models.of(self.settings, self.encoder, lambda: self.reader)

    # --- articles ------------------------------------------------------------------------------------------------

    def article(self, article_id: str) -> Article | None:
        """Return an article as it was at the last sync, or None if there is none of this id."""
        with self.store.snapshot() as snapshot:
            stored = snapshot.article(article_id)
        return stored.article if stored else None

    def articles(self) -> list[ArticleInfo]:
        """Return what is known of each article, by id."""
        with self.store.snapshot() as snapshot:
            return list(snapshot.articles())
