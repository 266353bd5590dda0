"""Define rerankers: what they take and what they return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from qa.results import TokenMatch
from qa.store.base import Query
from qa.text.span import Span

BATCH_PASSAGES = 40
"""Passages scored between two checks of the deadline."""


class RerankInput(NamedTuple):
    """A passage to score: its text with its lead, the sentences in it, and the encoder input of its article's title.

    `tokens` and `title_tokens` are the packed token vectors of both, empty if they are not kept.
    """

    text: str
    sentences: Sequence[Span]
    title: str
    tokens: bytes = b""
    title_tokens: bytes = b""


class RerankScore(NamedTuple):
    """How well a passage matches, 0 to about 1; if known, the sentences to quote, best first, and how the tokens match."""

    score: float
    quote: tuple[int, ...] = ()
    match: TokenMatch | None = None


class Reranker(Protocol):
    """Scores passages in the order given, until `time.perf_counter` passes a deadline."""

    uses_tokens: bool
    """Whether it uses stored token vectors, so that only a passage without them costs a forward pass."""

    def rerank(self, query: Query, inputs: Sequence[RerankInput], deadline: float) -> list[RerankScore]:
        """Return the scores of the first inputs, as many as there was time for until `deadline`."""
        ...
