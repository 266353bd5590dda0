"""Cut an article into passages. Paragraphs are kept whole: that is worth more than any model trick.

A paragraph that fits is never cut; short neighbours are joined; a long one is cut between sentences, and a
sentence longer than a whole passage between words. A heading or a lead-in is kept with the text after it. Markdown is cut
between rows and list items, and not in the middle of code that fits.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qa.reading.formats import format_of
from qa.settings import Settings
from qa.text.layout import Layout, layout
from qa.text.span import Span
from qa.text.structure import heading_text, lines, strip, without_markup
from qa.types import Article, Passage

VERSION = 3
"""To be increased with every change after which the same article and settings give other passages."""
TITLE_CHARS = 300
"""What the encoder reads of a title: more than a headline has, and a bound for hostile ones."""

LEAD_FRACTION = 0.4
"""The most of a passage that its lead may take: a longer one would leave little room for the passage."""

Measure = Callable[[Span], int]
"""Counts the tokens of a span of the article."""


def layout_of(article: Article) -> Layout:
    """Return how the body of an article is laid out."""
    return layout(article.text, article.body, is_markdown=format_of(article.id).is_markdown)


def split(
    article: Article, token_spans: Callable[[str], list[Span]], budget: int, settings: Settings, *, deadline: float = math.inf
) -> list[Passage]:
    """Cut an article into passages of at most `budget` tokens with their leads, in order, without overlap.

    Every character of the body is in a passage, but for white space between passages and for repetitions of the
    headline. `token_spans` is the encoder's, and is given the text without markup. Raise `TimeoutError` if
    `time.monotonic` passes `deadline`.
    """
    text, limit = article.text, min(budget, settings.passage_tokens)
    laid_out = layout_of(article)
    measure = _measure(token_spans(without_markup(text)))
    cutter = _Cutter(text, laid_out, token_spans, limit, settings.language)
    result = []
    for run in _runs(article, laid_out):
        for joined in _joined(cutter.fitting(run, measure), measure, min(limit, settings.join_tokens)):
            for span, lead in cutter.fitting_alone(joined):
                if time.monotonic() > deadline:
                    raise TimeoutError
                sentences = tuple(laid_out.sentences(span, settings.language))
                result.append(Passage(article.id, span, span.of(text), sentences, lead))
    return result


def encoder_text(passage: Passage) -> str:
    """Return the encoder input of a passage with its lead: the characters of `whole` at their offsets, with markup blanked."""
    return without_markup(passage.whole)


def encoder_title(title: str) -> str:
    """Return the encoder input of an article's title."""
    return title[:TITLE_CHARS]


def _measure(tokens: Sequence[Span]) -> Measure:
    starts = [token.start for token in tokens]
    ends = [token.end for token in tokens]

    def measure(span: Span) -> int:
        return max(0, bisect_left(starts, span.end) - bisect_left(ends, span.start + 1))

    return measure


def _runs(article: Article, laid_out: Layout) -> Iterator[list[Span]]:
    """Yield the paragraphs between repetitions of the headline, which belong to no passage."""
    headline = article.title.casefold()
    run: list[Span] = []
    has_begun = False
    for paragraph in laid_out.paragraphs():
        for part, repeats in _by_headline(article.text, paragraph, headline):
            if not repeats or not has_begun:
                run.append(part)
            elif run:
                yield run
                run = []
            has_begun = True  # The first paragraph stays, even if it is the headline.
    if run:
        yield run


def _by_headline(text: str, paragraph: Span, headline: str) -> Iterator[tuple[Span, bool]]:
    """Cut a paragraph into lines that repeat the headline and the parts between them."""
    start = end = paragraph.start
    for line in lines(text, paragraph):
        if heading_text(line.of(text)).casefold() == headline:
            if end > start:
                yield Span(start, end), False
            yield line, True
            start = end = line.end
        else:
            start, end = (line.start if end == start else start), line.end
    if end > start:
        yield Span(start, end), False


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts the paragraphs of one article into parts of at most `limit` tokens."""

    text: str
    layout: Layout
    token_spans: Callable[[str], list[Span]]
    limit: int
    language: str

    def fitting(self, run: Sequence[Span], measure: Measure) -> Iterator[tuple[Span, bool]]:
        """Yield the paragraphs of a run, long ones in parts that fit, each with True if it opens with a heading."""
        head: Span | None = None
        for paragraph in run:
            whole = Span(head.start if head else paragraph.start, paragraph.end)
            if measure(whole) <= self.limit:
                if self.layout.leads_in(paragraph):
                    head = whole
                    continue
                yield whole, head is not None
            elif measure(paragraph) <= self.limit:
                if head:
                    yield head, True
                yield paragraph, False
            else:
                for number, part in enumerate(self._cut(whole, measure, self.limit)):
                    yield part, head is not None and number == 0
            head = None
        if head:
            yield head, False  # Nothing follows it: it is a byline, or a last line.

    def fitting_alone(self, span: Span) -> Iterator[tuple[Span, str]]:
        """Yield a span with its lead, or parts of it that fit with theirs if it has more tokens by itself than in the text."""
        lead = self._lead(span.start)
        tokens = self.token_spans(without_markup(f"{lead}\n{span.of(self.text)}" if lead else span.of(self.text)))
        if len(tokens) <= self.limit:
            yield span, lead
            return
        if span.end - span.start < 2:
            yield span, ""
            return
        room = self.limit - len(self.token_spans(without_markup(lead)))
        own = self.token_spans(without_markup(span.of(self.text)))
        measure = _measure([token.shifted(span.start) for token in own])
        # A tenth below the limit, because the parts may again have more tokens by themselves: cutting at the limit would take
        # more rounds, cutting far below it would give needlessly short passages.
        parts = list(self._cut(span, measure, max(1, room * 9 // 10)))
        if len(parts) < 2:
            middle = (span.start + span.end) // 2
            halves = (strip(self.text, half) for half in (Span(span.start, middle), Span(middle, span.end)))
            parts = [half for half in halves if half.of(self.text)]
        for part in parts:
            yield from self.fitting_alone(part)

    def _lead(self, place: int) -> str:
        """Return the lead of what begins at a place; none if it is too long."""
        lead = self.layout.lead(place)
        is_short = not lead or len(self.token_spans(without_markup(lead))) <= LEAD_FRACTION * self.limit
        return lead if is_short else ""

    def _cut(self, paragraph: Span, measure: Measure, limit: int) -> Iterator[Span]:
        """Cut a long paragraph between sentences into parts of similar size."""
        fair = measure(paragraph) / math.ceil(measure(paragraph) / limit)
        part: Span | None = None
        for sentence in self.layout.sentences(paragraph, self.language):
            for piece in _cut_sentence(self.text, sentence, measure, limit):
                if part and (measure(part) >= fair or measure(Span(part.start, piece.end)) > limit):
                    yield part
                    part = None
                part = Span(part.start if part else piece.start, piece.end)
        if part:
            yield part


def _cut_sentence(text: str, sentence: Span, measure: Measure, limit: int) -> Iterator[Span]:
    """Cut a sentence that does not fit at the last white space that does, or else at any character."""
    while measure(sentence) > limit:
        low, high = sentence.start + 1, sentence.end
        while low < high:  # Find the longest start of the sentence that fits.
            middle = (low + high + 1) // 2
            low, high = (middle, high) if measure(Span(sentence.start, middle)) <= limit else (low, middle - 1)
        space = max(text.rfind(" ", sentence.start + 1, low), text.rfind("\n", sentence.start + 1, low))
        end = space if space > 0 else low
        yield strip(text, Span(sentence.start, end))
        sentence = strip(text, Span(end, sentence.end))
    if sentence.start < sentence.end:
        yield sentence


def _joined(parts: Iterator[tuple[Span, bool]], measure: Measure, join_tokens: int) -> Iterator[Span]:
    """Join short neighbours; a part that opens with a heading starts a new passage."""
    group: Span | None = None
    for part, has_heading in parts:
        if group and (has_heading or measure(Span(group.start, part.end)) > join_tokens):
            yield group
            group = None
        group = Span(group.start if group else part.start, part.end)
    if group:
        yield group
