"""The articles tab as HTML: filters, the listing, and an article to read.

Pure functions; text of an article is never markup of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa.text.span import Span
from qa.text.structure import strip
from qa.types import Article
from qa.web import urls
from qa.web.articles.listing import SORTS, Entry, Page, View
from qa.web.markdown.rendering import Headings
from qa.web.markdown.showing import from_block, shown
from qa.web.markup import Marks, clamped, escape, noted, page, say, web_address
from qa.web.messages import Words
from qa.web.page_figures import page_figures
from qa.where import EVERYWHERE, LISTS

_SYMBOLS = {"indexed": "✓", "changed": "●", "new": "●", "gone": "○", "unreadable": "▲"}


def listing_page(content: str, words: Words) -> str:
    """Return the articles tab as a page of its own."""
    link, title = f'<a href="{urls.HOME}">{say(words, "title")}</a>', say(words, "tab_articles")
    return page(
        f'<header class="qa-page-head">{link}<h1>{title}</h1></header><main id="qa-shelf">{content}</main>',
        words("tab_articles"),
        words,
    )


def content(parts: Mapping[str, str], words: Words) -> str:
    """Return the articles tab from its parts: sync, upload, filters, articles, left_out, timeline, map."""
    top = f'<div class="qa-shelf-top">{parts["sync"]}{parts["upload"]}</div>{parts["filters"]}'
    side = f'<div class="qa-shelf-side">{parts["timeline"]}{parts["map"]}</div>'
    lost, found = say(words, "server_lost"), parts["articles"] + parts["left_out"]
    return (
        f'<div id="qa-shelf-content" data-lost="{lost}">{top}'
        f'<div class="qa-shelf-columns"><div class="qa-shelf-found">{found}</div>{side}</div></div>'
    )


def error(message: str, words: Words) -> str:
    """Return what the articles tab shows if the articles cannot be listed."""
    return f'<div id="qa-shelf-content" data-lost="{say(words, "server_lost")}">{noted(message)}</div>'


# --- filters --------------------------------------------------------------------------------------------------


def filters(view: View, offered: Mapping[str, Sequence[tuple[str, int]]], words: Words) -> str:
    """Return the form, its invalid values, and the active filters; `offered` are the values of each filter, with counts."""
    refused = "".join(noted(words("refused", value=value, what=words(name))) for name, value in view.refused)
    is_open = " open" if any(name in ("after", "before") for name, _ in view.refused) else ""
    chosen = {name: getattr(view.where, field) for field, name in LISTS.items()}
    boxes = "".join(_boxes(name, choices, chosen[name], words) for name, choices in offered.items())
    rest = f'<div class="qa-filters">{_dates_and_path(view, words)}{boxes}</div>'
    return (
        f'<form id="qa-shelf-form" action="{urls.LISTING}" method="get" role="search">'
        f'<p class="qa-field qa-search"><label for="qa-search">{say(words, "search")}</label>'
        f'<input id="qa-search" type="search" name="search" value="{escape(view.search)}" autocomplete="off"></p>'
        f'<input type="hidden" name="sort" value="{escape(view.sort)}">'
        f'<details id="qa-filters"{is_open}><summary>{say(words, "filters")}</summary>{rest}</details>'
        f'<button id="qa-show" type="submit">{say(words, "show")}</button></form>{refused}{_filter_links(view, words)}'
    )


def _dates_and_path(view: View, words: Words) -> str:
    typed = {"after": view.where.after, "before": view.where.before, "path": view.where.path} | {
        name: value for name, value in view.refused if name in ("after", "before")
    }
    hints = {"after": "date_hint", "before": "date_hint", "path": "path_hint"}
    rows = "".join(
        f'<p class="qa-field"><label for="qa-{name}">{say(words, name)}</label>'
        f'<input id="qa-{name}" type="text" name="{name}" value="{escape(value)}" autocomplete="off"'
        f' aria-describedby="qa-{name}-hint">'
        f'<span class="qa-quiet" id="qa-{name}-hint">{escape(words(hints[name]))}</span></p>'
        for name, value in typed.items()
    )
    return f'<div class="qa-fields">{rows}</div>'


def _boxes(name: str, choices: Sequence[tuple[str, int]], chosen: Sequence[str], words: Words) -> str:
    checked = {value.casefold() for value in chosen}
    boxes = "".join(
        f'<li><label><input id="qa-{name}-{n}" type="checkbox" name="{name}" value="{escape(value)}"'
        f'{" checked" if value.casefold() in checked else ""}> <bdi class="qa-clamp">{escape(value)}</bdi>'
        f' <span class="qa-quiet">{words.number(count)}</span></label></li>'
        for n, (value, count) in enumerate(choices)
    )
    return f'<fieldset><legend>{say(words, name)}</legend><ul class="qa-boxes">{boxes}</ul></fieldset>'


def _filter_links(view: View, words: Words) -> str:
    links = [_filter_link(name, value, view.query(where=without), words) for name, value, without in view.where.parts()]
    if not links:
        return ""
    everything = f'<li><a href="{escape(urls.listing(view.query(where=EVERYWHERE)))}">{say(words, "remove_all")}</a></li>'
    label = say(words, "filters_chosen")
    return f'<ul class="qa-chips" aria-label="{label}">{"".join(links)}{everything if len(links) > 1 else ""}</ul>'


def _filter_link(name: str, value: str, query: str, words: Words) -> str:
    label = say(words, "remove_filter", what=words(name), value=value)
    shown = f'{say(words, name)}: <bdi>{escape(value)}</bdi> <span aria-hidden="true">×</span>'
    return f'<li><a class="qa-chip" href="{escape(urls.listing(query))}" aria-label="{label}">{shown}</a></li>'


# --- the listing ------------------------------------------------------------------------------------------------------


def articles(view: View, found: Page, words: Words, *, with_kinds: bool = False) -> str:
    """Return the number of articles in the view, and the table of one page of them, if wanted with the kind of each."""
    counted = words.counted(found.total, "article")
    head = f'<h2 id="qa-shelf-count" tabindex="-1">{escape(counted)}</h2>{_scope(view, words) if found.total else ""}'
    if not found.total:
        return f'<div class="qa-shelf-head">{head}</div><p>{say(words, "none_found")}</p>'
    names = (("title", "article_title"), ("date", "date"), ("source", "source"), ("passages", "passages"), ("state", "state"))
    heads = "".join(_column(view, name, words(said)) for name, said in names)
    rows = "".join(_row(each, words, with_kind=with_kinds) for each in found.entries)
    table = (
        f'<table class="qa-articles" role="table" aria-labelledby="qa-shelf-count"><thead role="rowgroup">'
        f'<tr role="row">{heads}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )
    return f'<div class="qa-shelf-head">{head}</div>{table}{_pager(view, found, words)}'


def _scope(view: View, words: Words) -> str:
    if not view.where:
        return ""
    without = f' <span class="qa-quiet">{say(words, "scope_without_search")}</span>' if view.search else ""
    return f'<p><a class="qa-button qa-scope" href="{escape(urls.home(view.where))}">{say(words, "ask_only")}</a>{without}</p>'


def _column(view: View, name: str, said: str) -> str:
    attributes = f'class="qa-{name}" role="columnheader" scope="col"'
    if name not in SORTS:
        return f"<th {attributes}>{escape(said)}</th>"
    falling = view.sort == f"-{name}"
    is_sorted = view.sort.removeprefix("-") == name
    if is_sorted:
        attributes += f' aria-sort="{"descending" if falling else "ascending"}"'
    arrow = f' <span aria-hidden="true">{"▼" if falling else "▲"}</span>' if is_sorted else ""
    query = view.query(sort=f"-{name}" if view.sort == name else name)
    return f'<th {attributes}><a id="qa-by-{name}" href="{escape(urls.listing(query))}">{escape(said)}{arrow}</a></th>'


def left_out(lines: Iterable[str]) -> str:
    """Return what is said about the files that are not read."""
    return "".join(f'<p class="qa-quiet qa-left-out">{escape(f"{line}.")}</p>' for line in lines)


def _row(entry: Entry, words: Words, *, with_kind: bool) -> str:
    title = f"<bdi>{escape(entry.title)}</bdi>"
    if entry.is_stored:
        title = f'<a href="{escape(urls.reading(entry.id))}" target="_blank" rel="noopener">{title}</a>'
    if with_kind and entry.kind:
        title += f' <span class="qa-kind">{escape(entry.kind.upper())}</span>'
    if entry.title != entry.id:
        title += f' <span class="qa-file"><bdi>{escape(entry.id)}</bdi></span>'
    noun = words.counted(entry.passages, "passage").partition(" ")[2]
    cells = {
        "date": escape(words.date(entry.date)),
        "source": clamped(entry.source) if entry.source else "",
        "passages": f'{words.number(entry.passages)} <span class="qa-noun">{escape(noun)}</span>' if entry.passages else "",
        "state": _state(entry, words),
    }
    rest = "".join(f'<td class="qa-{name}" role="cell">{cell}</td>' for name, cell in cells.items())
    return f'<tr role="row"><th class="qa-title" role="rowheader" scope="row">{title}</th>{rest}</tr>'


def _state(entry: Entry, words: Words) -> str:
    said = escape(words(f"is_{entry.state}", reason=entry.reason))
    notes = "".join(f' <span class="qa-quiet"><bdi>{escape(note)}</bdi></span>' for note in entry.notes)
    symbol = f'<span aria-hidden="true">{_SYMBOLS[entry.state]}</span>'
    return f'<span class="qa-state qa-is-{entry.state}">{symbol} {said}</span>{notes}'


def _pager(view: View, found: Page, words: Words) -> str:
    if found.pages == 1:
        return ""
    links = []
    for name, number in (("previous", found.number - 1), ("next", found.number + 1)):
        if 1 <= number <= found.pages:
            links.append(f'<a id="qa-{name}" href="{escape(urls.listing(view.query(page=number)))}">{say(words, name)}</a>')
    now = say(words, "page_of", page=words.number(found.number), pages=words.number(found.pages))
    links.insert(0 if found.number == 1 else 1, f"<span>{now}</span>")
    return f'<nav class="qa-pager" aria-label="{say(words, "pages")}">{"".join(links)}</nav>'


SHOWN_CHARS = 400_000
"""Of a longer article only this much is shown."""


def reading_page(article: Article, span: Span | None, words: Words) -> str:
    """Return an article as a page, with `span` of its text in one `<mark>`."""
    is_there = span is not None and 0 <= span.start < span.end <= len(article.text)
    marking = strip(article.text, span) if span and is_there else None
    part = _part(article, marking)
    text = shown(article.id, article.text, part, Marks(quote=marking), Headings(2, article.title))
    text = text.replace("<mark>", '<mark id="quote">', 1)
    notes = "".join(
        noted(words(name))
        for name, holds in (
            ("no_such_span", span is not None and not is_there),
            ("part_shown", part.start > article.body or part.end < len(article.text)),
        )
        if holds
    )
    body = (
        f'<header class="qa-page-head"><a href="{urls.HOME}">{say(words, "title")}</a></header>'
        f'<main><article class="qa-reading"><h1 dir="auto">{escape(article.title)}</h1>{_about(article, words)}{notes}'
        f'{page_figures(article, marking, words)}<div class="qa-text" dir="auto">{text}</div></article></main>'
    )
    return page(body, article.title, words)


def _part(article: Article, marking: Span | None) -> Span:
    """Return the body of an article, from the mark if that comes before it; of a long article, what surrounds the mark."""
    start = min(article.body, marking.start) if marking else article.body
    if marking and marking.end > start + SHOWN_CHARS:
        start = from_block(article.text, max(start, marking.start - SHOWN_CHARS // 2), marking.start)
    return Span(start, min(len(article.text), start + SHOWN_CHARS))


def _about(article: Article, words: Words) -> str:
    facts = [escape(words.date(article.date))] if article.date else []
    facts += [f"<bdi>{escape(article.source)}</bdi>"] if article.source else []
    if address := web_address(article.url):
        facts.append(f'<a href="{escape(address)}" rel="noopener noreferrer">{say(words, "original")}</a>')
    facts.append(f'<a href="{escape(urls.plain_text(article.id))}">{say(words, "plain_text")}</a>')
    tags = "".join(f"<li><bdi>{escape(tag)}</bdi></li>" for tag in article.tags)
    listed = f'<ul class="qa-tags" aria-label="{say(words, "tags")}">{tags}</ul>' if tags else ""
    file = f'<p class="qa-where"><span class="qa-file"><bdi>{escape(article.id)}</bdi></span></p>'
    return f'<p class="qa-where">{" · ".join(facts)}</p>{file}{listed}'
