"""A folder of articles and its index, kept in step: sync, retrieve, ask. The only module that sees all the parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from filelock import FileLock, Timeout

from qa import articles, sync
from qa import encoder as encoding
from qa.catalog import Catalog, Stored
from qa.confidence import THRESHOLD, confidence
from qa.errors import DamagedError, FolderError, LockedError, QuestionError
from qa.schema import Answer, Article, Citation, Encoder, Failure, Hit, Passage, Progress, Span, SyncReport
from qa.settings import Settings
from qa.text import is_heading, line_numbers

if TYPE_CHECKING:
    from qa.schema import Vector
    from qa.vectors import Vectors

CITATIONS = 3
"""Citations in an answer."""


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
        """Name the two folders; nothing is read before it is needed. `encoder` takes the place of the settings'."""
        self.seeds = Path(seeds)
        self.embeddings = Path(embeddings)
        self.settings = settings or Settings()
        if encoder:
            self.settings = replace(self.settings, encoder=encoder.name)
        self._encoder = encoder
        self._catalog: Catalog | None = None
        self._vectors: Vectors | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the index. A closed library opens it again when it is used."""
        with self._lock:
            if self._catalog:
                self._catalog.close()
            self._catalog = self._vectors = None

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at first use. Raise `EncoderError` when it cannot be."""
        with self._lock:
            if self._encoder is None:
                self._encoder = encoding.load(self.settings.encoder)
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
        with self._writing():
            if rebuild:
                self._set_damaged_aside()
            report = sync.sync(
                self.catalog, self.seeds, self.settings, lambda: self.encoder, progress or _silent, rebuild=rebuild
            )
            self._save_vectors()
        return report

    def catch_up(self, progress: Progress | None = None) -> SyncReport | None:
        """Sync where the folder has changed or there is no index yet; return None where there was nothing to do.

        While another process syncs, an index that is there stays in use: what has changed is then not quoted.
        """
        if self.catalog.generation and not self.pending():
            return None
        try:
            return self.sync(progress)
        except LockedError:
            if not self.catalog.generation:
                raise
            return None

    def pending(self) -> int:
        """Count the files that are not in the index as they are now."""
        return sync.pending(self.catalog, self.seeds, self.settings.article_bytes)

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
                "generation": self.catalog.generation,
            }

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only one, among threads and processes, who writes to this index."""
        _make_folder(self.embeddings)
        try:
            with FileLock(self.embeddings / "writer.lock", timeout=self.settings.lock_timeout_s, thread_local=False):
                yield
        except Timeout as error:
            raise LockedError(
                f"another process is writing to {self.embeddings}/ (waited {self.settings.lock_timeout_s:g} s): try again later"
            ) from error

    def _set_damaged_aside(self) -> None:
        """Where the catalog cannot be opened, make room for a new one; what is there is kept under another name."""
        try:
            self.catalog.known()
        except (DamagedError, FolderError):
            self.close()
            for suffix in ("", "-wal", "-shm"):
                path = self.embeddings / f"catalog.sqlite{suffix}"
                if path.exists():
                    path.replace(self.embeddings / f"damaged.sqlite{suffix}")

    # --- questions -----------------------------------------------------------------------------------------------

    def retrieve(self, question: str, k: int = 5) -> list[Hit]:
        """Return at most `k` passages, best first, each as its file is now; of equals, the one indexed first.

        A file that changed since the last sync is quoted where the passage still stands in it, else not at all.
        Without an index, the folder is synced first. Raise `QuestionError` for a question or `k` that cannot be
        answered, `IndexMismatchError` when the index was built with another encoder or other settings.
        """
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise QuestionError(f"k is {k!r}: it takes a whole number from 1")
        vector = self._encode(question)
        if not self.catalog.generation:
            self.sync()
        with self.catalog.transaction(write=False):
            sync.check_built_alike(self.catalog.meta(), self.settings, self.encoder)
            return self._hits(vector, k)

    def ask(self, question: str) -> Answer:
        """Return what the articles say to a question, in quotes, or that they do not say. Raises like `retrieve`."""
        hits = tuple(self.retrieve(question))
        sure = confidence(hits[0].score) if hits else 0.0
        answered = sure >= THRESHOLD
        citations = tuple(hit.citation for hit in hits[:CITATIONS]) if answered else ()
        text = "\n\n".join(f"“{citation.quote}” [{n}]" for n, citation in enumerate(citations, 1))
        return Answer(question.strip(), answered, sure, text, citations, hits, self.pending())

    def article(self, article_id: str) -> Article | None:
        """Return an article as it was at the last sync, or None when there is none of this id."""
        stored = self.catalog.article(article_id)
        return stored.article if stored else None

    def _encode(self, question: str) -> Vector:
        if not isinstance(question, str) or not question.strip():
            raise QuestionError("the question is empty: type a few words")
        if len(question) > self.settings.question_chars:
            raise QuestionError(f"the question has {len(question):,} characters: the limit is {self.settings.question_chars:,}")
        question = question.strip().encode("utf-8", "replace").decode("utf-8")
        tokens = len(self.encoder.token_spans(question))
        if tokens > self.encoder.budget:
            raise QuestionError(f"the question has {tokens} tokens, the encoder reads {self.encoder.budget}: shorten it")
        return self.encoder.encode_question(question)

    def _hits(self, vector: Vector, k: int) -> list[Hit]:
        hits: list[Hit] = []
        current: dict[str, Stored | None] = {}
        for passage, score, quote in self._ranked(vector, k):
            if passage.article_id not in current:
                current[passage.article_id] = self._as_it_is_now(passage.article_id)
            stored = current[passage.article_id]
            moved = None if stored is None else _moved(passage, stored.article)
            if stored is not None and moved is not None:
                citation = _cite(stored, quote.shifted(moved))
                hits.append(Hit(len(hits) + 1, score, _shifted(passage, moved), citation))
            if len(hits) == k:
                break
        return hits

    def _ranked(self, vector: Vector, k: int) -> Iterator[tuple[Passage, float, Span]]:
        """Yield passages by their best sentence, with its score and the span to quote, as long as there are any."""
        vectors = self._refreshed()
        seen: set[int] = set()
        depth = 0
        while depth < len(vectors):
            depth = max(depth * 4, k * 8)
            found = vectors.search(vector, depth)
            sentences = self.catalog.sentences([key for key, _ in found])
            best: dict[int, tuple[float, list[Span]]] = {}
            for key, score in found:
                passage_key, span = sentences[key]
                best.setdefault(passage_key, (score, []))[1].append(span)
            new = [key for key in best if key not in seen]
            passages = self.catalog.passages(new)
            for key in new:
                score, spans = best[key]
                yield passages[key], score, _quotable(passages[key], spans)
            seen.update(new)

    def _as_it_is_now(self, article_id: str) -> Stored | None:
        """Return an article as its file is now: from the catalog where it has not changed, else read anew."""
        stored = self.catalog.article(article_id)
        file = articles.find(self.seeds, article_id)
        if stored is None or file is None or file.stamp == stored.stamp:
            return stored if file else None
        content = articles.load(file, self.settings.article_bytes)
        if isinstance(content, Failure):
            return None
        sha256 = articles.digest(content)
        if sha256 == stored.sha256:
            return stored
        article = articles.read(article_id, content)
        return None if isinstance(article, Failure) else Stored(article, file.stamp, sha256)

    # --- the derived index ---------------------------------------------------------------------------------------

    @property
    def _vectors_path(self) -> Path:
        return self.embeddings / "vectors.faiss"

    def _refreshed(self) -> Vectors:
        """Return the vectors of the generation that the current transaction sees."""
        from qa.vectors import Vectors

        generation = self.catalog.generation
        with self._lock:
            vectors = self._vectors or Vectors.load(self._vectors_path)
            if vectors is None or vectors.generation != generation:
                vectors = self._caught_up(vectors, generation)
            self._vectors = vectors
            return vectors

    def _caught_up(self, vectors: Vectors | None, generation: str) -> Vectors:
        from qa.vectors import Vectors

        now = self.catalog.sentence_keys()
        # Keys mean the same only within one catalog, which the first part of the generation names.
        same_catalog = vectors is not None and _lineage(vectors.generation) == _lineage(generation)
        vectors = vectors.copy() if vectors and same_catalog else Vectors(self.catalog.dimension)
        have = vectors.keys()
        vectors.remove(np.setdiff1d(have, now, assume_unique=True))
        missing = np.setdiff1d(now, have, assume_unique=True)
        if len(missing):
            for keys, matrix in self.catalog.sentence_vectors(int(missing[0])):
                fresh = np.isin(keys, missing)
                vectors.add(keys[fresh], matrix[fresh])
        vectors.generation = generation
        return vectors

    def _save_vectors(self) -> None:
        from qa.vectors import Vectors

        with self.catalog.transaction(write=False):
            vectors = self._refreshed()
            on_disk = Vectors.load(self._vectors_path) if self._vectors_path.exists() else None
            if on_disk is None or on_disk.generation != vectors.generation:
                vectors.save(self._vectors_path)


def retrieve(question: str, k: int = 5, *, seeds: str | Path = "seeds", embeddings: str | Path = "embeddings") -> list[Hit]:
    """Return at most `k` passages that answer the question, best first, with citations.

    Articles are taken from `seeds`; their index is kept in `embeddings` and brought in step first, where needed.

    >>> from qa import retrieve
    >>> hits = retrieve("Who opened an office in Caracas?", k=5)  # doctest: +SKIP
    >>> hits[0].citation.quote  # doctest: +SKIP
    """
    library = _shared(Path(seeds).absolute(), Path(embeddings).absolute())
    library.catch_up()
    return library.retrieve(question, k)


@lru_cache(maxsize=4)
def _shared(seeds: Path, embeddings: Path) -> Library:
    return Library(seeds, embeddings)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{folder}/ cannot be made: {error.strerror or error}") from error


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _lineage(generation: str) -> str:
    return generation.partition(".")[0]


def _quotable(passage: Passage, found: Sequence[Span]) -> Span:
    """Return the best sentence of a passage that is not a heading; a heading stands for the sentence after it."""
    body = [span for span in passage.sentences if not is_heading(span.shifted(-passage.span.start).of(passage.text))]
    for span in found:
        if span in body:
            return span
    return next((span for span in body if span.start >= found[0].end), found[0])


def _moved(passage: Passage, article: Article) -> int | None:
    """Return by how many characters a passage has moved within an article; None when it is no longer in it."""
    if passage.span.of(article.text) == passage.text:
        return 0
    before = article.text.rfind(passage.text, 0, passage.span.end)
    after = article.text.find(passage.text, passage.span.start)
    places = [place - passage.span.start for place in (before, after) if place >= 0]
    return min(places, key=abs, default=None)


def _shifted(passage: Passage, by: int) -> Passage:
    sentences = tuple(span.shifted(by) for span in passage.sentences)
    return Passage(passage.article_id, passage.span.shifted(by), passage.text, sentences)


def _cite(stored: Stored, span: Span) -> Citation:
    article = stored.article
    return Citation(
        article_id=article.id,
        title=article.title,
        date=article.date,
        source=article.source,
        url=article.url,
        span=span,
        lines=line_numbers(article.text, span),
        quote=span.of(article.text),
        sha256=stored.sha256,
    )
