"""Find the headline of a text that names none: its first line, after what is copied along from the top of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from qa.reading.metadata import iso_date
from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, lines, without_markup

SEARCHED_LINES = 15
"""Of the lines that are not blank so many are looked at: what stands above a headline is hardly longer."""
SHORT_WORDS = 3
"""The name of a section has so few words."""

_DATED_LINE = re.compile(r"\s*date\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)", re.IGNORECASE)
_PUBLISHED = re.compile(r"(?:last )?(?:published|updated|posted|modified)(?: on)?:? ", re.IGNORECASE)
_READ = re.compile(r"\d+ min(?:ute)?s?(?: read)?", re.IGNORECASE)
_TRAIL = re.compile(r"[>»›]")
_BAR = re.compile(r"[>»›|·•]")
_NAVIGATION = re.compile(
    r"a|about|accept|account|ad|advertisement|all|and|app|archive|archives|back|browse|by|careers|close|comment"
    r"|comments|contact|content|cookies|copy|create|donate|download|e-mail|email|events|facebook|faq|follow|for|go|help"
    r"|home|in|instagram|join|jump|latest|link|linkedin|listen|log|login|logout|main|media|menu|more|my|navigation|new"
    r"|news|newsletter|newsletters|next|now|on|open|our|out|page|podcasts|press|print|privacy|profile|read|reddit"
    r"|register|rss|save|search|section|sections|see|settings|share|shop|show|sign|site|skip|stories|subscribe|telegram"
    r"|the|this|to|toggle|top|trending|tweet|twitter|up|updates|us|via|video|videos|view|watch|whatsapp|your|youtube",
    re.IGNORECASE,
)
"""A line of these words alone, in upper or lower case, is no headline."""


def headline(text: str, body: int) -> tuple[str, str]:
    r"""Return title and date of a body's first line that is no navigation, if it is a headline; either may be empty.

    >>> headline("SKIP TO MAIN CONTENT\nHome > News\nPRESS RELEASE\nThe office opens in Caracas\nIt opened today.", 0)
    ('The office opens in Caracas', '')
    """
    section = ""
    for line in islice(_lines(text, body), SEARCHED_LINES):
        if match := _DATED_LINE.match(line):
            return match.group(2).strip(), iso_date(match.group(1))
        if is_navigation(line):
            continue
        if not is_heading(line):
            break
        if _is_title(line, below_section=bool(section)):
            return heading_text(line), ""
        section = section or line
    return section, ""


def _lines(text: str, body: int) -> Iterator[str]:
    return (line for span in lines(text, Span(body, len(text))) for line in span.of(text).splitlines()[:1] if line.strip())


def _is_title(line: str, *, below_section: bool) -> bool:
    """Return True unless a line may be the name of a section, in a few capitals; or, below one, what is no headline either."""
    words = len(line.split())
    if line.startswith("#"):
        return True
    if below_section:
        return words > SHORT_WORDS and not line.isupper() and not line.startswith("By ")
    return words > SHORT_WORDS or not line.isupper()


def is_navigation(line: str) -> bool:
    """Return True if a line is of a page rather than of its article: a menu, a trail of links, the date alone.

    >>> [is_navigation(line) for line in ("Sign in | Subscribe", "Home > News", "Share Tweet", "13 January 2024", "# News")]
    [True, True, True, True, False]
    """
    if line.startswith("#"):
        return False
    bare = " ".join(without_markup(line).split())
    if not bare or _READ.fullmatch(bare) or len(iso_date(_PUBLISHED.sub("", bare, count=1))) > len("2024"):
        return True
    pieces = [piece.split() for piece in _BAR.split(bare) if piece.strip()]
    if all(map(_is_menu_word, bare.split())):
        return True
    longest = max(map(len, pieces))
    return longest <= SHORT_WORDS and len(pieces) >= (2 if longest == 1 or _TRAIL.search(bare) else 3)


def _is_menu_word(word: str) -> bool:
    return bool(_NAVIGATION.fullmatch(word.strip(".:,!?()[]"))) or not any(map(str.isalnum, word))
