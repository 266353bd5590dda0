"""Answers and citations to copy and save: as Markdown, as HTML, in the usual styles of citation. Pure functions.

A quote is copied in its words, without the markup of its article.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from qa.citation import Citation
from qa.results import Answer
from qa.text.dates import MONTHS
from qa.web.markdown import plain
from qa.web.markup import escape, web_address
from qa.web.messages import ENGLISH
from qa.web.unanswered import found

Style = Literal["plain", "apa", "markdown"]
STYLES: tuple[Style, ...] = ("plain", "apa", "markdown")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|$~&])")


def citation_text(citation: Citation, style: Style) -> str:
    """Return a citation as one line, or, in Markdown, as a quotation with its place.

    APA names no author if the article names none, and gives the day of publication (Publication Manual, 7th edition, 2020).
    """
    if style == "plain":
        return f"“{_one_line(plain.quote(citation))}” {citation.place}"
    return _apa(citation) if style == "apa" else f"{_quotation(plain.quote(citation))}\n>\n> — {_place(citation)}\n"


def _apa(citation: Citation) -> str:
    address = web_address(citation.url)
    title = f"{_one_line(citation.title).rstrip('.')}. ({_apa_date(citation.date)})."
    return " ".join(filter(None, [title, citation.source and f"{citation.source}.", address]))


def _apa_date(iso: str) -> str:
    """Return a date in the order of APA: the year first.

    >>> _apa_date("2024-01-13"), _apa_date("2024-01"), _apa_date("")
    ('2024, January 13', '2024, January', 'n.d.')
    """
    parts = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", iso)
    if not parts or not 1 <= int(parts[2] or 1) <= 12:
        return _one_line(iso) or "n.d."
    month = f", {MONTHS[int(parts[2]) - 1]}" if parts[2] else ""
    return f"{parts[1]}{month}{f' {int(parts[3])}' if parts[3] else ''}"


def as_markdown(answer: Answer) -> str:
    """Return a question and its answer, each quote with its place and the checksum of its article."""
    lines = [f"## {_literal(_one_line(answer.question))}\n"]
    if answer.is_searched_otherwise:
        lines.append(f"{ENGLISH('searched', question=_literal(_one_line(answer.searched)))}\n")
    if not answer.answered:
        lines.append(f"{found(answer, ENGLISH)}\n")
    for n, citation in enumerate(_taken(answer), 1):
        start, end = citation.span
        place = f"> — [{n}] {_place(citation)}, characters {start}-{end}, SHA-256 `{citation.sha256}`"
        lines.append(f"{_quotation(plain.quote(citation))}\n>\n{place}\n")
    return "\n".join(lines)


def as_html(answer: Answer) -> str:
    """Return a question and its answer as HTML, in one line."""
    finding = "" if answer.answered else f"<p>{found(answer, ENGLISH)}</p>"
    quotes = "".join(_html_quote(n, each) for n, each in enumerate(_taken(answer), 1))
    searched = ENGLISH("searched", question=escape(_one_line(answer.searched)))
    searched = f"<p>{searched}</p>" if answer.is_searched_otherwise else ""
    return f'<section><h2 dir="auto">{escape(_one_line(answer.question))}</h2>{searched}{finding}{quotes}</section>'


def _taken(answer: Answer) -> Sequence[Citation]:
    """Return the citations that are copied with an answer: what it quotes, or the closest passage."""
    return answer.citations[: answer.quoted if answer.answered else 1]


def _html_quote(n: int, citation: Citation) -> str:
    start, end = citation.span
    address = web_address(citation.url)
    original = f' <a href="{escape(address)}">{escape(address)}</a>' if address else ""
    place = f"&#91;{n}&#93; {escape(citation.place)}, characters {start}-{end}, SHA-256 {escape(citation.sha256)}{original}"
    return f'<blockquote dir="auto"><p>{escape(plain.quote(citation))}</p></blockquote><p><cite>{place}</cite></p>'


def _place(citation: Citation) -> str:
    address = web_address(citation.url)
    place = _literal(_one_line(citation.place))
    return f"{place}, <{address}>" if address and not re.search(r"[<>\s]", address) else place


def _quotation(quote: str) -> str:
    return "\n".join(f"> {_literal(line)}".rstrip() for line in quote.splitlines())


def _literal(text: str) -> str:
    """Return a line that Markdown shows literally: its markup escaped, without white space at its ends."""
    escaped = _MARKDOWN.sub(r"\\\1", text.strip())
    return re.sub(r"^(\d*)([-+.)=])", r"\1\\\2", escaped)


def _one_line(text: str) -> str:
    return " ".join(text.split())
