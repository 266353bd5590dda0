"""Encode text as unit vectors: tokens, batches, late pooling. The runtimes do the forward pass itself.

One forward pass over a passage gives every token a vector that knows its context; the mean over the tokens of a
sentence is that sentence's vector ("late pooling", after the late chunking of Günther et al. 2024,
arXiv 2409.04701). A model that does not pool by the mean encodes each sentence by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import EncodedQuestion, EncodedText, Matrix, Tokens
from qa.encoding.batching import MicroBatcher
from qa.encoding.compiling import ForwardPass
from qa.encoding.torch_runtime import Traits
from qa.text.span import Span

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

BATCH_TOKENS = 2048
"""Tokens in one forward pass, padding included: enough to fill the cores, little enough to stay in cache."""
PADDING = 16
"""Tokens of padding, besides a tenth, that cost less than another forward pass."""
_TOKENIZE_CHARS = 50_000
"""Characters that are tokenized at once, so that the tokenizer's memory does not grow with the article."""


class SentenceEncoder:
    """A sentence-transformers model as an `Encoder`. Safe to use from many threads."""

    def __init__(self, name: str, fingerprint: str, traits: Traits, tokenizer: str, forward: ForwardPass) -> None:
        """Take the parts of a model; `tokenizer` is the text of a `tokenizer.json`."""
        self.name = name
        self.fingerprint = fingerprint
        self.runtime = forward.runtime
        self.dimension = traits.dimension
        self._traits = traits
        self._tokenizer = tokenizer_of(tokenizer)
        self._states = forward.states
        self._encode_whole = forward.encode_whole
        # The prompts with the special tokens around them.
        frames = [len(self._tokenizer.encode(prompt)) for prompt in (traits.prompt, traits.question_prompt)]
        self.budget = traits.window - max(frames)
        self._question_batcher = MicroBatcher(self._encode_questions)

    def token_spans(self, text: str) -> list[Span]:
        """Return the span of each token of `text`, in order; a text of any length is read to its end."""
        spans = []
        for start, part in _parts(text):
            offsets = self._tokenizer.encode(part, add_special_tokens=False).offsets
            spans += [Span(start + a, start + b) for a, b in offsets]
        return spans

    def encode_question(self, question: str) -> EncodedQuestion:
        """Return a question's vector and tokens. Questions from several threads share a forward pass."""
        return self._question_batcher(question)

    def _encode_questions(self, questions: Sequence[str]) -> list[EncodedQuestion]:
        prompt = self._traits.question_prompt
        # If the model leaves its prompt out of the mean, the first token and the prompt's do not count.
        first = 0 if self._traits.prompt_counts or not prompt else len(self._tokenizer.encode(prompt)) - 1
        encoded: list[EncodedQuestion] = [EncodedQuestion("", np.empty(0, np.float32), Tokens.none(0))] * len(questions)
        for i, states, offsets in self._forward(questions, prompt):
            if self._traits.pooling == "mean":
                vector = states[first:].mean(axis=0)
            else:
                vector = states[0] if self._encode_whole is None else self._encode_whole([questions[i]], question=True)[0]
            encoded[i] = EncodedQuestion(questions[i], _unit(vector), _tokens(states, offsets))
        return encoded

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        """Return for each text a vector for each of its sentences, and its tokens without special tokens and prompt."""
        encoded = [EncodedText(np.empty((0, self.dimension), np.float32), Tokens.none(self.dimension))] * len(texts)
        for i, states, offsets in self._forward(texts, self._traits.prompt):
            if self._traits.pooling == "mean":
                pooled = _unit(_membership(offsets, sentences[i]) @ states)
            else:
                pooled = self._encode_alone([span.of(texts[i]) for span in sentences[i]])
            encoded[i] = EncodedText(pooled, _tokens(states, offsets))
        return encoded

    def _encode_alone(self, sentences: Sequence[str]) -> Matrix:
        if self._encode_whole is not None:
            return _unit(self._encode_whole(sentences, question=False))
        vectors = np.empty((len(sentences), self.dimension), np.float32)
        for i, states, _ in self._forward(sentences, self._traits.prompt):
            vectors[i] = states[0]
        return _unit(vectors)

    def _forward(self, texts: Sequence[str], prompt: str) -> Iterator[tuple[int, Matrix, NDArray[np.int64]]]:
        """Yield for each text, in any order, its index, its token states, and their offsets, negative in the prompt."""
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        for batch in _batches([len(each) for each in encodings]):
            states = self._states(*padded([encodings[i] for i in batch], self._traits.padding))
            for row, i in enumerate(batch):
                yield i, states[row, : len(encodings[i])], _offsets(encodings[i], len(prompt))


def tokenizer_of(text: str) -> Tokenizer:
    """Return the tokenizer of a `tokenizer.json`, without truncation and padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def padded(encodings: Sequence[Encoding], padding: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the token ids of texts, filled up with `padding`, and the mask of the real ones, shape (texts, tokens) each."""
    ids = np.full((len(encodings), max(map(len, encodings))), padding, np.int64)
    mask = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding)] = encoding.ids
        mask[row, : len(encoding)] = 1
    return ids, mask


def _offsets(encoding: Encoding, prompt: int) -> NDArray[np.int64]:
    """Return the spans of the tokens in the text after the prompt, shape (tokens, 2); those of special tokens are empty."""
    offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2)
    special = offsets[:, 1] <= offsets[:, 0]
    return np.where(special[:, None], 0, offsets - prompt)


def _real(offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return True for each token of the text: neither special nor of the prompt."""
    real: NDArray[np.bool_] = (offsets[:, 1] > offsets[:, 0]) & (offsets[:, 0] >= 0)
    return real


def _tokens(states: Matrix, offsets: NDArray[np.int64]) -> Tokens:
    real = _real(offsets)
    return Tokens(_unit(states[real]), offsets[real])


def _membership(offsets: NDArray[np.int64], sentences: Sequence[Span]) -> Matrix:
    """Return weights, shape (sentences, tokens), that average the tokens of each sentence.

    A token belongs to the sentence in which it starts. A sentence without tokens takes those of the whole text.
    """
    real = _real(offsets)
    bounds = np.array(sentences, np.int64).reshape(-1, 2, 1)
    inside = real & (offsets[:, 0] >= bounds[:, 0]) & (offsets[:, 0] < bounds[:, 1])
    inside[~inside.any(axis=1)] = real if real.any() else np.ones_like(real)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True), dtype=np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield indices of texts of similar length, shortest first, so that little is padding."""
    batch: list[int] = []
    tokens = 0
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        padded = (len(batch) + 1) * lengths[i]
        if batch and (padded > BATCH_TOKENS or padded - tokens - lengths[i] > PADDING + tokens // 10):
            yield batch
            batch, tokens = [], 0
        batch.append(i)
        tokens += lengths[i]
    if batch:
        yield batch


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield a long text in parts with their offsets, cut at ends of lines if there are any."""
    start = 0
    while start < len(text):
        end = min(start + _TOKENIZE_CHARS, len(text))
        if end < len(text):
            end = text.rfind("\n", start + 1, end) + 1 or end
        yield start, text[start:end]
        start = end


def _unit(vectors: Matrix) -> Matrix:
    """Return vectors scaled to length 1; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
