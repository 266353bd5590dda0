"""Articles by month and on a map, as inline SVG whose marks are links. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from qa.web import urls
from qa.web.articles.listing import Entry, View, frequent
from qa.web.markup import clamped, escape, say
from qa.web.messages import Words

COLOURED = 6
"""The number of sources that have a colour of their own on the map."""
_MONTH, _GAP = 24, 20
_HIGH, _FOOT = 96, 22
_WIDE, _TALL, _EDGE = 640, 400, 16
_MANY = 100


# --- timeline --------------------------------------------------------------------------------------------------------


def timeline(months: Mapping[str, int], undated: int, view: View, words: Words) -> str:
    """Return a bar for each month that has articles, each a link to the view of that month; empty if there are none.

    `months` counts articles by month, such as "2024-03". A gap stands for years without articles.
    """
    if not months:
        return ""
    marks, wide = _years(months, view, words)
    without = f'<p class="qa-quiet">{say(words, "no_month", articles=words.counted(undated, "article"))}</p>' if undated else ""
    return (
        f'<section class="qa-chart" aria-labelledby="qa-timeline"><h2 id="qa-timeline">{say(words, "timeline")}</h2>'
        f'<p class="qa-quiet">{say(words, "timeline_about")}</p><div class="qa-scrolled">'
        f'<svg class="qa-bars" width="{wide}" height="{_HIGH + _FOOT}" viewBox="0 0 {wide} {_HIGH + _FOOT}">{marks}</svg>'
        f"</div>{without}</section>"
    )


def _years(months: Mapping[str, int], view: View, words: Words) -> tuple[str, int]:
    """Return the marks of all years, and their width in pixels."""
    marks, x, before, most = list[str](), 0, 0, max(months.values())
    for year, own in groupby(months, key=lambda month: int(month[:4])):
        if before and year > before + 1:
            marks.append(
                f'<text class="qa-gap" x="{x + _GAP // 2}" y="{_HIGH - 4}" text-anchor="middle" aria-hidden="true">…</text>'
            )
            x += _GAP
        marks.append(f'<path class="qa-axis" d="M{x + 1} {_HIGH}H{x + 12 * _MONTH - 2}"/>')
        middle = x + 6 * _MONTH
        marks.append(f'<text x="{middle}" y="{_HIGH + 16}" text-anchor="middle" aria-hidden="true">{year}</text>')
        for month in own:
            box = _Box(x + (int(month[5:]) - 1) * _MONTH, max(3, round((_HIGH - 8) * months[month] / most)))
            marks.append(_bar(month, months[month], box, view, words))
        x, before = x + 12 * _MONTH, year
    return "".join(marks), x


class _Box(NamedTuple):
    """The place of a bar in the drawing: its left edge and its height, in pixels."""

    left: int
    height: int


def _bar(month: str, count: int, box: _Box, view: View, words: Words) -> str:
    left, height = box
    query = view.query(where=replace(view.where, after=month, before=month))
    said = say(words, "bar", month=words.date(month), articles=words.counted(count, "article"))
    chosen = ' aria-current="true"' if view.where.after == view.where.before == month else ""
    return (
        f'<a id="qa-month-{month}" href="{escape(urls.listing(query))}" aria-label="{said}"{chosen}><title>{said}</title>'
        f'<rect class="qa-hit" x="{left}" y="0" width="{_MONTH}" height="{_HIGH}"/>'
        f'<rect class="qa-bar" x="{left + 4}" y="{_HIGH - height}" width="{_MONTH - 8}" height="{height}" rx="2"/></a>'
    )


# --- map -------------------------------------------------------------------------------------------------------------


def article_map(
    places: Mapping[str, tuple[float, float]] | None, shown: Sequence[Entry], count: int, sources: Sequence[str], words: Words
) -> str:  # fmt: skip
    """Return a map of the articles `shown` that have a place, each a link to its reading page.

    `places` is None while it is being computed; `count` is the number of all articles, `sources` are their sources.
    """
    if places is None:
        return _section(f'<p class="qa-quiet" data-unfinished>{say(words, "map_unfinished")}</p>', words)
    placed = [each for each in shown if each.id in places]
    if len(places) < 2 or not placed:
        return ""
    named = _repeated(sources)
    colours = {name.casefold(): n for n, name in enumerate(named, 1)}
    fitted, size, other = _fitted(places), 8 if len(places) <= _MANY else 5, 0 if named else 1
    rest = fitted.keys() - {each.id for each in placed}
    dots = "".join(_circle(fitted[id], size, "qa-rest") for id in sorted(rest))
    dots += "".join(_dot(each, fitted[each.id], size, colours.get(each.source.casefold(), other)) for each in placed)
    svg = f'<svg class="qa-map" viewBox="0 0 {_WIDE} {_TALL}">{dots}</svg>'
    some = {"shown": words.number(len(places)), "articles": words.counted(count, "article")}
    part = f" {escape(words('map_some', **some))}" if len(places) < count else ""
    about = f'<p class="qa-quiet">{say(words, "map_about")}{part}</p>'
    return _section(f"{about}{svg}{_legend(named, sources, words)}", words)


def _section(body: str, words: Words) -> str:
    return f'<section class="qa-chart" aria-labelledby="qa-map"><h2 id="qa-map">{say(words, "map")}</h2>{body}</section>'


def _repeated(sources: Sequence[str]) -> list[str]:
    """Return the sources that have a colour: the most frequent ones with more than one article, most frequent first."""
    ordered = sorted(frequent(sources, most=COLOURED), key=lambda each: (-each[1], each[0]))
    return [name for name, count in ordered if count > 1]


def _fitted(places: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return the places stretched to the drawing, each axis by itself."""
    axes = []
    for axis, length in ((0, _WIDE), (1, _TALL)):
        values = [place[axis] for place in places.values()]
        low, wide = min(values), max(values) - min(values)
        axes.append([_EDGE + (length - 2 * _EDGE) * ((value - low) / wide if wide else 0.5) for value in values])
    return {id: (x, _TALL - y) for id, x, y in zip(places, *axes, strict=True)}


def _dot(entry: Entry, place: tuple[float, float], size: int, colour: int) -> str:
    said, address = escape(entry.title), escape(urls.reading(entry.id))
    return (
        f'<a href="{address}" target="_blank" rel="noopener" aria-label="{said}"><title>{said}</title>'
        f"{_circle(place, size, f'qa-colour-{colour}')}</a>"
    )


def _circle(place: tuple[float, float], size: int, kind: str) -> str:
    return f'<circle class="{kind}" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{size}"/>'


def _legend(named: Sequence[str], sources: Sequence[str], words: Words) -> str:
    others = any(source.casefold() not in {name.casefold() for name in named} for source in sources)
    rows = "".join(_key(n, name) for n, name in enumerate(named, 1)) + (_key(0, words("other_sources")) if others else "")
    return f'<ul class="qa-legend">{rows}</ul>' if named else ""


def _key(colour: int, name: str) -> str:
    dot = f'<svg width="14" height="14" aria-hidden="true"><circle class="qa-colour-{colour}" cx="7" cy="7" r="6"/></svg>'
    return f"<li>{dot} {clamped(name)}</li>"
