"""What flows between the stages: articles, passages, failures, and what a sync reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from qa.text.span import Span


@dataclass(frozen=True, slots=True)
class Article:
    """One file, decoded. `text` is never edited, so offsets into it hold in the file.

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
    """A run of whole paragraphs or sentences of one article: what is ranked and read.

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
    """What one sync found and did. The first five count articles, the next three passages."""

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
"""What is counted: files read, the encoder loaded, passages embedded, questions asked to fit the confidence or to measure."""


class Progress(Protocol):
    """Called while a sync, a calibration or an evaluation runs."""

    def __call__(self, stage: Stage, done: int, total: int, article_id: str = "") -> None:
        """Take note that `done` of `total` are done, and which article is next; empty if it is no single article."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, its state ("ok", "note" or "problem"), what is so, and what to do about it."""

    about: str
    state: str
    words: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What an index holds, what it was built with, and how far the folder has moved on.

    `pending` counts the files that changed since the last sync, `failed` are those that could not be read; what the index was
    built with is empty before the first sync.
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
