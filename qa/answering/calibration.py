"""Fit the confidence to a library, without labels: questions that it surely answers, and others that it surely does not.

The in-domain ones are its own sentences with words dropped and the rest in another order, the out-of-domain ones are general
and come with the package. How sure either is, beside the libraries that the confidence was measured on, tells whether its
scale holds here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from statistics import median

from qa.answering.confidence import Adjustment, Features, prior
from qa.store.base import Calibration
from qa.types import Passage

QUESTIONS = 30
"""Questions of each kind."""
FEWEST = 10
"""With fewer of its own, a library keeps the confidence as it is."""
KEPT = 0.6
"""The fraction of a sentence's words that its question keeps."""
_WORDS = 8
"""A shorter sentence makes no question."""
_APART = 0.5
"""Medians that are nearer to each other than this do not tell the kinds apart: nothing is adjusted."""
_GROWN = 2
"""A library is fitted again when it has so many times the passages, or as many times fewer."""


def is_current(noted: Calibration | None, fingerprint: str, passages: int) -> bool:
    """Return True if what was noted still goes for an index of this encoder and size."""
    if noted is None or noted.fingerprint != fingerprint:
        return False
    return 1 / _GROWN <= passages / max(1, noted.passages) <= _GROWN


def in_domain_questions(passages: Iterable[Passage]) -> list[str]:
    """Return a question for each passage that has a sentence long enough, the same ones every time."""
    found = []
    for passage in passages:
        choose = random.Random(passage.text)  # noqa: S311  # Not for secrets.
        words = [re.findall(r"\w[\w'’-]*", span.of(passage.text)) for span in passage.inner_sentences]
        long = [each for each in words if len(each) >= _WORDS]
        if long:
            sentence = choose.choice(long)
            found.append(" ".join(choose.sample(sentence, int(KEPT * len(sentence)))))
    return found


def out_of_domain_questions() -> list[str]:
    """Return the questions that come with the package."""
    return files("qa.answering").joinpath("data", "ood_questions.txt").read_text(encoding="utf-8").splitlines()


def medians(in_domain: Iterator[Features | None], out_of_domain: Iterator[Features | None]) -> tuple[float, float] | None:
    """Return the median logits of the in-domain and of the out-of-domain questions, or None if there are too few."""
    logits = [[prior().logit(each) for each in kind if each] for kind in (in_domain, out_of_domain)]
    return None if min(map(len, logits)) < FEWEST else (median(logits[0]), median(logits[1]))


def adjustment(noted: Calibration | None) -> Adjustment:
    """Return what makes in-domain questions at least as sure, and out-of-domain ones at most as sure, as in known libraries.

    Most libraries need none: it is for those, and for encoders, whose cosines lie elsewhere.
    """
    logits = noted.logits if noted else None
    if logits is None or logits[0] - logits[1] < _APART:
        return Adjustment()
    high, low = max(logits[0], prior().anchors[0]), min(logits[1], prior().anchors[1])
    slope = (high - low) / (logits[0] - logits[1])
    return Adjustment(slope, high - slope * logits[0])


def chosen(keys: Sequence[int]) -> list[int]:
    """Return the passages to make questions of, evenly over the library."""
    return [int(key) for key in keys[:: max(1, len(keys) // QUESTIONS)][:QUESTIONS]]
