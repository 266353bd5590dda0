"""Say what may help with a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.citation import Citation
from qa.results import Hint, Hit
from qa.store.base import Snapshot
from qa.text import periods
from qa.text.language import is_in_another, language_of
from qa.where import Where


def period(snapshot: Snapshot, question: str, where: Where) -> tuple[Hint, ...]:
    """Return the period that a question limits itself to, if its dates would admit some of the articles, and not all.

    Nothing if a filter has dates already.
    """
    if where.after or where.before or (found := periods.limit(question)) is None:
        return ()
    dated = Where(after=found[0], before=found[1])
    admitted = set()
    for article in snapshot.articles():
        if where.admits(article):
            admitted.add(dated.admits(article))
        if len(admitted) > 1:
            return (Hint("period", dated.query()),)
    return ()


def hints(question: str, where: Where, hits: Sequence[Hit], shown: Sequence[Citation]) -> tuple[Hint, ...]:
    """Return what may help without an answer, the likeliest first.

    `hits` tell the articles' language, `shown` are the citations to show.
    """
    return tuple(_hints(question, where, hits, shown))


def _hints(question: str, where: Where, hits: Sequence[Hit], shown: Sequence[Citation]) -> Iterator[Hint]:
    if where:
        yield Hint("filter", where.query())
    language = language_of(" ".join(hit.passage.text for hit in hits))
    if language and is_in_another(question, language):
        yield Hint("language", language)
    if shown:
        yield Hint("article", shown[0].article_id)
