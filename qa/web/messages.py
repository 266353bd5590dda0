"""What the page says, in the language of its reader."""

from __future__ import annotations

import re

from qa.text.dates import MONTHS_ES, written_out
from qa.types import Locator
from qa.web.nouns import COUNTED, PARTS
from qa.web.strings import LANGUAGES, STRINGS


class Words:
    """The strings of one language.

    >>> Words("es").counted(1200, "article"), Words("en").counted(1, "article")
    ('1.200 artículos', '1 article')
    """

    def __init__(self, language: str = "en") -> None:
        """Choose one of `LANGUAGES`, or English for any other."""
        self.language = language if language in LANGUAGES else "en"
        self._column = LANGUAGES.index(self.language)

    def __call__(self, name: str, **values: object) -> str:
        """Return the string of that name, filled in with the values."""
        return STRINGS[name][self._column].format(**values)

    def counted(self, number: int, noun: str) -> str:
        """Return a number with its noun."""
        return f"{self.number(number)} {COUNTED[noun][self._column][number != 1]}"

    def part(self, locator: Locator) -> str:
        """Return the name of a part of a file.

        >>> Words("es").part(Locator(0, "page", "12"))
        'página 12'
        """
        return f"{PARTS[locator.kind][self._column]} {locator.label}"

    def number(self, number: int) -> str:
        """Return a whole number as the language writes it."""
        written = f"{number:,}"
        return written.replace(",", ".") if self.language == "es" else written

    def date(self, iso: str) -> str:
        """Return an ISO 8601 date as the language writes it; anything else unchanged.

        >>> Words("es").date("2024-01-13"), Words("es").date("2024-01")
        ('13 de enero de 2024', 'enero de 2024')
        """
        parts = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", iso)
        if self.language == "en" or not parts or not 1 <= int(parts[2]) <= 12:
            return written_out(iso)
        month = f"{MONTHS_ES[int(parts[2]) - 1]} de {parts[1]}"
        return f"{int(parts[3])} de {month}" if parts[3] else month

    def table(self) -> dict[str, str]:
        """Return all strings by name, not filled in, for the page's scripts."""
        return {name: texts[self._column] for name, texts in STRINGS.items()}


ENGLISH = Words("en")


def preferred(accepted: str) -> Words:
    """Return the strings in the language that a browser prefers, by its `Accept-Language` header.

    >>> preferred("de, es-MX;q=0.9, en;q=0.8").language, preferred("").language
    ('es', 'en')
    """
    weights = []
    for part in accepted.split(","):
        tag, _, weight = part.partition(";q=")
        try:
            weights.append((-float(weight or 1), tag.strip().lower()[:2]))
        except ValueError:
            continue
    # The sort keeps the header's order of languages with equal weights.
    ordered = [language for weight, language in sorted(weights, key=lambda each: each[0]) if weight < 0]
    return Words(next((language for language in ordered if language in LANGUAGES), "en"))
