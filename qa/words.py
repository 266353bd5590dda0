"""What the page says, in English and Spanish, side by side: a string that one language lacks cannot be written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa.dates import written_out

LANGUAGES = ("en", "es")

_STRINGS: Mapping[str, tuple[str, str]] = {
    # The page
    "title": ("Ask the articles", "Pregunta a los artículos"),
    "tab_ask": ("Ask", "Preguntar"),
    "tab_articles": ("Articles", "Artículos"),
    "conversation": ("Conversation", "Conversación"),
    "your_question": ("Your question", "Tu pregunta"),
    "type_a_question": ("Type a question about the articles", "Escribe una pregunta sobre los artículos"),
    "ask": ("Ask", "Preguntar"),
}
"""By name; `{…}` is filled in by whoever says it."""

_COUNTED: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "article": (("article", "articles"), ("artículo", "artículos")),
    "passage": (("passage", "passages"), ("pasaje", "pasajes")),
    "file": (("file", "files"), ("archivo", "archivos")),
}
"""One and many of what is counted."""

_MONTHS_ES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)


class Words:
    """The strings of one language.

    >>> Words("es").counted(1200, "article"), Words("en").counted(1, "article")
    ('1.200 artículos', '1 article')
    """

    def __init__(self, language: str = "en") -> None:
        """Take one of `LANGUAGES`; of any other, English."""
        self.language = language if language in LANGUAGES else "en"
        self._column = LANGUAGES.index(self.language)

    def __call__(self, name: str, **values: object) -> str:
        """Return the string of that name, with the values in their places."""
        return _STRINGS[name][self._column].format(**values)

    def counted(self, number: int, noun: str) -> str:
        """Return a number with its noun."""
        return f"{self.number(number)} {_COUNTED[noun][self._column][number != 1]}"

    def number(self, number: int) -> str:
        """Return a whole number as it is written."""
        written = f"{number:,}"
        return written.replace(",", ".") if self.language == "es" else written

    def date(self, iso: str) -> str:
        """Return an ISO 8601 date as it is written; anything else unchanged.

        >>> Words("es").date("2024-01-13"), Words("es").date("2024-01")
        ('13 de enero de 2024', 'enero de 2024')
        """
        found = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", iso)
        if self.language == "en" or not found or not 1 <= int(found[2]) <= 12:
            return written_out(iso)
        month = f"{_MONTHS_ES[int(found[2]) - 1]} de {found[1]}"
        return f"{int(found[3])} de {month}" if found[3] else month

    def table(self) -> dict[str, str]:
        """Return all strings by name, their places not filled in: for the page's script."""
        return {name: texts[self._column] for name, texts in _STRINGS.items()}


ENGLISH = Words("en")


def preferred(accepted: str) -> Words:
    """Return the language that a browser likes best of those there are, by its `Accept-Language` header.

    >>> preferred("de, es-MX;q=0.9, en;q=0.8").language, preferred("").language
    ('es', 'en')
    """
    weighed = []
    for part in accepted.split(","):
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag.strip().lower()[:2]))
        except ValueError:
            continue
    known = [language for weight, language in sorted(weighed, key=lambda each: each[0]) if language in LANGUAGES and weight < 0]
    return Words(known[0] if known else "en")
