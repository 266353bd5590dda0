"""Compose an overview: the contents of the library, a summary, a timeline, or what is said about a topic.

Quotes only, as in any answer. An overview is of what was asked for or is not given: if the articles do not hold its topic, the
question is answered like any other. At most a few hundred passages or twenty articles are read for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby, islice

from qa import citation
from qa.answering.mentions import mentions
from qa.answering.places import (
    FEW_QUOTES,
    MOST_QUOTES,
    NOTHING,
    PASSAGES,
    Composed,
    Quote,
    candidates,
    lead,
    most,
    of_chapters,
)
from qa.answering.requests import Kind, Request, recognise
from qa.answering.statements import Chapter, chapters
from qa.answering.timeline import timeline
from qa.results import Answer, Hit, Outline, Section, Why
from qa.retrieval.ranking import Scope
from qa.retrieval.search import Search
from qa.store.base import StoredArticle
from qa.text.structure import paragraphs
from qa.types import Passage

_UNRANKED = Why(0.0, 0.0, 0.0, 0, None)


def overview(search: Search, question: str, scope: Scope) -> Answer | None:
    """Return the overview that a question asks for; None if it asks for none, or the articles do not hold its topic."""
    request = recognise(question)
    if request is None or (request.topic and not search.snapshot.forms(request.topic)):
        return None
    kind, composed = request.kind, _COMPOSE[request.kind](search, request, scope)
    if kind == "summary" and not composed.quotes:
        kind, composed = "mentions", mentions(search, request, scope)
    return _answer(question, kind, composed) if composed.quotes else None


def _answer(question: str, kind: Kind, composed: Composed) -> Answer:
    quotes = composed.quotes
    hits = tuple(_hit(n, quote) for n, quote in enumerate(quotes, 1))
    sections = groupby(range(1, len(quotes) + 1), key=lambda n: quotes[n - 1].heading)
    outline = Outline(kind, composed.subject, composed.total, tuple(Section(name, tuple(group)) for name, group in sections))
    text = "\n\n".join(f"“{hit.citation.with_lead}” [{hit.rank}]" for hit in hits)
    citations = tuple(hit.citation for hit in hits)
    return Answer(
        question, state="answer", confidence=1.0, text=text, citations=citations, hits=hits, quoted=len(hits), outline=outline
    )


def _hit(n: int, quote: Quote) -> Hit:
    article, span = quote.stored.article, quote.paragraph
    passage = Passage(article.id, span, span.of(article.text), (quote.sentence,))
    return Hit(n, 0.0, passage, citation.cite(article, quote.stored.sha256, quote.sentence), _UNRANKED)


def _contents(search: Search, request: Request, scope: Scope) -> Composed:
    """Return the first sentence of each article, by article id."""
    infos = [each for each in search.snapshot.articles() if scope.where.admits(each)]
    stored = [search.article(each.id) for each in infos[: most(request, MOST_QUOTES)]]
    quotes = [lead(each, search.settings.language) for each in stored if each]
    return Composed([quote for quote in quotes if quote], len(infos), "")


def _summary(search: Search, request: Request, scope: Scope) -> Composed:
    """Return the leading sentences of the article or the chapter whose title fits the topic best; nothing if none fits."""
    found = _titled(search, request.topic, scope)
    if found is None:
        return NOTHING
    stored, subject, parts = found
    count = most(request, FEW_QUOTES)
    if len(parts) == 1:  # Without headings, an article is as long as its paragraphs are many.
        parts = [Chapter(parts[0].heading, each) for each in paragraphs(stored.article.text, parts[0].span)]
    spread = parts if len(parts) <= count else [parts[n * len(parts) // count] for n in range(count)]
    quotes = islice(of_chapters(stored, spread, search.settings.language), count)
    return Composed(sorted(quotes, key=lambda quote: quote.sentence), len(parts), subject)


def _titled(search: Search, topic: str, scope: Scope) -> tuple[StoredArticle, str, list[Chapter]] | None:
    """Return the article, or its chapter, whose title holds all words of a topic and the fewest others."""
    forms = search.snapshot.forms(topic)
    best, found = 0.0, None
    for id in dict.fromkeys(passage.article_id for passage in candidates(search, topic, PASSAGES, scope)):
        if (stored := search.article(id)) is None:
            continue
        parts = chapters(stored.article)
        named = [(stored.article.title, parts), *((chapter.heading, [chapter]) for chapter in parts if chapter.heading)]
        for name, of_name in named:
            words = search.snapshot.forms(name)
            if forms <= words and len(forms) / len(words) > best:
                best, found = len(forms) / len(words), (stored, name, of_name)
    return found


_COMPOSE: Mapping[Kind, Callable[[Search, Request, Scope], Composed]] = {
    "contents": _contents,
    "summary": _summary,
    "dates": timeline,
    "mentions": mentions,
}
