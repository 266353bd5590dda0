"""Open a PDF, and find the lines of a page: the words, and where they stand.

Every character of a page has a number and a box, so that what was read can be shown on the page again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from qa.reading.content import UnreadableError
from qa.reading.kinds.pdf.characters import cleaned

ZONE = 0.12
"""How much of the height of a page, at its top and at its bottom, may hold running heads and page numbers."""
_POINT = 20
"""Places on a page are whole numbers: twentieths of a point, the usual unit of layout."""
_LINE = re.compile("[^\r\n\x02\ufffe]+[\x02\ufffe]?")
_PASSWORD, _SECURITY = 4, 5
"""The codes of pdfium for a password that is missing, and for an encryption that it does not know."""


class Line(NamedTuple):
    """A line of a page: its words, the number of its first character, and its place, counted from the page's upper left.

    `left` and `top` are those of the first character, `right` and `last_top` those of the last: a line may hold a word that
    goes on below. `size` is the height of its letters, `weight` how bold all of them are, 0 if that differs;
    `word` is the width of its first word. `zone` is -1 at the top of the page, 1 at its bottom, 0 between.
    """

    text: str
    first: int
    left: int
    top: int
    right: int
    last_top: int
    size: int
    weight: int
    word: int
    zone: int


class Box(NamedTuple):
    """A rectangle on a page, counted from its upper left."""

    left: int
    top: int
    right: int
    bottom: int


@contextmanager
def opened(content: bytes) -> Iterator[Any]:
    """Open a PDF. Raise `UnreadableError` if it is encrypted or damaged, as one without pages is."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise UnreadableError(_reason(getattr(error, "err_code", 0))) from error
    try:
        yield document
    finally:
        document.close()


def _reason(code: int | None) -> str:
    if code == _PASSWORD:
        return "encrypted: save it without a password"
    if code == _SECURITY:
        return "encrypted in a way that cannot be read: save it without encryption"
    return "damaged, not a whole PDF: fetch or export it once more"


@contextmanager
def page(document: Any, number: int) -> Iterator[Page | None]:
    """Load a page by its number from 0; None if it cannot be."""
    import pypdfium2

    try:
        loaded = document[number]
        text = loaded.get_textpage()
    except pypdfium2.PdfiumError:
        yield None
        return
    try:
        yield Page(loaded, text)
    finally:
        text.close()
        loaded.close()


class Page:
    """A loaded page: its characters, their boxes, and its lines."""

    def __init__(self, loaded: Any, text: Any) -> None:
        import pypdfium2.raw as pdfium

        self.loaded = loaded
        self._text = text.raw
        self._pdfium = pdfium
        width, height = loaded.get_size()
        self.width, self.height = max(1, round(width * _POINT)), max(1, round(height * _POINT))
        self._box = pdfium.FS_RECTF()

    @property
    def is_blank(self) -> bool:
        """True if nothing is drawn on the page."""
        return bool(self._pdfium.FPDFPage_CountObjects(self.loaded.raw) < 1)

    def image(self, scale: float) -> Any:
        """Return the page as an image of `scale` pixels for each unit of place."""
        return self.loaded.render(scale=scale * _POINT, rev_byteorder=True).to_pil().convert("RGB")

    def characters(self) -> str:
        """Return the characters of the page in reading order; the place of each is its number."""
        one = self._pdfium.FPDFText_GetUnicode
        count = self._pdfium.FPDFText_CountChars(self._text)
        return "".join([chr(min(one(self._text, n), 0x10FFFF)) for n in range(count)])

    def lines(self) -> list[Line]:
        """Return the lines of the page in reading order; none is blank."""
        characters, result = self.characters(), []
        for match in _LINE.finditer(characters):
            text = match.group().rstrip()
            first = match.start() + len(text) - len(text := text.lstrip())
            if cleaned(text):
                result.append(self._line(text, first))
        return result

    def _line(self, text: str, first: int) -> Line:
        last = first + len(text.rstrip("\x02\ufffe")) - 1
        first_word = first + len(text.split(None, 1)[0].rstrip("\x02\ufffe")) - 1
        head, tail, word = self.box(first), self.box(max(first, last)), self.box(max(first, first_word))
        middle = self.box((first + max(first, last)) // 2)
        weights = {self._pdfium.FPDFText_GetFontWeight(self._text, n) for n in (first, last)}
        return Line(
            text,
            first,
            head.left,
            head.top,
            tail.right,
            tail.top,
            max(each.bottom - each.top for each in (head, middle, tail)),
            weights.pop() if len(weights) == 1 else 0,
            max(0, word.right - head.left),
            self._zone(head),
        )

    def _zone(self, box: Box) -> int:
        if box.bottom < ZONE * self.height:
            return -1
        return 1 if box.top > (1 - ZONE) * self.height else 0

    def box(self, number: int) -> Box:
        """Return the box of a character, as high as the letters of its font can be."""
        box = self._box
        if not self._pdfium.FPDFText_GetLooseCharBox(self._text, number, box):
            return Box(0, 0, 0, 0)
        (x1, y1), (x2, y2) = self._place(box.left, box.top), self._place(box.right, box.bottom)
        return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))

    def _place(self, x: float, y: float) -> tuple[int, int]:
        """Return a place as it is seen, the page being turned and cut as it says."""
        from ctypes import c_int

        left, top = c_int(), c_int()
        self._pdfium.FPDF_PageToDevice(self.loaded.raw, 0, 0, self.width, self.height, 0, x, y, left, top)
        return left.value, top.value
