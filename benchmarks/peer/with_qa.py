"""The library of this project, with its default settings."""
# ruff: noqa: D102  # frame.Peer says what the methods do.

from pathlib import Path

from frame import K, run

from qa import Library
from qa.reading.passages import encoder_text


class Ours:
    """Passages of whole paragraphs or sentences; a sync embeds what is new."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None:  # noqa: ARG002  # The bundled model is the default.
        self.library = Library(articles, store)
        _ = self.library.encoder

    def build(self) -> list[str]:
        self.library.sync()
        with self.library.store.snapshot() as snapshot:
            return [encoder_text(passage) for passage in snapshot.passages(snapshot.keys().tolist()).values()]

    def open(self) -> None:
        """Nothing: the first question opens the index."""

    def change(self, article: str) -> None:  # noqa: ARG002  # A sync finds out by itself.
        self.library.sync()

    def ask(self, question: str) -> list[tuple[str, str]]:
        return [(hit.passage.article_id, hit.passage.text) for hit in self.library.retrieve(question, K)]


if __name__ == "__main__":
    run(Ours, "qa", "openvino", "faiss-cpu", "tantivy")
