"""The nouns: what flows between the stages, and the shapes of the parts that can be exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from qa.text.span import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a quote stands: `article.text[span.start:span.end] == quote`.

    `lines` are the first and last line of the quote, counted from 1. `sha256` names the state of the file.
    """

    article_id: str
    title: str
    date: str
    source: str
    url: str
    span: Span
    lines: tuple[int, int]
    quote: str
    sha256: str

    @property
    def place(self) -> str:
        """Where the quote stands, as a person would write it: title, source, date, file and lines."""
        first, last = self.lines
        lines = f"line {first}" if first == last else f"lines {first}-{last}"
        return ", ".join(filter(None, [self.title, self.source, self.date, f"{self.article_id}, {lines}"]))

    def __str__(self) -> str:
        return f"“{' '.join(self.quote.split())}” {self.place}"

    def verify(self, seeds: str | Path = "seeds") -> Verdict:
        """Look whether the quote stands in its article, as the file in the folder `seeds` is now. No index is needed."""
        from qa.citation import verify
        from qa.settings import Settings

        settings = Settings()
        return verify(self, Path(seeds), limit_bytes=settings.article_bytes, limit_s=settings.article_s)

    @staticmethod
    def from_json(value: dict[str, Any]) -> Citation:
        """Return a citation from what `--json` or the HTTP interface gave for it. Raise `CitationError` for anything else."""
        from qa.citation import from_json

        return from_json(value)


class Verdict(NamedTuple):
    """Whether a citation holds.

    `standing` is "exact" where the quote stands just where the citation says; "moved" where the same words stand elsewhere
    in the article; "changed" where they stand in it no more; "gone" where there is no such article; "unreadable" where the
    file is no text. `now` is the citation of the quote as it stands now, if it does.
    """

    standing: str
    now: Citation | None

    @property
    def holds(self) -> bool:
        """Tell whether the article says so, in these words."""
        return self.now is not None


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage ranks where it does. Scores run from 0 to about 1, higher is better.

    `dense` is the cosine of its best sentence; `lexical` its share of the BM25 weight of the question's words;
    `fused` the weighted sum of both, by which it was `fused_rank`-th; `closeness` what the closer look gave, None where
    there was none: switched off, beyond its depth, or out of time (`cut_short`). `words` are the question's words that
    the passage or the title holds.
    """

    dense: float
    lexical: float
    fused: float
    fused_rank: int
    closeness: float | None
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the articles say to a question, or that they do not say.

    `text` is made of quotes only, each followed by its marker `[n]`, where `citations[n - 1]` is its place: the first
    `quoted` citations. Those after them, up to three in all, are the next places to look. `confidence` is the estimated
    probability that the citations hold the answer. Without an answer, `text` is empty and `hits` holds the nearest passages.
    `conflicts` holds the markers of quotes that give different dates or figures for the same; `parts` the questions that
    the question was taken apart into. `searched` is what was searched for: the question, and what the one before was about
    where it leans on that. `pending` counts the files that changed since the last sync, `failed` those that could not be read.
    """

    question: str
    answered: bool
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

    @property
    def leaning(self) -> bool:
        """Tell whether more was searched for than the question: what the one before was about."""
        return self.searched not in ("", self.question)

    @property
    def in_step(self) -> bool:
        """Tell whether the answer is from all the folder as it is now."""
        return not self.pending and not self.failed


class Tokens(NamedTuple):
    """The tokens of a text in context: unit vectors, shape (tokens, dimension), and where each stands, shape (tokens, 2)."""

    vectors: Matrix
    spans: NDArray[np.int64]

    @classmethod
    def none(cls, dimension: int) -> Tokens:
        """Return the tokens of an empty text."""
        import numpy as np

        return cls(np.empty((0, dimension), np.float32), np.empty((0, 2), np.int64))


class EncodedText(NamedTuple):
    """What the encoder makes of a text: a vector for each sentence, shape (sentences, dimension), and its tokens."""

    sentences: Matrix
    tokens: Tokens


class EncodedQuestion(NamedTuple):
    """What the encoder makes of a question: its vector, shape (dimension,), and its tokens."""

    text: str
    vector: Vector
    tokens: Tokens


class Fit(NamedTuple):
    """How near a question's tokens are to a passage: cosines, shape (4 places, tokens).

    The places are its best sentence, that sentence with its neighbours, all of it, and the quote, each with the title.
    `shares` are the weights of the tokens, in all 1; `tokens` is where they stand in the question, shape (tokens, 2).
    """

    near: NDArray[np.float32]
    shares: NDArray[np.float32]
    tokens: NDArray[np.int64]


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


class Progress(Protocol):
    """Called while a sync runs.

    `stage` is "reading" (files), "loading" (the encoder), "embedding" (passages) or "calibrating" (questions).
    """

    def __call__(self, stage: str, done: int, total: int, article_id: str = "") -> None:
        """Take note that `done` of `total` are done, and which article is next, where it is one article's turn."""
        ...


class Encoder(Protocol):
    """Turns text into unit vectors. Two encoders with one `fingerprint` give the same vectors."""

    name: str
    fingerprint: str
    dimension: int
    budget: int
    """Tokens of text that fit one input, prompt and special tokens already taken off."""
    runtime: str
    """What runs the model, in words."""

    def token_spans(self, text: str) -> list[Span]:
        """Return where each token of `text` stands, in order, without any cut."""
        ...

    def encode_question(self, question: str) -> EncodedQuestion:
        """Return a question's vector and its tokens, without special ones and prompt."""
        ...

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        """Return for each text one vector for each of its sentences, and its tokens without special ones and prompt."""
        ...
