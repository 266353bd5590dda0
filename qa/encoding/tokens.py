"""Token vectors in four bits a number: an eighth of single precision, and retrieval as good (benchmarks/RESULTS.md).

A token takes `dimension / 2 + 6` bytes: its numbers as multiples of a seventh of the largest one, that step, and where in
the text the token starts.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.encoding.base import Matrix, Tokens
    from qa.text.span import Span

_ZERO = 8  # What stands for nought in a number from 1 to 15.
_LEVELS = 7
_EXACT = 1 << 24  # Whole numbers up to here are exact in single precision.
_PAIRS = np.stack([np.arange(256) % 16 - _ZERO, np.arange(256) // 16 - _ZERO], axis=1).astype(np.float32).view(np.int64)[:, 0]
"""For each byte the two numbers in it, side by side."""
_BLOCK = 2048
_LONGEST = 1 << 32
_IDLE: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()


class Alike(NamedTuple):
    """How like a question's tokens are to those of some texts: cosines, shape (tokens of all texts, question tokens).

    `starts` is where each token starts in its text, `ends` the number of tokens up to the end of each text.
    """

    cosines: NDArray[np.float32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def best(self) -> NDArray[np.float32]:
        """Return how near each text comes to the question's tokens, shape (texts, question tokens); -1 where it has none."""
        return self.best_within(np.stack([np.r_[0, self.ends[:-1]], self.ends], axis=1))

    def best_within(self, ranges: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the same for ranges of tokens, shape (ranges, 2)."""
        last = np.full((1, self.cosines.shape[1]), -1, np.float32)  # A range may end with the last token.
        found = np.maximum.reduceat(np.concatenate([self.cosines, last]), ranges.ravel(), axis=0)[::2]
        return np.where(ranges[:, :1] < ranges[:, 1:], found, np.float32(-1))

    def sentences(self, spans: Sequence[Sequence[Span]]) -> NDArray[np.float32]:
        """Return the same for the sentences of the first texts, in one list."""
        homes = np.repeat(np.arange(len(spans)), [len(each) for each in spans])[:, None] * _LONGEST
        texts = np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0)) * _LONGEST
        places = np.array([span for each in spans for span in each], np.int64).reshape(-1, 2)
        return self.best_within(np.searchsorted(texts + self.starts, homes + places))


def pack(tokens: Tokens) -> bytes:
    """Return the tokens of a text in few bytes."""
    vectors = _even(tokens.vectors)
    steps = (np.abs(vectors).max(axis=1, initial=0) / _LEVELS).astype("<f2")
    scale = np.maximum(steps.astype(np.float32), 1e-6)[:, None]
    numbers = (np.clip(np.rint(vectors / scale), -_LEVELS, _LEVELS) + _ZERO).astype(np.uint8)
    codes = numbers[:, ::2] | numbers[:, 1::2] << 4
    return bytes(tokens.spans[:, 0].astype("<u4").tobytes() + steps.tobytes() + codes.tobytes())


def packed_bytes(dimension: int) -> int:
    """Return how many bytes a token takes."""
    return (dimension + 1) // 2 + 6


def is_packed(packed: bytes, dimension: int) -> bool:
    """Tell whether these are tokens of this dimension that `pack` could have made."""
    count, rest = divmod(len(packed), packed_bytes(dimension))
    return not rest and bool(np.isfinite(np.frombuffer(packed, "<f2", count, 4 * count)).all())


def compare(question: Matrix, packed: Sequence[bytes]) -> Alike:
    """Compare the tokens of a question, shape (question tokens, dimension), with those of packed texts.

    What comes out for a text does not depend on the others: the products are of whole numbers, small enough to be exact in
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
    return Alike(cosines, starts.astype(np.int64), np.cumsum(counts))


@contextmanager
def _scratch(dimension: int) -> Iterator[NDArray[np.float32]]:
    """Lend memory for a block of unpacked numbers: fresh memory takes longer to come by than to fill."""
    try:
        lent = _IDLE.get_nowait()
    except queue.Empty:
        lent = np.empty(0, np.float32)
    if lent.size < _BLOCK * dimension:
        lent = np.empty(_BLOCK * dimension, np.float32)
    yield lent[: _BLOCK * dimension].reshape(_BLOCK, dimension)
    _IDLE.put(lent)


def _even(vectors: Matrix) -> Matrix:
    return np.pad(vectors, ((0, 0), (0, 1))) if vectors.shape[1] % 2 else vectors
