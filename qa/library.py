"""A folder of articles and its index, kept in step: sync, retrieve, ask. The only module that sees all the parts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from qa import adjust, answering, confidence, current, derived, models, retrieval, sync
from qa.answering import Found
from qa.catalog import Catalog
from qa.confidence import Adjustment, Signals
from qa.errors import DamagedError, FolderError, LockedError, QuestionError
from qa.question import carried
from qa.rerank import CrossEncoder, MaxSim, Reranker
from qa.retrieval import Indexes, Ranked
from qa.schema import Answer, Article, Encoder, Failure, Hit, Progress, SyncReport
from qa.settings import Settings
from qa.where import Where
from qa.writer import writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.doctor import Health
    from qa.lexical import Word
    from qa.schema import EncodedQuestion

HITS = 5
"""Passages that come with an answer."""
EVERYWHERE = Where()
LONG_LOOK_S = 0.02
LATELY = 20
PATIENCE_S = 1.0
"""How long a question waits for indexes that do not go with the catalog, before it makes its own."""
SPARE_HITS = 10
"""Passages ranked beyond `k`, for those that turn out to be gone or told already."""


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
    ) -> None:
        """Name the two folders; nothing is read before it is needed. `encoder` takes the place of the settings'.

        Raise `FolderError` where `embeddings` lies in `seeds`: its files would become articles.
        """
        self.seeds = Path(seeds)
        self.embeddings = Path(embeddings)
        if self.embeddings.resolve().is_relative_to(self.seeds.resolve()):
            raise FolderError(f"{embeddings}/ lies in {seeds}/, and would be taken for articles: give another --embeddings")
        self.settings = settings or Settings()
        if encoder:
            self.settings = replace(self.settings, encoder=encoder.name)
        self._encoder = encoder
        self._catalog: Catalog | None = None
        self._held: Indexes | None = None
        self._looked: tuple[Mapping[str, str], float, float] = ({}, 0.0, 0.0)
        self._lock = threading.RLock()
        # More at once than there are processors would only take turns, at a price.
        self._searching = threading.BoundedSemaphore(os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the index. A closed library opens it again when it is used."""
        with self._lock:
            if self._catalog:
                self._catalog.close()
            self._catalog = self._held = None

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at first use. Raise `EncoderError` when it cannot be."""
        with self._lock:
            if self._encoder is None:
                self._encoder = models.load(self.settings.encoder, self.embeddings / "encoder")
            return self._encoder

    @property
    def catalog(self) -> Catalog:
        """The catalog, opened at first use. Raise `FolderError` or `DamagedError` when it cannot be."""
        with self._lock:
            if self._catalog is None:
                _make_folder(self.embeddings)
                self._catalog = Catalog(self.embeddings / "catalog.sqlite")
            return self._catalog

    # --- in step with the folder ---------------------------------------------------------------------------------

    def sync(self, progress: Progress | None = None, *, rebuild: bool = False) -> SyncReport:
        """Bring the index in step with the folder; only passages with new text are encoded.

        The old state serves readers until the new one is complete. With `rebuild` every article is read anew, also
        with another encoder, other settings, or a damaged catalog, which is kept aside.

        Raise `FolderError` when the folder is missing or holds no articles (the index is kept), `LockedError` when
        another process is syncing, `IndexMismatchError` when the index was built with another encoder or settings.
        """
        return self._synced(progress or _silent, rebuild, self.settings.lock_timeout_s)

    def _synced(self, progress: Progress, rebuild: bool, patience_s: float) -> SyncReport:
        _make_folder(self.embeddings)
        with writing(self.embeddings, patience_s):
            try:
                if rebuild:
                    self._mend_catalog()
                try:
                    return self._sync(progress, rebuild=rebuild)
                except DamagedError:
                    if not rebuild:
                        raise
                    self._set_catalog_aside()  # A rebuild is what is told to do: it mends whatever there is.
                    return self._sync(progress, rebuild=True)
            except OSError as error:
                reason = error.strerror or error
                raise FolderError(f"{self.embeddings}/ cannot be written ({reason}): the index is as it was") from error

    def _sync(self, progress: Progress, *, rebuild: bool) -> SyncReport:
        fresh: list[Indexes] = []
        derived.remove_leftovers(self.embeddings)
        models.remove_leftovers(self.embeddings / "encoder")

        def derive(generation: str) -> None:
            fresh.append(derived.indexes(self.catalog, generation, self.embeddings, self._held, self.settings, write=True))

        encoder = partial(self._loaded, progress)
        report = sync.sync(self.catalog, self.seeds, self.settings, encoder, derive, progress, rebuild=rebuild)
        self._looked = ({}, 0.0, 0.0)
        if fresh:
            with self._lock:
                self._held = fresh[0]
            self._fit_confidence(len(fresh[0].lexical), progress)
        return report

    def _loaded(self, progress: Progress) -> Encoder:
        """Return the encoder; the first time that may take a while."""
        if self._encoder is None:
            progress("loading", 0, 1)
            _ = self.encoder
            progress("loading", 1, 1)
        return self.encoder

    def _fit_confidence(self, passages: int, progress: Progress) -> None:
        """Measure where the confidence of this library lies; again only once it has become another one."""
        with self.catalog.transaction(write=False):
            meta = self.catalog.meta()
            noted, built_with = adjust.Noted.read(meta.get("landmarks", "")), meta.get("fingerprint", "")
            if noted.fingerprint == built_with and 0.5 <= passages / max(1, noted.passages) <= 2:
                return
            keys = self.catalog.passage_keys()
            chosen = keys[:: max(1, len(keys) // adjust.QUESTIONS)][: adjust.QUESTIONS]
            own = adjust.own_questions(list(self.catalog.passages([int(key) for key in chosen]).values()))
        if len(own) < adjust.FEWEST:
            return
        total = len(own) + len(adjust.foreign_questions())
        asked = count()

        def known(question: str) -> Signals | None:
            progress("calibrating", next(asked), total)
            return self.find(question).signals

        found = adjust.landmarks(known, own)
        progress("calibrating", total, total)
        self.catalog.note("landmarks", str(adjust.Noted(built_with, passages, found)))

    def catch_up(self, progress: Progress | None = None, *, patience_s: float | None = None) -> SyncReport | None:
        """Sync where the folder has changed or there is no index yet; return None where there was nothing to do.

        While another thread or process syncs, for longer than `patience_s` (the settings' `lock_timeout_s`), or where nothing
        can be written, an index that is there stays in use: what has changed is then not quoted.
        """
        if not self.catalog.generation:
            patience_s = None  # There is nothing else to do than to wait.
        elif not self.pending():
            return None
        try:
            return self._synced(progress or _silent, False, self.settings.lock_timeout_s if patience_s is None else patience_s)
        except (LockedError, FolderError):
            if not self.catalog.generation:
                raise
            return None

    def pending(self, *, lately: bool = False) -> int:
        """Count the files that are not in the index as they are now. See `behind`."""
        return len(self.behind(lately=lately))

    def behind(self, *, lately: bool = False) -> Mapping[str, str]:
        """Return the files that are not in the index as they are now, by id: "new", "changed" or "gone"; by a look at each.

        With `lately` an earlier look may do where one takes long: one no older than `LATELY` times what it took.
        """
        found, took_s, at_s = self._looked
        if lately and took_s > LONG_LOOK_S and time.monotonic() - at_s < LATELY * took_s:
            return found
        started = time.monotonic()
        found = sync.pending(self.catalog, self.seeds, self.settings.article_bytes)
        self._looked = found, time.monotonic() - started, time.monotonic()
        return found

    def failed(self) -> int:
        """Count the files that could not be read at the last sync."""
        return len(self.catalog.failures())

    def status(self) -> dict[str, Any]:
        """Return what the index holds, what it was built with, and how far the folder has moved on."""
        with self.catalog.transaction(write=False):
            meta = self.catalog.meta()
            return {
                "seeds": str(self.seeds),
                "embeddings": str(self.embeddings),
                **self.catalog.counts(),
                "pending": self.pending(),
                "failed": [Failure(id, reason)._asdict() for id, (_, reason) in self.catalog.failures().items()],
                "encoder": meta.get("encoder", ""),
                "fingerprint": meta.get("fingerprint", ""),
                "runtime": meta.get("runtime", ""),
                "generation": self.catalog.generation,
            }

    def doctor(self, *, repair: bool = False) -> Health:
        """Look at everything, down to the last row, and say what is wrong; with `repair`, make it right first."""
        from qa import doctor

        if repair:
            doctor.repair(self)
        return doctor.examine(self)

    def compact(self) -> None:
        """Give back the space in the catalog that is not used."""
        with writing(self.embeddings, self.settings.lock_timeout_s):
            self.catalog.compact()

    def is_damaged(self) -> bool:
        """Read every row of the catalog and tell whether one is not as it was written."""
        try:
            return bool(self.catalog.broken_structure() or self.catalog.damaged_rows())
        except (DamagedError, FolderError):
            return True

    def _mend_catalog(self) -> None:
        """Forget damaged rows; make room for a new catalog where this one is broken, which is kept under another name."""
        try:
            if not self.catalog.broken_structure():
                self.catalog.drop_damaged()
                return
        except (DamagedError, FolderError):
            pass
        self._set_catalog_aside()

    def _set_catalog_aside(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            path = self.embeddings / f"catalog.sqlite{suffix}"
            if path.exists():
                path.replace(self.embeddings / f"damaged.sqlite{suffix}")

    # --- questions -----------------------------------------------------------------------------------------------

    def retrieve(self, question: str, k: int = 5, where: Where | Mapping[str, Any] | None = None) -> list[Hit]:
        """Return at most `k` passages, best first, each as its file is now; of equals, that of the lower article id.

        `where` filters articles before anything is ranked: see `Where`. Passages that say the same in nearly the same
        words are one hit. A file that changed since the last sync is quoted where the passage still stands in it, else
        not at all. Without an index, the folder is synced first. Raise `QuestionError` for a question or `k` that cannot be
        answered, `IndexMismatchError` when the index was built with another encoder or other settings.
        """
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise QuestionError(f"k is {k!r}: it takes a whole number from 1")
        question, where = self._checked(question), Where.of(where)
        asked = self.encoder.encode_question(question)
        with self._asked() as indexes:
            words = indexes.lexical.words(question)
            ranked = self._ranked(asked, words, k + SPARE_HITS, self._admitted(where), indexes)
            return [hit for hit, _ in self._current(question, words, ranked, k, indexes)]

    def glance(self, question: str, k: int = 3, where: Where | Mapping[str, Any] | None = None) -> list[Hit]:
        """Return what `retrieve` would without its closer look: sooner, and less well ordered. Raises like `retrieve`."""
        question, where = self._checked(question), Where.of(where)
        asked = self.encoder.encode_question(question)
        with self._asked() as indexes:
            words = indexes.lexical.words(question)
            ranked = retrieval.rank(asked, words, k + SPARE_HITS, indexes, None, self.settings, self._admitted(where))
            return [hit for hit, _ in self._current(question, words, ranked, k, indexes)]

    def ask(self, question: str, where: Where | Mapping[str, Any] | None = None, *, earlier: str = "") -> Answer:
        """Return what the articles say to a question, in quotes, or that they do not say. Raises like `retrieve`.

        `earlier` is what was searched for before (`Answer.searched`): a question that leans on it ("And when was that?") is
        searched for with what that was about.
        """
        question, where = self._checked(question), Where.of(where)
        searched = self._checked(carried(question, earlier)) if earlier else question
        threshold = confidence.threshold(self.settings.wrong_share)
        found = answering.answer(searched, lambda part: self.find(part, where), threshold)
        pending, failed = self.pending(lately=True), self.failed()
        return replace(found, question=question, searched=searched, pending=pending, failed=failed)

    def find(self, question: str, where: Where = EVERYWHERE, *, without: Collection[int] = ()) -> Found:
        """Return what `ask` makes its answer of; `without` are keys of passages to do as if they were not there."""
        question = self._checked(question)
        asked = self.encoder.encode_question(question)
        with self._asked() as indexes:
            only = self._admitted(where)
            if without:
                only = np.setdiff1d(self.catalog.passage_keys() if only is None else only, list(without))
            words = indexes.lexical.words(question)
            ranked = self._ranked(asked, words, HITS + SPARE_HITS, only, indexes)
            hits = self._current(question, words, ranked, HITS, indexes)
            if not hits:
                return Found((), (), 0.0)
            # What is gone from the folder is not to be seen, nor to be compared with.
            ranked = ranked[ranked.index(hits[0][1]) :]
            looked = answering.looked_at(asked, words, ranked, indexes, self._maxsim)
            signals = answering.known(question, words, looked, indexes)
            fits = {each.key: each.fit for each in looked}
            return Found(
                hits=tuple(hit for hit, _ in hits),
                fits=tuple(fits.get(each.key) for _, each in hits),
                confidence=confidence.confidence(signals, self._adjustment()) if signals else 0.0,
                asked=frozenset(word.span.of(question).casefold() for word in words if word.terms),
                signals=signals,
            )

    @contextmanager
    def _asked(self) -> Iterator[Indexes]:
        """Give the indexes of one state of the catalog; without any, the folder is synced first."""
        if not self.catalog.generation:
            self.sync()
        if not self.catalog.generation:
            raise FolderError(f"{self.seeds}/ holds no article that can be read: 'qa status' lists the reasons")
        encoder = self.encoder
        patience = time.monotonic() + PATIENCE_S
        while True:
            with self._searching, self.catalog.transaction(write=False):
                meta = self.catalog.meta()
                sync.check_built_alike(meta, self.settings, encoder)
                generation = meta["generation"]
                # A sync has just ended in another thread or is about to in another process; else they are made anew.
                if self._is_at_hand(generation) or time.monotonic() > patience:
                    yield self._indexes(generation)
                    return
            time.sleep(0.01)

    def _is_at_hand(self, generation: str) -> bool:
        held = self._held
        return (held is not None and held.generation == generation) or derived.on_disk(self.embeddings) == generation

    def _adjustment(self) -> Adjustment:
        return adjust.adjustment(adjust.Noted.read(self.catalog.meta().get("landmarks", "")).odds)

    def article(self, article_id: str) -> Article | None:
        """Return an article as it was at the last sync, or None when there is none of this id."""
        stored = self.catalog.article(article_id)
        return stored.article if stored else None

    def why_not(self, question: str, article_id: str, k: int = 5, where: Where | Mapping[str, Any] | None = None) -> str:
        """Return in one line why an article is not among the first `k` hits of a question, or at which rank it is."""
        hits = self.retrieve(question, k, where)
        for hit in hits:
            if article_id == hit.passage.article_id or article_id in hit.also_in:
                return f"{article_id} is hit {hit.rank}" + (" (the same story)" if article_id in hit.also_in else "")
        with self._asked() as indexes:
            return self._missed(self._checked(question), article_id, k, Where.of(where), len(hits), indexes)

    def _missed(self, question: str, article_id: str, k: int, where: Where, shown: int, indexes: Indexes) -> str:
        stored, failures = self.catalog.article(article_id), self.catalog.failures()
        if stored is None:
            reason = failures[article_id][1] if article_id in failures else "there is no such file, or it is not indexed yet"
            return f"{article_id} is not in the index: {reason}"
        found = stored.article
        if not where.admits(found.id, found.date, found.source, found.tags):
            return f"{article_id} is left out by the filter"
        count = len(self.catalog.passage_keys())
        asked = self.encoder.encode_question(question)
        words = indexes.lexical.words(question)
        ranked = self._ranked(asked, words, count, self._admitted(where), indexes, everything=True)
        places = (n for n, each in enumerate(ranked) if each.passage.article_id == article_id)
        if (place := next(places, None)) is None:
            return f"{article_id}: none of its passages has a word of the question"
        why, depth = ranked[place].why, self.settings.rerank_depth
        scores = f"its best passage has sentence score {why.dense:.2f}, word score {why.lexical:.2f}, rank {why.fused_rank}"
        if why.closeness is None and self._reranker:
            return f"{article_id}: {scores} of {count}; only the first {depth} get the closer look"
        if place >= max(k, shown):
            return f"{article_id}: {scores} of {count}, final rank {place + 1}; {k} were asked for"
        return f"{article_id}: {scores} of {count}; its file has changed, or another passage tells the same story"

    def _checked(self, question: str) -> str:
        if not isinstance(question, str) or not question.strip():
            raise QuestionError("the question is empty: type a few words")
        if len(question) > self.settings.question_chars:
            raise QuestionError(f"the question has {len(question):,} characters: the limit is {self.settings.question_chars:,}")
        question = question.strip().encode("utf-8", "replace").decode("utf-8")
        tokens = len(self.encoder.token_spans(question))
        if tokens > self.encoder.budget:
            raise QuestionError(f"the question has {tokens} tokens, the encoder reads {self.encoder.budget}: shorten it")
        return question

    def _admitted(self, where: Where) -> NDArray[np.int64] | None:
        """Return the keys of the passages that a filter admits; None where it admits all."""
        if not where:
            return None
        return self.catalog.passage_keys({facts[0] for facts in self.catalog.facts() if where.admits(*facts)})

    def _ranked(
        self, question: EncodedQuestion, words: Sequence[Word], k: int, only: NDArray[np.int64] | None, indexes: Indexes,
        *, everything: bool = False,
    ) -> list[Ranked]:  # fmt: skip
        """Rank passages of the state that the current transaction sees; with `everything`, all of them."""
        settings = replace(self.settings, candidates=max(k, 1)) if everything else self.settings
        return retrieval.rank(question, words, k, indexes, self._reranker, settings, only)

    @cached_property
    def _reranker(self) -> Reranker | None:
        if self.settings.rerank == "none":
            return None
        return self._maxsim if self.settings.rerank == "maxsim" else CrossEncoder(self.settings.rerank)

    @cached_property
    def _maxsim(self) -> MaxSim:
        return MaxSim(self.encoder, self.settings.rerank_cache_mb * 1e6)

    def _current(
        self, question: str, words: Sequence[Word], ranked: Sequence[Ranked], k: int, indexes: Indexes
    ) -> list[tuple[Hit, Ranked]]:
        folder = current.Folder(self.seeds, self.settings.article_bytes, indexes.catalog)
        return current.hits(question, words, ranked, k, indexes.lexical, folder, spare=SPARE_HITS)

    def _indexes(self, generation: str) -> Indexes:
        """Return the indexes of the state that the current transaction sees, brought up to it where they lag behind."""
        with self._lock:
            if self._held is None or self._held.generation != generation:
                self._held = derived.indexes(self.catalog, generation, self.embeddings, self._held, self.settings, write=False)
            return self._held


def retrieve(
    question: str,
    k: int = 5,
    where: Where | Mapping[str, Any] | None = None,
    *,
    seeds: str | Path = "seeds",
    embeddings: str | Path = "embeddings",
) -> list[Hit]:
    """Return at most `k` passages that answer the question, best first, with citations.

    Articles are taken from `seeds`; their index is kept in `embeddings` and brought in step first, where needed.

    >>> from qa import retrieve
    >>> hits = retrieve("Who opened an office in Caracas?", k=5)  # doctest: +SKIP
    >>> hits[0].citation.quote  # doctest: +SKIP
    """
    library = _shared(Path(seeds).absolute(), Path(embeddings).absolute())
    library.catch_up()
    return library.retrieve(question, k, where)


@lru_cache(maxsize=4)
def _shared(seeds: Path, embeddings: Path) -> Library:
    return Library(seeds, embeddings)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{folder}/ cannot be made: {error.strerror or error}") from error


def _silent(stage: str, done: int, total: int, article_id: str = "") -> None:
    pass
