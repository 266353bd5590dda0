"""Fit the confidence to a library, without labels: by questions that it surely answers, and others that it surely does not.

In-domain questions are its own sentences with words dropped and the rest shuffled; out-of-domain ones are general and come
with the package. Their confidence, beside that in the libraries where it was measured, shows if its scale holds here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from statistics import median

from qa.answering.confidence import Adjustment, logit, prior
from qa.answering.features import Features
from qa.store.base import Calibration
from qa.types import Passage

QUESTIONS = 30
"""Passages that in-domain questions are made of, a question each: the median of fewer varies more, more make a sync longer."""
FEWEST = 10
"""A library with fewer questions of its own keeps the confidence as it is: their median would depend on too few."""
WORDS_KEPT = 0.6
"""The fraction of a sentence's words that its question keeps: with all of them it would be too easy, with few too vague."""
_WORDS = 8
"""Sentences with fewer words make no question: too little is left of them to search for."""
_APART = 0.5
"""Nothing is adjusted if the medians are closer than this: they do not separate the kinds, and the slope would be steep."""
_GROWTH = 2
"""A library is fitted again once its number of passages has grown or shrunk by this factor: rarely, as it takes time."""


def is_current(stored: Calibration | None, fingerprint: str, passages: int) -> bool:
    """Return True if a stored calibration still holds for an index with this encoder and size."""
    if stored is None or stored.fingerprint != fingerprint:
        return False
    return 1 / _GROWTH <= passages / max(1, stored.passages) <= _GROWTH


def in_domain_questions(passages: Iterable[Passage]) -> list[str]:
    """Return a question for each passage that has a long enough sentence, the same ones every time."""
    questions = []
    for passage in passages:
        choose = random.Random(passage.text)  # noqa: S311  # Not for secrets.
        words = [re.findall(r"\w[\w'’-]*", span.of(passage.whole)) for span in passage.inner_sentences]
        long = [each for each in words if len(each) >= _WORDS]
        if long:
            sentence = choose.choice(long)
            questions.append(" ".join(choose.sample(sentence, int(WORDS_KEPT * len(sentence)))))
    return questions


def out_of_domain_questions() -> list[str]:
    """Return the out-of-domain questions that come with the package."""
    return files("qa.answering").joinpath("data", "ood_questions.txt").read_text(encoding="utf-8").splitlines()


def medians(in_domain: Iterator[Features | None], out_of_domain: Iterator[Features | None]) -> tuple[float, float] | None:
    """Return the median logits of the in-domain and the out-of-domain questions, or None if there are too few."""
    logits = [[logit(each) for each in kind if each] for kind in (in_domain, out_of_domain)]
    return None if min(map(len, logits)) < FEWEST else (median(logits[0]), median(logits[1]))


def adjustment(stored: Calibration | None, *, is_read: bool) -> Adjustment:
    """Return the adjustment of logits to a library.

    With it, in-domain questions have at least the confidence that they had in the libraries of the fit, and out-of-domain ones
    at most theirs. Most libraries need none: it is for libraries and encoders whose cosines are higher or lower.
    """
    logits = stored.logits if stored else None
    if logits is None or logits[0] - logits[1] < _APART:
        return Adjustment()
    anchors = prior(is_read=is_read).anchors
    high, low = max(logits[0], anchors[0]), min(logits[1], anchors[1])
    slope = (high - low) / (logits[0] - logits[1])
    return Adjustment(slope, high - slope * logits[0])


def sample_keys(keys: Sequence[int]) -> list[int]:
    """Return the keys of the passages to make questions of, spread evenly over the library."""
    return [int(key) for key in keys[:: max(1, len(keys) // QUESTIONS)][:QUESTIONS]]
