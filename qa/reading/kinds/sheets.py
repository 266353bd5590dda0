"""Workbooks and files of separated values: a table for each block of rows, under the name of its sheet.

A block ends with an empty row. It goes on with the table before it, unless it seems to have a header of its own: a first row
without figures over rows with figures. Single cells above a table, such as its title, are paragraphs.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from qa.errors import sober
from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import archive, plain, properties
from qa.reading.kinds.writer import Writer

_FIGURE = re.compile(r"[^\w\s]{0,3}\d")
_LONGEST_CELL = 1 << 30
"""Longer than any file that is read, in which articles may be cells."""
_DELIMITERS = ",;\t|"
_SAMPLE_CHARS = 20_000
"""What is looked at to tell the delimiter."""


class Row(NamedTuple):
    """A row that is not empty, with its number as a spreadsheet program shows it."""

    number: int
    cells: list[str]

    @property
    def filled(self) -> int:
        """The number of cells that are not empty."""
        return sum(1 for cell in self.cells if cell)


def read_workbook(content: bytes) -> Content:
    """Read each sheet of an Excel or OpenDocument workbook, of the formulas what they last gave."""
    metadata = {}
    if not archive.is_old_office(content):
        with archive.archive(content) as opened:
            metadata = {**properties.of_office(opened), **properties.of_open_document(opened)}
    writer = Writer()
    for name, rows in _sheets(content):
        writer.begin("sheet", name)
        writer.heading(2, name)
        _write(writer, rows)
    return writer.content(metadata)


def read_csv(content: bytes) -> Content:
    """Read a file of values separated by commas, semicolons, tabs or bars, as it says itself."""
    text = plain.text(content)
    delimiter = _delimiter(text[:_SAMPLE_CHARS])
    writer = Writer()
    _write(writer, _numbered(_records(text, delimiter)))
    return writer.content()


def _records(text: str, delimiter: str) -> Iterable[Sequence[str]]:
    """Return the rows of separated values; if a quotation mark never ends and would swallow the rest, none has a meaning."""
    csv.field_size_limit(_LONGEST_CELL)
    for is_strict in (True, False):
        try:
            return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=is_strict))
        except csv.Error as error:
            if "end of data" in str(error):
                break
    return (line.split(delimiter) for line in text.splitlines())


def _numbered(rows: Iterable[Sequence[str]], first: int = 1) -> list[Row]:
    numbered = (Row(n, [cell.strip() for cell in row]) for n, row in enumerate(rows, first))
    return [row for row in numbered if row.filled]


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts most rows into the same number of cells, of several the one that gives most cells."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if len(row) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=agreement)


# --- workbooks -----------------------------------------------------------------------------------------------------------


def _sheets(content: bytes) -> Iterator[tuple[str, list[Row]]]:
    """Yield name and rows of each sheet. Raise `UnreadableError` if the workbook is damaged or encrypted."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    try:
        with sober():
            book = CalamineWorkbook.from_filelike(io.BytesIO(content))
            for each in book.sheets_metadata:
                if each.typ == SheetTypeEnum.WorkSheet:
                    sheet = book.get_sheet_by_name(each.name)
                    first = sheet.start[0] + 1 if sheet.start else 1
                    yield each.name, _numbered(([_shown(cell) for cell in row] for row in sheet.iter_rows()), first)
    except ValueError as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from None
        raise UnreadableError("damaged or encrypted: not a whole workbook") from error


def _shown(cell: Any) -> str:
    """Return a cell as text: whole numbers without a point, fifteen digits as spreadsheet programs have, dates as ISO 8601.

    >>> [_shown(cell) for cell in (12.0, 0.1 + 0.2, True, "=1+1", datetime.datetime(2024, 3, 9))]
    ['12', '0.3', 'TRUE', '=1+1', '2024-03-09']
    """
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ", "auto").removesuffix(" 00:00:00")
    return str(cell)


# --- tables --------------------------------------------------------------------------------------------------------------


def _write(writer: Writer, rows: list[Row]) -> None:
    """Write the rows of a sheet as paragraphs and tables."""
    table: list[Row] = []
    for block in _blocks(rows):
        n_notes = _leading_notes(block)
        if table and not _has_header(block[n_notes:]) and n_notes < len(block):
            table += block
            continue
        _write_table(writer, table)
        for note in block[:n_notes]:
            writer.begin("row", str(note.number))
            writer.paragraph(" ".join(note.cells))
        table = block[n_notes:]
    _write_table(writer, table)


def _blocks(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the runs of rows without an empty row between them."""
    start = 0
    for n in range(1, len(rows) + 1):
        if n == len(rows) or rows[n].number > rows[n - 1].number + 1:
            yield rows[start:n]
            start = n


def _leading_notes(block: list[Row]) -> int:
    """Return how many rows of one cell stand above the table of a block, all of it if it is one cell."""
    wide = next((n for n, row in enumerate(block) if row.filled > 1), None)
    return (1 if len(block) == 1 else 0) if wide is None else wide


def _has_header(block: list[Row]) -> bool:
    """Return True if the first row has several words and no figure, and a row under it has one."""
    has_figure = (any(map(_FIGURE.match, row.cells)) for row in block)
    return bool(block) and block[0].filled > 1 and not next(has_figure) and any(has_figure)


def _write_table(writer: Writer, table: list[Row]) -> None:
    """Write a table without its empty columns."""
    width = max((len(row.cells) for row in table), default=0)
    filled = [n for n in range(width) if any(n < len(row.cells) and row.cells[n] for row in table)]
    cells = [[row.cells[n] if n < len(row.cells) else "" for n in filled] for row in table]
    writer.table(cells, numbers=[row.number for row in table])
