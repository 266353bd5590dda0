"""Write the plain text of a mail or a record: its paragraphs, lists, quotes and what is indented as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from qa.reading.kinds.writer import Writer
from qa.text.structure import is_heading

MOST_QUOTES = 9
"""The deepest quote in a quote that is told apart."""

_QUOTED = re.compile(r"(?:>[ ]?)+")
_ITEM = re.compile(r"\s*(?:[-*+•]|(\d{1,2})[.)])\s+(?=\S)")
_RULE = re.compile(r"\s*([-_=*~#])(?:\s*\1)+\s*")
"""A line that only separates, the one above a signature among them."""


def write(text: str, writer: Writer) -> None:
    """Write a text; the lines of a paragraph become one.

    Short last lines, such as "Regards, Ana", stay lines of the paragraph before them: by themselves they would be taken for
    the heading of the text that comes next.
    """
    groups = groupby(text.splitlines(), _depth)
    blocks = [(depth, block) for depth, lines in groups for block in _blocks([_unquoted(line, depth) for line in lines])]
    last: list[str] = []
    while len(blocks) > 1 and all(map(_is_paragraph, blocks[-2:])) and is_heading(" ".join(blocks[-1][1])):
        last = blocks.pop()[1] + last
    for n, (depth, block) in enumerate(blocks, 1):
        if last and n == len(blocks):
            writer.paragraph(" ".join(block), *last)
        elif depth:
            writer.quote(" ".join(block), depth=depth)
        elif _is_code(block):
            writer.code("\n".join(line.expandtabs(4)[4:] for line in block))
        else:
            _write_lines(block, writer)


def _unquoted(line: str, depth: int) -> str:
    return _QUOTED.sub("", line, count=1) if depth else line


def _is_code(block: list[str]) -> bool:
    return all(line.startswith(("    ", "\t")) for line in block)


def _is_paragraph(block: tuple[int, list[str]]) -> bool:
    depth, lines = block
    return not depth and not _is_code(lines) and not any(map(_ITEM.match, lines))


def _depth(line: str) -> int:
    mark = _QUOTED.match(line)
    return min(mark.group().count(">"), MOST_QUOTES) if mark else 0


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the runs of lines between those that are blank or only separate."""
    for is_text, block in groupby(lines, lambda line: bool(line.strip()) and not _RULE.fullmatch(line)):
        if is_text:
            yield list(block)


def _write_lines(lines: list[str], writer: Writer) -> None:
    """Write a paragraph, and the items of the list after it, each with the lines that it goes on with."""
    starts = [n for n, line in enumerate(lines) if n == 0 or _ITEM.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = " ".join(lines[start:end])
        if mark := _ITEM.match(words):
            writer.item(words[mark.end() :], number=int(mark[1]) if mark[1] else None)
        else:
            writer.paragraph(words)
