"""Subtitles, SRT and WebVTT: what is said, as paragraphs, with the time at which each line of it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import plain
from qa.reading.kinds.writer import one_line
from qa.types import Locator

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_TAG = re.compile(r"</?[a-zA-Z0-9][^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_SPEAKER = re.compile(r"<v(?:\.[^\s<>]{0,50})?\s+([^<>]{1,100})>")
_SENTENCE_END = re.compile(r"""[.!?…。!?]["'”’»)\]]{0,3}$""")
_CHARACTERS = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&lrm;": "", "&rlm;": ""}
_PAUSE_S = 3.0
"""After such a pause something else is talked about."""
_PARAGRAPH_CHARS = 500


class _Cue(NamedTuple):
    start: float
    end: float
    speaker: str
    text: str


def read(content: bytes) -> Content:
    """Read subtitles; a locator says when each of them is shown."""
    parts: list[str] = []
    locators: list[Locator] = []
    length = paragraph = 0
    last: _Cue | None = None
    for cue in _cues(plain.text(content)):
        begins = last is None or _is_new(last, cue, length - paragraph)
        text = f"{cue.speaker}: {cue.text}" if cue.speaker and (begins or not last or last.speaker != cue.speaker) else cue.text
        between = "" if last is None else "\n\n" if begins else " "
        paragraph = length + len(between) if begins else paragraph
        locators.append(Locator(length + len(between), "time", _clock(cue.start)))
        parts += between, text
        length += len(between) + len(text)
        last = cue
    if not parts:
        raise UnreadableError("no subtitles in it: none of its lines is the time of one")
    return Content("".join(parts), locators=tuple(locators))


def _is_new(last: _Cue, cue: _Cue, length: int) -> bool:
    """Return True if a paragraph begins: after a pause, with another speaker, or if the one before is long."""
    if cue.speaker != last.speaker or cue.text.startswith(("- ", "– ", "— ")) or cue.start - last.end >= _PAUSE_S:
        return True
    return length >= _PARAGRAPH_CHARS and bool(_SENTENCE_END.search(last.text))


def _cues(text: str) -> Iterator[_Cue]:
    """Yield the subtitles that say something. A line that stays for the next one, as speech recognition has it, counts once."""
    timing: re.Match[str] | None = None
    lines: list[str] = []
    shown: list[str] = []
    for line in [*text.splitlines(), ""]:
        if timing is None:
            timing = _TIMING.match(line)
        elif line.strip():
            lines.append(line)
        else:
            speaker = next((found[1] for each in lines if (found := _SPEAKER.search(each))), "")
            said = [words for each in lines if (words := _plain(each))]
            if new := [words for words in said if words not in shown]:
                yield _Cue(_seconds(timing, 0), _seconds(timing, 4), one_line(speaker), " ".join(new))
            timing, lines, shown = None, [], said[-2:]


def _plain(line: str) -> str:
    line = _TAG.sub("", line)
    for name, character in _CHARACTERS.items():
        line = line.replace(name, character)
    return one_line(line)


def _seconds(timing: re.Match[str], first: int) -> float:
    hours, minutes, seconds, fraction = timing.groups()[first : first + 4]
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
