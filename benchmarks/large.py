"""Folders of any size, made from real text: the sentences of some articles, put together anew by a seeded generator.

An encoder that remembers the vectors of these sentences stands in for the real one, so that a million passages need not be
encoded to see how an index of them behaves: the text, the words, the tokens, the vectors and all that is done with them are
as they would be, but for the context of a sentence, for which a little noise stands.
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
    """The real encoder, but that it takes what it makes of known sentences from memory."""

    def __init__(self, real: SentenceEncoder, known: Sequence[str], memory: Path) -> None:
        """Encode the sentences, or take what an earlier run left in the file `memory`."""
        self.__dict__.update(real.__dict__)
        self._real = real
        self._known: dict[str, EncodedText] = pickle.loads(memory.read_bytes()) if memory.exists() else {}
        for start in range(0, 0 if self._known else len(known), BATCH):
            batch = known[start : start + BATCH]
            encoded = real.encode_texts(batch, [[Span(0, len(text))] for text in batch])
            for text, (vectors, tokens) in zip(batch, encoded, strict=True):
                self._known[text] = EncodedText(vectors, Tokens(tokens.vectors.astype(np.float16), tokens.spans))
        if not memory.exists():
            memory.write_bytes(pickle.dumps(self._known))

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        """See `Encoder`. For a sentence that was cut in another way stands the first; titles are encoded."""
        found = [self._remembered(text, spans) for text, spans in zip(texts, sentences, strict=True)]
        missing = [i for i, each in enumerate(found) if each is None]
        fresh = self._real.encode_texts([texts[i] for i in missing], [sentences[i] for i in missing])
        for i, each in zip(missing, fresh, strict=True):
            found[i] = each
        return found

    def _remembered(self, text: str, spans: Sequence[Span]) -> EncodedText | None:
        if not spans:
            return None
        parts = [self._known.get(span.of(text), next(iter(self._known.values()))) for span in spans]
        drawn = np.random.default_rng(len(text) * 7919 + ord(text[-2])).standard_normal((len(spans), self.dimension))
        vectors = np.concatenate([part.sentences for part in parts]) + (drawn * NOISE / np.sqrt(self.dimension)).astype(
            np.float32
        )
        tokens = Tokens(
            np.concatenate([part.tokens.vectors for part in parts]).astype(np.float32),
            np.concatenate([part.tokens.spans + span.start for part, span in zip(parts, spans, strict=True)]),
        )
        return EncodedText(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), tokens)
