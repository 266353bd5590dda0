"""Folders of any size, made from real text: the sentences of some articles, put together anew by a seeded generator.

An encoder that remembers the vectors of these sentences stands in for the real one, so that a million passages need not be
encoded to see how an index of them behaves: the text, the words, the tokens, the vectors and all that is done with them are
as they would be, but for the context of a sentence, for which a little noise stands.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.encoder import SentenceEncoder
from qa.schema import EncodedText, Span, Tokens
from qa.text import paragraphs, sentences

PASSAGES = 4
"""Passages of an article."""
SENTENCES = 4
"""Sentences of a passage."""
NOISE = 0.35
"""Length of what is added to a unit vector: two occurrences of a sentence have a cosine of about .9, as in two contexts."""
BATCH = 256


def real_sentences(articles: Path) -> list[str]:
    """Return the sentences of the articles in a folder, each once, in one line."""
    found: dict[str, None] = {}
    for path in sorted([*articles.rglob("*.md"), *articles.rglob("*.txt")]):
        text = path.read_text(encoding="utf-8")
        for paragraph in paragraphs(text, Span(0, len(text))):
            for sentence in sentences(text, paragraph, "en"):
                line = " ".join(sentence.of(text).split())
                if 40 <= len(line) <= 300 and line[0].isupper() and line[-1] == ".":
                    found[line] = None
    return list(found)


def write(folder: Path, passages: int, known: Sequence[str]) -> None:
    """Write articles with so many passages, the same ones for the same number."""
    choose = random.Random(passages)
    folder.mkdir(parents=True)
    for number in range(-(-passages // PASSAGES)):
        if number % 1000 == 0:
            (folder / f"{number // 1000:04}").mkdir()
        body = "\n\n".join(
            " ".join(choose.sample(known, SENTENCES)) for _ in range(min(PASSAGES, passages - number * PASSAGES))
        )
        path = folder / f"{number // 1000:04}" / f"{number:07}.md"
        path.write_text(f"# Article {number} of many\n\n{body}\n", encoding="utf-8")


class Remembering(SentenceEncoder):
    """The real encoder, but that it takes the vectors of known sentences from memory, and no tokens of passages."""

    def __init__(self, real: SentenceEncoder, known: Sequence[str]) -> None:
        self.__dict__.update(real.__dict__)
        self._vectors = {}
        for start in range(0, len(known), BATCH):
            batch = known[start : start + BATCH]
            encoded = real.encode_texts(batch, [[Span(0, len(text))] for text in batch])
            self._vectors |= {text: each.sentences[0] for text, each in zip(batch, encoded, strict=True)}
        self._real = real

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        if not any(sentences):  # Titles.
            return self._real.encode_texts(texts, sentences)
        return [
            EncodedText(self._pooled(text, spans), Tokens.none(self.dimension))
            for text, spans in zip(texts, sentences, strict=True)
        ]

    def _pooled(self, text: str, spans: Sequence[Span]) -> np.ndarray:
        noise = np.random.default_rng(len(text) * 7919 + ord(text[-2]))
        rows = [self._vectors.get(span.of(text), next(iter(self._vectors.values()))) for span in spans]
        drawn = noise.standard_normal((len(spans), self.dimension)).astype(np.float32)
        vectors = np.stack(rows) + drawn * (NOISE / np.sqrt(self.dimension))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
