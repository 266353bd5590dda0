"""Where a quote stands, in the article as it is now."""

from __future__ import annotations

from qa.schema import Article, Citation, Passage, Span
from qa.text import line_numbers


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
    if passage.span.of(article.text) == passage.text:
        return 0
    before = article.text.rfind(passage.text, 0, passage.span.end)
    after = article.text.find(passage.text, passage.span.start)
    places = [place - passage.span.start for place in (before, after) if place >= 0]
    return min(places, key=abs, default=None)


def shifted(passage: Passage, by: int) -> Passage:
    """Return a passage moved by some characters, with its sentences."""
    sentences = tuple(span.shifted(by) for span in passage.sentences)
    return Passage(passage.article_id, passage.span.shifted(by), passage.text, sentences)
