"""A range of characters of a text."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters: `text[span.start:span.end]`.

    >>> Span(0, 5).of("Hello world")
    'Hello'
    """

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the characters of `text` that the span covers."""
        return text[self.start : self.end]

    def shifted(self, by: int) -> Span:
        """Return the span moved `by` characters to the right."""
        return Span(self.start + by, self.end + by)
