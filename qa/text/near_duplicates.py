"""One story once: passages that say the same in nearly the same words."""

from __future__ import annotations

import re
from functools import cached_property

SAME = 0.8
"""Share of three-word sequences that two passages have in common when they tell one story."""
_RUN = 3
_ABOUT = 0.5  # Texts with eight tenths of their words in common are not half as long as each other.


class Story:
    """A text as the set of its sequences of three words (all its words as one where there are fewer), and its figures.

    Each is made only for the few texts that come into question.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def words(self) -> list[str]:
        """The words, whatever their case."""
        return re.findall(r"\w+", self._text.casefold())

    @cached_property
    def figures(self) -> frozenset[str]:
        """The words that are numbers."""
        return frozenset(re.findall(r"\b\d+\b", self._text))

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """The sequences of words."""
        words = self.words
        return frozenset(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))

    def is_told_by(self, other: Story) -> bool:
        """Tell whether two texts are near-duplicates: the Jaccard similarity of their shingles (Broder 1997).

        With other figures they are not: one is wrong, or newer, and that is worth seeing.

        >>> Story("The vote was 120 to 7.").is_told_by(Story("the vote was 120 to 7"))
        True
        """
        one_chars, other_chars = len(self._text), len(other._text)
        if one_chars < _ABOUT * other_chars or other_chars < _ABOUT * one_chars or self.figures != other.figures:
            return False  # Most pairs end here.
        one, two = self.shingles, other.shingles
        return len(one & two) >= SAME * len(one | two)
