"""Fit the confidence to a library, without labels: questions that it surely answers, and others that it surely does not.

The first are its own sentences with words dropped and the rest in another order, the second are general and come with the
package. How sure either is, beside the libraries that the confidence was measured on, tells whether its scale holds here.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from statistics import median
from typing import NamedTuple

from qa.confidence import Adjustment, Signals, prior
from qa.schema import Passage

QUESTIONS = 30
"""Questions of each kind."""
FEWEST = 10
"""With fewer of its own, a library keeps the confidence as it is."""
KEPT_SHARE = 0.6
_WORDS = 8
_APART = 0.5
_MOST_ODDS = 1e3


class Noted(NamedTuple):
    """Where the confidence of a library was last found to lie: with which encoder, among how many passages, and the odds."""

    fingerprint: str = ""
    passages: int = 0
    odds: tuple[float, float] | None = None

    @classmethod
    def read(cls, text: str) -> Noted:
        """Return what was noted; of what is no such note, nothing.

        >>> Noted.read('{"fingerprint": "f", "passages": 9, "odds": [2.5, -1.5]}').odds
        (2.5, -1.5)
        """
        try:
            found = cls(**json.loads(text or "{}"))
            if found.odds is not None:
                own, foreign = map(float, found.odds)
                found = found._replace(odds=(own, foreign))
        except (ValueError, TypeError, OverflowError, RecursionError):
            return cls()
        sound = all(map(_is_odd, found.odds or ()))
        return found if sound and isinstance(found.fingerprint, str) and type(found.passages) is int else cls()

    def __str__(self) -> str:
        return json.dumps(self._asdict())


def _is_odd(number: float) -> bool:
    return math.isfinite(number) and abs(number) < _MOST_ODDS


def own_questions(passages: Sequence[Passage]) -> list[str]:
    """Return a question for each passage that has a sentence long enough, the same ones every time."""
    found = []
    for passage in passages:
        choose = random.Random(passage.text)  # noqa: S311  # Not for secrets.
        words = [re.findall(r"\w[\w'’-]*", span.of(passage.text)) for span in passage.inner_sentences]
        long = [each for each in words if len(each) >= _WORDS]
        if long:
            sentence = choose.choice(long)
            found.append(" ".join(choose.sample(sentence, int(KEPT_SHARE * len(sentence)))))
    return found


def foreign_questions() -> list[str]:
    """Return the questions that come with the package."""
    return files("qa").joinpath("foreign.txt").read_text(encoding="utf-8").splitlines()


def landmarks(known: Callable[[str], Signals | None], own: Sequence[str]) -> tuple[float, float] | None:
    """Return the median log-odds of the own and of the foreign questions; None where there are too few."""
    odds = [
        [prior().odds(signals) for question in questions if (signals := known(question))]
        for questions in (own, foreign_questions())
    ]
    return None if min(map(len, odds)) < FEWEST else (median(odds[0]), median(odds[1]))


def adjustment(found: tuple[float, float] | None) -> Adjustment:
    """Return what makes the own questions at least as sure, and the foreign ones at most as sure, as in known libraries.

    Most libraries need none: it is for those, and for encoders, whose cosines lie elsewhere.
    """
    if found is None or found[0] - found[1] < _APART:
        return Adjustment()
    own, foreign = max(found[0], prior().landmarks[0]), min(found[1], prior().landmarks[1])
    slope = (own - foreign) / (found[0] - found[1])
    return Adjustment(slope, own - slope * found[0])
