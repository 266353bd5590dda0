"""What the page says, in the language of its reader."""

from __future__ import annotations

import re

from qa.text.dates import written_out
from qa.web.strings import COUNTED, LANGUAGES, MONTHS_ES, STRINGS


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
        return STRINGS[name][self._column].format(**values)

    def counted(self, number: int, noun: str) -> str:
        """Return a number with its noun."""
        return f"{self.number(number)} {COUNTED[noun][self._column][number != 1]}"

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
        month = f"{MONTHS_ES[int(found[2]) - 1]} de {found[1]}"
        return f"{int(found[3])} de {month}" if found[3] else month

    def table(self) -> dict[str, str]:
        """Return all strings by name, their places not filled in: for the page's script."""
        return {name: texts[self._column] for name, texts in STRINGS.items()}


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
