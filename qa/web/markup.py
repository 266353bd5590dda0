"""Text as HTML, with a passage and a quote in it. Pure functions; every character is shown literally.

The HTML is one line, so that Markdown takes it as one block of HTML and does not change its inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

from qa.text.span import Span
from qa.text.structure import is_heading, lines, paragraphs
from qa.web import urls
from qa.web.messages import Words

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_SPECIAL = re.compile(r"[\t\n\r!-/:-@\[-`{-~]")

_HASHES = re.compile(r"#{1,6}[ \t]+(?=\S)")

_WRAPPED_CHARS = 60


# --- words ---------------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Return `text` as HTML that shows it literally, also if it is read as Markdown or LaTeX; it has no line break.

    Characters that HTML cannot hold become U+FFFD.

    >>> escape("<b> *x*")
    '&#60;b&#62; &#42;x&#42;'
    """
    return _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", _FORBIDDEN.sub("\ufffd", text))


def in_words(confidence: float) -> str:
    """Return a confidence, 0 to 1, as "strong", "likely" or "weak"."""
    if confidence >= 0.9:
        return "strong"
    return "likely" if confidence >= 0.7 else "weak"


def web_address(url: str) -> str:
    """Return `url` if it is an absolute http(s) address, otherwise an empty string."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def noted(message: str) -> str:
    """Return a line that stands out, as HTML; empty if the message is."""
    return f'<p class="qa-note">{escape(" ".join(message.split()))}</p>' if message else ""


def outside(address: str, label: str) -> str:
    """Return a link, of HTML, that opens in another tab."""
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{label}</a>'


# --- text with a passage and a quote in it ---------------------------------------------------------------------------


class Marks(NamedTuple):
    """What is marked in a text: a passage, the quote in it, in that the words that answer, and what the quote goes on from."""

    passage: Span | None = None
    quote: Span | None = None
    answer: Span | None = None
    lead: Span | None = None


def marked(text: str, shown: Span, marks: Marks) -> str:
    """Return the part `shown` of `text` as HTML paragraphs: the passage tinted, the quote in one `<mark>`, the answer strong.

    No character is lost: the text content of the result is the part shown, that of the mark is the quote. The hashes of
    Markdown headings are in an element of their own, which the style sheet hides.
    """
    html, end = [], shown.start
    for paragraph in _joined(_blocks(text, shown), marks.quote):
        html.append(escape(text[end : paragraph.start]))
        html.append(_paragraph(text, paragraph, marks))
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


def _joined(blocks: Iterable[Span], quote: Span | None) -> Iterator[Span]:
    """Join the paragraphs that a quote spans, so that it stays in one piece."""
    waiting: Span | None = None
    for span in blocks:
        if waiting and quote and waiting.start <= quote.start < waiting.end and span.start < quote.end:
            waiting = Span(waiting.start, span.end)
            continue
        if waiting:
            yield waiting
        waiting = span
    if waiting:
        yield waiting


def _paragraph(text: str, span: Span, marks: Marks) -> str:
    line = span.of(text)
    hashes = _HASHES.match(line)
    start = span.start + hashes.end() if hashes and not _inside(marks.quote, span.start) else span.start
    body = _hidden(text[span.start : start]) + "".join(_pieces(text, Span(start, span.end), marks))
    if is_heading(line) or (hashes and "\n" not in line):
        return f'<p class="qa-heading"><strong>{body}</strong></p>'
    return f'<p class="qa-{"prose" if _is_wrapped(line) else "lines"}">{body}</p>'


def _inside(span: Span | None, place: int) -> bool:
    return span is not None and span.start <= place < span.end


def _hidden(hashes: str) -> str:
    return f'<span class="qa-hashes">{escape(hashes)}</span>' if hashes else ""


def _pieces(text: str, span: Span, marks: Marks) -> Iterator[str]:
    """Yield the span in pieces, cut at the bounds of passage and quote, each in its tag."""
    for start, end in pairwise(_cuts(span, marks.passage, marks.quote, marks.lead)):
        if _inside(marks.quote, start):
            yield f"<mark>{_quoted(text, Span(start, end), marks.answer)}</mark>"
        elif _inside(marks.lead, start):
            yield f'<mark class="qa-lead">{escape(text[start:end])}</mark>'
        elif _inside(marks.passage, start):
            yield f'<span class="qa-passage">{escape(text[start:end])}</span>'
        else:
            yield escape(text[start:end])


def _quoted(text: str, span: Span, answer: Span | None) -> str:
    pieces = ((_inside(answer, start), escape(text[start:end])) for start, end in pairwise(_cuts(span, answer)))
    return "".join(f"<strong>{html}</strong>" if is_answer else html for is_answer, html in pieces)


def _cuts(span: Span, *others: Span | None) -> list[int]:
    """Return the ends of a span, and the bounds of others that lie in it, in order."""
    return sorted({*span, *(place for each in others if each for place in each if span.start < place < span.end)})


def _is_wrapped(paragraph: str) -> bool:
    """Return True if the lines of a paragraph are wrapped text: all but the last are long, and none is a list item."""
    first, *rest = paragraph.splitlines() or [""]
    full = all(len(line) >= _WRAPPED_CHARS for line in [first, *rest][:-1])
    return full and all(line[:1].isalnum() or line[:1] in "\"'“‘(" for line in rest)


def say(words: Words, name: str, **values: object) -> str:
    """Return a string of the page as HTML."""
    return escape(words(name, **values))


def clamped(text: str) -> str:
    """Return a text that is cut off if there is no room, and shown whole on hover."""
    return f'<bdi class="qa-clamp" title="{escape(text)}">{escape(text)}</bdi>'


def page(body: str, title: str, words: Words) -> str:
    """Return a whole page of its own."""
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="data:,">{style("page.css")}{style("articles.css")}{script("articles.js")}</head>'
        f'<body class="qa-page">{body}</body></html>'
    )


def style(name: str) -> str:
    """Return the element that loads a style sheet."""
    return f'<link rel="stylesheet" href="{urls.static(name)}">'


def script(name: str) -> str:
    """Return the element that loads a script, and tells it the addresses that it asks for."""
    addresses = "".join(f' data-{name}="{address}"' for name, address in urls.FOR_SCRIPTS.items())
    return f'<script defer src="{urls.static(name)}"{addresses}></script>'
