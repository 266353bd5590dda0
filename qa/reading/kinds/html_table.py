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
_BORDER = 3
_MOST_PADDING = 4
"""What spans may add to a table: one that they blow up beyond that is made to do so."""
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
        self._cells: list[str] = []
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
        """Add a line to the current cell, or to the caption outside of cells."""
        (self._captions if self._cell is None else self._cell).append(line)

    def write(self, writer: Writer) -> None:
        """Write the caption, and the rows as a table, or their cells one by one if they do not make a table."""
        self._end_cell()
        self._end_row()
        rows = [row for row in self._rows if any(row)]
        captions = list(self._captions)
        while len(rows) > 1 and len(rows[0]) > 1 and sum(map(bool, rows[0])) == 1:  # A title over all columns.
            captions.append(next(filter(None, rows.pop(0))))
        rows = _without_empty_columns(rows) if self._is_fit(rows) else []
        lines = captions if rows else [*self._captions, *self._cells]
        for line in "\n".join(lines).splitlines():
            writer.paragraph(line)
        writer.table([[one_line(cell) for cell in row] for row in rows])

    def _is_fit(self, rows: list[list[str]]) -> bool:
        """Return True if rows are to be written as a table: there are several, of several columns, and of readable size."""
        width = max(map(len, rows), default=0)
        if len(rows) < 2 or width > _MOST_COLUMNS or sum(map(any, zip_longest(*rows))) < 2:
            return False
        own = sum(len(cell) + _BORDER for cell in self._cells)
        padded = sum(len(cell) for row in rows for cell in row) + len(rows) * width * _BORDER
        return max(map(len, self._cells)) <= _LONGEST_CELL and padded <= _MOST_PADDING * own + 1_000

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        row, text, (columns, rows) = self._rows[-1], "\n".join(self._cell), self._spans
        if rows > 1 and len(row) < _MOST_COLUMNS:
            self._below[len(row)] = (rows - 1, text if len(text) <= _REPEATED_CHARS else "")
        self._cells.append(text)
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


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    filled = [any(column) for column in zip_longest(*rows)]
    return [[cell for cell, is_filled in zip(row, filled, strict=False) if is_filled] for row in rows]


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _MOST_COLUMNS) if text and _SPAN.fullmatch(text.strip()) else 1
