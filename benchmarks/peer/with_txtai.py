"""txtai, as in its guides on indexing and on chunking: paragraphs, each under the id of its article, content stored."""
# ruff: noqa: D102  # frame.Peer says what the methods do.

from collections.abc import Iterator
from pathlib import Path

from frame import K, files, run
from txtai import Embeddings
from txtai.pipeline import Segmentation


class Txtai:
    """Paragraphs in SQLite and FAISS; an edited article's are put in the place of the old ones."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None:
        self.articles, self.store = articles, str(store)
        self.paragraphs = Segmentation(paragraphs=True)
        # A store names its model, and loads it.
        self.index = Embeddings().load(self.store) if store.exists() else Embeddings(path=str(model), content=True)

    def build(self) -> list[str]:
        sections = [section for name, path in files(self.articles) for section in self._sections(name, path)]
        self.index.index(sections)
        self.index.save(self.store)
        return [text for _, text in sections]

    def open(self) -> None:
        """Nothing: it is loaded with the model."""

    def change(self, article: str) -> None:
        self.index.upsert(self._sections(article, self.articles / article))
        self.index.save(self.store)

    def ask(self, question: str) -> list[tuple[str, str]]:
        return [(hit["id"], hit["text"]) for hit in self.index.search(question, K)]

    def _sections(self, name: str, path: Path) -> Iterator[tuple[str, str]]:
        return ((name, text) for text in self.paragraphs(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    # The tokenizer's own limit, where sentence-transformers has the model's.
    run(Txtai, "txtai", "faiss-cpu", "transformers", "torch", window=512)
