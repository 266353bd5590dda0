"""What an encoder takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.text.span import Span

Vector = NDArray[np.float32]
"""One unit vector, shape (dimension,)."""
Matrix = NDArray[np.float32]
"""Unit vectors, one a row, shape (rows, dimension)."""


class Tokens(NamedTuple):
    """The tokens of a text in context: unit vectors, shape (tokens, dimension), and where each stands, shape (tokens, 2)."""

    vectors: Matrix
    spans: NDArray[np.int64]

    @classmethod
    def none(cls, dimension: int) -> Tokens:
        """Return the tokens of an empty text."""
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
