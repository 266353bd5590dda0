"""What the page and the shell say beside an answer or without one: what was found, and what may help. Plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qa.results import Answer, Hint
from qa.web.messages import Words
from qa.where import Where

_FILTERS = {
    "after": "since",
    "before": "until",
    "source": "of_source",
    "tag": "tagged",
    "author": "by_author",
    "kind": "of_kind",
    "path": "at_path",
}


class Advice(NamedTuple):
    """What may help: what is the case, and what to do about it, which the page makes a link; each may be empty."""

    case: str
    action: str


def found(answer: Answer, say: Words) -> str:
    """Return in one line what was found instead of an answer."""
    if answer.state == "unsure":
        return say("unsure")
    if not answer.articles:
        return say("none_admitted")
    return say("nothing_in_one") if answer.articles == 1 else say("nothing", count=say.number(answer.articles))


def advice(answer: Answer, where: Where, say: Words) -> Iterator[tuple[Hint, Advice]]:
    """Yield what may help without an answer, in words; `where` is the filter that limited the question."""
    for hint in answer.hints:
        if hint.kind == "filter":
            filters = ", ".join(label for label, _ in filters_in_words(where, say))
            yield hint, Advice(say("some_searched", filters=filters), say("everything"))
        elif hint.kind == "language":
            yield hint, Advice(say("ask_in", language=say(f"language_{hint.value}")), "")
        elif hint.kind == "article":
            yield hint, Advice(say("closest_article"), " ".join(answer.citations[0].title.split()))


def period_in_words(hint: Hint, say: Words) -> str:
    """Return what is asked if a question is limited to the period of a hint."""
    where = Where.of_query(hint.value)
    labels = [label for label, _ in filters_in_words(where, say)]
    if where.after == where.before:
        labels = [say("dated", value=say.date(where.after))]
    return say("only_articles", filters=", ".join(labels))


def filters_in_words(where: Where, say: Words) -> list[tuple[str, Where]]:
    """Return the label of each single filter, and the whole filter without it."""
    return [
        (say(_FILTERS[name], value=say.date(value) if name in ("after", "before") else value), rest)
        for name, value, rest in where.parts()
    ]
