"""Define the results of a question: hits with the reasons for their rank, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.citation import Citation
from qa.encoding.base import Matrix, Vector
from qa.text.dates import pointed_at
from qa.types import Passage

AnswerState = Literal["answer", "unsure", "nothing"]
"""The articles answer, or perhaps a passage of them does, or none does."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage ranks where it does. Scores range from 0 to about 1; higher is better.

    `dense` is the cosine of its best sentence; `lexical` is its fraction of the highest BM25 that the question's words could
    give; `fused` is the weighted sum of both, and `fused_rank` its rank by that. `rerank_score` is None if it was not
    reranked: reranking is off, or it is beyond the depth, or time ran out (`cut_short`). `words` are the question's words
    that the passage or the title holds. All are 0 for a passage of an overview, which is not ranked.
    """

    dense: float
    lexical: float
    fused: float
    fused_rank: int
    rerank_score: float | None
    words: tuple[str, ...] = ()
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. `rank` counts from 1; `score` is a similarity, higher is better.

    `also_in` names other articles that say the same in nearly the same words.
    """

    rank: int
    score: float
    passage: Passage
    citation: Citation
    why: Why
    also_in: tuple[str, ...] = ()


class Hint(NamedTuple):
    """What may help: a "period" with any question, the others with one that is not answered.

    Its value is for "period" the dates that the question seems to limit itself to, as a query string: it may be asked of the
    articles of that time only; for "filter" the filter in force, as a query string: only some articles were searched; for
    "language" the two-letter code of the language in which the articles seem to be, and the question is not; for "article" the
    id of the closest article.
    """

    kind: Literal["period", "filter", "language", "article"]
    value: str


class Section(NamedTuple):
    """A part of an overview: its heading (a title, a heading of the article, or an ISO date), and the markers of its quotes."""

    heading: str
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What an overview shows, and in which sections.

    "contents" are articles with their first sentences; a "summary" has the first sentences of the sections of the article
    `subject`; "dates" are sentences of that date, about `subject` unless it is empty; "mentions" are sentences about `subject`
    by article. `total` counts the articles, sections, dated sentences, or articles there are, some of which may not be shown.
    """

    kind: Literal["contents", "summary", "dates", "mentions"]
    subject: str
    total: int
    sections: tuple[Section, ...]

    @property
    def shown(self) -> int:
        """How many of the `total` are shown."""
        by_section = self.kind in ("summary", "mentions")
        return len(self.sections) if by_section else sum(len(each.markers) for each in self.sections)


class Respelling(NamedTuple):
    """A word of a question as it was typed, and as it was searched for."""

    typed: str
    searched: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of the articles to a question, or what was found instead.

    `state` is "answer"; or "unsure", if a passage may answer, but not surely enough; or "nothing". `text` is what is asserted,
    and empty without an answer. It is made of quotes only, each followed by its marker `[n]`, and `citations[n - 1]` is its
    place. The text quotes the first `quoted` citations; those after them, up to three in all, are the next places to look. If
    unsure, the citations are of the closest passages; if nothing was found, there are none. `confidence` is the estimated
    probability that the first three hits hold the answer; `hits` holds the nearest passages, however far they are.
    `articles` counts those that were searched; `hints` say what may help.
    `conflicts` holds the markers of quotes that give different dates or figures; `parts` holds the questions that the question
    was split into. `searched` is the text searched for: the question, with the subject of the one before if it is a follow-up,
    or its most telling sentences if the encoder cannot read all of it. `about` is that subject; empty without one. `respelled`
    holds the typing errors corrected in it.
    `outline` is the plan of an overview, None for any other answer; an overview is quoted whole, from up to 20 citations, and
    its confidence is 1: it shows what it says that it shows.
    `courtesy` is "greeting", "thanks" or "help" if that is all that was said: then nothing is searched for.
    `pending` counts the files that changed since the last sync, `failed` those that could not be read.
    """

    question: str
    state: AnswerState
    confidence: float
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    pending: int = 0
    failed: int = 0
    quoted: int = 0
    conflicts: tuple[tuple[int, ...], ...] = ()
    parts: tuple[str, ...] = ()
    searched: str = ""
    articles: int = 0
    hints: tuple[Hint, ...] = ()
    outline: Outline | None = None
    respelled: tuple[Respelling, ...] = ()
    about: str = ""
    courtesy: str = ""

    in_json: ClassVar[tuple[str, ...]] = ("answered",)
    """The properties that the answer has as JSON, beside its fields."""

    @property
    def answered(self) -> bool:
        """True if the articles answer: the state is "answer"."""
        return self.state == "answer"

    @property
    def is_follow_up(self) -> bool:
        """True if the question was taken for a follow-up, and searched with the subject of the one before."""
        return bool(self.about)

    @property
    def is_condensed(self) -> bool:
        """True if only a part of the question was searched for: the encoder cannot read all of it."""
        corrected = sum(len(each.searched) - len(each.typed) for each in self.respelled)
        return not self.about and 0 < len(self.searched) < len(self.question) + corrected

    @property
    def is_searched_otherwise(self) -> bool:
        """True if what was searched for is not just the question, and has to be shown."""
        return self.searched not in ("", self.question)

    @property
    def shown(self) -> tuple[Hit, ...]:
        """The hits to show: those of the citations, in their order."""
        by_citation = {hit.citation: hit for hit in reversed(self.hits)}
        return tuple(by_citation[citation] for citation in self.citations if citation in by_citation)

    @property
    def in_step(self) -> bool:
        """True if the index holds all of the folder as it is now."""
        return not self.pending and not self.failed


def relative_dates(citation: Citation) -> list[tuple[str, str]]:
    """Return the words of a quote that give a date by the article's own ("Thursday"), each with that date, ISO 8601.

    None if the article has no whole date. The quote itself stays as it is written.
    """
    return [(each.span.of(citation.quote), each.iso) for each in pointed_at(citation.quote, citation.date)]


class TokenMatch(NamedTuple):
    """How well a question's tokens match a passage: the cosine of each with the nearest token there, shape (tokens,).

    The nearest token is one of the passage's best sentence, of that sentence with its neighbours, of the whole passage, or of
    the quote, and always of the title as well. `weights` sum to 1; `spans` are the tokens' spans in the question, shape
    (tokens, 2).
    """

    sentence: Vector
    neighbourhood: Vector
    passage: Vector
    quote: Vector
    weights: Vector
    spans: NDArray[np.int64]

    @property
    def places(self) -> Matrix:
        """The cosines in sentence, neighbourhood and passage, shape (3, tokens)."""
        return np.stack([self.sentence, self.neighbourhood, self.passage])
