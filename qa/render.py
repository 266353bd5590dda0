"""Answers and articles as JSON and as HTML. Pure functions; every character of an article is shown literally.

The HTML is one line, so that Markdown takes it as one block of HTML and leaves its inside alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from qa.dates import pointed_at, written_out
from qa.schema import Answer, Article, Citation, Hit, Span
from qa.text import is_heading, lines, paragraphs

NEAREST = 3
"""Passages shown where the articles do not answer."""

SHOWN_CHARS = 200_000
"""Of a longer article, only the surroundings of the passage are shown."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile(r"[\t\n\r!-/:-@\[-`{-~]")
_HASHES = re.compile(r"#{1,6}[ \t]+(?=\S)")
_WRAPPED_CHARS = 60


# --- JSON ----------------------------------------------------------------------------------------------------------


def as_json(value: Any) -> Any:
    """Return a value of the schema as plain dicts, lists, strings and numbers, for `json.dumps`.

    >>> as_json(Span(2, 5))
    {'start': 2, 'end': 5}
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_json(value._asdict())
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    return value


# --- words ---------------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Return `text` as HTML that shows it literally, also where Markdown or LaTeX is read. No line break is left.

    Characters that HTML cannot hold become U+FFFD.

    >>> escape("<b> *x*")
    '&#60;b&#62; &#42;x&#42;'
    """
    return _SPECIAL.sub(lambda found: f"&#{ord(found.group())};", _FORBIDDEN.sub("\ufffd", text))


def in_words(confidence: float) -> str:
    """Return a confidence, 0 to 1, as "strong", "likely" or "weak"."""
    if confidence >= 0.9:
        return "strong"
    return "likely" if confidence >= 0.7 else "weak"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "file"), counted(1200, "article")
    ('1 file', '1,200 articles')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def web_address(url: str) -> str:
    """Return `url` where it is an absolute http(s) address, else an empty string."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


# --- text with a passage and a quote in it ---------------------------------------------------------------------------


def marked(text: str, shown: Span, *, passage: Span | None = None, quote: Span | None = None) -> str:
    """Return the part `shown` of `text` as HTML paragraphs, with the passage tinted and the quote in one `<mark>`.

    All characters stay: the text content of the result is the part shown, that of the mark is the quote. The hashes
    of Markdown headings are in an element of their own, which the style sheet hides.
    """
    html, end = [], shown.start
    for paragraph in _whole(_blocks(text, shown), quote):
        html.append(escape(text[end : paragraph.start]))
        html.append(_paragraph(text, paragraph, passage, quote))
        end = paragraph.end
    return "".join(html) + escape(text[end : shown.end])


def _blocks(text: str, shown: Span) -> Iterator[Span]:
    """Yield the paragraphs, cut before and after a line that is a Markdown heading."""
    for paragraph in paragraphs(text, shown):
        block = Span(paragraph.start, paragraph.start)
        for line in lines(text, paragraph):
            heading = bool(_HASHES.match(text, line.start, line.end))
            if heading and block.start < block.end:
                yield block
            block = line if heading or block.start == block.end else Span(block.start, line.end)
            if heading:
                yield block
                block = Span(line.end, line.end)
        if block.start < block.end:
            yield block


def _whole(found: Iterable[Span], quote: Span | None) -> Iterator[Span]:
    """Join the paragraphs that a quote runs over, so that it stays in one piece."""
    waiting: Span | None = None
    for span in found:
        if waiting and quote and waiting.start <= quote.start < waiting.end and span.start < quote.end:
            waiting = Span(waiting.start, span.end)
            continue
        if waiting:
            yield waiting
        waiting = span
    if waiting:
        yield waiting


def _paragraph(text: str, span: Span, passage: Span | None, quote: Span | None) -> str:
    line = span.of(text)
    hashes = _HASHES.match(line)
    start = span.start + hashes.end() if hashes and not _inside(quote, span.start) else span.start
    body = _hidden(text[span.start : start]) + "".join(_pieces(text, Span(start, span.end), passage, quote))
    if is_heading(line) or (hashes and "\n" not in line):
        return f'<p class="qa-heading"><strong>{body}</strong></p>'
    return f'<p class="qa-{"prose" if _is_wrapped(line) else "lines"}">{body}</p>'


def _inside(span: Span | None, place: int) -> bool:
    return span is not None and span.start <= place < span.end


def _hidden(marks: str) -> str:
    return f'<span class="qa-hashes">{escape(marks)}</span>' if marks else ""


def _pieces(text: str, span: Span, passage: Span | None, quote: Span | None) -> Iterator[str]:
    """Yield the span in pieces, cut at the bounds of passage and quote, each with its tag."""
    bounds = {place for each in (passage, quote) if each for place in each if span.start < place < span.end}
    places = sorted({span.start, span.end, *bounds})
    for start, end in pairwise(places):
        html = escape(text[start:end])
        if _inside(quote, start):
            yield f"<mark>{html}</mark>"
        elif _inside(passage, start):
            yield f'<span class="qa-passage">{html}</span>'
        else:
            yield html


def _is_wrapped(paragraph: str) -> bool:
    """Tell whether the lines of a paragraph are one running text: all but the last are long, none is a list item."""
    first, *rest = paragraph.splitlines() or [""]
    full = all(len(line) >= _WRAPPED_CHARS for line in [first, *rest][:-1])
    return full and all(line[:1].isalnum() or line[:1] in "\"'“‘(" for line in rest)


# --- the conversation --------------------------------------------------------------------------------------------------


def reply(answer: Answer, turn: int, *, note: str = "") -> str:
    """Return what the page says to a question: the passages with their markers, or that the articles do not say."""
    hits = shown_hits(answer)
    if answer.answered:
        sure = in_words(answer.confidence)
        quoted = "".join(_cited_passage(hit, turn, n) for n, hit in enumerate(hits[: answer.quoted], 1))
        rest = "".join(_found_passage(hit, turn, n) for n, hit in enumerate(hits[answer.quoted :], answer.quoted + 1))
        more = f'<p class="qa-quiet">Also found:</p>{rest}' if rest else ""
        match = f'<p class="qa-quiet">Match: <span class="qa-sure qa-{sure}">{sure}</span></p>'
        body = f"{_parts(answer)}{quoted}{_conflicts(answer)}{match}{more}"
    else:
        blocks = "".join(_cited_passage(hit, turn, n) for n, hit in enumerate(hits, 1))
        nearest = f'<p class="qa-quiet">Closest passages:</p>{blocks}' if hits else ""
        body = f'<p class="qa-silent"><strong>The articles do not say.</strong></p>{nearest}'
    kind = "qa-answered" if answer.answered else "qa-unanswered"
    return f'<div class="qa-reply {kind}">{_searched(answer)}{body}{_behind(answer)}{_note(note)}</div>'


def failed(message: str) -> str:
    """Return what the page says when a question cannot be answered."""
    return f'<div class="qa-reply qa-failed">{_note(message)}</div>'


_KEYS = '<a class="qa-keys" href="#qa-keys">Keyboard</a>'


def overview(counts: Mapping[str, int], pending: int = 0, failed: int = 0) -> str:
    """Return how much is indexed, from the counts of "articles" and "passages", and whether that is all there is."""
    if not counts["articles"]:
        return '<p class="qa-quiet">No articles are indexed yet.</p>'
    indexed = f"{counted(counts['articles'], 'article')}, {counted(counts['passages'], 'passage')} indexed"
    behind = "".join(f", {count:,} {what}" for count, what in ((pending, "pending"), (failed, "not readable")) if count)
    return f'<p class="qa-quiet">{indexed}{behind or ", in step with the folder"}. Nothing leaves this computer. {_KEYS}</p>'


def asked(question: str) -> str:
    """Return the question as it is shown in the conversation."""
    return f'<div class="qa-asked">{escape(question.strip())}</div>'


def shown_hits(answer: Answer) -> list[Hit]:
    """Return the hits that the reply quotes: those of the citations, or the nearest ones when there is no answer."""
    if not answer.answered:
        return list(answer.hits[:NEAREST])
    of = {hit.citation: hit for hit in reversed(answer.hits)}
    return [of[citation] for citation in answer.citations if citation in of]


def _searched(answer: Answer) -> str:
    """Return what was searched for, where that is not just the question."""
    if answer.searched in ("", answer.question):
        return ""
    return f'<p class="qa-quiet qa-searched">Searched for: {escape(" ".join(answer.searched.split()))}</p>'


def _parts(answer: Answer) -> str:
    if not answer.parts:
        return ""
    asked = "".join(f"<li>{escape(part)}</li>" for part in answer.parts)
    return f'<div class="qa-quiet">Asked in parts:<ul>{asked}</ul></div>'


def _conflicts(answer: Answer) -> str:
    return "".join(_note(differing(markers)) for markers in answer.conflicts)


def differing(markers: Sequence[int]) -> str:
    """Return the sentence that says which quotes give different dates or figures.

    >>> differing((1, 3))
    'The articles differ: compare [1] and [3].'
    """
    *first, last = (f"[{marker}]" for marker in markers)
    return f"The articles differ: compare {', '.join(first)} and {last}."


def resolved(citation: Citation) -> str:
    """Return what the dates in a quote that it only points at come to, by the date of the article; else nothing.

    The quote itself stays as it is written.
    """
    found = pointed_at(citation.quote, citation.date)
    return "; ".join(f"“{each.span.of(citation.quote)}”: {written_out(each.iso)}" for each in found)


def _cited_passage(hit: Hit, turn: int, n: int) -> str:
    passage = hit.passage
    text = marked(passage.text, Span(0, len(passage.text)), quote=_quote_in(hit))
    return f'<div class="qa-cited"><div class="qa-text">{text}</div>{_where(hit, turn, n)}</div>'


def _found_passage(hit: Hit, turn: int, n: int) -> str:
    """Return a passage that the answer does not quote: its best sentence only."""
    return f'<div class="qa-found"><div class="qa-text"><p>{escape(hit.citation.quote)}</p></div>{_where(hit, turn, n)}</div>'


def _where(hit: Hit, turn: int, n: int) -> str:
    marker = f'<a class="qa-marker" id="ref-{turn}-{n}" href="#src-{turn}-{n}">&#91;{n}&#93;</a>'
    title = f"<strong>{escape(hit.citation.title)}</strong>"
    return f'<p class="qa-where">{marker} {title}{_dated(hit.citation)}{_also(hit)}{_resolved(hit.citation)}</p>'


def _quote_in(hit: Hit) -> Span | None:
    """Return where the quote stands in the passage's text."""
    span = hit.citation.span.shifted(-hit.passage.span.start)
    return span if span.start >= 0 and span.of(hit.passage.text) == hit.citation.quote else None


def _dated(citation: Citation) -> str:
    parts = filter(None, [written_out(citation.date), citation.source])
    return "".join(f" · {escape(part)}" for part in parts)


def _resolved(citation: Citation) -> str:
    return f" · {escape(found)}" if (found := resolved(citation)) else ""


def _also(hit: Hit) -> str:
    return f" · also in {counted(len(hit.also_in), 'other article')}" if hit.also_in else ""


def _behind(answer: Answer) -> str:
    """Return by how much an answer may be behind the folder: nothing where it is in step."""
    parts = []
    if answer.pending:
        parts.append(f"{counted(answer.pending, 'file')} changed and {'is' if answer.pending == 1 else 'are'} not indexed yet.")
    if answer.failed:
        parts.append(f"{counted(answer.failed, 'file')} could not be read.")
    return f'<p class="qa-quiet">{" ".join(parts)}</p>' if parts else ""


def _note(note: str) -> str:
    return f'<p class="qa-note">{escape(" ".join(note.split()))}</p>' if note else ""


# --- the source panel --------------------------------------------------------------------------------------------------


def sources(answer: Answer, turn: int, articles: Sequence[Article | None]) -> str:
    """Return the panel's part for one turn: an article for each hit shown, in that order, with its quote marked.

    `articles` holds the article of each hit. Where its text is not the one that was quoted, only the passage is shown.
    """
    hits = shown_hits(answer)
    return "".join(
        _source(hit, article, turn, n, len(hits)) for n, (hit, article) in enumerate(zip(hits, articles, strict=True), 1)
    )


def _source(hit: Hit, article: Article | None, turn: int, n: int, count: int) -> str:
    citation = hit.citation
    head = f"{_tabs(turn, n, count)}<h3>{escape(citation.title)}</h3>{_about(citation)}"
    back = f'<p class="qa-back"><a href="#ref-{turn}-{n}">Back to answer</a></p>'
    text = f'<div class="qa-text qa-article">{_source_text(hit, article)}</div>'
    return f'<article class="qa-source" id="src-{turn}-{n}" tabindex="-1"><header>{head}</header>{text}{back}</article>'


def _tabs(turn: int, n: int, count: int) -> str:
    links = (
        f'<a class="qa-tab{" qa-current" if i == n else ""}" href="#src-{turn}-{i}">&#91;{i}&#93;</a>'
        for i in range(1, count + 1)
    )
    return f'<p class="qa-tabs">{" ".join(links)}</p>'


def _about(citation: Citation) -> str:
    first, last = citation.lines
    lines = f"line {first}" if first == last else f"lines {first}–{last}"
    facts = [escape(fact) for fact in (written_out(citation.date), citation.source) if fact]
    if address := web_address(citation.url):
        facts.append(f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">Original</a>')
    place = f'<p class="qa-where"><span class="qa-file">{escape(citation.article_id)}</span>, {lines}</p>'
    return (f'<p class="qa-where">{" · ".join(facts)}</p>' if facts else "") + place


def _source_text(hit: Hit, article: Article | None) -> str:
    passage, citation = hit.passage, hit.citation
    same = article is not None and citation.span.of(article.text) == citation.quote
    if article is None or not same or passage.span.of(article.text) != passage.text:
        return marked(passage.text, Span(0, len(passage.text)), quote=_quote_in(hit))
    shown = _window(article, passage.span)
    cut = '<p class="qa-quiet">A part of this long article:</p>' if shown.end - shown.start >= SHOWN_CHARS else ""
    return cut + marked(article.text, shown, passage=passage.span, quote=citation.span)


def _window(article: Article, passage: Span) -> Span:
    """Return the body of an article, or of a long one as much as may be shown around the passage."""
    start, end = min(article.body, passage.start), len(article.text)
    if end - start < SHOWN_CHARS:
        return Span(start, end)
    start = max(start, passage.start - SHOWN_CHARS // 2)
    return Span(start, min(end, max(passage.end, start + SHOWN_CHARS)))
