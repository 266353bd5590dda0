"""The sources beside an answer: HTML, made by pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qa.citation import Citation
from qa.reading.formats import format_of
from qa.results import Answer, Hit, Why
from qa.text.span import Span
from qa.text.structure import headings
from qa.types import Article
from qa.web import urls
from qa.web.chat.export import STYLES, citation_text
from qa.web.chat.passage_html import passage, within
from qa.web.markdown import plain
from qa.web.markdown.rendering import Headings
from qa.web.markdown.showing import from_block, shown
from qa.web.markup import Marks, escape, outside, web_address
from qa.web.messages import ENGLISH, Words
from qa.web.page_figures import page_figures

SHOWN_CHARS = 200_000
"""How much text the sources of one answer show together; of an article longer than its part, what surrounds the passage."""


# --- the source panel --------------------------------------------------------------------------------------------------


def sources(answer: Answer, turn: int, articles: Sequence[Article | None], say: Words = ENGLISH) -> str:
    """Return the panel's part for one turn: the article of each hit shown, in that order, with its quote marked.

    `articles` holds the article of each hit. If its text is not the one that was quoted, only the passage is shown.
    """
    hits = answer.shown
    return "".join(
        _source(hit, article, _Position(turn, n, len(hits)), say)
        for n, (hit, article) in enumerate(zip(hits, articles, strict=True), 1)
    )


class _Position(NamedTuple):
    """The place of a source in the panel: the `n`-th, from 1, of the `total` sources of a turn."""

    turn: int
    n: int
    total: int


def _source(hit: Hit, article: Article | None, position: _Position, say: Words) -> str:
    citation = hit.citation
    turn, n, total = position
    head = f'<h3 dir="auto">{escape(citation.title)}</h3>{_about(hit, article, say)}{_why(hit, say)}{_copies(citation, say)}'
    back = f'<p class="qa-back"><a href="#ref-{turn}-{n}">{say("back")}</a></p>'
    figures = page_figures(article, citation.span, say) if article and _is_as_quoted(hit, article) else ""
    text = f'{figures}<div class="qa-text qa-article" dir="auto">{_source_text(hit, article, SHOWN_CHARS // total, say)}</div>'
    tabs = _tabs(position, say)
    return f'<article class="qa-source" id="src-{turn}-{n}" tabindex="-1">{tabs}<header>{head}</header>{text}{back}</article>'


def _tabs(position: _Position, say: Words) -> str:
    turn, n, total = position
    links = [
        f'<a class="qa-tab{" qa-current" if i == n else ""}" href="#src-{turn}-{i}">&#91;{i}&#93;</a>'
        for i in range(1, total + 1)
    ]
    if n > 1:
        links.append(f'<a class="qa-step" href="#src-{turn}-{n - 1}">{say("previous")}</a>')
    if n < total:
        links.append(f'<a class="qa-step" href="#src-{turn}-{n + 1}">{say("next")}</a>')
    return f'<p class="qa-tabs">{" ".join(links)}</p>'


def _about(hit: Hit, article: Article | None, say: Words) -> str:
    citation = hit.citation
    facts = [escape(fact) for fact in (say.date(citation.date), citation.source) if fact]
    if address := web_address(citation.url):
        facts.append(outside(address, say("original")))
    links = f"{outside(urls.reading(citation.article_id, citation.span), say('whole_article'))} · "
    links += outside(urls.plain_text(citation.article_id), say("plain_text"))
    file = f'<span class="qa-file">{escape(citation.article_id)}</span>'
    place = within(citation, say) or _lines(citation, say)
    sections = _sections(hit, article)
    under = " › ".join(plain.heading(citation.article_id, each) for each in sections)
    section = say("section", section=escape(under)) if under else ""
    rows = [" · ".join(facts), section, f"{', '.join(filter(None, [file, place]))} · {links}"]
    return "".join(f'<p class="qa-where">{row}</p>' for row in rows if row)


def _lines(citation: Citation, say: Words) -> str:
    """Return the lines of a quote; empty if they are not those of a file."""
    if format_of(citation.article_id).version:
        return ""
    first, last = citation.lines
    return say("line", line=first) if first == last else say("lines", first=first, last=last)


def _sections(hit: Hit, article: Article | None) -> Sequence[str]:
    """Return the headings that a quote stands under, or the last one at or before its passage; empty if there is none."""
    if hit.citation.section or article is None or not _is_as_quoted(hit, article):
        return hit.citation.section
    start = hit.passage.span.start
    body = Span(article.body, min(len(article.text), start + SHOWN_CHARS))
    return [name for place, name in headings(article.text, body) if place <= start][-1:]


def _why(hit: Hit, say: Words) -> str:
    """Return why a passage ranks where it does; empty if it was not ranked, as in an overview."""
    why = hit.why
    if not why.fused_rank:
        return ""
    words = say("why_words", words=escape(", ".join(why.words))) if why.words else say("why_no_words")
    bars = [("why_meaning", why.dense), ("why_lexical", why.lexical), ("why_rerank", why.rerank_score)]
    meters = "".join(f"<li>{say(name)} {_meter(value, say(name))}</li>" for name, value in bars if value is not None)
    rows = f"<li>{words}</li>{meters}<li>{_order(why, hit.rank, say)}</li>"
    return f'<details class="qa-why"><summary>{say("why")}</summary><ul>{rows}</ul></details>'


def _order(why: Why, rank: int, say: Words) -> str:
    if why.rerank_score is None:
        return say("not_reranked", rank=rank)
    return say("why_order", first=why.fused_rank, rank=rank)


def _meter(value: float, label: str) -> str:
    fraction = min(1.0, max(0.0, value))
    return f'<meter min="0" max="1" value="{fraction:.2f}" title="{label}">{fraction:.0%}</meter>'


def _copies(citation: Citation, say: Words) -> str:
    """Return a button for each style of citation, with the text that it copies."""
    names = {"plain": say("style_plain"), "apa": "APA", "markdown": "Markdown"}
    each = "".join(
        f'<button type="button" class="qa-tool qa-copy">{names[style]}</button>'
        f'<span class="qa-copy-source" hidden>{escape(citation_text(citation, style))}</span>'
        for style in STYLES
    )
    return f'<p class="qa-tools"><span class="qa-quiet">{say("copy_citation")}</span> {each}</p>'


def _is_as_quoted(hit: Hit, article: Article) -> bool:
    citation, passage = hit.citation, hit.passage
    return citation.span.of(article.text) == citation.quote and passage.span.of(article.text) == passage.text


def _source_text(hit: Hit, article: Article | None, most_chars: int, say: Words) -> str:
    if article is None or not _is_as_quoted(hit, article):
        return passage(hit)
    part = _window(article, hit.passage.span, most_chars)
    is_cut = part.end < len(article.text) or part.start > article.body
    cut = f'<p class="qa-quiet">{say("part_of_long")}</p>' if is_cut else ""
    citation = hit.citation
    marks = Marks(hit.passage.span, citation.span, citation.answer, citation.lead and citation.lead.span)
    return cut + shown(article.id, article.text, part, marks, Headings(4, citation.title))


def _window(article: Article, passage: Span, most_chars: int) -> Span:
    """Return the body of an article; of a long one, what may be shown around the passage."""
    start, end = min(article.body, passage.start), len(article.text)
    if end - start < most_chars:
        return Span(start, end)
    start = from_block(article.text, max(start, passage.start - most_chars // 2), passage.start)
    return Span(start, min(end, max(passage.end, start + most_chars)))
