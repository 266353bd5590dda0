"""The words of the passages and titles, ranked by BM25. The only door to Tantivy.

Derived from the catalog like the vectors: beside Tantivy's files lies one that says from which generation they were built,
and has a checksum of each. It is written last, so that what is half written or damaged is known for it.

A score is BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75) of the text, plus a share of that of the title, over
the most that the question's words could give a text: a number from 0 to about 1 that means the same whatever else
was found.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from qa.files import crc32, write_atomically
from qa.store.base import Term
from qa.text.span import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANGUAGES = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ru": "russian", "sv": "swedish",
}  # fmt: skip
"""Languages with a stemmer and a list of stop words; words of others are taken as they stand."""

LONGEST_TERM = 60
_SATURATION = 2.2  # k1 + 1: what a term's BM25 weight tends to, over its IDF.
_HEAP_BYTES = 50_000_000
_EXACT_PASSAGES = 3_000
_DEAD_SHARE = 0.1
STATE = "state.json"
"""The file that is written last."""
_WORD = re.compile(r"\w+")


class Lexical:
    """Passages by key. Tantivy's own files lie in `folder`; without one, the index is in memory."""

    def __init__(self, folder: Path | None, language: str, title_weight: float) -> None:
        """Open the index in `folder`, or make an empty one. Raise `ValueError` when what is there is no such index."""
        builder = SchemaBuilder()
        builder.add_unsigned_field("key", indexed=True, fast=True)
        builder.add_text_field("title", tokenizer_name="words")
        builder.add_text_field("text", tokenizer_name="words")
        self._schema = builder.build()
        self._folder = folder
        self._title_weight = title_weight
        self._analyzer = _analyzer(language)
        try:
            self._state = _sound(folder) if folder else _State()
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            self._index = Index(self._schema, path=str(folder) if folder else None)
            self._index.register_tokenizer("words", self._analyzer)
            self._reload()
        except OSError as error:
            raise ValueError(str(error)) from error
        if folder and self._state.files and self._state != state_of(folder):
            raise ValueError("changed while it was opened")

    def _reload(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()

    @property
    def generation(self) -> str:
        """The state of the catalog that the index was built from."""
        return self._state.generation

    @property
    def on_disk(self) -> bool:
        """Return True if the index has a folder."""
        return self._folder is not None

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def keys(self) -> NDArray[np.int64]:
        """Return the keys of all passages, ascending."""
        hits = self._searcher.search(Query.all_query(), max(1, len(self)), count=False).hits
        keys = self._searcher.fast_field_values("key", [address for _, address in hits])
        return np.sort(np.array(keys, dtype=np.int64))

    def needs_rebuild(self, removed: int, remaining: int) -> bool:
        """Return True if to build anew: Tantivy counts the words of what was removed until its files are merged.

        A small index always is, in half a second at most, so that it ranks as a fresh one does; a large one when a tenth is
        dead.
        """
        return remaining <= _EXACT_PASSAGES or self._state.dead + removed > _DEAD_SHARE * remaining

    def update(
        self, removed: Iterable[int], added: Iterable[tuple[int, str, str]], generation: str, *, rebuild: bool = False
    ) -> None:
        """Remove passages by key, add others as (key, title, text), and name the new state, all or nothing.

        Raise `OSError` when it cannot be written.
        """
        dead = 0 if rebuild else self._state.dead
        try:
            writer = self._index.writer(_HEAP_BYTES, 1)
            if rebuild:
                writer.delete_all_documents()
            else:
                for key in removed:
                    writer.delete_documents_by_query(Query.term_query(self._schema, "key", int(key)))
                    dead += 1
            for key, title, text in added:
                writer.add_document(Document.from_dict({"key": int(key), "title": title, "text": text}, self._schema))
            writer.commit()
            writer.wait_merging_threads()
        except ValueError as error:  # Tantivy's word for all that goes wrong.
            raise OSError(_plain(str(error))) from error
        self._state = _written(self._folder, generation, dead, self._state.files) if self._folder else _State(generation, dead)
        self._reload()

    def words(self, question: str) -> list[Term]:
        """Return the words of a question with their inverse document frequency over the passages."""
        found = []
        for match in _WORD.finditer(question):
            terms = tuple(self._analyzer.analyze(match.group()))
            found.append(Term(Span(*match.span()), terms, max(map(self._idf, terms), default=0.0)))
        return found

    def _idf(self, term: str) -> float:
        frequency, count = self._searcher.doc_freq("text", term), self._searcher.num_docs
        return math.log(1 + (max(0, count - frequency) + 0.5) / (frequency + 0.5))

    def search(self, words: Iterable[Term], k: int, only: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Return keys and scores of the `k` best passages, best first; of equals, the lowest key first.

        With `only`, of these passages; without any word that is indexed, none.
        """
        terms = {term for word in words for term in word.forms}
        if not terms or (only is not None and len(only) == 0):
            return []
        query = self._query(terms)
        if only is not None:
            within = Query.const_score_query(Query.term_set_query(self._schema, "key", [int(key) for key in only]), 0.0)
            query = Query.boolean_query([(Occur.Must, within), (Occur.Must, query)])
        hits = self._searcher.search(query, k, count=False).hits
        keys = self._searcher.fast_field_values("key", [address for _, address in hits])
        most = _SATURATION * sum(map(self._idf, sorted(terms)))
        found = [(int(str(key)), float(score) / most) for key, (score, _) in zip(keys, hits, strict=True)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _query(self, terms: Iterable[str]) -> Query:
        parts = []
        for term in sorted(terms):
            parts.append((Occur.Should, Query.term_query(self._schema, "text", term)))
            title = Query.term_query(self._schema, "title", term)
            parts.append((Occur.Should, Query.boost_query(title, self._title_weight)))
        return Query.boolean_query(parts)

    def terms(self, text: str) -> frozenset[str]:
        """Return the terms by which a text is found."""
        return frozenset(self._analyzer.analyze(text))


@dataclass(frozen=True, slots=True)
class _State:
    """What the files are: made from which generation, with how many dead passages, and the CRC-32 of each."""

    generation: str = ""
    dead: int = 0
    files: dict[str, int] = field(default_factory=dict)


def state_of(folder: Path) -> _State:
    """Return what was last noted of the files in `folder`; nothing of none."""
    try:
        return _State(**json.loads((folder / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return _State()


def _sound(folder: Path) -> _State:
    """Return the state of the files in `folder`. Raise `ValueError` where one is not as it was written."""
    state = state_of(folder)
    names = _files(folder)
    if not state.files.keys() <= names or ("meta.json" in names and not state.files):
        raise ValueError("files are missing")
    if any(crc32(folder / name) != checksum for name, checksum in state.files.items()):
        raise ValueError("a file is damaged")
    return state


def _written(folder: Path, generation: str, dead: int, known: dict[str, int]) -> _State:
    """Note what the files are now. All but `meta.json` never change."""
    names = sorted(_files(folder))
    files = {name: known[name] if name in known and name != "meta.json" else crc32(folder / name) for name in names}
    state = _State(generation, dead, files)
    write_atomically(folder / STATE, json.dumps(asdict(state)).encode())
    return state


def _files(folder: Path) -> set[str]:
    """Return the names of Tantivy's files, but for its locks and its list of files to clean up."""
    if not folder.is_dir():
        return set()
    return {path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name != STATE}


def remove(folder: Path) -> None:
    """Remove an index from disk, where there is one."""
    shutil.rmtree(folder, ignore_errors=True)


def _analyzer(language: str) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(LONGEST_TERM)).filter(Filter.lowercase())
    builder = builder.filter(Filter.ascii_fold())
    if name := LANGUAGES.get(language):
        builder = builder.filter(Filter.stopword(name)).filter(Filter.stemmer(name))
    return builder.build()


def _plain(trouble: str) -> str:
    """Return what the system said, out of the names of Rust's types.

    >>> _plain('IoError { err: Os { code: 28, kind: StorageFull, message: "No space left on device" } }')
    'No space left on device'
    """
    said = re.search(r'message: "([^"]+)"', trouble)
    return said[1] if said else trouble
