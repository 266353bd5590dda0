"""What the index holds, read from its database: articles, passages, and the vectors of what the encoder saw.

An edit is written beside the live rows first (`live = 0`, see `staging`) and becomes visible in one transaction. Vectors are
keyed by encoder input, so that text that moves or comes back is not encoded again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix
from qa.encoding.tokens import is_packed
from qa.store.base import ArticleInfo, Counts, FileState, PassageTokens, StoredArticle
from qa.store.database import Database
from qa.store.schema import ARTICLE, CHECKED, marks, parsed_texts, stored_article, stored_matrix, stored_passage
from qa.types import Passage
from qa.where import Where

LIVE = "article NOT IN (SELECT key FROM articles WHERE NOT live)"
"""The condition for passages of live articles; staged articles are few."""
_GENERATION = re.compile(r"([0-9a-f]{32})\.[0-9a-f]{32}")
_PASSAGES_AT_ONCE = 1000

T = TypeVar("T")


class Catalog:
    """Reads the live rows; safe to use from any thread. What a method returns is one state only within a transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- the whole ---------------------------------------------------------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Return what the live rows were built with, their generation, and the calibration; empty at first."""
        meta = {}
        for key, value, checksum in self.database.rows("ssi", "SELECT key, value, crc32 FROM meta"):
            self.database.check(checksum, key, value)
            meta[key] = value
        if "generation" in meta and not _GENERATION.fullmatch(meta["generation"]):
            raise self.database.damage("its state has a name that is not ours")
        return meta

    @property
    def generation(self) -> str:
        """The name of the state of the live rows, `catalog.state`; empty before the first sync."""
        return self.meta().get("generation", "")

    @property
    def dimension(self) -> int:
        """The length of a vector; 0 while there are none."""
        lengths = self.database.rows(
            "i",
            "SELECT ifnull(length(v.matrix) / 4 / p.sentence_count, 0) FROM passages p JOIN vectors v USING (seen) LIMIT 1",
        )
        return next((int(length) for (length,) in lengths), 0)

    def known(self) -> dict[str, FileState]:
        """Return the state of the file of each live article, by id."""
        rows = self.database.rows("sssi", "SELECT id, stamp, sha256, reader FROM articles WHERE live")
        return {id: FileState(*state) for id, *state in rows}

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return stamp and reason of the files that could not be read, by id."""
        failures = {}
        rows = self.database.rows("sssi", "SELECT id, stamp, reason, crc32 FROM failures ORDER BY id")
        for id, stamp, reason, checksum in rows:
            self.database.check(checksum, id, stamp, reason)
            failures[id] = stamp, reason
        return failures

    def counts(self) -> Counts:
        """Return how many live articles, passages and sentences there are."""
        ((articles,),) = self.database.rows("i", "SELECT count(*) FROM articles WHERE live")
        ((passages, sentences),) = self.database.rows(
            "ii", f"SELECT count(*), ifnull(sum(sentence_count), 0) FROM passages WHERE {LIVE}"
        )
        return Counts(articles, passages, sentences)

    # --- articles ----------------------------------------------------------------------------------------------------

    def article(self, id: str) -> StoredArticle | None:
        """Return a live article, or None if there is none of this id."""
        types, _ = CHECKED["articles"]
        rows = self.database.rows(f"{types}is", f"SELECT {ARTICLE}, crc32, text FROM articles WHERE live AND id = ?", (id,))
        if (row := next(rows, None)) is None:
            return None
        *values, checksum, text = row
        self.database.check(checksum, *values)
        self.database.check(values[-1], text)
        with self.database.decoding():
            return stored_article(text, *values)

    def articles(self) -> Iterator[ArticleInfo]:
        """Yield what is known of each live article, by id."""
        rows = self.database.rows(
            "sssssssi",
            "SELECT a.id, a.title, a.date, a.source, a.tags, a.author, a.notes, ifnull(p.count, 0) FROM articles a"
            " LEFT JOIN (SELECT article, count(*) AS count FROM passages GROUP BY article) p ON p.article = a.key"
            " WHERE a.live ORDER BY a.id",
        )
        for id, title, date, source, tags, author, notes, count in rows:
            yield ArticleInfo(id, title, date, source, self._texts(tags), author, count, self._texts(notes))

    def admitted(self, where: Where) -> set[str]:
        """Return the ids of the live articles that a filter admits."""
        return {each.id for each in self.articles() if where.admits(each)}

    def _texts(self, texts: str) -> tuple[str, ...]:
        with self.database.decoding():
            return parsed_texts(texts)

    # --- passages by key ---------------------------------------------------------------------------------------------

    def keys(self, ids: Collection[str] | None = None) -> NDArray[np.int64]:
        """Return the keys of all live passages, or of those of some articles, ascending."""
        which, values = LIVE, list[str]()
        if ids is not None:
            which = "article IN (SELECT key FROM articles WHERE live AND id IN (SELECT value FROM json_each(?)))"
            values = [json.dumps(list(ids))]
        # As one text: a row of Python's for each key takes three times as long.
        ((text,),) = self.database.rows("s", f"SELECT ifnull(group_concat(key), '') FROM passages WHERE {which}", values)
        keys = np.sort(np.fromstring(text, dtype=np.int64, sep=","), kind="stable")
        if len(keys) and keys[0] < 1:
            raise self.database.damage("a key is not ours")
        return keys

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by key, ascending."""
        rows = self.database.rows(
            "isiiibibssi",
            "SELECT p.key, a.id, p.article, p.start, p.end, p.seen, p.sentence_count, p.sentences, p.text, p.lead, p.crc32"
            f" FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({marks(keys)}) ORDER BY p.key",
            keys,
        )
        passages = {}
        for key, id, *values, checksum in rows:
            self.database.check(checksum, *values)
            with self.database.decoding():
                passages[key] = stored_passage(id, *values)
        return self._complete(passages, keys)

    def titles(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the title of the article of each passage."""
        rows = self.database.rows(
            "is",
            f"SELECT p.key, a.title FROM passages p JOIN articles a ON a.key = p.article WHERE p.key IN ({marks(keys)})",
            keys,
        )
        return self._complete(dict(rows), keys)

    def titled_passages(self, keys: NDArray[np.int64]) -> Iterator[tuple[int, str, Passage]]:
        """Yield key, title of the article, and passage, for passages by key."""
        for start in range(0, len(keys), _PASSAGES_AT_ONCE):
            some = [int(key) for key in keys[start : start + _PASSAGES_AT_ONCE]]
            titles = self.titles(some)
            for key, passage in self.passages(some).items():
                yield key, titles[key], passage

    def tokens(self, keys: Sequence[int], dimension: int) -> dict[int, PassageTokens]:
        """Return the packed tokens of passages and of their titles, empty if they are not kept."""
        rows = self.database.rows(
            "isbbbiibii",
            "SELECT p.key, a.title, p.seen, a.title_seen,"
            " ifnull(t.packed, x''), ifnull(t.bytes, 0), ifnull(t.crc32, -1),"
            " ifnull(u.packed, x''), ifnull(u.bytes, 0), ifnull(u.crc32, -1)"
            " FROM passages p JOIN articles a ON a.key = p.article"
            " LEFT JOIN tokens t ON t.seen = p.seen LEFT JOIN tokens u ON u.seen = a.title_seen"
            f" WHERE p.key IN ({marks(keys)})",
            keys,
        )
        tokens = {}
        for key, title, seen, title_seen, *values in rows:
            self._check_tokens(dimension, seen, *values[:3])
            self._check_tokens(dimension, title_seen, *values[3:])
            tokens[key] = PassageTokens(title, values[0], values[3])
        return self._complete(tokens, keys)

    def _check_tokens(self, dimension: int, seen: bytes, packed: bytes, size: int, checksum: int) -> None:
        if checksum != -1:
            self.database.check(checksum, seen, size, packed)
        if not is_packed(packed, dimension):
            raise self.database.damage("tokens are of another size than ours")

    def _complete(self, values: dict[int, T], keys: Collection[int]) -> dict[int, T]:
        """Return the values if there is one for each key."""
        if len(values) < len(set(keys)):
            raise self.database.damage("a row is missing")
        return values

    # --- vectors -----------------------------------------------------------------------------------------------------

    def vectors(self, keys: Sequence[int], dimension: int) -> dict[int, Matrix]:
        """Return the vectors of the sentences of each passage, in their order, shape (sentences, dimension)."""
        which = f"WHERE p.key IN ({marks(keys)})"
        return {key: matrix for key, _, matrix in self._vectors(which, keys, dimension)}

    def vectors_from(self, first: int, *, every: int = 1) -> Iterator[tuple[int, Matrix]]:
        """Yield key and sentence vectors of live passages with keys from `first` on, ascending; of one in `every` keys."""
        which = "JOIN articles a ON a.key = p.article WHERE a.live AND p.key >= ? AND p.key % ? = 0 ORDER BY p.key"
        return ((key, matrix) for key, _, matrix in self._vectors(which, (first, every), self.dimension))

    def article_vectors(self, ids: Sequence[str]) -> Iterator[tuple[str, Matrix]]:
        """Yield the sentence vectors of each passage of some articles, with the article's id, one article after another."""
        which = (
            "JOIN articles a ON a.key = p.article WHERE a.live"
            " AND a.id IN (SELECT value FROM json_each(?)) ORDER BY a.key, p.key"
        )
        return ((id, matrix) for _, id, matrix in self._vectors(which, (json.dumps(list(ids)),), self.dimension, id="a.id"))

    def _vectors(
        self, which: str, values: Sequence[object], dimension: int, *, id: str = "''"
    ) -> Iterator[tuple[int, str, Matrix]]:
        rows = self.database.rows(
            "isibbi",
            f"SELECT p.key, {id}, p.sentence_count, v.matrix, v.seen, v.crc32"
            f" FROM passages p JOIN vectors v ON v.seen = p.seen {which}",
            values,
        )
        for key, article, count, matrix, seen, checksum in rows:
            self.database.check(checksum, seen, matrix)
            with self.database.decoding():
                vectors = stored_matrix(matrix, count, dimension)
            yield key, article, vectors
