"""Part of an article as the page shows it: Markdown as it is meant, any other text literally."""

from __future__ import annotations

from qa.reading.formats import format_of
from qa.text.span import Span
from qa.web import markup
from qa.web.markdown import marking, rendering, tables
from qa.web.markdown.rendering import NO_HEADINGS, Headings
from qa.web.markup import Marks


def shown(article_id: str, text: str, part: Span, marks: Marks, headings: Headings = NO_HEADINGS) -> str:
    """Return a part of an article's text as HTML in one line: the passage tinted, lead and quote marked, the answer strong.

    Markdown is shown literally as well where it cannot be marked without changing what it means.
    """
    if format_of(article_id).is_markdown and (html := _as_meant(text, part, marks, headings)):
        return html
    return markup.marked(text, part, marks)


def from_block(text: str, start: int, latest: int) -> int:
    """Return where the first block, or else the first line, begins between two places; the first place if none does."""
    for between in ("\n\n", "\n"):
        place = text.find(between, start, latest)
        if start and place >= 0:
            return place + len(between)
    return start


def _as_meant(text: str, part: Span, marks: Marks, headings: Headings) -> str:
    before = tables.opening(text, part)
    by = len(before) - part.start
    spans = [_within(each, part, by) for each in (marks.passage, marks.lead, marks.quote, marks.answer)]
    tokens = marking.marked(before + part.of(text), spans)
    html = rendering.html(tokens, headings) if tokens else ""
    return html if "<mark>" in html or not spans[rendering.QUOTE] else ""


def _within(span: Span | None, part: Span, by: int) -> Span | None:
    """Return what of a span is in a part, moved `by` characters."""
    start, end = (max(span.start, part.start), min(span.end, part.end)) if span else (0, 0)
    return Span(start, end).shifted(by) if start < end else None
