"""Chroma, as in its getting started and its guide to chunking: 500 characters, 50 shared, by LangChain's splitter."""
# ruff: noqa: D102  # frame.Peer says what the methods do.

from pathlib import Path

import chromadb
from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction
from frame import K, files, run
from langchain_text_splitters import RecursiveCharacterTextSplitter


class Chroma:
    """Chunks of characters in a persistent collection; an edited article's are deleted by filter and added again."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None:
        self.articles, self.store = articles, str(store)
        self.embed = SentenceTransformerEmbeddingFunction(model_name=str(model))
        self.splitter = RecursiveCharacterTextSplitter(chunk_size=500, chunk_overlap=50, separators=["\n\n", "\n", ". ", " "])

    def build(self) -> list[str]:
        client = chromadb.PersistentClient(path=self.store)
        self.collection = client.create_collection(name="articles", embedding_function=self.embed)
        return [chunk for name, path in files(self.articles) for chunk in self._add(name, path)]

    def open(self) -> None:
        client = chromadb.PersistentClient(path=self.store)
        self.collection = client.get_collection(name="articles", embedding_function=self.embed)

    def change(self, article: str) -> None:
        self.collection.delete(where={"article": article})
        self._add(article, self.articles / article)

    def ask(self, question: str) -> list[tuple[str, str]]:
        found = self.collection.query(query_texts=[question], n_results=K)
        return [(str(about["article"]), text) for about, text in zip(found["metadatas"][0], found["documents"][0], strict=True)]

    def _add(self, name: str, path: Path) -> list[str]:
        chunks = self.splitter.split_text(path.read_text(encoding="utf-8"))
        ids = [f"{name}#{number}" for number in range(len(chunks))]
        self.collection.add(ids=ids, documents=chunks, metadatas=[{"article": name} for _ in chunks])
        return chunks


if __name__ == "__main__":
    run(Chroma, "chromadb", "langchain-text-splitters", "sentence-transformers", "torch")
