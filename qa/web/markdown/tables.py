"""Parts of Markdown that begin within a table or within code: what has to stand before them."""

from __future__ import annotations

import re

from qa.text.span import Span

_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_RULE = re.compile(r"[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+\Z")
_LOOK_CHARS = 2_000


def opened(text: str) -> str:
    """Return a text that begins with a row of a table with an empty header before it; any other as it is."""
    return opening(text, Span(0, len(text))) + text


def opening(text: str, part: Span) -> str:
    r"""Return what has to stand before a part of a text, for it to be read as in the whole; mostly nothing.

    >>> opening("| a | b |", Span(0, 9))
    '| | |\n| --- | --- |\n'
    """
    first, *more = part.of(text[: part.start + _LOOK_CHARS]).lstrip("\n").split("\n", 2)
    if first.lstrip().startswith("|") and not (more and _RULE.match(more[0])):
        return _head(text, part.start) or f"{'| ' * _width(first)}|\n{rule(first)}\n"
    fence = ""
    for line in _FENCE.finditer(text, 0, part.start):
        fence = "" if fence and line[1].startswith(fence) else fence or line[1]
    return f"{fence}\n" if fence else ""


def _head(text: str, start: int) -> str:
    """Return the first two lines of the table that a place is in; empty if it is in none."""
    top = text.rfind("\n\n", 0, start)
    head, *more = text[top + 2 if top >= 0 else 0 : start].split("\n", 2)
    return f"{head}\n{more[0]}\n" if len(more) == 2 and _RULE.match(more[0]) else ""


def under(lead: str, text: str) -> tuple[str, int]:
    """Return a text under its lead, and where it begins in that; the header of a table gets the rule that makes it one."""
    lead = lead.rstrip()
    if not (lead.lstrip().startswith("|") and text.lstrip().startswith("|")):
        head = f"{lead}\n\n"
    else:
        has_rule = _RULE.match(lead.rpartition("\n")[2])
        head = f"{lead}\n" if has_rule else f"{lead}\n{rule(lead)}\n"
    return head + text, len(head)


def rule(row: str) -> str:
    """Return the line that makes a row the header of a table.

    >>> rule("| Model | Price |")
    '| --- | --- |'
    """
    return f"|{' --- |' * _width(row)}"


def _width(row: str) -> int:
    inner = re.sub(r"(?<!\\)\|\s*\Z", "", row.strip().removeprefix("|"))
    return len(re.split(r"(?<!\\)\|", inner))
