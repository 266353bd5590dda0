"""The listing of the articles: each with its state, and which of them are shown in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from qa.errors import QuestionError
from qa.types import Failure, kind
from qa.web import urls
from qa.where import LISTS, Where

PAGE_ARTICLES = 100

CHOICES = 50
"""How many of the most frequent sources are offered, and of tags and the like."""

STATES = ("unreadable", "changed", "new", "gone", "indexed")
"""What an article can be in the index, in the order in which they are sorted."""

_PAGE_DIGITS = 6


class Entry(NamedTuple):
    """A line of the listing; `reason` says why an article is "unreadable", `notes` what is to be known of one that was read."""

    id: str
    title: str
    date: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    passages: int = 0
    notes: tuple[str, ...] = ()
    state: str = "indexed"
    reason: str = ""

    @property
    def kind(self) -> str:
        """How the name of its file ends."""
        return kind(self.id)

    @property
    def is_stored(self) -> bool:
        """Return True if the index holds its text, be it an earlier one."""
        return self.state != "new" and self.passages > 0


_SORTED_BY: Mapping[str, Callable[[Entry], Any]] = {
    "title": lambda each: each.title.casefold(),
    "date": lambda each: each.date,
    "passages": lambda each: each.passages,
    "state": lambda each: STATES.index(each.state),
}

SORTS = tuple(_SORTED_BY)


def entries(indexed: Iterable[Entry], changed: Mapping[str, str], failures: Iterable[Failure]) -> list[Entry]:
    """Return the indexed articles and the files that are not indexed, each with its state.

    `changed` says by id what is "new", "changed" or "gone"; `failures` are the files that could not be read.
    """
    by_id = {each.id: each for each in indexed}
    for id, reason in failures:
        by_id[id] = by_id.get(id, Entry(id, id))._replace(state="unreadable", reason=reason)
    for id, state in changed.items():
        by_id[id] = by_id.get(id, Entry(id, id))._replace(state=state)
    return list(by_id.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which articles are shown, in which order; `refused` are names and values that are not valid and were ignored."""

    search: str = ""
    where: Where = Where()  # noqa: RUF009  # Frozen.
    sort: str = "title"
    page: int = 1
    refused: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: Iterable[tuple[str, str]]) -> View:
        """Build a view from the names and values of an address; none of them raises an error.

        >>> View.of([("after", "2024"), ("sort", "-date"), ("page", "two")]).refused
        (('page', 'two'),)
        """
        pairs = [(name, value.strip()) for name, value in given if value.strip()]
        one = {name: value for name, value in reversed(pairs) if name not in LISTS.values()}
        refused = [(name, one.pop(name)) for name, fits in _FITTING.items() if name in one and not fits(one[name])]
        several = {field: [value for key, value in pairs if key == name][:CHOICES] for field, name in LISTS.items()}
        where = Where.of(several | {name: one.get(name, "") for name in ("after", "before", "path")})
        sort, page = one.get("sort", "title"), int(one.get("page", "1"))
        return cls(search=one.get("search", ""), where=where, sort=sort, page=page, refused=tuple(refused))

    @property
    def undated(self) -> View:
        """The same view without its dates."""
        return replace(self, where=replace(self.where, after="", before=""))

    def query(self, **changed: Any) -> str:
        """Return the query string of this view; with something `changed`, that of the first page of the changed view."""
        view = replace(self, **{"page": 1, **changed})
        others = (("search", view.search, ""), ("sort", view.sort, "title"), ("page", view.page, 1))
        unusual = {name: value for name, value, usual in others if value != usual}
        return urls.joined(view.where.query(), urlencode(unusual, errors="replace"))


def _is_date(value: str) -> bool:
    try:
        return bool(Where(after=value))
    except QuestionError:
        return False


_FITTING: Mapping[str, Callable[[str], bool]] = {
    "after": _is_date,
    "before": _is_date,
    "sort": lambda value: value.removeprefix("-") in SORTS,
    "page": lambda value: value.isascii() and value.isdecimal() and len(value) <= _PAGE_DIGITS and int(value) > 0,
}


def matching(entries: Iterable[Entry], search: str, where: Where) -> list[Entry]:
    """Return the entries that a filter admits and that have every word of `search` in title, id or source."""
    words = search.casefold().split()
    return [
        each
        for each in entries
        if where.admits(each) and (not words or _has(f"{each.title}\n{each.id}\n{each.source}".casefold(), words))
    ]


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def in_order(entries: Iterable[Entry], sort: str) -> list[Entry]:
    """Return the entries sorted by one of `SORTS`, falling if a minus stands before it.

    Ties are broken by title, then by id; undated articles come last.
    """
    name = sort.removeprefix("-")
    ordered = sorted(entries, key=lambda each: (each.title.casefold(), each.id))
    ordered.sort(key=_SORTED_BY[name], reverse=sort != name)
    if name == "date":
        ordered.sort(key=lambda each: not each.date)
    return ordered


class Page(NamedTuple):
    """One page of a view: its entries, its number of how many pages, and the total of entries on all pages."""

    entries: Sequence[Entry]
    number: int
    pages: int
    total: int


def page_of(ordered: Sequence[Entry], number: int) -> Page:
    """Return the page of that number, or the last one if there are fewer."""
    pages = max(1, -(-len(ordered) // PAGE_ARTICLES))
    number = min(number, pages)
    return Page(ordered[(number - 1) * PAGE_ARTICLES : number * PAGE_ARTICLES], number, pages, len(ordered))


def frequent(values: Iterable[str], chosen: Sequence[str] = (), most: int = CHOICES) -> list[tuple[str, int]]:
    """Return the most frequent values and the `chosen` ones with their counts, sorted by name; case makes no difference.

    >>> frequent(["AP", "ap", "DW", "AP", ""], ["dw"], most=1)
    [('AP', 3), ('DW', 1)]
    """
    spellings = Counter(filter(None, values))
    counts: Counter[str] = Counter()
    named: dict[str, str] = {}
    for value, count in spellings.most_common():
        counts[value.casefold()] += count
        named.setdefault(value.casefold(), value)
    shown = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most])
    shown |= {value.casefold(): counts[value.casefold()] for value in chosen}
    names = named | {value.casefold(): value for value in chosen if value.casefold() not in named}
    return [(names[key], count) for key, count in sorted(shown.items())]


def offered(entries: Sequence[Entry], where: Where) -> dict[str, list[tuple[str, int]]]:
    """Return the values of each filter that are offered, with their counts: of authors and kinds only if there are several."""
    choices = {
        "source": frequent((each.source for each in entries), where.source),
        "tag": frequent((tag for each in entries for tag in each.tags), where.tags),
        "author": frequent((each.author for each in entries), where.author),
        "kind": frequent((each.kind for each in entries), where.kind),
    }
    return {name: each for name, each in choices.items() if len(each) > (name in ("author", "kind"))}


def by_month(entries: Iterable[Entry]) -> tuple[dict[str, int], int]:
    """Return the number of articles of each month, in order, and the number of those without a month."""
    months = Counter(each.date[:7] for each in entries)
    dated = {month: count for month, count in sorted(months.items()) if len(month) == 7}
    return dated, months.total() - sum(dated.values())
