"""Where a quote stands, in the article as it is now; and whether a citation still holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from qa import articles, reader
from qa.errors import CitationError
from qa.schema import Article, Citation, Failure, Passage, Verdict
from qa.text.span import Span
from qa.text.structure import line_numbers

DEEPEST = 50
"""How many lists and objects within each other are looked into for citations."""


def cite(article: Article, sha256: str, quote: Span) -> Citation:
    """Return the citation of a span of an article; `sha256` is that of its file."""
    return Citation(
        article_id=article.id,
        title=article.title,
        date=article.date,
        source=article.source,
        url=article.url,
        span=quote,
        lines=line_numbers(article.text, quote),
        quote=quote.of(article.text),
        sha256=sha256,
    )


def moved(passage: Passage, article: Article) -> int | None:
    """Return by how many characters a passage has moved within an article; None when it is no longer in it."""
    start, end = passage.span.start, passage.span.start + len(passage.text)
    if article.text.startswith(passage.text, start):
        return 0
    places = [
        place - start
        for place in (article.text.rfind(passage.text, 0, end), article.text.find(passage.text, start))
        if place >= 0
    ]
    return min(places, key=abs, default=None)


def shifted(passage: Passage, by: int) -> Passage:
    """Return a passage moved by some characters, with its sentences."""
    sentences = tuple(span.shifted(by) for span in passage.sentences)
    return Passage(passage.article_id, passage.span.shifted(by), passage.text, sentences)


def verify(cited: Citation, seeds: Path, *, limit_bytes: int, limit_s: float) -> Verdict:
    """See `Citation.verify`; an article of more than `limit_bytes`, or that takes more than `limit_s`, is not read."""
    if len(cited.quote) != cited.span.end - cited.span.start:
        return Verdict("changed", None)  # Its own span never held it.
    file = articles.find(seeds, cited.article_id) if seeds.is_dir() else None
    if file is None:
        return Verdict("gone", None)
    found = reader.read(file, limit_bytes=limit_bytes, limit_s=limit_s)
    if isinstance(found, Failure) or found.article is None:
        return Verdict("unreadable", None)
    place = moved(Passage(cited.article_id, cited.span, cited.quote, ()), found.article)
    if place is None:
        return Verdict("changed", None)
    now = cite(found.article, found.sha256, cited.span.shifted(place))
    return Verdict("moved" if place else "exact", now)


def saved(value: Any, depth: int = 0) -> Iterator[Citation]:
    """Yield the citations in what JSON was read from: one, or an answer or hits that hold some, each once a place."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict) and {"article_id", "span", "quote", "lines"} <= value.keys():
        yield from_json(value)
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from saved(each, depth + 1)


def from_json(value: dict[str, Any]) -> Citation:
    """See `Citation.from_json`."""
    names = [each.name for each in fields(Citation)]
    try:
        texts = {name: value[name] for name in names if name not in ("span", "lines")}
        span, lines = Span(value["span"]["start"], value["span"]["end"]), tuple(value["lines"])
    except (KeyError, TypeError) as error:
        raise CitationError(f"this is no citation: it takes {', '.join(names)}") from error
    if not all(isinstance(text, str) for text in texts.values()):
        raise CitationError("this is no citation: all but span and lines are text")
    if len(lines) != 2 or not all(isinstance(n, int) and 0 <= n < 1 << 40 for n in (*span, *lines)) or span.start > span.end:
        raise CitationError("this is no citation: span and lines are pairs of whole numbers, the lower first")
    if not texts["quote"] or not texts["article_id"]:
        raise CitationError("this is no citation: it quotes nothing")
    if span.end - span.start != len(texts["quote"]):
        raise CitationError(
            f"this is no citation: its span is of {span.end - span.start} characters, its quote has {len(texts['quote'])}"
        )
    return Citation(**texts, span=span, lines=lines)
