"""Define the values that flow between the stages: articles, passages, failures, and reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from qa.text.span import Span


@dataclass(frozen=True, slots=True)
class Article:
    """A decoded file. `text` is never edited, so that offsets into it hold in the file.

    `body` is the offset of the first character after the front matter; `date` is ISO 8601 (`2024-01-13`,
    `2024-01` or `2024`); a field that the file does not state is empty.
    """

    id: str
    text: str
    title: str
    body: int = 0
    date: str = ""
    source: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole paragraphs or sentences of one article: the unit that is ranked.

    `text == article.text[span.start:span.end]`; `sentences` are spans into the article's text, in order,
    inside `span`, without overlap.
    """

    article_id: str
    span: Span
    text: str
    sentences: tuple[Span, ...]

    @property
    def inner_sentences(self) -> list[Span]:
        """The sentences as spans into the passage's own text."""
        return [span.shifted(-self.span.start) for span in self.sentences]


class Failure(NamedTuple):
    """A file that could not be read, and why."""

    article_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The result of a sync. The first five numbers count articles, the next three passages."""

    added: int = 0
    changed: int = 0
    renamed: int = 0
    removed: int = 0
    unchanged: int = 0
    passages: int = 0
    embedded: int = 0
    reused: int = 0
    failed: tuple[Failure, ...] = field(default=())
    seconds: float = 0.0


Stage = Literal["reading", "loading", "embedding", "calibrating", "asking"]
"""The work that is counted: files read, the encoder loaded, passages embedded, questions asked to calibrate or to evaluate."""


class Progress(Protocol):
    """Called while a sync, a calibration or an evaluation runs."""

    def __call__(self, stage: Stage, done: int, total: int, article_id: str = "") -> None:
        """Report that `done` of `total` are done, and which article is next; empty if it is no single article."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of the doctor: the part examined, its state ("ok", "note" or "problem"), what was found, and a remedy."""

    about: str
    state: str
    words: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The content of an index, what it was built with, and how many files have changed since.

    `pending` counts the files that changed since the last sync, `failed` holds those that could not be read. The encoder,
    fingerprint, runtime and generation are empty before the first sync.
    """

    seeds: str
    embeddings: str
    articles: int
    passages: int
    sentences: int
    pending: int
    failed: tuple[Failure, ...]
    encoder: str
    fingerprint: str
    runtime: str
    generation: str
