"""Search for one question in one state of the index: all of its answer is taken from a single snapshot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.encoding.base import Encoder, Reader, Reading
from qa.errors import QuestionError
from qa.reading.passages import encoder_text
from qa.results import Hit, Respelling
from qa.retrieval import hits as hit_stage
from qa.retrieval import spelling
from qa.retrieval.cross_encoder import CrossEncoder
from qa.retrieval.hits import CurrentFiles
from qa.retrieval.long_question import condensed
from qa.retrieval.maxsim import MaxSim
from qa.retrieval.ranking import Ranked, Scope, rank, rerank_inputs
from qa.retrieval.rerank import Reranker
from qa.settings import Settings
from qa.store.base import Query, Snapshot, StoredArticle

SPARE_HITS = 10
"""Passages ranked beyond `k`, in place of those that are gone or near-duplicates: more cost reading, fewer may leave less than
`k` hits."""
EVERYWHERE = Scope()
"""The scope of all passages."""


def checked(question: str, settings: Settings) -> str:
    """Return a question without white space at its ends. Raise `QuestionError` if it is empty or too long."""
    if not isinstance(question, str) or not question.strip():
        raise QuestionError("the question is empty: type a few words")
    if len(question) > settings.question_chars:
        raise QuestionError(f"the question has {len(question):,} characters: the limit is {settings.question_chars:,}")
    return question.strip().encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class Models:
    """The models that look at the best passages: the reranker that orders them, the one that compares tokens, and the reader.

    The first is None if reranking is switched off; `reader` loads the reader at first use, and returns None without one.
    """

    ordering: Reranker | None
    tokens: MaxSim
    reader: Callable[[], Reader | None]

    @classmethod
    def of(cls, settings: Settings, encoder: Encoder, reader: Callable[[], Reader | None]) -> Models:
        """Return the models that the settings name."""
        tokens = MaxSim(encoder, settings.rerank_cache_mb * 1e6)
        if settings.rerank == "none":
            return cls(None, tokens, reader)
        return cls(tokens if settings.rerank == "maxsim" else CrossEncoder(settings.rerank), tokens, reader)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on: hits, each with its ranking, and the first ranked passages, each with its token match."""

    query: Query
    hits: tuple[tuple[Hit, Ranked], ...]
    compared: tuple[Ranked, ...]


class Search:
    """A snapshot with all that it takes to search it. Opened once for each question, by `Library.search`."""

    def __init__(
        self, snapshot: Snapshot, encoder: Encoder, models: Models, settings: Settings, seeds: Path,
        turns: threading.Semaphore,
    ) -> None:  # fmt: skip
        """Take the parts of a library; `turns` limits how many search at once. Six parameters: only the library passes them."""
        self.snapshot = snapshot
        self.encoder = encoder
        self.settings = settings
        self._models = models
        self._files = CurrentFiles(seeds, settings.article_bytes, snapshot)
        self._turns = turns
        self._started = time.perf_counter()

    def query(self, question: str) -> Query:
        """Return a question, or of a long one what is searched for, with its vectors and terms.

        Raise `QuestionError` if it is empty or too long.
        """
        return self._encoded(self.condensed(checked(question, self.settings)))

    def _encoded(self, text: str) -> Query:
        encoded = self.encoder.encode_question(text)
        return Query(text, encoded.vector, encoded.tokens, self.snapshot.terms(text))

    def condensed(self, question: str) -> str:
        """Return what is searched for: a question, or its most telling sentences if the encoder cannot read all of it."""
        return condensed(question, self.encoder, self._best_score, self.settings.language)

    def respelled(self, question: str) -> tuple[str, tuple[Respelling, ...]]:
        """Return a question with its typing errors corrected, and what was corrected. See `spelling.respelled`."""
        return spelling.respelled(question, self.snapshot, self._is_word, self._best_score)

    def _is_word(self, text: str) -> bool:
        """Return True if the encoder has a token for the whole of it: frequent words have one, and no others."""
        return len(self.encoder.token_spans(text)) == 1

    def _best_score(self, text: str) -> float:
        """Return the fused score of the passage that matches a text best; 0 if the encoder cannot read all of the text."""
        if len(self.encoder.token_spans(text)) > self.encoder.budget:
            return 0.0
        ranked = rank(self.snapshot, self._encoded(text), 1, EVERYWHERE, self.settings, None)
        return ranked[0].score if ranked else 0.0

    def likeness(self, one: str, other: str) -> float:
        """Return how near two names are to each other in meaning: the cosine of their vectors; 0 if one of them is too long."""
        if any(len(self.encoder.token_spans(each)) > self.encoder.budget for each in (one, other)):
            return 0.0
        return float(self.encoder.encode_question(one).vector @ self.encoder.encode_question(other).vector)

    def hits(self, query: Query, k: int, scope: Scope = EVERYWHERE, *, rerank: bool = True) -> list[Hit]:
        """Return at most `k` hits, best first."""
        with self._turns:
            ranked = self._ranked(query, k, scope, self._models.ordering if rerank else None)
            return [hit for hit, _ in self._hits(query, ranked, k)]

    def evidence(self, query: Query, k: int, compared: int, scope: Scope = EVERYWHERE) -> Evidence:
        """Return at most `k` hits, and the token matches of the first `compared` passages."""
        with self._turns:
            ranked = self._ranked(query, k, scope, self._models.ordering)
            hits = self._hits(query, ranked, k)
            if not hits:
                return Evidence(query, (), ())
            # The comparison starts with the first hit: passages before it are gone from the folder.
            ranked = ranked[ranked.index(hits[0][1]) :]
            return Evidence(query, tuple(hits), tuple(self.compared(query, ranked[:compared])))

    def article(self, id: str) -> StoredArticle | None:
        """Return an article as its file is now; None if it is gone."""
        return self._files.article(id)

    def read(self, query: Query, hits: Sequence[Hit]) -> list[Reading]:
        """Return a reading of each hit with its lead, or none at all if there is no reader, or no time left for one."""
        reader = self._models.reader()
        if reader is None or 1000 * (time.perf_counter() - self._started) > self.settings.budget_ms:
            return []
        with self._turns:
            return reader.read(query.text, [(hit.citation.title, encoder_text(hit.passage)) for hit in hits])

    def ranking(self, query: Query, scope: Scope = EVERYWHERE) -> list[Ranked]:
        """Return every passage with a score, best first."""
        count = len(self.snapshot.keys())
        settings = replace(self.settings, candidates=max(count, 1))
        with self._turns:
            return rank(self.snapshot, query, count, scope, settings, self._models.ordering)

    @property
    def reranks(self) -> bool:
        """Whether reranking is switched on."""
        return self._models.ordering is not None

    def _ranked(self, query: Query, k: int, scope: Scope, reranker: Reranker | None) -> list[Ranked]:
        return rank(self.snapshot, query, k + SPARE_HITS, scope, self.settings, reranker)

    def _hits(self, query: Query, ranked: Sequence[Ranked], k: int) -> list[tuple[Hit, Ranked]]:
        return hit_stage.hits(self.snapshot, query, ranked, k, self._files, spare=SPARE_HITS)

    def compared(self, query: Query, ranked: Sequence[Ranked]) -> list[Ranked]:
        """Return ranked passages, each with its token match, computed now if reranking did not."""
        missing = [each for each in ranked if each.match is None]
        if not missing:
            return list(ranked)
        scores = self._models.tokens.rerank(query, rerank_inputs(self.snapshot, missing), float("inf"))
        matches = {each.key: score.match for each, score in zip(missing, scores, strict=True)}
        return [replace(each, match=matches.get(each.key, each.match)) for each in ranked]
