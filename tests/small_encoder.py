"""A small, fast, deterministic encoder for tests: a sentence is the sum of its words, each a fixed random vector."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from qa import Span
from qa.encoding.base import EncodedQuestion, EncodedText, Tokens

_WORD = re.compile(r"\w+|[^\w\s]")


class SmallEncoder:
    """Implements `qa.Encoder`; sentences with the same words have the same vector. Counts what it encodes."""

    name = "small"
    fingerprint = "small-1"
    dimension = 64
    budget = 254
    runtime = "NumPy"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def token_spans(self, text: str) -> list[Span]:
        return [Span(*word.span()) for word in _WORD.finditer(text)]

    def encode_question(self, question: str) -> EncodedQuestion:
        return EncodedQuestion(question, self._vector(question), self._tokens(question))

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        self.encoded += texts
        return [
            EncodedText(self._rows([span.of(text) for span in spans]), self._tokens(text))
            for text, spans in zip(texts, sentences, strict=True)
        ]

    def _tokens(self, text: str) -> Tokens:
        spans = self.token_spans(text)
        return Tokens(self._rows([span.of(text) for span in spans]), np.array(spans, np.int64).reshape(-1, 2))

    def _rows(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.dimension)

    def _vector(self, text: str) -> np.ndarray:
        words = [word for word in re.findall(r"\w+", text.lower()) if len(word) > 2] or [text]
        vector = np.sum([self._word(word) for word in words], axis=0)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def _word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self.dimension)
