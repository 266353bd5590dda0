"""Where a quote stands, in the article as it is now; and whether a citation still holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from qa.errors import CitationError
from qa.reading import folder, worker
from qa.settings import Settings
from qa.text.span import Span
from qa.text.structure import line_numbers
from qa.types import Article, Failure, Passage


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a quote stands: `article.text[span.start:span.end] == quote`.

    `lines` are the first and last line of the quote, counted from 1. `sha256` names the state of the file.
    """

    article_id: str
    title: str
    date: str
    source: str
    url: str
    span: Span
    lines: tuple[int, int]
    quote: str
    sha256: str

    @property
    def place(self) -> str:
        """Where the quote stands, as a person would write it: title, source, date, file and lines."""
        first, last = self.lines
        lines = f"line {first}" if first == last else f"lines {first}-{last}"
        return ", ".join(filter(None, [self.title, self.source, self.date, f"{self.article_id}, {lines}"]))

    def __str__(self) -> str:
        return f"“{' '.join(self.quote.split())}” {self.place}"

    def verify(self, seeds: str | Path = "seeds") -> Verdict:
        """Look whether the quote stands in its article, as the file in the folder `seeds` is now. No index is needed."""
        settings = Settings()
        return verify(self, Path(seeds), limit_bytes=settings.article_bytes, limit_s=settings.article_s)

    @staticmethod
    def from_json(value: dict[str, Any]) -> Citation:
        """Return a citation from what `--json` or the HTTP interface gave for it. Raise `CitationError` for anything else."""
        return from_json(value)


class Verdict(NamedTuple):
    """Whether a citation holds.

    `standing` is "exact" if the quote stands just where the citation says; "moved" if the same words stand elsewhere
    in the article; "changed" if they no longer stand in it; "gone" if there is no such article; "unreadable" if the
    file is no text. `now` is the citation of the quote at its current place, or None.
    """

    standing: str
    now: Citation | None

    @property
    def holds(self) -> bool:
        """Whether the article says so, in these words."""
        return self.now is not None


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
    file = folder.find(seeds, cited.article_id) if seeds.is_dir() else None
    if file is None:
        return Verdict("gone", None)
    found = worker.read(file, limit_bytes=limit_bytes, limit_s=limit_s)
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
