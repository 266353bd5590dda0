"""Find paragraphs, headings, sentences and lines in a text, as spans: the text is never edited."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.text.span import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
_MARKDOWN_HEADING = re.compile(r"#{1,6}\s+\S")
BLOCK_CHARS = 5_000
"""The most text that is searched for sentences at once, because that search takes the square of the length. Much longer than
an ordinary paragraph: a sentence is hardly ever cut."""
_LIST_ITEM = re.compile(r"\s*(?:[-*+•‣◦·]|\d{1,3}[.)]|\|)\s")
_SENTENCE_END = re.compile(r"[.!?:;,…。!?][\"'”’»)\]*_]*\s*$")
_MARKUP = re.compile(
    r"<!--.{0,300}?-->|</?[a-zA-Z][^<>\n]*>?"  # HTML, also a tag cut off in the middle
    r"|https?://[^\s<>()\]]+"  # addresses: long, and no words of the article
    r"|(?m:^(?=[^\n|]*\|)[^\S\n]*[-|:][-|: \t\r]*$)"  # the rule under the header of a table
    r"|(?m:^[^\S\n]*(?:#{1,6}|[-*+•>]|\|)(?=\s))"  # marks at the start of a line
    r"|\*\*|__|`+|(?<=\])\([^()\s]*\)|!?\[(?=[^\]\n]{0,300}\]\()",  # emphasis, code, the brackets and target of a link
    re.DOTALL,
)
_MARKED_LINE = re.compile(r"\s*(?:#{1,6}\s|!!!|\?\?\?|:::|```|~~~)[^\r\n]*")
"""A heading, or the first line of an admonition or of code."""
_SOURCES = re.compile(r"\A\W*+(?:sources?|references?|links?|see also|fuentes?|referencias?)\b", re.IGNORECASE)
_TWO_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}+[\W\d_]++[^\W\d_]{2}")
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")

HEADING_CHARS = 120
"""A longer line is a paragraph, whatever it looks like."""


def strip(text: str, span: Span) -> Span:
    """Return `span` without the white space at its ends.

    >>> strip("  ab ", Span(0, 5))
    Span(start=2, end=4)
    """
    part = span.of(text)
    return Span(span.end - len(part.lstrip()), span.start + len(part.rstrip())) if part.strip() else Span(*[span.start] * 2)


def lines(text: str, span: Span) -> Iterator[Span]:
    """Yield the lines inside `span`, stripped; a blank line is an empty span."""
    for line in _LINE.finditer(text, span.start, span.end):
        if line.end() > line.start():
            yield strip(text, Span(*line.span()))


def paragraphs(text: str, span: Span) -> Iterator[Span]:
    """Yield the runs of lines between blank lines, stripped; none is empty."""
    start = end = span.start
    for line in lines(text, span):
        if line.start < line.end:
            start, end = (line.start if start == end else start), line.end
        elif start < end:
            yield Span(start, end)
            start = end
    if start < end:
        yield Span(start, end)


def is_heading(line: str) -> bool:
    """Return True if a paragraph is a heading: Markdown's, or one short line that does not end like a sentence."""
    line = line.strip()
    if not line or "\n" in line or "\r" in line or len(line) > HEADING_CHARS:
        return False
    if _MARKDOWN_HEADING.match(line):
        return True
    return not _SENTENCE_END.search(line) and not _LIST_ITEM.match(line + " ") and line[0].isalnum()


def is_list_item(sentence: str) -> bool:
    """Return True if a sentence is the start of a list item or of a table row."""
    return bool(_LIST_ITEM.match(sentence + " "))


def is_question(sentence: str) -> bool:
    """Return True if a sentence asks something: one in quotation marks is told."""
    return sentence.rstrip(" \t\r\n*_)").endswith(("?", "？", "؟"))


def names_sources(paragraph: str) -> bool:
    """Return True if a heading or a lead-in announces where something is from: "Sources", "See also" and the like."""
    return bool(_SOURCES.match(paragraph))


def is_statement(sentence: str) -> bool:
    """Return True if a sentence says something: not a question, a heading, a mark such as "1.", or a list of addresses.

    >>> [is_statement(text) for text in ("It has 18 judges.", "How many judges?", "## Judges", "1.", "Sources: https://a.org/b")]
    [True, False, False, False, False]
    """
    sentence = _MARKED_LINE.sub("", sentence, count=1) if _MARKED_LINE.match(sentence) else sentence
    if is_question(sentence) or is_heading(sentence):
        return False
    if "://" in sentence:
        sentence = without_markup(_SOURCES.sub("", sentence, count=1))
    return bool(_TWO_WORDS.search(sentence))


def heading_text(line: str) -> str:
    """Return a heading without its marks.

    >>> heading_text("## The vote ##")
    'The vote'
    """
    line = re.sub(r"^#{1,6}\s+", "", line.strip())
    bare = line.rstrip("#")
    return bare.strip() if not bare or bare[-1].isspace() else line


def headings(text: str, span: Span) -> Iterator[tuple[int, str]]:
    """Yield the offset and the words of each heading in `span`: a paragraph of its own, or a line with Markdown's marks.

    Fenced code has none.
    """
    fence = ""
    for paragraph in paragraphs(text, span):
        if not fence and is_heading(paragraph.of(text)):
            yield paragraph.start, heading_text(paragraph.of(text))
            continue
        for line in lines(text, paragraph):
            if (mark := line.of(text)[:3]) in ("```", "~~~"):
                fence = "" if fence == mark else fence or mark
            elif not fence and _MARKDOWN_HEADING.match(line.of(text).strip()):
                yield line.start, heading_text(line.of(text))


def sentences(text: str, span: Span, language: str) -> list[Span]:
    """Return the sentences inside `span` in order, stripped and not empty; headings and list items stand alone.

    Together they hold every character of the span that is not white space.
    """
    result = []
    for block in _blocks(text, span):
        for start, end in _sentence_bounds(block.of(text), language):
            sentence = strip(text, Span(start, end).shifted(block.start))
            if sentence.start < sentence.end:
                result.append(sentence)
    return result


def _blocks(text: str, span: Span) -> Iterator[Span]:
    """Yield blocks that no sentence crosses: they end with a paragraph and before each list item or table row.

    A block longer than `BLOCK_CHARS` is cut at white space as well.
    """
    for block in _lists(text, span):
        start = block.start
        while block.end - start > BLOCK_CHARS:
            space = max(text.rfind(" ", start + 1, start + BLOCK_CHARS), text.rfind("\n", start + 1, start + BLOCK_CHARS))
            end = space if space > 0 else start + BLOCK_CHARS
            yield Span(start, end)
            start = end
        yield Span(start, block.end)


def _lists(text: str, span: Span) -> Iterator[Span]:
    for paragraph in paragraphs(text, span):
        start = paragraph.start
        for line in lines(text, paragraph):
            if line.start > start and _LIST_ITEM.match(line.of(text) + " "):
                yield Span(start, line.start)
                start = line.start
        yield Span(start, paragraph.end)


def _sentence_bounds(block: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield the bounds that sentencex finds, extended to cover the block without a gap.

    It gets plain spaces in place of wide ones: after an initial, a space of several bytes makes it fail.
    """
    from sentencex import get_sentence_boundaries  # type: ignore[attr-defined]  # compiled, without annotations

    start = 0
    for boundary in get_sentence_boundaries(language, _WIDE_SPACE.sub(" ", block)):
        end = min(max(boundary["end_index"], start), len(block))
        yield start, end
        start = end
    if start < len(block):
        yield start, len(block)


def without_markup(text: str) -> str:
    """Return `text` with HTML tags, Markdown marks and web addresses blanked out, every other offset unchanged.

    >>> without_markup("## A [link](http://x.org) here")
    '   A  link]               here'
    """
    return _MARKUP.sub(lambda mark: " " * len(mark.group()), text)


def line_numbers(text: str, span: Span) -> tuple[int, int]:
    """Return the first and last line of `span`, counted from 1."""
    first = text.count("\n", 0, span.start) + 1
    return first, first + text.count("\n", span.start, max(span.start, span.end - 1))
