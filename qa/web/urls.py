"""Every address of the server: its routes, its static files, and links to articles, filters and questions."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from qa.text.span import Span
from qa.where import EVERYWHERE, Where

HOME = "/"
HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"
WORDS = "/words.json"
"""The strings of the page, for its scripts."""
ASK, RETRIEVE = "/api/v1/ask", "/api/v1/retrieve"
ARTICLE = "/api/v1/articles/"
"""Articles for programs; an id follows."""
LISTING = "/shelf"
READING = "/shelf/articles/"
"""Articles for people; an id follows. New articles are put here."""
PICTURE = "/shelf/pages/"
"""Pages of articles as pictures; an id follows."""
SYNC = "/shelf/sync"
STATIC = "/static-qa"

FOR_SCRIPTS: Mapping[str, str] = {"listing": LISTING, "reading": READING, "sync": SYNC, "words": WORDS}
"""What scripts find in the data attributes of their elements."""


def static(name: str) -> str:
    """Return the address of a static file."""
    return f"{STATIC}/{name}"


def listing(query: str = "") -> str:
    """Return the address of the articles that a query chooses."""
    return f"{LISTING}?{query}"


def home(where: Where) -> str:
    """Return the address of the page with a filter set."""
    return f"{HOME}?{where.query()}"


def reading(article_id: str, span: Span | None = None) -> str:
    """Return the address of an article's reading page, at a span if one is given.

    >>> reading("a b.md", Span(0, 4))
    '/shelf/articles/a%20b.md?start=0&end=4'
    """
    address = READING + quote(article_id.encode("utf-8", "replace"))
    return f"{address}?start={span.start}&end={span.end}" if span else address


def picture(article_id: str, number: int, span: Span) -> str:
    """Return the address of a page of an article, by its number from 0, as a picture with a span of the text marked.

    >>> picture("a b.pdf", 2, Span(0, 4))
    '/shelf/pages/a%20b.pdf?page=2&start=0&end=4'
    """
    return f"{PICTURE}{quote(article_id.encode('utf-8', 'replace'))}?page={number}&start={span.start}&end={span.end}"


def plain_text(article_id: str) -> str:
    """Return the address of an article's text as it is."""
    return f"{reading(article_id)}?raw=1"


def question(text: str, where: Where = EVERYWHERE) -> str:
    """Return the query string that, opened in the page, asks a question once more.

    >>> question("Who?", Where(after="2024"))
    '?q=Who%3F&after=2024'
    """
    return "?" + joined(urlencode({"q": text.strip()}, errors="replace"), where.query())


def joined(*queries: str) -> str:
    """Return query strings as one.

    >>> joined("after=2024", "", "page=2")
    'after=2024&page=2'
    """
    return "&".join(filter(None, queries))
