"""One article as a page for reading. Every character of it is shown literally."""

from __future__ import annotations

from qa.render import escape, marked, noted, reading_address, web_address
from qa.render_shelf import page, say
from qa.text.span import Span
from qa.text.structure import strip
from qa.types import Article
from qa.words import Words

SHOWN_CHARS = 1_000_000
"""Of a longer article, only so much is shown."""


def reading_page(article: Article, span: Span | None, words: Words) -> str:
    """Return an article as a page, with `span` of its text in one `<mark>`."""
    is_there = span is not None and 0 <= span.start < span.end <= len(article.text)
    marking = strip(article.text, span) if span and is_there else None
    shown = _shown(article, marking)
    text = marked(article.text, shown, quote=marking).replace("<mark>", '<mark id="quote">', 1)
    notes = "".join(
        noted(words(name))
        for name, holds in (
            ("no_such_span", span is not None and not is_there),
            ("part_shown", shown.start > article.body or shown.end < len(article.text)),
        )
        if holds
    )
    body = (
        f'<header class="qa-page-head"><a href="/">{say(words, "title")}</a></header>'
        f'<main><article class="qa-reading"><h1 dir="auto">{escape(article.title)}</h1>{_about(article, words)}{notes}'
        f'<div class="qa-text" dir="auto">{text}</div></article></main>'
    )
    return page(body, article.title, words)


def _shown(article: Article, marking: Span | None) -> Span:
    """Return the body of an article and what is marked before it; of a long one, the surroundings of the mark."""
    start = min(article.body, marking.start) if marking else article.body
    if marking and marking.end > start + SHOWN_CHARS:
        start = max(start, marking.start - SHOWN_CHARS // 2)
    return Span(start, min(len(article.text), start + SHOWN_CHARS))


def _about(article: Article, words: Words) -> str:
    facts = [escape(words.date(article.date))] if article.date else []
    facts += [f"<bdi>{escape(article.source)}</bdi>"] if article.source else []
    if address := web_address(article.url):
        facts.append(f'<a href="{escape(address)}" rel="noopener noreferrer">{say(words, "original")}</a>')
    facts.append(f'<a href="{escape(reading_address(article.id))}?raw=1">{say(words, "plain_text")}</a>')
    tags = "".join(f"<li><bdi>{escape(tag)}</bdi></li>" for tag in article.tags)
    listed = f'<ul class="qa-tags" aria-label="{say(words, "tags")}">{tags}</ul>' if tags else ""
    file = f'<p class="qa-where"><span class="qa-file"><bdi>{escape(article.id)}</bdi></span></p>'
    return f'<p class="qa-where">{" · ".join(facts)}</p>{file}{listed}'
