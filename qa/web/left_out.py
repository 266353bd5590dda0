"""Say which files of the folder are not read, and what can be done about that. Plain text, for the page and the shell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qa.reading.folder import NO_ENDING, in_words
from qa.web.messages import Words

_SAVED_AS = {"DOC": ".docx", "DOT": ".docx", "WPD": ".docx", "PAGES": ".docx", "PPT": ".pptx", "PPS": ".pptx", "KEY": ".pptx"}
_PICTURES = frozenset({"BMP", "GIF", "HEIC", "JPEG", "JPG", "PNG", "SVG", "TIF", "TIFF", "WEBP"})
_ARCHIVES = frozenset({"7Z", "BZ2", "GZ", "RAR", "TAR", "TGZ", "XZ", "ZIP"})


def left_out(others: Mapping[str, int], hidden: int, say: Words) -> Iterator[str]:
    """Yield a line on the files of other kinds, and one on those left out on purpose, if there are any.

    >>> from qa.web.messages import ENGLISH
    >>> list(left_out({"MP4": 2, "ZIP": 1}, 0, ENGLISH))
    ['3 files of other kinds are not read: 2 MP4, 1 ZIP (unpack it)']
    """
    if others:
        kinds = in_words(others, lambda ending, count: f"{say.number(count)} {_with_remedy(ending, say)}")
        yield f"{say.counted(sum(others.values()), 'other kind')}: {kinds}"
    if hidden:
        yield say.counted(hidden, "hidden")


def _with_remedy(ending: str, say: Words) -> str:
    remedy = remedy_for(ending, say)
    return f"{say('no_ending') if ending == NO_ENDING else ending}{f' ({remedy})' if remedy else ''}"


def remedy_for(ending: str, say: Words) -> str:
    """Return what to do with files of a kind that is not read; empty if nothing is known."""
    if kind := _SAVED_AS.get(ending):
        return say("save_as", kind=kind)
    if ending in _PICTURES:
        return say("no_pictures")
    return say("unpack") if ending in _ARCHIVES else ""
