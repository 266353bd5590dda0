"""Fit the confidence to a library by asking it in-domain and out-of-domain questions. See `calibration`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.answering import calibration
from qa.answering.features import Features
from qa.answering.rating import find
from qa.retrieval.search import Search
from qa.store.base import Calibration
from qa.types import Progress


def fit(search: Search, progress: Progress) -> Calibration | None:
    """Return a new calibration of a library, or None if its present one still holds, or it is too small for one."""
    snapshot = search.snapshot
    passages, fingerprint = snapshot.counts().passages, snapshot.manifest.fingerprint
    if calibration.is_current(snapshot.calibration(), fingerprint, passages):
        return None
    sample = snapshot.passages(calibration.sample_keys(snapshot.keys().tolist()))
    in_domain, out_of_domain = calibration.in_domain_questions(sample.values()), calibration.out_of_domain_questions()
    if len(in_domain) < calibration.FEWEST:
        return None
    total = len(in_domain) + len(out_of_domain)
    done = iter(range(total))

    def features(questions: Sequence[str]) -> Iterator[Features | None]:
        for question in questions:
            progress("calibrating", next(done), total)
            yield find(search, question).features

    logits = calibration.medians(features(in_domain), features(out_of_domain))
    progress("calibrating", total, total)
    return Calibration(fingerprint, passages, logits)
