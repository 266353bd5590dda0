"""Say what may help with a question that is not answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.citation import Citation
from qa.results import Hint, Hit
from qa.text.language import is_in_another, language_of
from qa.where import Where


def hints(question: str, where: Where, hits: Sequence[Hit], shown: Sequence[Citation]) -> tuple[Hint, ...]:
    """Return what may help, the likeliest first; `hits` tell the articles' language, `shown` are the citations to show."""
    return tuple(_hints(question, where, hits, shown))


def _hints(question: str, where: Where, hits: Sequence[Hit], shown: Sequence[Citation]) -> Iterator[Hint]:
    if where:
        yield Hint("filter", where.query())
    language = language_of(" ".join(hit.passage.text for hit in hits))
    if language and is_in_another(question, language):
        yield Hint("language", language)
    if shown:
        yield Hint("article", shown[0].article_id)
