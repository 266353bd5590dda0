"""A ranking becomes an answer: how sure it is, whether the question is two, and the quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qa.answer import compose
from qa.confidence import LOOKED_AT, Asked, Looked, Signals, signals
from qa.question import parts
from qa.rerank import MaxSim
from qa.retrieval import Indexes, Ranked, candidates
from qa.schema import Answer, Fit, Hit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.lexical import Word
    from qa.schema import EncodedQuestion


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question with their fits, best first, and the probability that the first three answer it.

    `asked` are the words of the question that are not stop words, `signals` what the confidence rests on.
    """

    hits: tuple[Hit, ...]
    fits: tuple[Fit | None, ...]
    confidence: float
    asked: frozenset[str] = frozenset()
    signals: Signals | None = None


def looked_at(
    question: EncodedQuestion, words: Sequence[Word], ranked: Sequence[Ranked], indexes: Indexes, maxsim: MaxSim
) -> list[Ranked]:
    """Return the first passages of a ranking, in its order, each with its fit, looked at now where it was not before."""
    first = list(ranked[:LOOKED_AT])
    missing = [each for each in first if each.fit is None]
    if missing:
        weights = [(word.span, word.idf) for word in words]
        found = maxsim.rerank(question, weights, candidates(missing, indexes.catalog, len(question.vector)), float("inf"))
        fits = {each.key: closeness.fit for each, closeness in zip(missing, found, strict=True)}
        first = [replace(each, fit=fits.get(each.key, each.fit)) for each in first]
    return first


def known(question: str, words: Sequence[Word], looked: Sequence[Ranked], indexes: Indexes) -> Signals | None:
    """Return what is known about the first passage of those looked at; None where there is nothing to look at."""
    seen = [
        Looked(each.passage.article_id, each.why.dense, each.why.lexical, each.fit) for each in looked if each.fit is not None
    ]
    if not seen or looked[0].fit is None:
        return None
    first, lexical = looked[0], indexes.lexical
    return signals(
        seen,
        [_asked(question, word, looked[0].fit.tokens) for word in words if word.terms],
        passage=lexical.terms(first.passage.text),
        sentence=lexical.terms(first.quote.shifted(-first.passage.span.start).of(first.passage.text)),
        title=lexical.terms(indexes.catalog.titles([first.key])[first.key]),
    )


def _asked(question: str, word: Word, tokens: NDArray[np.int64]) -> Asked:
    initial = question[word.span.start]
    inside = tuple(n for n, (start, _) in enumerate(tokens) if word.span.start <= start < word.span.end)
    return Asked(frozenset(word.terms), word.idf, initial.isdigit() or (initial.isupper() and word.span.start > 0), inside)


def answer(question: str, find: Callable[[str], Found], threshold: float) -> Answer:
    """Answer a question by what `find` finds for it, or, where it is two questions, for each of them.

    A question is taken apart only where that answers it better: where no passage holds the words of both parts, and the
    parts are surer to be answered together than the whole.
    """
    found, needed, asked = find(question), [0], parts(question)
    confidence = found.confidence
    if len(asked) > 1 and not _in_one(found, asked):
        of_parts = [find(part) for part in asked]
        sure = min(each.confidence for each in of_parts)
        if sure >= max(threshold, confidence) and len({_first_place(each) for each in of_parts}) > 1:
            found, needed, confidence = _together(of_parts), list(range(len(of_parts))), sure
    if confidence < threshold or not found.hits:
        return Answer(question, False, confidence, "", (), found.hits)
    composed = compose(question, found.hits, found.fits, needed)
    split = tuple(asked) if len(needed) > 1 else ()
    return Answer(
        question, True, confidence, composed.text, composed.citations, found.hits,
        quoted=composed.quoted, conflicts=composed.conflicts, parts=split,
    )  # fmt: skip


def _in_one(found: Found, asked: Sequence[str]) -> bool:
    """Tell whether the first passage holds the words in which the parts differ."""
    held = {word.casefold() for word in found.hits[0].why.words} if found.hits else set()
    words = [found.asked.intersection(re.findall(r"\w+", part.casefold())) for part in asked]
    return all(mine - frozenset.intersection(*words) <= held for mine in words)


def _first_place(found: Found) -> tuple[str, int] | None:
    return (found.hits[0].passage.article_id, found.hits[0].passage.span.start) if found.hits else None


def _together(of_parts: Sequence[Found]) -> Found:
    """Return the hits of the parts in turns, each passage once: the first of each part come first."""
    taken: dict[tuple[str, int], tuple[Hit, Fit | None]] = {}
    for turn in range(max(len(each.hits) for each in of_parts)):
        for each in of_parts:
            if turn < len(each.hits):
                hit = each.hits[turn]
                taken.setdefault((hit.passage.article_id, hit.passage.span.start), (hit, each.fits[turn]))
    hits = tuple(replace(hit, rank=rank) for rank, (hit, _) in enumerate(taken.values(), 1))
    return Found(hits, tuple(fit for _, fit in taken.values()), min(each.confidence for each in of_parts))
