"""What a reranker takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from qa.results import Fit

if TYPE_CHECKING:
    from qa.encoding.base import EncodedQuestion
    from qa.text.span import Span

BATCH_PASSAGES = 40
"""Passages encoded between two looks at the clock."""


class Candidate(NamedTuple):
    """A passage to look at: its text, the sentences in it, and what the encoder sees of the article's title.

    `tokens` and `title_tokens` are the packed token vectors of both, empty where they are not kept.
    """

    text: str
    sentences: Sequence[Span]
    title: str
    tokens: bytes = b""
    title_tokens: bytes = b""


class Closeness(NamedTuple):
    """How well a passage fits, 0 to about 1; where known, which sentences to quote, best first, and the tokens' part in it."""

    score: float
    quote: tuple[int, ...] = ()
    fit: Fit | None = None


class Reranker(Protocol):
    """Looks at candidates, best first, until `deadline` on `time.perf_counter`; returns those it came to."""

    uses_tokens: bool
    """Whether it takes the tokens that come with a candidate, so that only one without any takes a pass of the encoder."""

    def rerank(
        self, question: EncodedQuestion, weights: Sequence[tuple[Span, float]], candidates: Sequence[Candidate], deadline: float
    ) -> list[Closeness]:
        """Return the closeness of the first candidates, as many as there was time for."""
        ...
