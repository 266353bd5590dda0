"""What a file says about itself, made typed: a title, a date, an author and the like. What is malformed counts as not said."""

from __future__ import annotations

import datetime
import re

NAMES = ("title", "date", "author", "source", "url", "tags", "language")
"""What may be said."""

_ISO_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")

_NULLS = ("~", "null", "Null", "NULL")


def one_line(value: object) -> str:
    """Return a scalar of the metadata as one line of printable text; empty for YAML's null and anything else."""
    words = value.split() if isinstance(value, str) and value not in _NULLS else []
    return "".join(char for char in " ".join(words) if char.isprintable())


def tags(value: object) -> tuple[str, ...]:
    """Return the tags in a list, or in a text between commas."""
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(tag for tag in map(one_line, values) if tag)


def iso_date(value: object) -> str:
    """Return a date as ISO 8601, as exact as it was stated, or an empty text if it is not a date.

    >>> iso_date("2024-01-13T08:00:00Z"), iso_date("2024-13-01"), iso_date("2024")
    ('2024-01-13', '', '2024')
    """
    match = _ISO_DATE.match(one_line(value))
    if not match:
        return ""
    year, month, day = (*match.group().split("-"), "01", "01")[:3]
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return ""
    return match.group()
