"""Tell the common European languages apart by their most frequent words."""

from __future__ import annotations

import re
from collections import Counter

_WORDS = {
    "en": "the of and is are was were what who when where why how which did does do to in for by with that this from has have",
    "es": "¿ el los una es fue son qué quién quiénes cuándo dónde cómo cuál cuáles cuánto cuántos cuántas por para con que se"
    " su del al y en está según",
    "fr": "le les des un une est sont était été qui que quoi quand où comment pourquoi quel quelle quels quelles combien dans"
    " pour par avec sur au aux et à ce cette il elle du l d",
    "de": "der die das ein eine einen ist sind war waren wer was wann wo wie warum welche welcher welches und für mit dem den"
    " des im zu auf nicht hat wurde viele",
    "it": "il lo gli una è sono era chi che cosa quando dove come perché quale quali quanti quante per con del della nel nella"
    " e si ha stato stata",
    "pt": "o os uma é são foi foram quem quando onde como por porque que qual quais quantos quantas para com do dos no na em se"
    " ao e",
    "nl": "het een is zijn was waren wie wat wanneer waar hoe waarom welke hoeveel voor met op niet heeft werd in",
}
"""Frequent words by language; none that stands in names of people and places used in others, such as "la" and "von"."""
LANGUAGES = tuple(_WORDS)
"""The languages that are told apart, as two-letter codes."""
_BY_WORD = {
    word: [code for code, words in _WORDS.items() if word in words.split()] for each in _WORDS.values() for word in each.split()
}
_LEAST_SHARE = 0.1
"""The fraction of a text's words that must be frequent words of its language: prose has three times as many."""
_LEAST_WORDS = 2
"""Frequent words of another language that a question must have: a single one may belong to a name or a title."""


def language_of(text: str) -> str:
    """Return the language in which a text seems to be, as a two-letter code; empty if that is not clear.

    >>> language_of("The Court was opened in The Hague."), language_of("ICC, 2024")
    ('en', '')
    """
    counts, words = _counts(text)
    code, count = max(counts.items(), key=lambda each: each[1], default=("", 0))
    return code if count > _LEAST_SHARE * words else ""


def is_in_another(question: str, language: str) -> bool:
    """Return True if a question is evidently not in this language.

    >>> is_in_another("¿Cuándo se fundó la Corte?", "en"), is_in_another("Did Carlos de la Cruz sign el acuerdo?", "en")
    (True, False)
    """
    counts, _ = _counts(question)
    most = max(counts.values(), default=0)
    return most >= _LEAST_WORDS and most > 2 * counts[language]


def _counts(text: str) -> tuple[Counter[str], int]:
    """Return how many frequent words of each language a text has, and how many words."""
    words = re.findall(r"[^\W\d_]+|¿", text.casefold())
    return Counter(code for word in words for code in _BY_WORD.get(word, ())), len(words)
