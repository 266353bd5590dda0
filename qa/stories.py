"""One story once: passages that say the same in nearly the same words."""

from __future__ import annotations

import re
from typing import NamedTuple

SAME = 0.8
"""Share of three-word sequences that two passages have in common when they tell one story."""
_RUN = 3


class Story(NamedTuple):
    """A text as the set of its sequences of three words (all its words as one where there are fewer), and its figures."""

    shingles: frozenset[tuple[str, ...]]
    figures: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Story:
        """Read a text."""
        words = re.findall(r"\w+", text.casefold())
        runs = frozenset(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))
        return cls(runs, frozenset(word for word in words if word.isdigit()))

    def is_told_by(self, other: Story) -> bool:
        """Tell whether two texts are near-duplicates: the Jaccard similarity of their shingles (Broder 1997).

        With other figures they are not: one is wrong, or newer, and that is worth seeing.

        >>> Story.of("The vote was 120 to 7.").is_told_by(Story.of("the vote was 120 to 7"))
        True
        """
        one, two = self.shingles, other.shingles
        if self.figures != other.figures or min(len(one), len(two)) < SAME * max(len(one), len(two)):
            return False  # Or too unlike in length: most pairs end here.
        return len(one & two) >= SAME * len(one | two)
