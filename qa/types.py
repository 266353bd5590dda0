"""Define the values that flow between the stages: articles, passages, failures, and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, NamedTuple, Protocol

from qa.text.span import Span

LocatorKind = Literal["page", "slide", "chapter", "sheet", "row", "rows", "message", "record", "cell", "time"]


class Locator(NamedTuple):
    """A part of a file as the file itself numbers it: where the part begins in the text, what it is, and its label.

    A "row" lies in the "sheet" before it, a "cell" in nothing else: each goes to the next of its own kind. With "rows" every
    line from there on is a row, and the label is the number of the first: a locator for each row would outweigh the text.
    """

    start: int
    kind: LocatorKind
    label: str


@dataclass(frozen=True, slots=True)
class Article:
    """The text of a file, with what the file says about itself.

    `text` is never edited. That of a text file is the file's own, so that offsets into it hold in the file; that of any other
    kind is what its reader takes out, and `locators` say in order which page, slide or row begins where.
    `body` is the offset of the first character after the front matter; `date` is ISO 8601 (`2024-01-13`,
    `2024-01` or `2024`); `language` is a code such as `en`; a field that the file does not state is empty.
    `notes` say what a person would want to know about how it was read, such as a date that is none.
    """

    id: str
    text: str
    title: str
    body: int = 0
    date: str = ""
    source: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    language: str = ""
    locators: tuple[Locator, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of the file, as its name ends: such as `pdf`."""
        return kind(self.id)


def kind(article_id: str) -> str:
    """Return how the name of a file ends, in lower case and without the dot; empty if it has no ending.

    >>> kind("reports/Annual.PDF")
    'pdf'
    """
    return PurePosixPath(article_id).suffix.lower().removeprefix(".")


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole paragraphs or sentences of one article: the unit that is ranked.

    `text == article.text[span.start:span.end]`; `sentences` are spans into the article's text, in order,
    inside `span`, without overlap. `lead` is what it takes to understand the passage and stands before it, such as the header
    of the table that it goes on with; it is encoded and searched with the passage, and empty if nothing is needed.
    """

    article_id: str
    span: Span
    text: str
    sentences: tuple[Span, ...]
    lead: str = ""

    @property
    def whole(self) -> str:
        """The lead, if there is one, and below it the text: what is encoded, searched and compared."""
        return f"{self.lead}\n{self.text}" if self.lead else self.text

    @property
    def offset(self) -> int:
        """What is added to a place in `whole` for the place in the article; a place in the lead gets one before the span."""
        return self.span.start - (len(self.lead) + 1 if self.lead else 0)

    @property
    def inner_sentences(self) -> list[Span]:
        """The sentences as spans into `whole`."""
        return [span.shifted(-self.offset) for span in self.sentences]


class Failure(NamedTuple):
    """A file that could not be read, and why."""

    article_id: str
    reason: str


class Note(NamedTuple):
    """What is to be known of an article that was read, such as a date of its front matter that is none."""

    article_id: str
    words: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The result of a sync. The first five numbers count articles, the next three passages.

    `others` counts the files of kinds that are not read, by ending, and `hidden` the files and folders left out on purpose:
    what begins with a dot, and what a `.qaignore` names.
    """

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
    others: Mapping[str, int] = field(default_factory=dict)
    hidden: int = 0


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

    `pending` counts the files that changed since the last sync, `failed` holds those that could not be read,
    `others` and `hidden` count those left out, as in a `SyncReport`. The encoder, fingerprint, runtime and generation are
    empty before the first sync.
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
    others: Mapping[str, int] = field(default_factory=dict)
    hidden: int = 0
