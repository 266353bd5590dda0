"""Define encoders: what they take and what they return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.text.span import Span

Vector = NDArray[np.float32]
"""A unit vector, shape (dimension,)."""
Matrix = NDArray[np.float32]
"""Unit vectors, one a row, shape (rows, dimension)."""


class Tokens(NamedTuple):
    """The tokens of a text in context: unit vectors, shape (tokens, dimension), and their spans, shape (tokens, 2)."""

    vectors: Matrix
    spans: NDArray[np.int64]

    @classmethod
    def none(cls, dimension: int) -> Tokens:
        """Return the tokens of an empty text."""
        return cls(np.empty((0, dimension), np.float32), np.empty((0, 2), np.int64))


class EncodedText(NamedTuple):
    """An encoded text: a vector for each sentence, shape (sentences, dimension), and its tokens."""

    sentences: Matrix
    tokens: Tokens


class EncodedQuestion(NamedTuple):
    """An encoded question: its vector, shape (dimension,), and its tokens."""

    text: str
    vector: Vector
    tokens: Tokens


class Encoder(Protocol):
    """Turns text into unit vectors. Two encoders with the same `fingerprint` give the same vectors."""

    name: str
    fingerprint: str
    dimension: int
    budget: int
    """Tokens of text that fit one input; prompt and special tokens are already subtracted."""
    runtime: str
    """The name of what runs the model, for people to read."""

    def token_spans(self, text: str) -> list[Span]:
        """Return the span of each token of `text`, in order; a text of any length is read to its end."""
        ...

    def encode_question(self, question: str) -> EncodedQuestion:
        """Return a question's vector, and its tokens without special tokens and prompt."""
        ...

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        """Return for each text a vector for each of its sentences, and its tokens without special tokens and prompt."""
        ...


class Reading(NamedTuple):
    """Where a text answers a question, if anywhere: the answer's span in it, and the margin over "there is no answer".

    The margin is a difference of logits: above 0 the reader takes the text to answer. A text without tokens has an empty span.
    """

    span: Span
    margin: float


class Reader(Protocol):
    """Sees a question and a text together, and says which words of the text answer it."""

    name: str
    fingerprint: str
    runtime: str
    """The name of what runs the model, for people to read."""

    def read(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Reading]:
        """Return a reading of each text, given as (title, text); an answer is looked for in the text only."""
        ...
