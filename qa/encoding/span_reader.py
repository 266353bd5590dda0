"""Read a text for an answer: tokenize it together with the question, and take the best span that the logits allow.

As usual for extractive question answering (Devlin et al. 2019, arXiv 1810.04805, section 4.3): the first token stands for "no
answer", and a span's score is the sum of the logits of its first and last token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Reading
from qa.encoding.compiling import ForwardPass
from qa.encoding.sentence_encoder import padded, tokenizer_of
from qa.encoding.torch_runtime import Traits
from qa.text.span import Span

LONGEST = 30
"""The most tokens in an answer: more are hardly ever one."""


class SpanReader:
    """An extractive question-answering model as a `Reader`. Safe to use from many threads."""

    def __init__(self, name: str, fingerprint: str, traits: Traits, tokenizer: str, forward: ForwardPass) -> None:
        """Take the parts of a model; `tokenizer` is the text of a `tokenizer.json`."""
        self.name = name
        self.fingerprint = fingerprint
        self.runtime = forward.runtime
        self._padding = traits.padding
        self._tokenizer = tokenizer_of(tokenizer)
        self._tokenizer.enable_truncation(traits.window, strategy="longest_first")
        self._states = forward.states

    def read(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Reading]:
        """Return a reading of each text, given as (title, text); an answer is looked for in the text only."""
        if not texts:
            return []
        heads = [f"{title}\n" if title else "" for title, _ in texts]
        encodings, logits = self.logits(question, [head + text for head, (_, text) in zip(heads, texts, strict=True)])
        return [
            _reading(encoding, logits[n, : len(encoding)], len(head))
            for n, (encoding, head) in enumerate(zip(encodings, heads, strict=True))
        ]

    def logits(self, question: str, texts: Sequence[str]) -> tuple[list[Any], NDArray[np.float32]]:
        """Return the tokens of each text behind the question, and their two logits, shape (texts, tokens, 2)."""
        encodings = self._tokenizer.encode_batch([(question, text) for text in texts])
        return encodings, self._states(*padded(encodings, self._padding))


def _reading(encoding: Any, logits: NDArray[np.float32], start: int) -> Reading:
    """Return the best span among the tokens of the text, which starts at an offset behind its title."""
    offsets = np.array(encoding.offsets, np.int64)
    own = np.array([sequence == 1 for sequence in encoding.sequence_ids])
    places = np.flatnonzero(own & (offsets[:, 0] >= start) & (offsets[:, 1] > offsets[:, 0]))
    none = float(logits[0].sum())
    if not len(places):
        return Reading(Span(0, 0), -none)
    scores = logits[places, 0][:, None] + logits[places, 1][None, :]
    allowed = np.triu(np.ones_like(scores, bool)) & ~np.triu(np.ones_like(scores, bool), LONGEST)
    first, last = divmod(int(np.where(allowed, scores, -np.inf).argmax()), len(places))
    span = Span(int(offsets[places[first], 0]) - start, int(offsets[places[last], 1]) - start)
    return Reading(span, float(scores[first, last]) - none)
