"""Filter articles, before anything is ranked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, urlencode

from qa.errors import QuestionError
from qa.types import kind

_MAX_FIELDS = 100
"""Fields in a query string: more than any filter has, few enough to be read at once."""
LISTS = {"source": "source", "tags": "tag", "author": "author", "kind": "kind"}
"""The filters that take several values, and what each value is called in a query string."""
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


class Described(Protocol):
    """What an article says about itself, as far as a filter asks for it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def date(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def tags(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def author(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A filter on the articles that may answer; an empty field admits all.

    `after` and `before` are ISO 8601 dates, both included: `after="2024"` is from 1 January, `before="2024"` to 31
    December. An article dated by month or year passes if any of its days does; one without a date does not pass. The
    article's source must be one of `source`, its author one of `author`, and one of its tags one of `tags`, in upper or lower
    case; `kind` holds endings of file names, such as `pdf`; `path` is a glob on its id, such as `reports/*`.

    >>> from qa.types import Article
    >>> Where.of({"after": "2024-03", "kind": "md"}).admits(Article("a.md", "One.", "A", date="2024"))
    True
    """

    after: str = ""
    before: str = ""
    source: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
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
        lists: Any = {name: _list(name, each) if name in LISTS else each for name, each in filters.items()}
        return cls(**lists)

    @classmethod
    def of_query(cls, query: str) -> Where:
        """Build a filter from a query string, in which each `tag` is one of `tags`; unknown keys are ignored.

        >>> Where.of_query("?q=Who&after=2024&tag=icc&tag=venezuela")
        Where(after='2024', before='', source=(), tags=('icc', 'venezuela'), author=(), kind=(), path='')
        """
        try:
            pairs = parse_qsl(query.lstrip("?"), max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise QuestionError(f"the filter is too long: it takes at most {_MAX_FIELDS} fields") from error
        single = {name: value for name, value in pairs if name in ("after", "before", "path")}
        lists = {field: [value for name, value in pairs if name == key] for field, key in LISTS.items()}
        return cls.of({**single, **lists})

    def query(self) -> str:
        """Return the filter as a query string for `of_query`; empty if it admits all.

        >>> Where(after="2024", tags=("icc",)).query()
        'after=2024&tag=icc'
        """
        single = [(name, getattr(self, name)) for name in ("after", "before", "path") if getattr(self, name)]
        pairs = [*single, *((key, each) for field, key in LISTS.items() for each in getattr(self, field))]
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
                    yield LISTS.get(each.name, each.name), value, self.without(each.name, value)

    def without(self, name: str, value: str = "") -> Self:
        """Return the filter without `after`, `before` or `path`, or without one value of the others."""
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

    def admits(self, article: Described) -> bool:
        """Return True if an article passes."""
        if (self.after or self.before) and not article.date:
            return False
        # Padded so that a month reaches from before its first day to after its last.
        if (self.after and article.date + "~" < self.after) or (self.before and article.date > self.before + "~"):
            return False
        if self.path and not fnmatchcase(article.id, self.path):
            return False
        return (
            _meet((article.source,), self.source)
            and _meet(article.tags, self.tags)
            and _meet((article.author,), self.author)
            and _meet((kind(article.id),), self.kind)
        )


EVERYWHERE = Where()
"""The filter that admits every article."""


def _meet(values: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Return True if one of the values is wanted, in upper or lower case, or if nothing is."""
    return not wanted or not {each.casefold() for each in wanted}.isdisjoint(each.casefold() for each in values)


def _list(name: str, value: object) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise QuestionError(f"where has {name} {value!r}: it takes a text or a list of texts")
    return tuple(filter(None, values))
