"""The pages of an article that a quote stands on, as pictures: HTML, made by pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from qa.reading.formats import format_of
from qa.text.span import Span
from qa.types import Article
from qa.web import urls
from qa.web.markup import escape, say
from qa.web.messages import Words

MOST_PAGES = 3
"""How many pages of one quote are shown: hardly any stands on more than two."""


class QuotedPage(NamedTuple):
    """A page that a quote stands on: its number from 0, its label, its text, and the part of the quote in that."""

    number: int
    label: str
    text: str
    marked: Span


def pages_of(article: Article, quote: Span) -> Iterator[QuotedPage]:
    """Yield the pages of an article that a span of its text touches, if pages of its kind can be drawn."""
    if format_of(article.id).draw is None or not 0 <= quote.start < quote.end <= len(article.text):
        return
    pages = [each for each in article.locators if each.kind == "page"]
    ends = [*(each.start for each in pages[1:]), len(article.text)]
    for number, (page, end) in enumerate(zip(pages, ends, strict=True) if pages else ()):
        marked = Span(max(quote.start, page.start), min(quote.end, end))
        if marked.start < marked.end:
            yield QuotedPage(number, page.label, article.text[page.start : end], marked.shifted(-page.start))


def page_figures(article: Article, quote: Span | None, words: Words) -> str:
    """Return the pages that a quote stands on, each an image that is loaded when it comes into view; empty without any."""
    pages = islice(pages_of(article, quote), MOST_PAGES) if quote else ()
    return "".join(
        f'<figure class="qa-page-picture"><img loading="lazy" src="{escape(urls.picture(article.id, page.number, quote))}"'
        f' alt="{say(words, "page_picture", label=page.label)}"></figure>'
        for page in pages
        if quote
    )
