"""Read a question as it is meant, and answer it: a follow-up with its subject, a long one in short, typing errors corrected."""

from __future__ import annotations

from dataclasses import replace

from qa.answering.answer import answer
from qa.answering.requests import stands_alone
from qa.results import Answer
from qa.retrieval import follow_up
from qa.retrieval.ranking import Scope
from qa.retrieval.search import Search


def ask(search: Search, question: str, scope: Scope, *, earlier: str, exact: bool) -> Answer:
    """Answer a question that comes after `earlier`, what was searched for before; no word of an `exact` one is corrected."""
    leans = bool(earlier) and not stands_alone(question)
    reading = follow_up.read(question, earlier[: search.settings.question_chars] if leans else "", search.likeness)
    condensed = search.condensed(reading.searched)
    searched, respelled = (condensed, ()) if exact else search.respelled(condensed)
    return replace(
        answer(search, searched, scope), question=question, searched=searched, about=reading.about, respelled=respelled
    )
