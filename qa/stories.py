"""One story once: passages that say the same in nearly the same words."""

from __future__ import annotations

import re

SAME = 0.8
"""Share of three-word sequences that two passages have in common when they tell one story."""
_RUN = 3


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Return the sequences of three words in a text; all its words as one where there are fewer."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))


def same_story(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    """Tell whether two texts are near-duplicates: the Jaccard similarity of their shingles (Broder 1997).

    >>> same_story(shingles("The vote was 120 to 7."), shingles("the vote was 120 to 7"))
    True
    """
    if min(len(one), len(other)) < SAME * max(len(one), len(other)):
        return False  # Too unlike in length: most pairs end here.
    return len(one & other) >= SAME * len(one | other)
