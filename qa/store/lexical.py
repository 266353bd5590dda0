"""The words of the passages and titles, ranked by BM25. The only door to Tantivy.

Derived from the catalog like the vectors: beside Tantivy's files lies one that says from which generation they were built,
has a checksum of each, and holds what Tantivy itself notes of them. It is written last: that is the commit.

Tantivy maps its files into memory and trusts what it finds in them, which would end the process once another one cut them
short, and removes files by names that it reads. So it only ever sees a private copy, checked while it is made.

A score is BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75) of the text, plus a share of that of the title, over
the most that the question's words could give a text: a number from 0 to about 1 that means the same whatever else
was found.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import stat
import tempfile
import time
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from qa import files
from qa.errors import DamagedError, sober
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
_META = "meta.json"
_SEGMENT = re.compile(r"([0-9a-f]{32})(?:\.\d+)?\.[a-z]+")
_OURS = re.compile(rf"{re.escape(STATE)}|meta\.json|\.managed\.json|\.tantivy-\w+\.lock|{_SEGMENT.pattern}")
_LEFTOVER = rf"{re.escape(STATE)}|{_SEGMENT.pattern}"
_NORMED_FIELDS = 2
_TRIES = 3
_PLACE = "qa-words-"
_ABANDONED_S = 3600
"""A private folder older than this was left by a process that was killed while it wrote."""


class _Place(tempfile.TemporaryDirectory[str]):
    """A private folder for Tantivy."""

    def __init__(self) -> None:
        super().__init__(prefix=_PLACE, ignore_cleanup_errors=True)


def _let_go(place: _Place | None) -> None:
    """Remove a private folder. What is mapped stays readable, and a kill from then on leaves nothing."""
    if place and os.name == "posix":  # Elsewhere once nothing is mapped any more.
        place.cleanup()


@contextmanager
def _told() -> Iterator[None]:
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

        Raise `ValueError` when that is no such index, `FolderError` where one of its files is a link.
        """
        builder = SchemaBuilder()
        builder.add_unsigned_field("key", indexed=True, fast=True)
        builder.add_text_field("title", tokenizer_name="words")
        builder.add_text_field("text", tokenizer_name="words")
        self._schema = builder.build()
        self._folder = folder
        self._title_weight = title_weight
        self._analyzer = _analyzer(language)
        if folder:
            _check_own(folder)
        self._state, place = _State(), None
        if folder and not fresh:
            self._state, place = _private(folder)
        try:
            self._use(self._opened(place), place)
        finally:
            _let_go(place)

    @sober()
    def _opened(self, place: _Place | None) -> Index:
        index = Index(self._schema, path=place.name if place else None)
        index.register_tokenizer("words", self._analyzer)
        index.reload()
        return index

    @sober()
    def _use(self, index: Index, place: _Place | None) -> None:
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

    @_told()
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
        if self._folder is None:
            dead = self._write(self._index, removed, added, rebuild=rebuild)
            self._state = _State(generation, dead)
            self._use(self._index, None)
            return
        try:
            place = _Place() if rebuild else _private(self._folder)[1]
            try:
                index = self._opened(place)
                dead = self._write(index, removed, added, rebuild=rebuild)
                self._state = _saved(Path(place.name), self._folder, generation, dead, {} if rebuild else self._state.files)
                self._use(index, place)
            finally:
                _let_go(place)
        except ValueError as error:
            raise OSError(str(error)) from error

    def _write(self, index: Index, removed: Iterable[int], added: Iterable[tuple[int, str, str]], *, rebuild: bool) -> int:
        """Return how many passages are dead in the files then."""
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
                with sober():
                    writer.add_document(Document.from_dict({"key": int(key), "title": title, "text": text}, self._schema))
            with sober():
                writer.commit()
                writer.wait_merging_threads()
        except ValueError as error:  # Tantivy's word for all that goes wrong.
            raise OSError(_plain(str(error))) from error
        return dead

    @_told()
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

    @_told()
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
    """What the files are: made from which generation, with how many dead passages, the CRC-32 of each, and Tantivy's notes."""

    generation: str = ""
    dead: int = 0
    files: dict[str, int] = field(default_factory=dict)
    meta: str = ""


def state_of(folder: Path) -> _State:
    """Return what was last noted of the files in `folder`; nothing of none, and of notes that are not ours."""
    try:
        state = _State(**files.read_json(folder / STATE))
        return state if _is_sound(state) else _State()
    except (OSError, ValueError, TypeError):
        return _State()


def _is_sound(state: _State) -> bool:
    return (
        isinstance(state.generation, str)
        and type(state.dead) is int
        and isinstance(state.files, dict)
        and all(type(checksum) is int for checksum in state.files.values())
        and isinstance(state.meta, str)
        and all(_SEGMENT.fullmatch(name) for name in state.files.keys() - {_META})
        and state.files.get(_META) == zlib.crc32(state.meta.encode("utf-8", "replace"))
    )


def remove_leftovers(folder: Path) -> None:
    """Remove what was being written when a writer died: for the one who may write here now."""
    files.remove_leftovers(folder, _LEFTOVER)
    for place in Path(tempfile.gettempdir()).glob(f"{_PLACE}*"):
        with suppress(OSError):
            status = place.lstat()
            mine = os.name != "posix" or status.st_uid == os.geteuid()
            if stat.S_ISDIR(status.st_mode) and mine and time.time() - status.st_mtime > _ABANDONED_S:
                shutil.rmtree(place, ignore_errors=True)


def _check_own(folder: Path) -> None:
    files.check_own(folder.parent, folders=[folder.name])
    if folder.is_dir():
        files.check_own(folder, files=[path.name for path in folder.iterdir() if _OURS.fullmatch(path.name)])


def _private(folder: Path) -> tuple[_State, _Place]:
    """Return a checked copy of the files in `folder`, and their state. Raise `ValueError` where one is damaged."""
    for _ in range(_TRIES):
        state, place = state_of(folder), _Place()
        try:
            _copy(folder, Path(place.name), state)
            return state, place
        except (OSError, ValueError) as error:
            place.cleanup()
            if state == state_of(folder):  # Else a writer has just come to a new one.
                raise ValueError(str(error)) from error
    raise ValueError("changed while it was opened")


def _copy(folder: Path, place: Path, state: _State) -> None:
    if not state.files:
        if files.plain_files(folder, _OURS):
            raise ValueError("files are missing")
        return
    for name, checksum in state.files.items():
        if name != _META:
            if not (folder / name).exists():
                raise ValueError("files are missing")
            with (place / name).open("xb") as target:
                if files.copy(folder / name, target) != checksum:
                    raise ValueError("a file is damaged")
    for segment in _segments(state.meta):
        # Tantivy believes these numbers, and takes memory by them: each text has one byte for its length.
        norms = place / f"{segment.name}.fieldnorm"
        if not norms.exists() or not 0 < segment.passages * _NORMED_FIELDS <= norms.stat().st_size:
            raise ValueError("the notes do not go with the files")
    (place / _META).write_text(state.meta, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Segment:
    """What Tantivy notes of a part of the index: how its files are called, how many passages, when some were removed last."""

    name: str
    passages: int
    removed_at: int | None

    def has(self, file: str) -> bool:
        """Tell whether a file is one of its own."""
        of_removed = f"{self.name}.{self.removed_at}.del"
        return file == of_removed or (file.startswith(f"{self.name}.") and not file.endswith(".del"))


@sober()
def _segments(meta: str) -> list[_Segment]:
    """Return the parts of the index that Tantivy's notes name. Raise `ValueError` where these are none."""
    found = []
    for each in json.loads(meta)["segments"]:
        name, passages, removed = each["segment_id"].replace("-", ""), each["max_doc"], each["deletes"]
        if not _SEGMENT.fullmatch(f"{name}.idx") or type(passages) is not int:
            raise ValueError("the notes name no files of ours")
        found.append(_Segment(name, passages, int(removed["opstamp"]) if removed else None))
    return found


def _saved(place: Path, folder: Path, generation: str, dead: int, known: dict[str, int]) -> _State:
    """Bring what Tantivy wrote in its place to `folder`, where those files are `known` that did not change."""
    folder.mkdir(parents=True, exist_ok=True)
    meta = (place / _META).read_text(encoding="utf-8")
    segments = _segments(meta)
    checksums = {_META: zlib.crc32(meta.encode())}
    for name in sorted(files.plain_files(place, _SEGMENT)):
        if not any(segment.has(name) for segment in segments):
            continue
        if name in known:
            checksums[name] = known[name]
        else:
            with files.writing(folder / name) as target:
                checksums[name] = files.copy(place / name, target)
    state = _State(generation, dead, checksums, meta)
    files.write_atomically(folder / STATE, json.dumps(asdict(state)).encode())
    # That was the commit: nothing needs the old files any more.
    for name in files.plain_files(folder, _OURS) - checksums.keys() - {STATE}:
        (folder / name).unlink(missing_ok=True)
    return state


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
