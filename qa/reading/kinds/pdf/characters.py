"""What the characters of a page are in the text: words and spaces, and nothing that a reader does not see."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_CONTROL = re.compile(r"[\s\x00-\x20\x7f-\xa0\ufffe\uffff]+")
_UNSEEN = re.compile("[\u00ad\u200b\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LETTER = re.compile("[^\\s\x00-\x20\x7f-\xa0\u00ad\u2010\u200b\ufeff\ufffd-\uffff\ud800-\udfff\U00010000-\U0010ffff-]")


def cleaned(text: str) -> str:
    """Return characters of a page as text: ligatures as letters, control characters and runs of white space as one space.

    >>> cleaned("e" + chr(0xFB03) + "cient" + chr(1) + "  and")
    'efficient and'
    """
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROL.sub(" ", _UNSEEN.sub("", text.translate(_LIGATURES))).strip()


def letters(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset of each character that a text has in common with the page, and the character: no space, no hyphen."""
    for match in _LETTER.finditer(text):
        for char in match.group().translate(_LIGATURES):
            yield match.start(), char
