"""The lexical index: the words of passages and titles, ranked by BM25. The only door to Tantivy.

It is built from the catalog like the vectors. Beside Tantivy's files lies one that says from which generation they were built,
has a checksum of each, and holds what Tantivy itself notes of them. It is written last: that is the commit.

A score is BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75) of the text, plus a fraction of that of the title, divided by
the most that the question's words could give a text: a number from 0 to about 1 that means the same whatever else was found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from qa.errors import DamagedError, sober
from qa.store import lexical_files
from qa.store.base import Term
from qa.store.lexical_files import PrivateFolder, State, private_copy
from qa.text.span import Span

LANGUAGES = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ru": "russian", "sv": "swedish",
}  # fmt: skip
"""Languages with a stemmer and a list of stop words; words of others are taken as they stand."""

LONGEST_TERM = 60
"""Longer runs of letters are no words that anybody asks for: they are encoded data."""
_SATURATION = 2.2
"""k1 + 1: what a term's BM25 weight tends to, over its IDF."""
_HEAP_BYTES = 50_000_000
"""What Tantivy's writer may take; less makes more parts, which have to be merged."""
_EXACT_PASSAGES = 3_000
"""An index of so many passages is built in half a second."""
_DEAD_FRACTION = 0.1
_WORD = re.compile(r"\w+")


@contextmanager
def _damage() -> Iterator[None]:
    """Turn what Tantivy says of files that it cannot read into one line that says what to do."""
    try:
        with sober():
            yield
    except ValueError as error:
        raise DamagedError(f"the index of the words is damaged ({_plain(str(error))}): run 'qa sync --rebuild'") from error


class Lexical:
    """Passages by key. Tantivy's own files lie in `folder`; without one, the index is in memory."""

    def __init__(self, folder: Path | None, language: str, title_weight: float, *, fresh: bool = False) -> None:
        """Open the index in `folder`, or make an empty one; `fresh` leaves out what is there.

        Raise `ValueError` if it is damaged, `FolderError` if one of its files is a link.
        """
        builder = SchemaBuilder()
        builder.add_unsigned_field("key", indexed=True, fast=True)
        builder.add_text_field("title", tokenizer_name="words")
        builder.add_text_field("text", tokenizer_name="words")
        # As they are written, for questions with typing errors: a stem is no word to show or to compare with one.
        builder.add_text_field("word", tokenizer_name="lower case", index_option="basic")
        self._schema = builder.build()
        self._folder = folder
        self._title_weight = title_weight
        self._analyzer = _analyzer(language)
        if folder:
            lexical_files.check_own(folder)
        self._state, place = State(), None
        if folder and not fresh:
            self._state, place = private_copy(folder)
        try:
            self._use(self._opened(place), place)
        finally:
            _unlink(place)

    @sober()
    def _opened(self, place: PrivateFolder | None) -> Index:
        index = Index(self._schema, path=place.name if place else None)
        index.register_tokenizer("words", self._analyzer)
        index.register_tokenizer("lower case", _lower_case().build())
        index.reload()
        return index

    @sober()
    def _use(self, index: Index, place: PrivateFolder | None) -> None:
        index.reload()
        # Held as long as what is opened from it.
        self._index, self._searcher, self._place = index, index.searcher(), place

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

    @_damage()
    def keys(self) -> NDArray[np.int64]:
        """Return the keys of all passages, ascending."""
        hits = self._searcher.search(Query.all_query(), max(1, len(self)), count=False).hits
        keys = self._searcher.fast_field_values("key", [address for _, address in hits])
        return np.sort(np.array(keys, dtype=np.int64))

    def needs_rebuild(self, removed: int, remaining: int) -> bool:
        """Return True if an update should build the index again: Tantivy counts removed words until its files are merged.

        A small index always is, so that it ranks as a fresh one does; a large one when a tenth of it is dead.
        """
        return remaining <= _EXACT_PASSAGES or self._state.dead + removed > _DEAD_FRACTION * remaining

    def update(
        self, removed: Iterable[int], added: Iterable[tuple[int, str, str]], generation: str, *, rebuild: bool = False
    ) -> None:
        """Remove passages by key, add others as (key, title, text), and name the new state, all or nothing.

        Raise `OSError` if it cannot be written.
        """
        if self._folder is None:
            dead = self._write(self._index, removed, added, rebuild=rebuild)
            self._state = State(generation, dead)
            self._use(self._index, None)
            return
        try:
            place = PrivateFolder() if rebuild else private_copy(self._folder)[1]
            try:
                index = self._opened(place)
                dead = self._write(index, removed, added, rebuild=rebuild)
                unchanged = {} if rebuild else self._state.files
                self._state = lexical_files.commit(Path(place.name), self._folder, generation, dead, unchanged)
                self._use(index, place)
            finally:
                _unlink(place)
        except ValueError as error:
            raise OSError(str(error)) from error

    def _write(self, index: Index, removed: Iterable[int], added: Iterable[tuple[int, str, str]], *, rebuild: bool) -> int:
        """Write, and return how many passages are dead in the files afterwards."""
        dead = 0 if rebuild else self._state.dead
        try:
            with sober():
                writer = index.writer(_HEAP_BYTES, 1)
                if rebuild:
                    writer.delete_all_documents()
            for key in () if rebuild else removed:
                with sober():
                    writer.delete_documents_by_query(Query.term_query(self._schema, "key", int(key)))
                dead += 1
            for key, title, text in added:
                fields = {"key": int(key), "title": title, "text": text, "word": [title, text]}
                with sober():
                    writer.add_document(Document.from_dict(fields, self._schema))
            with sober():
                writer.commit()
                writer.wait_merging_threads()
        except ValueError as error:  # Tantivy raises nothing else.
            raise OSError(_plain(str(error))) from error
        return dead

    @_damage()
    def terms(self, question: str) -> list[Term]:
        """Return the words of a question with their inverse document frequency over the passages."""
        terms = []
        for match in _WORD.finditer(question):
            forms = tuple(self._analyzer.analyze(match.group()))
            idf = max(map(self._idf, forms), default=0.0)
            terms.append(Term(Span(*match.span()), forms, idf, bool(forms) and not any(map(self._holds, forms))))
        return terms

    def _holds(self, form: str) -> bool:
        return any(self._searcher.doc_freq(field, form) for field in ("text", "title"))

    def _idf(self, form: str) -> float:
        frequency, count = self._searcher.doc_freq("text", form), self._searcher.num_docs
        return math.log(1 + (max(0, count - frequency) + 0.5) / (frequency + 0.5))

    @_damage()
    def search(self, terms: Iterable[Term], k: int, only: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Return keys and scores of the `k` best passages, best first; ties are broken by key.

        With `only`, of these passages. None are returned if no term is indexed.
        """
        forms = {form for term in terms for form in term.forms}
        if not forms or (only is not None and len(only) == 0):
            return []
        query = self._query(forms)
        if only is not None:
            within = Query.const_score_query(Query.term_set_query(self._schema, "key", [int(key) for key in only]), 0.0)
            query = Query.boolean_query([(Occur.Must, within), (Occur.Must, query)])
        hits = self._searcher.search(query, k, count=False).hits
        keys = self._searcher.fast_field_values("key", [address for _, address in hits])
        most = _SATURATION * sum(map(self._idf, sorted(forms)))
        scores = [(int(str(key)), float(score) / most) for key, (score, _) in zip(keys, hits, strict=True)]
        return sorted(scores, key=lambda pair: (-pair[1], pair[0]))

    def _query(self, forms: Iterable[str]) -> Query:
        parts = []
        for form in sorted(forms):
            parts.append((Occur.Should, Query.term_query(self._schema, "text", form)))
            title = Query.term_query(self._schema, "title", form)
            parts.append((Occur.Should, Query.boost_query(title, self._title_weight)))
        return Query.boolean_query(parts)

    def forms(self, text: str) -> frozenset[str]:
        """Return the forms by which the words of a text are indexed."""
        return frozenset(self._analyzer.analyze(text))

    @_damage()
    def words(self, beginning: str) -> dict[str, int]:
        """Return the words of passages and titles that begin so, in lower case, and how many passages hold each."""
        return dict(self._searcher.terms_with_prefix("word", beginning))


def _unlink(place: PrivateFolder | None) -> None:
    if place:
        place.unlink()


def _lower_case() -> TextAnalyzerBuilder:
    return TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(LONGEST_TERM)).filter(Filter.lowercase())


def _analyzer(language: str) -> TextAnalyzer:
    builder = _lower_case().filter(Filter.ascii_fold())
    if name := LANGUAGES.get(language):
        builder = builder.filter(Filter.stopword(name)).filter(Filter.stemmer(name))
    return builder.build()


def _plain(message: str) -> str:
    """Return the system's own message from among the names of Rust's types.

    >>> _plain('IoError { err: Os { code: 28, kind: StorageFull, message: "No space left on device" } }')
    'No space left on device'
    """
    match = re.search(r'message: "([^"]+)"', message)
    return match[1] if match else message
