"""Find what is worth quoting of an article without a question: the sentences that say something by themselves, by section."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qa.text.span import Span
from qa.text.structure import headings, is_heading, paragraphs, sentences
from qa.types import Article

_READ_CHARS = 200_000
"""How much of an article is read: more would make an overview wait for one long article."""
_MARK = re.compile(r"(?:[-*+•‣◦·>]|\d{1,3}[.)])\s+")
_NOT_SAID = re.compile(r"#|\||!!!|:::|```|~~~|<|\[\^")
"""How headings, table rows, admonitions, fences, HTML and footnotes begin."""
_SAID = re.compile(r"[.!…。][\"'”’»)\]*_]*\s*\Z")
_FEWEST_WORDS = 3
_SOURCES = re.compile(
    r"(?:(?:further|external|see) )?(?:sources?|references?|links?|also|reading|bibliography|notes|footnotes|citations|contents"
    r"|fuentes?|referencias?|enlaces(?: externos)?|notas|bibliograf[íi]a|v[ée]ase tambi[ée]n)\W*",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"(?:it|its|they|their|he|his|she|her|this|that|these|those|such|both|neither|also|but|and|so|however|then|there|another"
    r"|others|under the|of these|of them|in addition|moreover|furthermore|similarly|likewise|therefore|thus|instead)\b",
    re.IGNORECASE,
)
"""How sentences begin that lean on the one before."""


class Chapter(NamedTuple):
    """A heading, empty before the first one, and the span from it to the next one."""

    heading: str
    span: Span


def chapters(article: Article) -> list[Chapter]:
    """Return the chapters of an article in order, without those that have no text or only list sources.

    One under the title has no heading.
    """
    text = article.text
    body = Span(article.body, min(len(text), article.body + _READ_CHARS))
    found = [(body.start, ""), *headings(text, body)]
    ends = [start for start, _ in found[1:]] + [body.end]
    return [
        Chapter("" if name.casefold() == article.title.casefold() else name, Span(start, end))
        for (start, name), end in zip(found, ends, strict=True)
        if len(text[start:end].split()) > len(name.split()) + 1 and not _SOURCES.fullmatch(name)
    ]


def by_paragraph(article: Article, chapter: Span, language: str) -> Iterator[tuple[Span, list[Span]]]:
    """Yield each paragraph of a chapter that states something, with its statements."""
    for paragraph in paragraphs(article.text, chapter):
        if found := statements(article.text, sentences(article.text, paragraph, language)):
            yield paragraph, found


def statements(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the sentences that say something by themselves, without the mark of a list item.

    >>> text = "## Judges - It has 18 judges."
    >>> [span.of(text) for span in statements(text, [Span(0, 9), Span(10, 29)])]
    ['It has 18 judges.']
    """
    bare = [_without_mark(text, span) for span in spans]
    return [span for span in bare if _is_said(span.of(text))]


def leading(text: str, spans: Sequence[Span]) -> Span:
    """Return the first statement that does not lean on the one before it, or else the first."""
    return next((span for span in spans if not leans(span.of(text))), spans[0])


def leans(sentence: str) -> bool:
    """Return True if a sentence begins with a word that points back."""
    return bool(_LEANING.match(sentence.lstrip("\"'“‘(*_")))


def around(text: str, chapter: Span, sentence: Span) -> Span:
    """Return the paragraph of a sentence."""
    return next((each for each in paragraphs(text, chapter) if each.start <= sentence.start < each.end), sentence)


def _without_mark(text: str, span: Span) -> Span:
    mark = _MARK.match(text, span.start, span.end)
    return Span(mark.end(), span.end) if mark else span


def _is_said(sentence: str) -> bool:
    if "://" in sentence or _NOT_SAID.match(sentence) or is_heading(sentence) or not _SAID.search(sentence):
        return False
    return len(re.findall(r"[^\W\d_]{2,}", sentence)) >= _FEWEST_WORDS
