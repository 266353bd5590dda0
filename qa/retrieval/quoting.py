"""Choose what to quote around the sentence that answers, so that a quote says something and can be read by itself.

By rule; those about words are for English. Whatever picks the sentence, `quoted` then picks what goes with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from qa.text.blocks import Block, at, item_mark
from qa.text.layout import Markdown
from qa.text.span import Span
from qa.text.structure import is_heading, is_list_item, is_question, is_statement, names_sources, without_markup

QUOTE_CHARS = 700
"""A quote gets no longer than this by sentences that match the question as well: it takes a moment to read."""
READABLE_CHARS = 500
"""A quote gets no longer than this by sentences that only make it readable by itself."""

_POINTING = r"(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|such)"
_ONE_OF_SOME = (
    r"the (?:former|latter|same|others|(?:first|second|third|other)(?=,| (?:it|he|she|they|is|are|was|were|has|had)\b))"
)
_REFERS = re.compile(
    r"\W*(?:(?:however|but|and|also|then|thus|so|yet|still|instead|therefore|moreover),? )?"
    rf"(?:(?:after|at|before|by|during|for|from|in|of|on|since|to|under|with) (?:{_POINTING}|{_ONE_OF_SOME}|then|both)\b"
    rf"|{_POINTING}\b|both(?! (?:[\w'’-]+ ){{1,5}}and)\b|{_ONE_OF_SOME}\b)",
    re.IGNORECASE,
)
"""How a sentence begins that refers to the one before it: "It …", "However, they …", "Of these, …", "Under the second, …"."""
_WORD = re.compile(r"[^\W_]{2}|\d")
_SAYS_NOTHING = ("heading", "header", "mark", "links")
_LISTED = ("item", "header", "row", "code")
_REMEMBERED = 256
"""Passages whose blocks are remembered: some more than are compared for a question."""
_CITED = re.compile(r"\d{4}\w?\)")
"""How a sentence begins that was cut within a reference: "(Smith et al." and "2009)."."""


def best_statement(text: str, sentences: Sequence[Span], order: Sequence[int]) -> int:
    """Return the number of the first sentence in `order` that says something, or just the first if none does.

    If a question, a heading or the mark of an admonition comes first, then what follows it in the text is taken: it is what
    answers.
    """
    first = order[0]
    if _says(text, sentences[first]):
        return first
    opening = sentences[first].of(text)
    announces = is_question(opening) or is_heading(opening) or _block(text, sentences[first]).kind in ("heading", "mark")
    rest = range(first + 1, len(sentences)) if announces else ()
    return next((n for n in (*rest, *order) if _says(text, sentences[n])), first)


def leads(text: str, sentences: Sequence[Span]) -> list[Span | None]:
    """Return for each sentence what of `text` it needs to be understood: the header of a row, the lead-in of an item."""
    laid_out = _laid_out(text)
    return [laid_out.lead_of(sentence) for sentence in sentences]


def captions(text: str, sentences: Sequence[Span]) -> list[Span]:
    """Return for each row the header of its table, for each inner item the one that it lies in, else an empty span.

    These are what a sentence belongs to, and are no answers themselves; other lead-ins may be.
    """
    pairs = zip(sentences, leads(text, sentences), strict=True)
    return [lead if lead and _is_captioned(text, each) else Span(each.start, each.start) for each, lead in pairs]


def _is_captioned(text: str, sentence: Span) -> bool:
    block = _block(text, sentence)
    return block.kind == "row" or (block.kind == "item" and _laid_out(text).blocks[block.needs].kind == "item")


@lru_cache(_REMEMBERED)
def _laid_out(text: str) -> Markdown:
    return Markdown(text, 0)


def _block(text: str, sentence: Span) -> Block:
    blocks = _laid_out(text).blocks
    return blocks[max(0, at(blocks, sentence.start))]


def _says(text: str, sentence: Span) -> bool:
    """Return True if a sentence says something; a row or an item does so with a single word, and code with any."""
    block, words = _block(text, sentence), sentence.of(text)
    if block.kind in _SAYS_NOTHING:
        return False
    if block.kind == "code":
        return "\n" in words or not words.startswith(("```", "~~~"))
    if block.kind == "row":
        return bool(_WORD.search(words))
    if block.kind == "item":
        words = text[item_mark(text, sentence).end : sentence.end]
        return not (is_question(words) or ("://" in words and _is_source(text, block))) and bool(
            _WORD.search(without_markup(words))
        )
    return is_statement(without_markup(words) if block.kind == "html" else words)


def _is_source(text: str, item: Block) -> bool:
    """Return True if an item stands in a list of sources: its lead-in or its heading says so."""
    section = _laid_out(text).section(item.span.start)
    lead = _laid_out(text).lead_of(item.span)
    return names_sources(lead.of(text) if lead else section[-1] if section else "")


def quoted(text: str, sentences: Sequence[Span], chosen: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of the sentences to quote: the first chosen one, then the others with what they cannot do without.

    That is what comes before a sentence that refers to it ("It …", "Of these …"), the lead-in of a list item, the list after a
    lead-in, and the rest of a sentence that was cut at an abbreviation. A quote is one span, so the others chosen are left out
    if it would become too long, or have in it what says nothing, such as a heading. A row of a table is quoted alone: its
    neighbours look like it, and say something of other things.
    """
    first = last = best = chosen[0]
    for n in chosen[1:] if _block(text, sentences[best]).kind != "row" else ():
        low, high = min(first, n), max(last, n)
        if _fits(sentences, low, high, QUOTE_CHARS) and all(
            _says(text, sentences[m]) for m in (*range(low, first), *range(last + 1, high + 1))
        ):
            first, last = low, high
    first = _with_earlier(text, sentences, first, last)
    last = _with_later(text, sentences, first, last)
    return (best, *(n for n in range(first, last + 1) if n != best))


def _with_earlier(text: str, sentences: Sequence[Span], first: int, last: int) -> int:
    while _continues(text, sentences, first) and _fits(sentences, first - 1, last):
        first -= 1
    sentence = sentences[first].of(text)
    before = first - 1
    if _block(text, sentences[first]).kind == "row":
        return first  # Its header is cited with it.
    if is_list_item(sentence):
        while before >= 0 and is_list_item(sentences[before].of(text)):
            before -= 1
        needs_it = before >= 0 and _leads_in(sentences[before].of(text))
    else:
        needs_it = bool(_REFERS.match(sentence)) and _adjoins(text, sentences, before) and _says(text, sentences[before])
    return before if needs_it and _fits(sentences, before, last) else first


def _with_later(text: str, sentences: Sequence[Span], first: int, last: int) -> int:
    leads_in = _leads_in(sentences[last].of(text)) or _is_led_in(text, sentences[first], sentences[last])
    while last + 1 < len(sentences) and _fits(sentences, first, last + 1):
        is_listed = leads_in and _block(text, sentences[last + 1]).kind in _LISTED
        if not is_listed and not _continues(text, sentences, last + 1):
            break
        last += 1
    return last


def _is_led_in(text: str, first: Span, last: Span) -> bool:
    """Return True if the last sentence of a quote is an item of a list whose lead-in is quoted with it: then all of it is."""
    item = _block(text, last)
    return item.kind == "item" and item.needs >= 0 and _laid_out(text).blocks[item.needs].span.start >= first.start


def _continues(text: str, sentences: Sequence[Span], n: int) -> bool:
    """Return True if a sentence is the rest of the one before it: that ended with "et al." or the like."""
    opening = text[sentences[n].start : sentences[n].start + 8]
    return _adjoins(text, sentences, n - 1) and (opening[:1].islower() or bool(_CITED.match(opening)))


def _adjoins(text: str, sentences: Sequence[Span], n: int) -> bool:
    """Return True if there is a sentence of this number, and the next one is in the same paragraph."""
    return n >= 0 and text.count("\n", sentences[n].end, sentences[n + 1].start) < 2


def _leads_in(sentence: str) -> bool:
    return sentence.rstrip("*_ ").endswith(":")


def _fits(sentences: Sequence[Span], first: int, last: int, chars: int = READABLE_CHARS) -> bool:
    return sentences[last].end - sentences[first].start <= chars
