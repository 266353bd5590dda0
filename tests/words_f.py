"""How well the words of a text agree with those that it should have."""

import re
from collections import Counter


def words_f(text: str, truth: str) -> float:
    """Return the harmonic mean of precision and recall of words, each as often as it occurs."""
    ours, theirs = (Counter(re.findall(r"\w+", each.lower())) for each in (text, truth))
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())
