"""LangChain, as in its semantic search tutorial and the page on its FAISS store: 1,000 characters, 200 shared."""
# ruff: noqa: D102  # frame.Peer says what the methods do.

from pathlib import Path

from frame import K, files, run
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter


class LangChain:
    """Chunks of characters in a flat FAISS index; an edited article's chunks are deleted and added by id."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None:
        self.articles, self.store = articles, str(store)
        self.embeddings = HuggingFaceEmbeddings(model_name=str(model))
        self.splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)

    def build(self) -> list[str]:
        chunks = [chunk for name, path in files(self.articles) for chunk in self._chunks(name, path)]
        index = FAISS.from_documents(chunks, self.embeddings, ids=[chunk.id for chunk in chunks])
        index.save_local(self.store)
        return [chunk.page_content for chunk in chunks]

    def open(self) -> None:
        self.index = FAISS.load_local(self.store, self.embeddings, allow_dangerous_deserialization=True)

    def change(self, article: str) -> None:
        self.index.delete([id for id in self.index.index_to_docstore_id.values() if id.rpartition("#")[0] == article])
        chunks = self._chunks(article, self.articles / article)
        self.index.add_documents(chunks, ids=[chunk.id for chunk in chunks])
        self.index.save_local(self.store)

    def ask(self, question: str) -> list[tuple[str, str]]:
        return [(hit.metadata["article"], hit.page_content) for hit in self.index.similarity_search(question, k=K)]

    def _chunks(self, name: str, path: Path) -> list[Document]:
        whole = Document(page_content=path.read_text(encoding="utf-8"), metadata={"article": name})
        chunks = self.splitter.split_documents([whole])
        for number, chunk in enumerate(chunks):
            chunk.id = f"{name}#{number}"
        return chunks


PACKAGES = ("langchain-core", "langchain-community", "langchain-huggingface", "langchain-text-splitters", "faiss-cpu")

if __name__ == "__main__":
    run(LangChain, *PACKAGES, "sentence-transformers", "torch")
