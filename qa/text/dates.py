"""Find dates in a text: those it states, and those it only points at, resolved by the date of its article.

"on Thursday", in an article of 13 January 2024, is 11 January 2024: the last Thursday that was not after it. English only;
ambiguous expressions are ignored. (The libraries for this parse anything as a date, and take longer than retrieval.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from qa.text.span import Span

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTHS_ES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS).replace("May(?:)?", "May").replace("Sep(?", "Sept?(?")
_YEAR = r"(?:1[0-9]|20)\d\d"
_STATED = re.compile(
    rf"\b(?:(?P<iso>{_YEAR}-\d\d-\d\d)"
    rf"|(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH})\.?,? (?P<y1>{_YEAR})"
    rf"|(?P<m2>{_MONTH})\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y2>{_YEAR})"
    rf"|(?P<m3>{_MONTH})\.?,? (?:of )?(?P<y3>{_YEAR})"
    rf"|(?P<y4>{_YEAR})(?![\d,.]*\d|-\d))\b"
)
_POINTED = re.compile(
    rf"\b(?:(?:(?P<way>last|next|this) )?(?P<weekday>{'|'.join(_WEEKDAYS)})"
    r"|(?P<day>yesterday|today|tonight|tomorrow)|(?P<side>last|this|next) (?P<unit>month|year))\b",
    re.IGNORECASE,
)


class Dated(NamedTuple):
    """Words that name a day, a month or a year, and that date in ISO 8601, as exact as the words."""

    span: Span
    iso: str


def stated(text: str) -> list[Dated]:
    """Return the dates that a text states, in order.

    >>> [each.iso for each in stated("signed on 11 January 2024, ratified in March 2025, in force since 2026")]
    ['2024-01-11', '2025-03', '2026']
    """
    return list(_stated(text))


def _stated(text: str) -> Iterator[Dated]:
    for match in _STATED.finditer(" ".join(re.split(r"\s", text))):  # White space of one kind, offsets unchanged.
        part = match.groupdict()
        if part["iso"]:
            iso = str(part["iso"])
        else:
            year = part["y1"] or part["y2"] or part["y3"] or part["y4"]
            month, day = part["m1"] or part["m2"] or part["m3"], part["d1"] or part["d2"]
            iso = str(year) + (f"-{_month(month):02}" if month else "") + (f"-{int(day):02}" if day else "")
        if is_date(iso):
            yield Dated(Span(*match.span()), iso)


def pointed_at(text: str, written: str) -> list[Dated]:
    """Return the days, months and years that a text points at from the day it was `written`, an ISO 8601 date.

    Return nothing if `written` is not a whole date.

    >>> [each.iso for each in pointed_at("They met on Thursday, as they did last year.", "2024-01-13")]
    ['2024-01-11', '2023']
    """
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return []
    return [Dated(Span(*match.span()), _resolved(match, day)) for match in _POINTED.finditer(text)]


def _resolved(match: re.Match[str], day: date) -> str:
    words = {name: (value or "").lower() for name, value in match.groupdict().items()}
    if words["weekday"]:
        back = (day.weekday() - _WEEKDAYS.index(words["weekday"])) % 7
        ahead = 7 - back
        if words["way"] == "next" or (words["way"] == "this" and back):
            return (day + timedelta(ahead)).isoformat()
        return (day - timedelta(back or (7 if words["way"] == "last" else 0))).isoformat()
    if words["day"]:
        return (day + timedelta({"yesterday": -1, "tomorrow": 1}.get(words["day"], 0))).isoformat()
    step = {"last": -1, "this": 0, "next": 1}[words["side"]]
    return f"{day.year + step}" if words["unit"] == "year" else months_later(day.year, day.month, step)


def months_later(year: int, month: int, step: int) -> str:
    """Return the month that comes `step` months after another, or before it if `step` is negative.

    >>> months_later(2020, 12, 1), months_later(2020, 1, -1)
    ('2021-01', '2019-12')
    """
    months = 12 * year + month - 1 + step
    return f"{months // 12}-{months % 12 + 1:02}"


def agree(one: str, other: str) -> bool:
    """Return True if two ISO 8601 dates may be the same: they are equal, or one is a less exact form of the other.

    >>> agree("2024-03", "2024-03-01"), agree("2023-03", "2024-03-01")
    (True, False)
    """
    return one.startswith(other) or other.startswith(one)


def written_out(iso: str) -> str:
    """Return an ISO 8601 date as people write it; anything else unchanged.

    >>> written_out("2024-01-13"), written_out("2024-01"), written_out("2024")
    ('13 January 2024', 'January 2024', '2024')
    """
    match = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", iso)
    if not match or not 1 <= int(match[2]) <= 12:
        return iso
    month = f"{MONTHS[int(match[2]) - 1]} {match[1]}"
    return f"{int(match[3])} {month}" if match[3] else month


def _month(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def is_date(iso: str) -> bool:
    """Return True if there is such a year, month or day, written as ISO 8601."""
    try:
        date.fromisoformat(iso + "0000-01-01"[len(iso) :])
    except ValueError:
        return False
    return True
