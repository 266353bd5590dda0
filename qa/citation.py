"""Cite quotes in an article as it is now, and verify that a saved citation still holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from qa.errors import CitationError
from qa.reading import folder, worker
from qa.reading.formats import format_of
from qa.reading.passages import layout_of
from qa.settings import Settings
from qa.text.span import Span
from qa.text.structure import line_numbers
from qa.types import Article, Failure, Locator, Passage


class Lead(NamedTuple):
    """What a quote needs to be understood and stands elsewhere in the article, such as the header of a table."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """The place of a quote in an article: `article.text[span.start:span.end] == quote`.

    `lines` are the first and last line of the quote in that text, counted from 1. `sha256` identifies the state of the file.
    `answer` is the span of the words in the quote that answer, if a reader found them. `locators` say on which page, slide or
    row the quote begins, if the file has such; `section` holds the headings that it stands under, the outermost first. `lead`
    is what the quote needs to be understood, None if it can be read by itself.
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
    answer: Span | None = None
    locators: tuple[Locator, ...] = ()
    section: tuple[str, ...] = ()
    lead: Lead | None = None

    @property
    def place(self) -> str:
        """The place of the quote as a person would write it: title, source, date, file, and where in the file."""
        return ", ".join(filter(None, [self.title, self.source, self.date, self.article_id, self.within]))

    @property
    def within(self) -> str:
        """Where in the file the quote stands: its pages or rows, its lines if that is a text file, else its section."""
        if self.locators:
            return ", ".join(f"{each.kind} {each.label}" for each in self.locators)
        first, last = self.lines
        lines = f"line {first}" if first == last else f"lines {first}-{last}"
        is_extracted = format_of(self.article_id).version > 0
        return " › ".join(self.section) if is_extracted else lines

    @property
    def with_lead(self) -> str:
        """The quote; if it has a lead, that before it, and an ellipsis between: both to the letter."""
        return f"{self.lead.text} … {self.quote}" if self.lead else self.quote

    def __str__(self) -> str:
        return f"“{' '.join(self.with_lead.split())}” {self.place}"

    def verify(self, seeds: str | Path = "seeds") -> Verdict:
        """Check if the quote is in its article, as the file in the folder `seeds` is now. No index is needed."""
        settings = Settings()
        return verify(self, Path(seeds), limit_bytes=settings.article_bytes, limit_s=settings.article_s)

    @staticmethod
    def from_json(value: dict[str, Any]) -> Citation:
        """Return a citation from its JSON, as given by `--json` or over HTTP. Raise `CitationError` for anything else."""
        return from_json(value)


class Verdict(NamedTuple):
    """The result of verifying a citation.

    `standing` is "exact" if the quote is exactly where the citation says; "moved" if the same words are elsewhere in the
    article; "changed" if they are no longer in it; "gone" if there is no such article; "unreadable" if the file is not text.
    `now` is the citation of the quote at its current place, or None.
    """

    standing: str
    now: Citation | None

    @property
    def holds(self) -> bool:
        """True if the article has the quote, word for word."""
        return self.now is not None


_ADDED = ("answer", "locators", "section", "lead")
"""What older citations do not have, and no citation needs to be verified."""
DEEPEST = 50
"""The most levels of nested JSON that are searched for citations: an answer has few, and much deeper JSON would fail."""


def cite(article: Article, sha256: str, quote: Span, answer: Span | None = None) -> Citation:
    """Return the citation of a span of an article, and of the words in it that answer; `sha256` is that of its file."""
    laid_out = layout_of(article)
    section, lead = laid_out.section(quote.start), laid_out.lead_of(quote)
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
        answer=answer,
        locators=locators_at(article.text, article.locators, quote.start),
        section=section[section[:1] == (article.title,) :],  # The title is cited anyway.
        lead=Lead(lead, lead.of(article.text)) if lead else None,
    )


def locators_at(text: str, locators: Sequence[Locator], place: int) -> tuple[Locator, ...]:
    r"""Return the last locator of each kind at or before a place, in their order; a sheet ends the rows of the one before.

    >>> locators_at("A, B, C", [Locator(0, "sheet", "A"), Locator(3, "row", "2"), Locator(6, "sheet", "C")], 6)
    (Locator(start=6, kind='sheet', label='C'),)
    >>> locators_at("one\ntwo\nthree", [Locator(0, "rows", "7")], 9)
    (Locator(start=8, kind='row', label='9'),)
    """
    last: dict[str, Locator] = {}
    for each in locators:
        if each.start > place:
            break
        if each.kind == "sheet":
            last.clear()
        last["row" if each.kind == "rows" else each.kind] = each
    return tuple(_row(text, each, place) if each.kind == "rows" else each for each in last.values())


def _row(text: str, rows: Locator, place: int) -> Locator:
    """Return the row at a place among rows that are a line each."""
    number = int(rows.label) + text.count("\n", rows.start, place)
    return Locator(text.rfind("\n", rows.start, place) + 1 or rows.start, "row", str(number))


def moved(passage: Passage, article: Article) -> int | None:
    """Return by how many characters a passage has moved within an article, or None if it is no longer there."""
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
    """Return a passage moved `by` characters, with its sentences."""
    sentences = tuple(span.shifted(by) for span in passage.sentences)
    return replace(passage, span=passage.span.shifted(by), sentences=sentences)


def verify(cited: Citation, seeds: Path, *, limit_bytes: int, limit_s: float) -> Verdict:
    """See `Citation.verify`; an article over `limit_bytes`, or that takes longer than `limit_s` to read, is unreadable."""
    if len(cited.quote) != cited.span.end - cited.span.start:
        return Verdict("changed", None)  # The quote never fitted its own span.
    file = folder.find(seeds, cited.article_id) if seeds.is_dir() else None
    if file is None:
        return Verdict("gone", None)
    reading = worker.read(file, limit_bytes=limit_bytes, limit_s=limit_s)
    if isinstance(reading, Failure) or reading.article is None:
        return Verdict("unreadable", None)
    shift = moved(Passage(cited.article_id, cited.span, cited.quote, ()), reading.article)
    if shift is None:
        return Verdict("changed", None)
    now = cite(reading.article, reading.sha256, cited.span.shifted(shift), cited.answer and cited.answer.shifted(shift))
    return Verdict("moved" if shift else "exact", now)


def saved(value: Any, depth: int = 0) -> Iterator[Citation]:
    """Yield the citations in decoded JSON: a citation itself, or those within an answer or hits, as often as they occur."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict) and {"article_id", "span", "quote", "lines"} <= value.keys():
        yield from_json(value)
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from saved(each, depth + 1)


def from_json(value: dict[str, Any]) -> Citation:
    """See `Citation.from_json`."""
    names = [each.name for each in fields(Citation) if each.name not in _ADDED]
    try:
        texts = {name: value[name] for name in names if name not in ("span", "lines")}
        span, lines = Span(value["span"]["start"], value["span"]["end"]), tuple(value["lines"])
        answer = Span(value["answer"]["start"], value["answer"]["end"]) if value.get("answer") else None
    except (KeyError, TypeError) as error:
        raise CitationError(f"this is no citation: it takes {', '.join(names)}") from error
    if not all(isinstance(text, str) for text in texts.values()):
        raise CitationError("this is no citation: all but span, lines and answer are text")
    numbers = (*span, *lines, *(answer or ()))
    if len(lines) != 2 or not all(isinstance(n, int) and 0 <= n < 1 << 40 for n in numbers) or span.start > span.end:
        raise CitationError("this is no citation: span, lines and answer are pairs of whole numbers, the lower first")
    if not texts["quote"] or not texts["article_id"]:
        raise CitationError("this is no citation: it quotes nothing")
    if span.end - span.start != len(texts["quote"]):
        raise CitationError(
            f"this is no citation: its span is of {span.end - span.start} characters, its quote has {len(texts['quote'])}"
        )
    if answer and not span.start <= answer.start < answer.end <= span.end:
        raise CitationError("this is no citation: its answer is not in the quote")
    return Citation(**texts, span=span, lines=lines, answer=answer)
