"""Sentences that state a date, of a topic or within a period, by date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qa.answering.places import MOST_QUOTES, PASSAGES, Composed, Place, Quote, candidates, distinct, most, places
from qa.answering.requests import Request
from qa.answering.statements import around, statements
from qa.retrieval.ranking import Scope
from qa.retrieval.search import Search
from qa.store.base import Rankings
from qa.text.dates import stated
from qa.text.periods import Period

_PASSAGES_OF_PERIOD = 400
"""Passages that are looked at for a period; each holds the number of one of its years."""
_MOST_YEARS = 100


def timeline(search: Search, request: Request, scope: Scope) -> Composed:
    """Return dated sentences, those of one date by article id; if there are too many, those with the most exact dates."""
    if request.topic:
        found = list(_about(search, request, scope))
    else:
        years = " ".join(_years(request.period)) if request.period else ""
        passages = candidates(search, years, _PASSAGES_OF_PERIOD, scope, Rankings(vectors=False))
        found = [quote for place in places(search, passages) for quote in _dated(place, request.period)]
    quotes = distinct(found)
    # The heading is the date: one that names the day says best when something happened.
    exact = sorted(quotes, key=lambda quote: -len(quote.heading))[: most(request, MOST_QUOTES)]
    by_date = sorted(exact, key=lambda quote: (quote.heading, quote.stored.article.id, quote.sentence))
    return Composed(by_date, len(quotes), request.topic)


def _about(search: Search, request: Request, scope: Scope) -> Iterator[Quote]:
    """Yield the dated sentences that share a word with a topic, where title, heading and passage hold all of its words."""
    forms = search.snapshot.forms
    topic = forms(request.topic)
    for place in places(search, candidates(search, request.topic, PASSAGES, scope)):
        above = forms(f"{place.title}\n{place.chapter.heading}")
        if topic <= above | forms(place.passage.text):
            yield from (quote for quote in _dated(place, request.period) if topic & (above | forms(quote.text)))


def _years(period: Period) -> list[str]:
    first, last = int(period[0][:4]), int(period[1][:4] or date.today().year)
    return [str(year) for year in range(first, min(last, first + _MOST_YEARS) + 1)]


def _dated(place: Place, period: Period | None) -> Iterator[Quote]:
    """Yield the sentences of a passage that state a date of the period, under the first such date."""
    text = place.stored.article.text
    for sentence in statements(text, place.passage.sentences):
        dates = (each.iso for each in stated(sentence.of(text)) if period is None or _is_within(each.iso, period))
        if iso := next(dates, ""):
            yield Quote(iso, place.stored, sentence, around(text, place.passage.span, sentence))


def _is_within(iso: str, period: Period) -> bool:
    """Return True if a date, at least as exact as the period's, lies in it.

    >>> _is_within("2023-06-27", ("2023", "2023")), _is_within("2023", ("2023-06", "2023-06"))
    (True, False)
    """
    # Padded so that a year reaches to after its last day.
    return period[0] <= iso and (not period[1] or iso <= period[1] + "~")
