"""Draw a page of a PDF with a quote marked on it, where its characters stand."""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from qa.reading.content import UnreadableError
from qa.reading.kinds.pdf import pages
from qa.reading.kinds.pdf.characters import letters
from qa.reading.kinds.pdf.pages import Box, Line
from qa.text.span import Span

WIDTH = 1_000
"""The width of a picture in pixels: twice that of the column in which it is shown, for screens with fine dots."""
MOST_PIXELS = 3_000_000
"""A page that is very high is drawn smaller."""
YELLOW = (255, 226, 74)


def draw(content: bytes, number: int, text: str, marked: Span) -> bytes:
    """Return a page, by its number from 0, as PNG with a span of its `text` on yellow.

    `text` is what the reader made of this page. Raise `UnreadableError` if the page cannot be drawn, or is another one.
    """
    with pages.opened(content) as document, pages.page(document, number) as page:
        if page is None:
            raise UnreadableError("damaged: this page cannot be drawn")
        image = page.image(min(WIDTH / page.width, (MOST_PIXELS / page.width / page.height) ** 0.5))
        for box in _boxes(page, text, marked):
            _mark(image, box, image.width / page.width)
        drawn = io.BytesIO()
        image.save(drawn, "PNG")
        return drawn.getvalue()


def _boxes(page: pages.Page, text: str, marked: Span) -> Iterator[Box]:
    """Yield the places of the characters of a span, those side by side as one."""
    numbers = _places(text, page.lines())
    offsets = [offset for offset, _ in letters(text)]
    if len(numbers) != len(offsets):
        raise UnreadableError("the text is not of this page")
    chosen = numbers[bisect_left(offsets, marked.start) : bisect_left(offsets, marked.end)]
    return _lines(page.box(number) for number in chosen)


def _places(text: str, lines: Sequence[Line]) -> list[int]:
    """Return the number on the page of each of the `letters` of its text; empty if that text was not made of these lines.

    Lines at the edges may have been left out as running heads: which ones, the text itself tells.
    """
    wanted = "".join(char for _, char in letters(text))
    found = [list(letters(line.text)) for line in lines]
    reached: set[int] = {0}
    steps: list[dict[int, int]] = []
    for line, own in zip(lines, found, strict=True):
        word = "".join(char for _, char in own)
        came = {start: start for start in reached} if line.zone else {}  # Left out.
        came |= {start + len(word): start for start in reached if wanted.startswith(word, start)}
        steps.append(came)
        reached = set(came)
    end, kept = len(wanted), []
    if end not in reached:
        return []
    for line, own, came in zip(reversed(lines), reversed(found), reversed(steps), strict=True):
        if came[end] < end:
            kept.append([line.first + place for place, _ in own])
        end = came[end]
    return [number for numbers in reversed(kept) for number in numbers]


def _lines(boxes: Iterable[Box]) -> Iterator[Box]:
    line: Box | None = None
    for box in boxes:
        if line and box.left >= line.left and line.top <= (box.top + box.bottom) / 2 <= line.bottom:
            line = Box(line.left, min(line.top, box.top), max(line.right, box.right), max(line.bottom, box.bottom))
            continue
        if line:
            yield line
        line = box
    if line:
        yield line


def _mark(image: Any, box: Box, scale: float) -> None:
    """Lay yellow over a part of an image, through which the letters show."""
    from PIL import Image, ImageChops

    place = (
        max(0, int(box.left * scale)),
        max(0, int(box.top * scale)),
        min(image.width, round(box.right * scale)),
        min(image.height, round(box.bottom * scale)),
    )
    if place[0] < place[2] and place[1] < place[3]:
        part = image.crop(place)
        image.paste(ImageChops.multiply(part, Image.new("RGB", part.size, YELLOW)), place)
