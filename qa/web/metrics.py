"""What a Prometheus server reads. The only module that imports prometheus_client.

The number of questions, their outcomes and durations, and what the index holds: no label and no value has words of a
question or an article.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from qa.errors import QaError, QuestionError
from qa.library import Library

SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


@dataclass(slots=True)
class Outcome:
    """How a question ended, if not in an error."""

    answered: bool = False


class Metrics:
    """The counts of one server."""

    media_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        # The label "door" is what dashboards know the interface by.
        self._questions = Counter(
            "qa_questions",
            "Questions, by the door they came in by and how they ended.",
            ["door", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "qa_question_seconds", "How long a question took.", ["door"], buckets=SECONDS, registry=self._registry
        )
        self._indexed = Gauge("qa_indexed", "What the index holds.", ["what"], registry=self._registry)
        self._pending = Gauge("qa_pending_files", "Files that are not in the index as they are now.", registry=self._registry)
        self._failed = Gauge("qa_failed_files", "Files that could not be read.", registry=self._registry)

    @contextmanager
    def question(self, interface: str) -> Iterator[Outcome]:
        """Count and time a question that came by an interface; the block sets whether it was answered."""
        started, outcome, ended = time.perf_counter(), Outcome(), "failed"
        try:
            yield outcome
            ended = "answered" if outcome.answered else "declined"
        except QuestionError:
            ended = "refused"
            raise
        finally:
            self._questions.labels(interface, ended).inc()
            self._seconds.labels(interface).observe(time.perf_counter() - started)

    def text(self, library: Library) -> bytes:
        """Return all counts in Prometheus' text format."""
        try:
            status = library.status(allow_cached=True)
            for what in ("articles", "passages", "sentences"):
                self._indexed.labels(what).set(getattr(status, what))
            self._pending.set(status.pending)
            self._failed.set(len(status.failed))
        except QaError:  # What cannot be read now keeps its last value.
            pass
        return generate_latest(self._registry)
