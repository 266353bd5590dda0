"""Haystack, as in its tutorial on preprocessing files: 150 words, 50 shared, in the document store in memory."""
# ruff: noqa: D102  # frame.Peer says what the methods do.

from pathlib import Path

from frame import K, files, run
from haystack import Pipeline
from haystack.components.converters import TextFileToDocument
from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)


class Haystack:
    """Documents of words, saved as one file of JSON; an edited article's are deleted by filter and written again."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None:
        self.articles, self.file = articles, store / "documents.json"
        self.embedder = SentenceTransformersDocumentEmbedder(model=str(model))
        self.asker = SentenceTransformersTextEmbedder(model=str(model), progress_bar=False)
        self.embedder.warm_up()
        self.asker.warm_up()
        self.documents = InMemoryDocumentStore()

    def build(self) -> list[str]:
        self._write(dict(files(self.articles)))
        return [document.content or "" for document in self.documents.filter_documents()]

    def open(self) -> None:
        self.documents = InMemoryDocumentStore.load_from_disk(str(self.file))
        self.pipeline = Pipeline()
        self.pipeline.add_component("embedder", self.asker)
        self.pipeline.add_component("retriever", InMemoryEmbeddingRetriever(self.documents, top_k=K))
        self.pipeline.connect("embedder.embedding", "retriever.query_embedding")

    def change(self, article: str) -> None:
        self.documents.delete_by_filter({"field": "meta.article", "operator": "==", "value": article})
        self._write({article: self.articles / article})

    def ask(self, question: str) -> list[tuple[str, str]]:
        hits = self.pipeline.run({"embedder": {"text": question}})["retriever"]["documents"]
        return [(hit.meta["article"], hit.content) for hit in hits]

    def _write(self, paths: dict[str, Path]) -> None:
        steps = {
            "converter": TextFileToDocument(),
            "cleaner": DocumentCleaner(),
            "splitter": DocumentSplitter(split_by="word", split_length=150, split_overlap=50),
            "embedder": self.embedder,
            "writer": DocumentWriter(self.documents),
        }
        pipeline = Pipeline()
        for name, step in steps.items():
            pipeline.add_component(name, step)
        for before, after in zip(steps, list(steps)[1:], strict=False):
            pipeline.connect(before, after)
        pipeline.run({"converter": {"sources": list(paths.values()), "meta": [{"article": name} for name in paths]}})
        self.file.parent.mkdir(exist_ok=True)
        self.documents.save_to_disk(str(self.file))


if __name__ == "__main__":
    run(Haystack, "haystack-ai", "sentence-transformers-haystack", "sentence-transformers", "torch")
