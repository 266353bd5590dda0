"""A quoted passage, and where it stands, as HTML: made by pure functions."""

from __future__ import annotations

from qa.citation import Citation
from qa.results import Hit
from qa.text.span import Span
from qa.web.markdown import tables
from qa.web.markdown.showing import shown
from qa.web.markup import Marks, escape
from qa.web.messages import Words


def passage(hit: Hit) -> str:
    """Return a passage with its quote marked, under what it takes to understand that."""
    text, by = hit.passage.text, 0
    if before := _lead_before(hit):
        text, by = tables.under(before, text)
    marks = _marks(hit, by)
    return shown(hit.passage.article_id, text, Span(0, len(text)), marks)


def _lead_before(hit: Hit) -> str:
    """Return the lead of the quote, or else of the passage, that is not in the passage itself."""
    lead = hit.citation.lead
    if lead is None:
        return hit.passage.lead
    return "" if hit.passage.span.start <= lead.span.start < hit.passage.span.end else lead.text


def _marks(hit: Hit, by: int) -> Marks:
    """Return the places of quote, answer and lead in the passage's text, which begins at `by`; None if they are not there."""
    citation, start = hit.citation, hit.passage.span.start
    quote = citation.span.shifted(-start)
    if quote.start < 0 or quote.of(hit.passage.text) != citation.quote:
        return Marks()
    lead = citation.lead and (Span(0, by) if citation.lead.span.start < start else citation.lead.span.shifted(by - start))
    return Marks(quote=quote.shifted(by), answer=citation.answer and citation.answer.shifted(by - start), lead=lead)


def within(citation: Citation, say: Words) -> str:
    """Return where in its file a quote stands, as HTML: "page 12"; empty if the file has no such parts."""
    return escape(", ".join(map(say.part, citation.locators)))
