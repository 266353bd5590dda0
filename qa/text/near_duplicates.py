"""Recognise near-duplicates: texts that say the same in nearly the same words."""

from __future__ import annotations

import re
from functools import cached_property

SAME = 0.8
"""The fraction of three-word sequences that near-duplicates share: a lower one would hide texts that differ, a higher one show
one text several times."""
_RUN = 3
"""Words in a shingle."""
_LENGTHS = 0.5
"""Texts that share eight tenths of their shingles cannot differ in length by a factor of two: a cheap first test."""


class Shingled:
    """A text as the set of its three-word sequences (one of all its words if there are fewer), and its figures.

    Both are computed when first needed: few texts are compared that far.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def words(self) -> list[str]:
        """The words in lower case, in order."""
        return re.findall(r"\w+", self._text.casefold())

    @cached_property
    def figures(self) -> frozenset[str]:
        """The words that are numbers."""
        return frozenset(re.findall(r"\b\d+\b", self._text))

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """The set of three-word sequences."""
        words = self.words
        return frozenset(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))

    def is_near_duplicate(self, other: Shingled) -> bool:
        """Return True if two texts are near-duplicates, by the Jaccard similarity of their shingles (Broder 1997).

        Texts with different figures are not: one of them is wrong, or newer, and that is worth seeing.

        >>> Shingled("The vote was 120 to 7.").is_near_duplicate(Shingled("the vote was 120 to 7"))
        True
        """
        one_chars, other_chars = len(self._text), len(other._text)
        if one_chars < _LENGTHS * other_chars or other_chars < _LENGTHS * one_chars or self.figures != other.figures:
            return False  # Most pairs end here.
        one, two = self.shingles, other.shingles
        return len(one & two) >= SAME * len(one | two)
