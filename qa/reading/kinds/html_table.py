"""The tables of a page: those that hold figures and facts, not those that only say where things stand."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

from qa.reading.kinds.writer import Writer, one_line

_LAYOUT = ("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "article", "section", "blockquote", "form")
"""A table with one of these in it only says where things stand."""
_MOST_COLUMNS = 100
_LONGEST_CELL = 2_000
_REPEATED_CHARS = 100
"""A cell that spans several rows is repeated in each of them if it is short: so that a row can be read by itself."""
_SPAN = re.compile(r"[0-9]{1,4}")


def is_table(element: Any) -> bool:
    """Return True if a `table` element holds rows that belong together."""
    if element.get("role") in ("presentation", "none"):
        return False
    return next(element.iterdescendants(*_LAYOUT), None) is None


class Table:
    """A table while its rows go by. Spans are dissolved: a cell over several columns is followed by empty ones."""

    def __init__(self) -> None:
        self._captions: list[str] = []
        self._rows: list[list[str]] = []
        self._spans = (1, 1)
        self._cell: list[str] | None = None
        self._here: dict[int, tuple[int, str]] = {}
        self._below: dict[int, tuple[int, str]] = {}

    def open(self, tag: str, element: Any) -> None:
        """Begin a row, a cell or the caption."""
        if tag in ("tr", "td", "th", "caption", "tbody", "thead", "tfoot"):
            self._end_cell()
        if tag == "tr" or (tag in ("td", "th") and not self._rows):
            self._end_row()
            self._rows.append([])
        if tag in ("td", "th"):
            self._fill()
            self._spans = (_span(element.get("colspan")), _span(element.get("rowspan")))
            self._cell = []

    def begin_item(self) -> None:
        """Set what follows off from the item of a list in the same cell."""
        if self._cell:
            self._cell[-1] = self._cell[-1].rstrip(";,.") + ";"

    def add(self, line: str) -> None:
        """Add a line to the cell, or to the caption if there is none."""
        (self._captions if self._cell is None else self._cell).append(line)

    def write(self, writer: Writer) -> None:
        """Write the caption, and the rows as a table, or their cells one by one if they are none."""
        self._end_cell()
        self._end_row()
        rows = [row for row in self._rows if any(row)]
        while len(rows) > 1 and len(rows[0]) > 1 and sum(map(bool, rows[0])) == 1:  # A title over all columns.
            self._captions.append(next(filter(None, rows.pop(0))))
        for caption in "\n".join(self._captions).splitlines():
            writer.paragraph(caption)
        filled = [any(column) for column in zip_longest(*rows)] if max(map(len, rows), default=0) <= _MOST_COLUMNS else []
        rows = [[cell for cell, is_filled in zip(row, filled, strict=False) if is_filled] for row in rows] if filled else rows
        longest = max((len(cell) for row in rows for cell in row), default=0)
        if len(rows) > 1 and sum(filled) > 1 and longest <= _LONGEST_CELL:
            writer.table([[one_line(cell) for cell in row] for row in rows])
            return
        for line in (line for row in rows for cell in row for line in cell.splitlines()):
            writer.paragraph(line)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        row, text, (columns, rows) = self._rows[-1], "\n".join(self._cell), self._spans
        if rows > 1 and len(row) < _MOST_COLUMNS:
            self._below[len(row)] = (rows - 1, text if len(text) <= _REPEATED_CHARS else "")
        row.append(text)
        row.extend([""] * min(columns - 1, max(0, _MOST_COLUMNS - len(row))))
        self._cell = None

    def _end_row(self) -> None:
        while self._rows and self._here and max(self._here) >= len(self._rows[-1]):
            if not self._fill():
                self._rows[-1].append("")
        self._here, self._below = self._below, {}

    def _fill(self) -> bool:
        """Put in the cells of rows above that reach into this row, and return True if there were any."""
        row = self._rows[-1]
        before = len(row)
        while len(row) in self._here:
            left, text = self._here.pop(len(row))
            if left > 1:
                self._below[len(row)] = (left - 1, text)
            row.append(text)
        return len(row) > before


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _MOST_COLUMNS) if text and _SPAN.fullmatch(text.strip()) else 1
