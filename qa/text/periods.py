"""Find the period that a question limits itself to: "since 2021", "in March 2023", "antes de 2020".

By rule, in English and Spanish. Dates that are part of a name ("the 2020 Olympics", "in 2024 World Cup") or of a quotation are
no limit.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from qa.text.dates import MONTHS, MONTHS_ES, is_date, months_later

Period = tuple[str, str]
"""The first and the last date of a period, both included, in ISO 8601; an empty one is open."""

_MONTH_NUMBERS = (
    {name.lower(): n for n, name in enumerate(MONTHS, 1)}
    | {name[:3].lower(): n for n, name in enumerate(MONTHS, 1)}
    | {name: n for n, name in enumerate(MONTHS_ES, 1)}
    | {"sept": 9, "setiembre": 9}
)
_MONTH = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_YEAR = r"(?:1[5-9]|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:{_YEAR}-\d\d(?:-\d\d)?|(?:the |el )?{_DAY} (?:of |de )?(?:{_MONTH})\.?,? (?:of |de |del )?{_YEAR}"
    rf"|(?:{_MONTH})\.? {_DAY},? {_YEAR}|(?:{_MONTH})\.?,? (?:of |de |del )?{_YEAR}|(?:the year |(?:el )?año )?{_YEAR})"
)
_END = r"(?![\w%’'-]|[.,/–]\d)"
_RANGE = rf"(?:between|from|entre|desde|de) (?P<first>{_DATE}) (?:and|to|until|till|through|y|a|hasta) (?P<last>{_DATE})"
_WAYS = {
    "since": "since|desde|a partir del?",
    "after": "after|later than|después del?",
    "before": "before|prior to|earlier than|antes del?",
    "until": "until|till|up to|through|hasta",
    "within": "in|during|within|en|durante",
}
_WAY = "|".join(f"(?P<{name}>{words})" for name, words in _WAYS.items())
_PHRASE = re.compile(rf"(?<![\w’'-])(?:{_RANGE}|(?:{_WAY}) (?P<date>{_DATE})){_END}", re.IGNORECASE)
_NAMED_OR_COUNTED = re.compile(r"\s+(?:[A-ZÁÉÍÓÚÑ]|(?:words|people|cases|pages|palabras|personas|casos|páginas)\b)")
"""After a date: it belongs to a name, or is no date but a number."""
_ISO = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")


def limit(question: str) -> Period | None:
    """Return the period that a question limits itself to, or None if it names none, or several that exclude each other.

    >>> limit("What has the court done since March 2021?"), limit("¿Qué dijo antes de 2020?"), limit("Who won in 2024?")
    (('2021-03', ''), ('', '2019'), ('2024', '2024'))
    >>> limit("Who won the 2024 World Cup?"), limit("Who ran before 2020 Vision did?")
    (None, None)
    """
    text = " ".join(question.split())
    first, last = "", ""
    for match in _PHRASE.finditer(text):
        if not _is_part_of_a_name(text, match):
            after, before = _period(match)
            first, last = max(first, after), min(filter(None, (last, before)), default="")
    is_one = (first or last) and (not first or not last or first <= f"{last}~")
    return (first, last) if is_one else None


def _is_part_of_a_name(text: str, match: re.Match[str]) -> bool:
    before = text[: match.start()]
    is_capital = match.group()[0].isupper() and bool(before.strip("¿¡ "))
    is_quoted = before.count('"') % 2 == 1 or before.count("“") > before.count("”") or before.count("«") > before.count("»")
    return is_capital or is_quoted or _NAMED_OR_COUNTED.match(text, match.end()) is not None


def _period(match: re.Match[str]) -> Period:
    if match["first"]:
        return _iso(match["first"]), _iso(match["last"])
    iso = _iso(match["date"])
    if not iso:
        return "", ""
    if match["after"]:
        return _moved(iso, 1), ""
    if match["before"]:
        return "", _moved(iso, -1)
    return ("" if match["until"] else iso), ("" if match["since"] else iso)


def _iso(words: str) -> str:
    """Return a date in ISO 8601, as exact as its words; empty if there is no such day."""
    if iso := _ISO.search(words):
        year, month, day = (int(part or 0) for part in iso.groups())
    else:
        numbers = [int(each) for each in re.findall(r"\d+", words)]
        name = re.search(_MONTH, words, re.IGNORECASE)
        year, day = numbers[-1], numbers[0] if len(numbers) > 1 else 0
        month = _MONTH_NUMBERS[name.group().lower()] if name else 0
    iso_date = f"{year}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if day else "")
    return iso_date if is_date(iso_date) else ""


def _moved(iso: str, step: int) -> str:
    """Return the day, the month or the year after a date, or with a step of -1 the one before.

    >>> _moved("2020", -1), _moved("2020-12", 1), _moved("2020-03-01", -1)
    ('2019', '2021-01', '2020-02-29')
    """
    year, month, day = (int(part) for part in f"{iso}-00-00".split("-")[:3])
    if day:
        return (date(year, month, day) + timedelta(step)).isoformat()
    return months_later(year, month, step) if month else f"{year + step}"
