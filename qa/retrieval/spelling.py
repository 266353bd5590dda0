"""Correct typing errors by the words of the articles. The only door to RapidFuzz.

A wrong correction could make a question that the articles cannot answer look like one that they can. So a word is corrected
only if no article holds it in any form, the encoder does not know it, one word of the articles is clearly nearest, and with
it the question matches clearly better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qa.results import Respelling
from qa.store.base import Snapshot

_FEWEST_CHARS = 5
"""Shorter words are near too many others, and often initials: "GAAP" is no error for "gap"."""
_LONG_CHARS = 8
"""A word of so many letters may have two errors, a shorter one has a single one."""
_CLEARLY = 3
"""Of words that are equally near, one is taken only if it stands in so many times as many passages as any other."""
_GAIN = 0.03
"""By how much the best passage must match better, on the scale of scores: on tuning questions, of right corrections 93 in a
hundred do, and of those in questions about something else 7."""


def respelled(
    question: str, snapshot: Snapshot, is_word: Callable[[str], bool], score: Callable[[str], float]
) -> tuple[str, tuple[Respelling, ...]]:
    """Return a question with its typing errors corrected, and what was corrected, in order.

    `is_word` says whether a word that no article holds is a word all the same; `score` how well the best passage matches a
    question, 0 to about 1.
    """
    corrected, respellings, end = "", [], 0
    for term in snapshot.terms(question):
        typed = term.span.of(question)
        if term.unknown and not is_word(typed) and (word := _nearest(typed.casefold(), snapshot)):
            respellings.append(Respelling(typed, _in_case_of(typed, word)))
            corrected += question[end : term.span.start] + respellings[-1].searched
            end = term.span.end
    corrected += question[end:]
    if respellings and score(corrected) >= score(question) + _GAIN:
        return corrected, tuple(respellings)
    return question, ()


def _nearest(typed: str, snapshot: Snapshot) -> str:
    """Return the one word of the articles that is clearly nearest to a word in lower case, or an empty text."""
    if len(typed) < _FEWEST_CHARS or not typed.isalpha():
        return ""
    # Loaded with all of RapidFuzz when a word is unknown: it takes longer than to look at one.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    # Words that begin with another letter are left out: few errors are there, but that the first two letters change places.
    words = {word: count for initial in sorted(set(typed[:2])) for word, count in snapshot.words(initial).items()}
    most = 1 if len(typed) < _LONG_CHARS else 2
    near = process.extract(typed, list(words), scorer=OSA.distance, score_cutoff=most, limit=None)
    least = min((errors for _, errors, _ in near), default=0)
    return _most_frequent({word: words[word] for word, errors, _ in near if errors == least and word.isalpha()}, snapshot)


def _most_frequent(words: Mapping[str, int], snapshot: Snapshot) -> str:
    """Return the most frequent of some words, or an empty text if it clearly is not; forms of one word do not compete."""
    if not words:
        return ""
    best = max(words, key=lambda word: (words[word], word))
    others = [count for word, count in words.items() if snapshot.forms(word) != snapshot.forms(best)]
    return best if words[best] >= _CLEARLY * max(others, default=0) else ""


def _in_case_of(typed: str, word: str) -> str:
    """Return a word in lower case with the capitals of another."""
    if typed.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if typed[0].isupper() else word
