"""Token vectors in four bits a number: an eighth of single precision, and retrieval as good (benchmarks/RESULTS.md).

A token takes `dimension / 2 + 6` bytes: its numbers as multiples of a seventh of the largest one, that step, and where in
the text the token starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.schema import Matrix, Tokens

_ZERO = 8  # What stands for nought in a number from 1 to 15.
_LEVELS = 7


class Alike(NamedTuple):
    """How like a question's tokens are to those of a text: cosines, shape (question tokens, tokens), and where these start."""

    cosines: NDArray[np.float32]
    starts: NDArray[np.int64]


def pack(tokens: Tokens) -> bytes:
    """Return the tokens of a text in few bytes."""
    vectors = _even(tokens.vectors)
    steps = (np.abs(vectors).max(axis=1, initial=0) / _LEVELS).astype("<f2")
    scale = np.maximum(steps.astype(np.float32), 1e-6)[:, None]
    numbers = (np.clip(np.rint(vectors / scale), -_LEVELS, _LEVELS) + _ZERO).astype(np.uint8)
    half = numbers.shape[1] // 2
    codes = numbers[:, :half] | numbers[:, half:] << 4
    return bytes(tokens.spans[:, 0].astype("<u4").tobytes() + steps.tobytes() + codes.tobytes())


def compare(question: Matrix, packed: Sequence[bytes]) -> list[Alike]:
    """Compare the tokens of a question, shape (question tokens, dimension), with those of each packed text."""
    question = _even(question)
    half = question.shape[1] // 2
    counts = [len(each) // (half + 6) for each in packed]
    parts = [np.frombuffer(each, np.uint8) for each in packed]
    codes = np.concatenate([part[6 * n :].reshape(n, half) for part, n in zip(parts, counts, strict=True)])
    steps = np.concatenate([part[4 * n : 6 * n].view("<f2") for part, n in zip(parts, counts, strict=True)])
    numbers = np.concatenate([codes & 15, codes >> 4], axis=1).astype(np.float32)
    numbers -= _ZERO
    numbers *= steps.astype(np.float32)[:, None]
    ends = np.cumsum(counts)
    # Each text by itself: the last digits of a product depend on its shape.
    return [
        Alike(question @ numbers[end - n : end].T, part[: 4 * n].view("<u4").astype(np.int64))
        for part, n, end in zip(parts, counts, ends, strict=True)
    ]


def _even(vectors: Matrix) -> Matrix:
    return np.pad(vectors, ((0, 0), (0, vectors.shape[1] % 2)))
