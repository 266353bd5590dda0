"""Pack token vectors in four bits a number: an eighth of single precision, and retrieval as good (benchmarks/RESULTS.md).

A token takes `dimension / 2 + 6` bytes: its numbers as multiples of a seventh of the largest one, that step, and the
offset of the token in the text.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix, Tokens
from qa.text.span import Span

_ZERO = 8  # Represents zero among the codes from 1 to 15.
_LEVELS = 7
_EXACT = 1 << 24  # Whole numbers up to here are exact in single precision.
_PAIRS = np.stack([np.arange(256) % 16 - _ZERO, np.arange(256) // 16 - _ZERO], axis=1).astype(np.float32).view(np.int64)[:, 0]
"""The two numbers in each byte, side by side."""
_BLOCK = 2048
"""Tokens that are unpacked at once, so that memory does not grow with the texts compared."""
_MAX_OFFSET = 1 << 32
"""More than any offset, as these are stored in four bytes: tokens of all texts can be ordered by text and offset at once."""
_IDLE_BLOCKS: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()


class TokenCosines(NamedTuple):
    """The cosines of some texts' tokens with a question's: shape (tokens of all texts, question tokens).

    `starts` holds the offset of each token in its text, `ends` the number of tokens up to the end of each text.
    """

    cosines: NDArray[np.float32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def best(self) -> NDArray[np.float32]:
        """Return each question token's best cosine in each text, shape (texts, question tokens); -1 if it has no tokens."""
        return self.best_within(np.stack([np.r_[0, self.ends[:-1]], self.ends], axis=1))

    def best_within(self, ranges: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the best cosines within ranges of tokens, shape (ranges, 2); -1 for an empty range."""
        last = np.full((1, self.cosines.shape[1]), -1, np.float32)  # A range may end with the last token.
        best = np.maximum.reduceat(np.concatenate([self.cosines, last]), ranges.ravel(), axis=0)[::2]
        return np.where(ranges[:, :1] < ranges[:, 1:], best, np.float32(-1))

    def sentences(self, spans: Sequence[Sequence[Span]]) -> NDArray[np.float32]:
        """Return the best cosines within each sentence of the first texts, in one list; -1 if it has no tokens."""
        homes = np.repeat(np.arange(len(spans)), [len(each) for each in spans])[:, None] * _MAX_OFFSET
        texts = np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0)) * _MAX_OFFSET
        bounds = np.array([span for each in spans for span in each], np.int64).reshape(-1, 2)
        return self.best_within(np.searchsorted(texts + self.starts, homes + bounds))


def pack(tokens: Tokens) -> bytes:
    """Return the tokens of a text, packed."""
    vectors = _even(tokens.vectors)
    steps = (np.abs(vectors).max(axis=1, initial=0) / _LEVELS).astype("<f2")
    scale = np.maximum(steps.astype(np.float32), 1e-6)[:, None]
    numbers = (np.clip(np.rint(vectors / scale), -_LEVELS, _LEVELS) + _ZERO).astype(np.uint8)
    codes = numbers[:, ::2] | numbers[:, 1::2] << 4
    return bytes(tokens.spans[:, 0].astype("<u4").tobytes() + steps.tobytes() + codes.tobytes())


def packed_bytes(dimension: int) -> int:
    """Return how many bytes a packed token takes."""
    return (dimension + 1) // 2 + 6


def is_packed(packed: bytes, dimension: int) -> bool:
    """Return True if these bytes are what `pack` could return for tokens of this dimension."""
    count, rest = divmod(len(packed), packed_bytes(dimension))
    return not rest and bool(np.isfinite(np.frombuffer(packed, "<f2", count, 4 * count)).all())


def compare(question: Matrix, packed: Sequence[bytes]) -> TokenCosines:
    """Compare the tokens of a question, shape (question tokens, dimension), with those of packed texts.

    The cosines of a text do not depend on the other texts: the products are of whole numbers, small enough to be exact in
    single precision in whatever order they are summed.
    """
    question = _even(question)
    dimension = question.shape[1]
    most = _EXACT // (dimension * _LEVELS)
    scale = np.abs(question).max(axis=1, initial=1e-6) / most
    whole = np.rint(question / scale[:, None]).T
    parts = [np.frombuffer(each, np.uint8) for each in packed]
    counts = [len(part) // (dimension // 2 + 6) for part in parts]
    starts = np.concatenate([part[: 4 * n] for part, n in zip(parts, counts, strict=True)]).view("<u4")
    steps = np.concatenate([part[4 * n : 6 * n] for part, n in zip(parts, counts, strict=True)]).view("<f2")
    codes = np.concatenate([part[6 * n :] for part, n in zip(parts, counts, strict=True)]).reshape(-1, dimension // 2)
    cosines = np.empty((len(codes), len(question)), np.float32)
    with _scratch(dimension) as numbers:
        for start in range(0, len(codes), _BLOCK):
            block = codes[start : start + _BLOCK]
            np.take(_PAIRS, block, out=numbers.view(np.int64)[: len(block)], mode="clip")
            np.matmul(numbers[: len(block)], whole, out=cosines[start : start + _BLOCK])
    cosines *= steps.astype(np.float32)[:, None]
    cosines *= scale
    return TokenCosines(cosines, starts.astype(np.int64), np.cumsum(counts))


@contextmanager
def _scratch(dimension: int) -> Iterator[NDArray[np.float32]]:
    """Lend memory for a block of unpacked numbers: getting fresh memory takes longer than filling it."""
    try:
        memory = _IDLE_BLOCKS.get_nowait()
    except queue.Empty:
        memory = np.empty(0, np.float32)
    if memory.size < _BLOCK * dimension:
        memory = np.empty(_BLOCK * dimension, np.float32)
    yield memory[: _BLOCK * dimension].reshape(_BLOCK, dimension)
    _IDLE_BLOCKS.put(memory)


def _even(vectors: Matrix) -> Matrix:
    return np.pad(vectors, ((0, 0), (0, 1))) if vectors.shape[1] % 2 else vectors
