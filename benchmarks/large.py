"""Write folders of any size from real text: the sentences of some articles, recombined by a seeded generator.

An encoder with the stored vectors of these sentences replaces the real one, so that a million passages need not be encoded to
see how an index of them behaves: text, words, tokens, vectors and all that is done with them are as they would be, except
that a little noise replaces the effect of a sentence's context.
"""

import pickle
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.encoding.base import EncodedText, Tokens
from qa.encoding.sentence_encoder import SentenceEncoder
from qa.text.span import Span
from qa.text.structure import paragraphs, sentences

PASSAGES = 4
"""Passages of an article."""
SENTENCES = 4
"""Sentences of a passage."""
NOISE = 0.35
"""The length of the noise added to a unit vector: two occurrences of a sentence then have a cosine of about .9."""
BATCH = 256
"""Sentences that are encoded at once, so that memory does not grow with their number."""


def real_sentences(articles: Path) -> list[str]:
    """Return the sentences of the articles in a folder, each once and on one line."""
    lines: dict[str, None] = {}
    for path in sorted([*articles.rglob("*.md"), *articles.rglob("*.txt")]):
        text = path.read_text(encoding="utf-8")
        for paragraph in paragraphs(text, Span(0, len(text))):
            for sentence in sentences(text, paragraph, "en"):
                line = " ".join(sentence.of(text).split())
                if 40 <= len(line) <= 300 and line[0].isupper() and line[-1] == ".":
                    lines[line] = None
    return list(lines)


def write(folder: Path, passages: int, available: Sequence[str]) -> None:
    """Write articles with this many passages, of the available sentences; the same articles for the same number."""
    choose = random.Random(passages)
    folder.mkdir(parents=True)
    for number in range(-(-passages // PASSAGES)):
        if number % 1000 == 0:
            (folder / f"{number // 1000:04}").mkdir()
        body = "\n\n".join(
            " ".join(choose.sample(available, SENTENCES)) for _ in range(min(PASSAGES, passages - number * PASSAGES))
        )
        path = folder / f"{number // 1000:04}" / f"{number:07}.md"
        path.write_text(f"# Article {number} of many\n\n{body}\n", encoding="utf-8")


class StoringEncoder(SentenceEncoder):
    """The real encoder, except that it looks up stored sentences instead of encoding them."""

    def __init__(self, real: SentenceEncoder, stored: Sequence[str], memory: Path) -> None:
        """Encode the sentences to be stored, or load what an earlier run saved in the file `memory`."""
        self.__dict__.update(real.__dict__)
        self._real = real
        self._stored: dict[str, EncodedText] = pickle.loads(memory.read_bytes()) if memory.exists() else {}
        for start in range(0, 0 if self._stored else len(stored), BATCH):
            batch = stored[start : start + BATCH]
            encoded = real.encode_texts(batch, [[Span(0, len(text))] for text in batch])
            for text, (vectors, tokens) in zip(batch, encoded, strict=True):
                self._stored[text] = EncodedText(vectors, Tokens(tokens.vectors.astype(np.float16), tokens.spans))
        if not memory.exists():
            memory.write_bytes(pickle.dumps(self._stored))

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        """See `Encoder`. A sentence that is not stored, as it was cut differently, gets the first one's; titles are encoded."""
        encoded = [self._look_up(text, spans) for text, spans in zip(texts, sentences, strict=True)]
        missing = [i for i, each in enumerate(encoded) if each is None]
        fresh = self._real.encode_texts([texts[i] for i in missing], [sentences[i] for i in missing])
        for i, each in zip(missing, fresh, strict=True):
            encoded[i] = each
        return encoded

    def _look_up(self, text: str, spans: Sequence[Span]) -> EncodedText | None:
        if not spans:
            return None
        parts = [self._stored.get(span.of(text), next(iter(self._stored.values()))) for span in spans]
        noise = np.random.default_rng(len(text) * 7919 + ord(text[-2])).standard_normal((len(spans), self.dimension))
        vectors = np.concatenate([part.sentences for part in parts]) + (noise * NOISE / np.sqrt(self.dimension)).astype(
            np.float32
        )
        tokens = Tokens(
            np.concatenate([part.tokens.vectors for part in parts]).astype(np.float32),
            np.concatenate([part.tokens.spans + span.start for part, span in zip(parts, spans, strict=True)]),
        )
        return EncodedText(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), tokens)
