"""The tables of the catalog, and what a row of each must be.

Every row that holds what was read or encoded carries its CRC-32, compared whenever the row is read for what it holds: SQLite
itself notices a damaged page only if its structure suffers. A checksum does not say who wrote a row. The file may come from
somebody else, so what a row holds must make sense as well.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from typing import Any, get_args

import numpy as np

from qa.encoding.base import Matrix
from qa.store.base import StoredArticle
from qa.text.span import Span
from qa.types import Article, Locator, LocatorKind, Passage

FORMAT = 5
"""Raised when the tables change; an older catalog is then built again."""
LARGEST = 1e6
"""More than any number in the vector of a sentence."""

_KINDS = frozenset(get_args(LocatorKind))

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, live INTEGER NOT NULL, stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL, body INTEGER NOT NULL, title TEXT NOT NULL, date TEXT NOT NULL, source TEXT NOT NULL,
    url TEXT NOT NULL, tags TEXT NOT NULL, author TEXT NOT NULL, language TEXT NOT NULL, locators TEXT NOT NULL,
    notes TEXT NOT NULL, reader INTEGER NOT NULL, title_seen BLOB NOT NULL, text_crc32 INTEGER NOT NULL, crc32 INTEGER NOT NULL,
    text TEXT NOT NULL, UNIQUE (id, live));
CREATE INDEX articles_title ON articles (title_seen);
CREATE INDEX articles_staged ON articles (key) WHERE NOT live;
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, seen BLOB NOT NULL, sentence_count INTEGER NOT NULL,
    sentences BLOB NOT NULL, text TEXT NOT NULL, lead TEXT NOT NULL, crc32 INTEGER NOT NULL);
CREATE INDEX passages_article ON passages (article, sentence_count);
CREATE INDEX passages_seen ON passages (seen);
CREATE TABLE vectors (seen BLOB PRIMARY KEY NOT NULL, matrix BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE tokens (seen BLOB PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL, packed BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE INDEX tokens_bytes ON tokens (bytes);
CREATE TABLE loosened (seen BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE failures (id TEXT PRIMARY KEY, stamp TEXT NOT NULL, reason TEXT NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID;
"""
"""`live` is 0 while an article is staged; `seen` is the key of an encoder input; `loosened` holds garbage candidates."""

ARTICLE = (
    "id, live, stamp, sha256, body, title, date, source, url, tags, author, language, locators, notes, reader,"
    " title_seen, text_crc32"
)
CHECKED = {
    "meta": ("ss", "key, value"),
    "articles": ("sississsssssssibi", ARTICLE),
    "passages": ("iiibibss", "article, start, end, seen, sentence_count, sentences, text, lead"),
    "vectors": ("bb", "seen, matrix"),
    "tokens": ("bib", "seen, bytes, packed"),
    "failures": ("sss", "id, stamp, reason"),
}
"""The columns that a row's checksum covers, with their types: the checksum of an article's text is one of them."""
TYPES = {"i": int, "s": str, "b": bytes}
"""The letters that stand for the types of columns."""


def crc32(*values: str | bytes | float) -> int:
    """Return a checksum of the values of a row."""
    checksum = 0
    for value in values:
        checksum = zlib.crc32(value if isinstance(value, bytes) else str(value).encode(), checksum)
    return checksum


def marks(keys: Collection[object]) -> str:
    """Return a `?` for each key, as a statement takes them."""
    return ",".join("?" * len(keys))


# The order of the columns is the table's.
def stored_article(text: str, id: str, live: int, stamp: str, sha256: str, body: int, title: str, date: str, source: str,
                   url: str, tags: str, author: str, language: str, locators: str, notes: str, reader: int,
                   *_: object) -> StoredArticle:  # fmt: skip
    """Return the article of a row. Raise `ValueError` if its numbers make no sense."""
    if live not in (0, 1) or not 0 <= body <= len(text):
        raise ValueError("an article's numbers make no sense")
    parts, noted = parsed_locators(locators, len(text)), parsed_texts(notes)
    article = Article(id, text, title, body, date, source, url, parsed_texts(tags), author, language, parts, noted)
    return StoredArticle(article, stamp, sha256, reader)


def parsed_texts(texts: str) -> tuple[str, ...]:
    """Return the tags or the notes of an article. Raise `ValueError` if they are not a list of strings."""
    values = json.loads(texts)
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError("an article's tags or notes are not a list of strings")
    return tuple(values)


def parsed_locators(locators: str, length: int) -> tuple[Locator, ...]:
    """Return the parts of an article of this length. Raise `ValueError` if they are not ours."""
    values = json.loads(locators)
    if not isinstance(values, list) or not all(_is_locator(each, length) for each in values):
        raise ValueError("an article's parts make no sense")
    return tuple(Locator(*each) for each in values)


def _is_locator(value: Any, length: int) -> bool:
    if not isinstance(value, list) or [type(each) for each in value] != [int, str, str]:
        return False
    start, kind, label = value
    is_number = label.isdecimal() and len(label) < 10
    return 0 <= start <= length and kind in _KINDS and (is_number or kind != "rows")


# The order of the columns is the table's.
def stored_passage(id: str, _: int, start: int, end: int, __: bytes, count: int, sentences: bytes, text: str,
                   lead: str) -> Passage:  # fmt: skip
    """Return the passage of a row. Raise `ValueError` if its spans are not in order, one after another and all inside."""
    bounds = [start, *np.frombuffer(sentences, "<u4").tolist(), end]
    if len(bounds) != 2 * count + 2 or start < 0 or end - start != len(text) or bounds != sorted(bounds):
        raise ValueError("a passage's numbers make no sense")
    return Passage(id, Span(start, end), text, tuple(map(Span, bounds[1:-1:2], bounds[2:-1:2])), lead)


def stored_matrix(matrix: bytes, count: int, dimension: int) -> Matrix:
    """Return the vectors of a row. Raise `ValueError` if they are not finite and of shape (count, dimension)."""
    vectors = np.frombuffer(matrix, "<f4").reshape(count, dimension)
    if not (np.abs(vectors) < LARGEST).all():
        raise ValueError("a vector's numbers make no sense")
    return vectors


def makes_sense(table: str, values: Sequence[Any]) -> bool:
    """Return True if a row holds what this package could have written."""
    try:
        if table == "articles":
            *row, text_crc32, text = values
            stored_article(text, *row, text_crc32)
            return bool(crc32(text) == text_crc32)
        if table == "passages":
            stored_passage("", *values)
        if table == "vectors":
            stored_matrix(values[1], 1, len(values[1]) // 4)
        return table != "tokens" or bool(values[1] == len(values[2]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return False
