"""Write what a reader finds as Markdown: the one form in which extracted text is kept, split, and shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qa.reading.content import Content
from qa.types import Locator, LocatorKind

_SPACE = re.compile(r"\s+")
_NO_TEXT = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of characters, which no index can hold."""
_WHOLE = re.compile(r"[0-9]{1,9}")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LOOKS_LIKE_MARKUP = re.compile(r"(?=(?:#{1,6}|[-+*>]|\d{1,9}[.)]|={2,}|-{2,}|```|~~~)(?:\s|$)|\||```|~~~)")


class Writer:
    """Collects blocks, and notes which page, slide or row begins where. Text is put on one line unless it is code."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._locators: list[Locator] = []
        self._begun: list[tuple[LocatorKind, str]] = []
        """The pages, slides and the like that begin with the next block."""
        self._in_list = False
        self.outer_level = 0
        """The level of the heading that others lie below, such as the subject of a mail; 0 if there is none."""

    def begin(self, kind: LocatorKind, label: str) -> None:
        """Note that a page, slide, row or the like begins with the next block."""
        self._begun.append((kind, label))

    def heading(self, level: int, text: str) -> None:
        """Write a heading, level 1 to 6 below the outer one."""
        if line := one_line(text):
            self._add(f"{'#' * min(max(level, 1) + self.outer_level, 6)} {line}")

    def paragraph(self, *texts: str) -> None:
        """Write a paragraph; several texts stay lines of their own."""
        if written := "\n".join(_unmarked(line) for line in map(one_line, texts) if line):
            self._add(written)

    def item(self, text: str, *, depth: int = 0, number: int | None = None) -> None:
        """Write an item of a list, of an ordered one with its number; `depth` is how many lists it lies in beside its own."""
        if line := one_line(text):
            mark = "-" if number is None else f"{number}."
            self._add(f"{'    ' * depth}{mark} {line}", follows="\n" if self._in_list else "\n\n")
            self._in_list = True

    def table(self, rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
        """Write a table whose first row is its header; `numbers` are those of its rows, if they have any, for citations."""
        width = max(map(len, rows), default=0)
        if not width:
            return
        for n, row in enumerate(rows):
            if numbers and (n < 2 or numbers[n] != numbers[n - 1] + 1):  # The rule is a line between the first two.
                self.begin("rows", str(numbers[n]))
            cells = [one_line(cell).replace("|", "\\|") for cell in (*row, *[""] * (width - len(row)))]
            self._add(f"| {' | '.join(cells)} |", follows="\n" if n else "\n\n")
            if not n:
                self._add(f"|{' --- |' * width}", follows="\n")

    def quote(self, text: str, *, depth: int = 1) -> None:
        """Write a block quote; `depth` is how many quotes it lies in with its own."""
        if line := one_line(text):
            self._add(f"{'> ' * depth}{line}")

    def markdown(self, text: str) -> None:
        """Write Markdown as it is; code that is left open is closed."""
        if text.strip():
            fence = ""
            for line in text.splitlines():
                mark = _FENCE.match(line)
                if mark and not fence:
                    fence = mark[1]
                elif mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                    fence = ""
            body = text.replace("\r\n", "\n").strip("\n")
            self._add(f"{body}\n{fence}" if fence else body)

    def code(self, text: str, language: str = "") -> None:
        """Write code, kept to the letter."""
        if text.strip():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
            body = text.strip("\n").replace("\r\n", "\n")
            self._add(f"{fence}{language}\n{body}\n{fence}")

    def content(self, metadata: Mapping[str, object] | None = None) -> Content:
        """Return all that was written."""
        return Content("".join(self._parts), 0, metadata or {}, (*self._locators, *self._located(self._length)))

    def _add(self, block: str, follows: str = "\n\n") -> None:
        self._in_list = False
        block = _NO_TEXT.sub("\ufffd", f"{follows if self._parts else ''}{block}")
        self._locators += self._located(self._length + len(block) - len(block.lstrip("\n")))
        self._begun.clear()
        self._parts.append(block)
        self._length += len(block)

    def _located(self, start: int) -> list[Locator]:
        return [Locator(start, kind, label) for kind, label in self._begun]


def one_line(text: str) -> str:
    """Return text on one line, runs of white space as one space.

    >>> one_line(" two   words ")
    'two words'
    """
    return _SPACE.sub(" ", text).strip()


def whole_number(text: str | None, otherwise: int = 0) -> int:
    """Return the whole number that an attribute states, or `otherwise` if it states none that is readable.

    >>> whole_number(" 12 "), whole_number("-1"), whole_number(None, 1)
    (12, 0, 1)
    """
    return int(text) if text and _WHOLE.fullmatch(text.strip()) else otherwise


def _unmarked(line: str) -> str:
    """Return a paragraph so that it is not taken for a heading, a list, a table or code: with a backslash before its mark."""
    if not _LOOKS_LIKE_MARKUP.match(line):
        return line
    digits = len(line) - len(line.lstrip("0123456789"))
    return f"{line[:digits]}\\{line[digits:]}"
