"""What a store keeps, and how it is asked: one committed state at a time, and one writer.

`LocalStore` is the first; whatever offers the same methods can take its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix, Tokens, Vector
from qa.text.span import Span
from qa.types import Article, Finding, Passage
from qa.where import EVERYWHERE, Where


class Term(NamedTuple):
    """A word of a question: where it stands, the forms it is indexed by (none for a stop word), and its IDF.

    It is `unknown` if no passage or title holds it in any form; a stop word never is.
    """

    span: Span
    forms: tuple[str, ...]
    idf: float
    unknown: bool = False


class Query(NamedTuple):
    """A question as a store and a reranker take it: its text, vector and tokens, and the terms of its words."""

    text: str
    vector: Vector
    tokens: Tokens
    terms: tuple[Term, ...]

    @property
    def content_terms(self) -> list[Term]:
        """The terms of the words that are not stop words."""
        return [term for term in self.terms if term.forms]


class Candidate(NamedTuple):
    """A passage with its raw scores: the cosine of each of its sentences, and its part of the highest BM25, 0 to about 1."""

    key: int
    cosines: Vector
    lexical: float


class PassageTokens(NamedTuple):
    """The packed token vectors of a passage and of its article's title, empty if they are not kept."""

    title: str
    text: bytes
    title_tokens: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built with. All fields are empty before the first sync; `generation` names the committed state."""

    encoder: str = ""
    fingerprint: str = ""
    runtime: str = ""
    splitting: str = ""
    generation: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The median logits of in-domain and out-of-domain questions, None if there were too few; and for which index."""

    fingerprint: str
    passages: int
    logits: tuple[float, float] | None


class Counts(NamedTuple):
    """How many articles, passages and sentences an index holds."""

    articles: int
    passages: int
    sentences: int


class ArticleInfo(NamedTuple):
    """What is known of an article without its text."""

    id: str
    title: str
    date: str
    source: str
    tags: tuple[str, ...]
    author: str
    passages: int
    notes: tuple[str, ...] = ()


class FileState(NamedTuple):
    """The state of a file that was read: its stamp, empty if it is not trusted yet, its SHA-256, and its reader's version."""

    stamp: str
    sha256: str
    reader: int


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article, with the stamp and the SHA-256 of the file it was read from, and the version of the reader."""

    article: Article
    stamp: str
    sha256: str
    reader: int = 0


Reset = Literal["", "damaged", "all"]
"""What an edit begins with: see `Store.edit`."""


class Rankings(NamedTuple):
    """Which rankings take part: the sentence vectors', the words'."""

    vectors: bool = True
    words: bool = True


class Snapshot(Protocol):
    """One committed state. Passages are named by keys, which mean the same within one snapshot only."""

    manifest: Manifest

    def counts(self) -> Counts:
        """Return how much the index holds."""
        ...

    def articles(self) -> Iterator[ArticleInfo]:
        """Yield the articles by id."""
        ...

    def article(self, id: str) -> StoredArticle | None:
        """Return an article, or None if there is none of this id."""
        ...

    def known(self) -> Mapping[str, FileState]:
        """Return the state of the file of each article, by id."""
        ...

    def failures(self) -> Mapping[str, tuple[str, str]]:
        """Return stamp and reason of the files that could not be read, by id."""
        ...

    def keys(self, where: Where = EVERYWHERE) -> NDArray[np.int64]:
        """Return the keys of the passages that a filter admits, ascending."""
        ...

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by key."""
        ...

    def passage_vectors(self, keys: Sequence[int]) -> dict[int, Matrix]:
        """Return the vectors of the sentences of passages, by key."""
        ...

    def tokens(self, keys: Sequence[int]) -> dict[int, PassageTokens]:
        """Return the title and the packed tokens of passages, by key."""
        ...

    def vectors(self, article_ids: Sequence[str]) -> Iterator[tuple[str, Matrix]]:
        """Yield the sentence vectors of each passage of some articles, with the article's id, one article after another."""
        ...

    def terms(self, question: str) -> tuple[Term, ...]:
        """Return the words of a question as the lexical index has them, with their IDF."""
        ...

    def forms(self, text: str) -> frozenset[str]:
        """Return the forms by which the words of a text are indexed."""
        ...

    def words(self, beginning: str) -> Mapping[str, int]:
        """Return the words of passages and titles that begin so, in lower case, and how many passages hold each."""
        ...

    def candidates(
        self, query: Query, k: int, where: Where = EVERYWHERE, *, exclude: Collection[int] = (), rankings: Rankings
    ) -> list[Candidate]:
        """Return the best `k` of each ranking, by key, each with both scores; without those to `exclude`."""
        ...

    def calibration(self) -> Calibration | None:
        """Return what was noted by `Store.note_calibration`, or None."""
        ...


class Edit(Protocol):
    """The one writer. Nothing is visible to readers before `publish`; what is added is kept whatever becomes of the sync."""

    manifest: Manifest

    def counts(self) -> Counts:
        """Return how much the index holds now."""
        ...

    def known(self) -> Mapping[str, FileState]:
        """Return the state of the file of each article, by id."""
        ...

    def failures(self) -> Mapping[str, tuple[str, str]]:
        """Return stamp and reason of the files that could not be read, by id."""
        ...

    def stage(self, stored: StoredArticle, title_input: bytes, passages: Sequence[tuple[Passage, bytes]]) -> None:
        """Write an article beside the committed ones, its title and passages with the keys of their encoder inputs."""
        ...

    def drop_unfit(self, dimension: int) -> None:
        """Drop kept vectors and tokens of staged inputs that are not of this dimension: nothing of ours wrote them."""
        ...

    def missing_titles(self) -> Mapping[bytes, str]:
        """Return the staged titles whose tokens are not kept, by the key of their encoder input."""
        ...

    def missing_passages(self) -> Mapping[int, bytes]:
        """Return one staged passage for each encoder input without vectors: its key, and that of the input."""
        ...

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by key, staged ones too."""
        ...

    def tokens_bytes(self) -> int:
        """Return how much space the packed tokens take."""
        ...

    def add(self, vectors: Iterable[tuple[bytes, Matrix]], tokens: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep vectors and packed tokens by the keys of their encoder inputs, at once and for good."""
        ...

    def publish(
        self, manifest: Manifest, *, removed: Collection[str], restamped: Mapping[str, str],
        failures: Mapping[str, tuple[str, str]],
    ) -> None:  # fmt: skip
        """Commit: the staged articles in place of their old versions, those `removed` gone, new stamps and failures noted."""
        ...

    def note(self, *, restamped: Mapping[str, str], failures: Mapping[str, tuple[str, str]]) -> None:
        """Commit new stamps and failures only."""
        ...


class Store(Protocol):
    """Keeps an index."""

    @property
    def generation(self) -> str:
        """The name of the committed state, empty before the first."""
        ...

    def snapshot(self, *, patience_s: float = 0.0) -> AbstractContextManager[Snapshot]:
        """Give one committed state, for as long as the block is open; wait a little for one that is fast to search."""
        ...

    def edit(self, *, patience_s: float, reset: Reset = "") -> AbstractContextManager[Edit]:
        """Give the right to write, to one at a time.

        With `reset`, "damaged" rows are dropped first, and what cannot be mended is set aside; or "all" is set aside.

        Raise `LockedError` if it is not free within `patience_s`, `FolderError` if something cannot be written: the index is
        then as it was.
        """
        ...

    def note_calibration(self, calibration: Calibration) -> None:
        """Keep what the confidence was fitted to."""
        ...

    @property
    def engine(self) -> str:
        """What keeps the index, with its version."""
        ...

    def check(self) -> Iterator[Finding]:
        """Read everything and yield what is found. Raise like `snapshot`."""
        ...

    def is_damaged(self) -> bool:
        """Read everything and return True if something is not as it was written."""
        ...

    def forget_vectors(self, *, patience_s: float) -> None:
        """Drop all vectors and tokens, so that a rebuild encodes everything again."""
        ...

    def compact(self, *, patience_s: float) -> None:
        """Give back space that is not used."""
        ...

    def close(self) -> None:
        """Close what is open. A closed store opens again when it is used."""
        ...
