"""Long questions: one that exceeds the encoder's window is searched for by its most telling sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from qa.encoding.base import Encoder
from qa.text import structure
from qa.text.span import Span

_PIECE_WORDS = 40
"""A sentence with more words is cut into pieces of as many: text without full stops has to fit as well."""
_ASKING = re.compile(r"\?\W*$|^\W*(?:who|whom|whose|when|where|which|what|why|how)\b", re.IGNORECASE)
_ASKING_BONUS = 0.2
"""What a sentence that asks is worth, on the scale of scores: it says what the others are told for."""
_TELLING = 0.7
"""A sentence with a lower fraction of the best one's worth is left out: greetings and circumstances lead astray."""


def condensed(question: str, encoder: Encoder, score: Callable[[str], float], language: str) -> str:
    """Return a question if the encoder reads all of it, else its most telling sentences, as many as it reads, in order.

    `score` says how well the best passage matches a sentence, 0 to about 1. A text without words is cut off.
    """
    tokens = encoder.token_spans(question)
    if len(tokens) <= encoder.budget:
        return question
    pieces = list(dict.fromkeys(_pieces(question, language)))
    worth = [score(piece) + _ASKING_BONUS * bool(_ASKING.search(piece)) for piece in pieces]
    chosen: list[int] = []
    for n in sorted(range(len(pieces)), key=lambda n: -worth[n]):
        fits = len(encoder.token_spans(_joined(pieces, [*chosen, n]))) <= encoder.budget
        if fits and worth[n] >= _TELLING * max(worth):
            chosen.append(n)
    return _joined(pieces, chosen) or question[: tokens[encoder.budget - 1].end]


def _pieces(question: str, language: str) -> Iterator[str]:
    for sentence in structure.sentences(question, Span(0, len(question)), language):
        words = sentence.of(question).split()
        for start in range(0, len(words), _PIECE_WORDS):
            yield " ".join(words[start : start + _PIECE_WORDS])


def _joined(pieces: Sequence[str], chosen: Sequence[int]) -> str:
    return " ".join(pieces[n] for n in sorted(chosen))
