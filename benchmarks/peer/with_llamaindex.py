"""LlamaIndex, as in its starter tutorial with a local model and its page on refreshing: 1,024 tokens, 200 shared."""
# ruff: noqa: D102  # frame.Peer says what the methods do.

from pathlib import Path

from frame import K, run
from llama_index.core import (
    Document,
    Settings,
    SimpleDirectoryReader,
    StorageContext,
    VectorStoreIndex,
    load_index_from_storage,
)
from llama_index.core.schema import MetadataMode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding


class LlamaIndex:
    """Nodes of whole sentences in its own store of JSON; all files are read again and those that differ refreshed."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None:
        self.articles, self.store = articles, str(store)
        Settings.embed_model = HuggingFaceEmbedding(model_name=str(model))

    def build(self) -> list[str]:
        self.index = VectorStoreIndex.from_documents(self._documents())
        self.index.storage_context.persist(persist_dir=self.store)
        return [node.get_content(MetadataMode.EMBED) for node in self.index.docstore.docs.values()]

    def open(self) -> None:
        self.index = load_index_from_storage(StorageContext.from_defaults(persist_dir=self.store))
        self.retriever = self.index.as_retriever(similarity_top_k=K)

    def change(self, article: str) -> None:  # noqa: ARG002  # It finds out by itself.
        self.index.refresh_ref_docs(self._documents())
        self.index.storage_context.persist(persist_dir=self.store)

    def ask(self, question: str) -> list[tuple[str, str]]:
        nodes = [hit.node for hit in self.retriever.retrieve(question)]
        return [(self._name(node.metadata["file_path"]), node.get_content()) for node in nodes]

    def _documents(self) -> list[Document]:
        return SimpleDirectoryReader(str(self.articles), recursive=True, filename_as_id=True).load_data()

    def _name(self, path: str) -> str:
        return Path(path).relative_to(self.articles.resolve()).as_posix()


if __name__ == "__main__":
    run(LlamaIndex, "llama-index-core", "llama-index-embeddings-huggingface", "sentence-transformers", "torch")
