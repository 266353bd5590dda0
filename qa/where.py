"""Filter articles, before anything is ranked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from qa.errors import QuestionError

_MAX_FIELDS = 100
"""Fields in a query string: more than any filter has, few enough to be read at once."""
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A filter on the articles that may answer; an empty field admits all.

    `after` and `before` are ISO 8601 dates, both included: `after="2024"` is from 1 January, `before="2024"` to 31
    December. An article dated by month or year passes if any of its days does; one without a date does not pass. The
    article's source must be one of `source`, and one of its tags one of `tags`, in upper or lower case; `path` is a glob on
    its id, such as `reports/*`.

    >>> Where.of({"after": "2024-03"}).admits("a.md", "2024", "", ())
    True
    """

    after: str = ""
    before: str = ""
    source: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    path: str = ""

    @classmethod
    def of(cls, value: Where | Mapping[str, Any] | None) -> Where:
        """Build a filter from a mapping. Raise `QuestionError` if it has unknown keys or impossible values."""
        if isinstance(value, Where):
            return value
        if not isinstance(value, Mapping | None):
            raise QuestionError(f"where is {value!r}: it takes a mapping")
        names = [each.name for each in fields(cls)]
        for name in value or {}:
            if name not in names:
                raise QuestionError(f"where has no {name!r}: it takes {', '.join(names)}")
        filters = {name: each for name, each in (value or {}).items() if each not in (None, "", (), [])}
        lists: Any = {name: _list(name, each) if name in ("source", "tags") else each for name, each in filters.items()}
        return cls(**lists)

    @classmethod
    def of_query(cls, query: str) -> Where:
        """Build a filter from a query string, in which each `tag` is one of `tags`; unknown keys are ignored.

        >>> Where.of_query("?q=Who&after=2024&tag=icc&tag=venezuela")
        Where(after='2024', before='', source=(), tags=('icc', 'venezuela'), path='')
        """
        try:
            pairs = parse_qsl(query.lstrip("?"), max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise QuestionError(f"the filter is too long: it takes at most {_MAX_FIELDS} fields") from error
        single = {name: value for name, value in pairs if name in ("after", "before", "path")}
        source, tags = ([value for name, value in pairs if name == key] for key in ("source", "tag"))
        return cls.of({**single, "source": source, "tags": tags})

    def query(self) -> str:
        """Return the filter as a query string for `of_query`; empty if it admits all.

        >>> Where(after="2024", tags=("icc",)).query()
        'after=2024&tag=icc'
        """
        single = [(name, getattr(self, name)) for name in ("after", "before", "path") if getattr(self, name)]
        pairs = [*single, *(("source", each) for each in self.source), *(("tag", each) for each in self.tags)]
        return urlencode(pairs, errors="replace")

    def parts(self) -> Iterator[tuple[str, str, Self]]:
        """Yield each single filter: its name in a query string, its value, and the whole filter without it.

        >>> [(name, value) for name, value, _ in Where(after="2024", tags=("icc",)).parts()]
        [('after', '2024'), ('tag', 'icc')]
        """
        for each in fields(self):
            values = getattr(self, each.name)
            for value in (values,) if isinstance(values, str) else values:
                if value or not isinstance(values, str):
                    yield "tag" if each.name == "tags" else each.name, value, self.without(each.name, value)

    def without(self, name: str, value: str = "") -> Self:
        """Return the filter without `after`, `before` or `path`, or without one value of `source` or `tags`."""
        values = getattr(self, name)
        rest: Any = "" if isinstance(values, str) else tuple(each for each in values if each != value)
        return replace(self, **{name: rest})

    def __post_init__(self) -> None:
        for name in ("after", "before"):
            value = getattr(self, name)
            if not isinstance(value, str) or (value and not _DATE.fullmatch(value)):
                raise QuestionError(f"where has {name} {value!r}: it takes a date such as 2024-01-13, 2024-01 or 2024")
        if not isinstance(self.path, str):
            raise QuestionError(f"where has path {self.path!r}: it takes a glob such as reports/*")

    def __bool__(self) -> bool:
        return self != Where()

    def admits(self, id: str, date: str, source: str, tags: Iterable[str]) -> bool:
        """Return True if an article with this id, date, source and tags passes."""
        if (self.after or self.before) and not date:
            return False
        # Padded so that a month reaches from before its first day to after its last.
        if (self.after and date + "~" < self.after) or (self.before and date > self.before + "~"):
            return False
        if self.source and source.casefold() not in map(str.casefold, self.source):
            return False
        if self.tags and not {tag.casefold() for tag in tags} & {tag.casefold() for tag in self.tags}:
            return False
        return not self.path or fnmatchcase(id, self.path)


EVERYWHERE = Where()
"""The filter that admits every article."""


def _list(name: str, value: object) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise QuestionError(f"where has {name} {value!r}: it takes a text or a list of texts")
    return tuple(filter(None, values))
