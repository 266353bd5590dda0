"""Find the places of the articles that an overview quotes from, as the files are now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qa import citation
from qa.answering.requests import Request
from qa.answering.statements import Chapter, by_paragraph, chapters, leading
from qa.retrieval.ranking import Scope
from qa.retrieval.search import Search
from qa.store.base import Rankings, StoredArticle
from qa.text.near_duplicates import Shingled
from qa.text.span import Span
from qa.types import Passage

PASSAGES = 100
"""Passages that are looked at for a topic: the cost of an overview in a large library."""
MOST_QUOTES = 20
"""Articles in a list of contents, dated sentences in a timeline: more would not be read."""
FEW_QUOTES = 8
"""Quotes in a summary and about a topic, unless a number is asked for."""
BOTH = Rankings()


class Quote(NamedTuple):
    """A sentence to quote, the paragraph it stands in, and the heading it is shown under."""

    heading: str
    stored: StoredArticle
    sentence: Span
    paragraph: Span

    @property
    def text(self) -> str:
        """The words of the sentence."""
        return self.sentence.of(self.stored.article.text)


class Composed(NamedTuple):
    """The quotes of an overview in their order, how many there were to choose from, and its subject."""

    quotes: list[Quote]
    total: int
    subject: str


NOTHING = Composed([], 0, "")


class Place(NamedTuple):
    """A passage of an article as the file is now, with the chapter it stands in."""

    stored: StoredArticle
    passage: Passage
    chapter: Chapter

    @property
    def title(self) -> str:
        """The title of the article."""
        return self.stored.article.title


def most(request: Request, otherwise: int) -> int:
    """Return how many quotes are asked for, at most `MOST_QUOTES`, or else `otherwise`."""
    return min(request.most or otherwise, MOST_QUOTES)


def candidates(search: Search, text: str, k: int, scope: Scope, rankings: Rankings = BOTH) -> list[Passage]:
    """Return the best `k` passages of each ranking for a text, by words, as they were at the last sync."""
    found = search.snapshot.candidates(search.query(text), k, scope.where, exclude=scope.exclude, rankings=rankings)
    found.sort(key=lambda each: (-each.lexical, each.key))
    passages = search.snapshot.passages([each.key for each in found])
    return [passages[each.key] for each in found]


def places(search: Search, passages: Sequence[Passage]) -> Iterator[Place]:
    """Yield the passages that still stand in their articles, but for those in lists of sources."""
    of_article: dict[str, list[Chapter]] = {}
    for passage in passages:
        stored = search.article(passage.article_id)
        shift = citation.moved(passage, stored.article) if stored else None
        if stored is None or shift is None:
            continue
        if passage.article_id not in of_article:
            of_article[passage.article_id] = chapters(stored.article)
        moved = citation.shifted(passage, shift)
        for chapter in of_article[passage.article_id]:
            if chapter.span.start <= moved.span.start < chapter.span.end:
                yield Place(stored, moved, chapter)


def of_chapters(stored: StoredArticle, parts: Sequence[Chapter], language: str) -> Iterator[Quote]:
    """Yield the leading sentence of each chapter, then those of their second paragraphs, and so on."""
    article = stored.article
    waiting = [(chapter.heading or article.title, by_paragraph(article, chapter.span, language)) for chapter in parts]
    while waiting:
        remaining = []
        for heading, blocks in waiting:
            if block := next(blocks, None):
                paragraph, statements = block
                yield Quote(heading, stored, leading(article.text, statements), paragraph)
                remaining.append((heading, blocks))
        waiting = remaining


def lead(stored: StoredArticle, language: str) -> Quote | None:
    """Return the first leading sentence of an article, under its title; None if it states nothing."""
    first = next(of_chapters(stored, chapters(stored.article), language), None)
    return first._replace(heading=stored.article.title) if first else None


def distinct(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes without near-duplicates of those before them."""
    kept: list[tuple[Quote, Shingled]] = []
    for quote in quotes:
        text = Shingled(quote.text)
        if not any(text.is_near_duplicate(other) for _, other in kept):
            kept.append((quote, text))
    return [quote for quote, _ in kept]
