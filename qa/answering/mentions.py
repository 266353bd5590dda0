"""What the articles say about a topic: the sentences that tell most about it, by article."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qa.answering.places import (
    FEW_QUOTES,
    NOTHING,
    PASSAGES,
    Composed,
    Place,
    Quote,
    candidates,
    distinct,
    lead,
    most,
    places,
)
from qa.answering.requests import Request
from qa.answering.statements import around, leans, statements
from qa.retrieval.ranking import Scope
from qa.retrieval.search import Search

_ARTICLE_QUOTES = 3
"""Quotes from one article, unless it is the only one."""
_FEWEST_NAMED = 2
"""A bare topic that is in no title counts as one if at least this many sentences hold it as a name, which leaves out "help"."""
_IN_HEADING, _LEAD = 2.0, 4.0
"""What a sentence is worth more under a heading with the topic, and as the first of an article about it."""
_DEFINES = re.compile(r"[^.;:]{0,60}?\b(?:is|was|are|were|means|es|era|son|fue|significa)\b")


class _Topic(NamedTuple):
    """A topic: the forms of its words, and what finds them in a row."""

    forms: frozenset[str]
    named: re.Pattern[str]


class _Rated(NamedTuple):
    """A quote with what it tells about the topic, higher is more; `names` is True if it holds the topic as a name."""

    quote: Quote
    worth: float
    names: bool = False


def mentions(search: Search, request: Request, scope: Scope) -> Composed:
    """Return sentences about a topic, at most three of an article; nothing if it is no topic of the articles.

    It is one if a title or a heading holds its words, or a sentence does in this order. One that is only typed has to be in a
    title, or to be a name.
    """
    words = re.findall(r"\w+", request.topic)
    if not words:
        return NOTHING
    topic = _Topic(search.snapshot.forms(request.topic), _in_a_row(words))
    found = list(places(search, candidates(search, request.topic, PASSAGES, scope)))
    titled = {each.stored.article.id: each for each in found if topic.forms <= search.snapshot.forms(each.title)}
    rated = [each for place in found for each in _rated(search, topic, place)]
    named = any(topic.named.search(place.title) for place in titled.values())
    if request.bare and not named and sum(each.names for each in rated) < _FEWEST_NAMED:
        return NOTHING
    leads = [lead(place.stored, search.settings.language) for place in titled.values()]
    return _by_article([*(_Rated(quote, _LEAD + 1) for quote in leads if quote), *rated], request)


def _in_a_row(words: Sequence[str]) -> re.Pattern[str]:
    in_a_row = r"\W+".join(words)
    return re.compile(rf"\b{in_a_row}(?:['’]?s)?\b", re.IGNORECASE)


def _rated(search: Search, topic: _Topic, place: Place) -> Iterator[_Rated]:
    """Yield the statements of a passage that name a topic, and the first one under a heading that does."""
    text = place.stored.article.text
    in_heading = topic.forms <= search.snapshot.forms(place.chapter.heading)
    opens = in_heading and not text[place.chapter.span.start : place.passage.span.start].strip()
    for n, span in enumerate(statements(text, place.passage.sentences)):
        quote = Quote(place.title, place.stored, span, around(text, place.passage.span, span))
        match = topic.named.search(quote.text)
        if match or (opens and not n):
            yield _Rated(quote, _worth(quote.text, match) + _IN_HEADING * in_heading, match is not None and _is_name(match))


def _is_name(match: re.Match[str]) -> bool:
    """Return True if a topic is written with capitals, of which the one that begins a sentence says nothing."""
    first, *others = match.group().split()
    return first[0].isupper() and (match.start() > 0 or any(word[0].isupper() for word in others))


def _worth(sentence: str, match: re.Match[str] | None) -> float:
    """Return how much a sentence tells about a topic by itself: most if it says what that is."""
    if match is None:
        return 0.5 - leans(sentence)
    begins = len(sentence[: match.start()].split()) <= 1  # "The" may come before.
    defines = begins and _DEFINES.match(sentence, match.end())
    return 1.0 + begins + 2 * bool(defines) - leans(sentence)


def _by_article(rated: Sequence[_Rated], request: Request) -> Composed:
    """Return the best quotes of each article in reading order, the article with the best one first."""
    by_article: dict[str, list[_Rated]] = {}
    for each in rated:
        by_article.setdefault(each.quote.stored.article.id, []).append(each)
    count = most(request, FEW_QUOTES)
    chosen: list[Quote] = []
    for of_article in sorted(by_article.values(), key=lambda group: -max(each.worth for each in group)):
        best = [each.quote for each in sorted(of_article, key=lambda each: -each.worth)]
        fresh = distinct([*chosen, *best])[len(chosen) :]
        first = fresh[: count if len(by_article) == 1 else _ARTICLE_QUOTES][: count - len(chosen)]
        chosen += sorted(first, key=lambda quote: quote.sentence)
    return Composed(chosen, len(by_article), request.topic)
