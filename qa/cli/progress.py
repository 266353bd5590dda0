"""What a terminal shows: the progress of a sync, and text of articles without its control characters."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from qa.types import Progress, Stage

STAGE_NAMES: dict[Stage, str] = {
    "reading": "Reading articles",
    "loading": "Loading encoder",
    "embedding": "Embedding passages",
    "calibrating": "Fitting confidence",
    "asking": "Asking questions",
}


@contextmanager
def bar() -> Iterator[Progress]:
    """Show on stderr the progress of work, with counts and time left, once there is anything to do."""
    bars: list[Any] = []
    tasks: dict[str, Any] = {}

    def progress(stage: Stage, done: int, total: int, article_id: str = "") -> None:  # noqa: ARG001
        if not total:
            return
        if not bars:
            bars.append(_started_bar())
        if stage not in tasks:
            tasks[stage] = bars[0].add_task(STAGE_NAMES[stage], total=total)
        if not done:
            bars[0].reset(tasks[stage], total=total)
        bars[0].update(tasks[stage], completed=done)

    try:
        yield progress
    finally:
        for each in bars:
            each.stop()


def _started_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = Progress(*columns, console=Console(file=_Unfailing(sys.stderr)))  # type: ignore[arg-type]
    started.start()
    return started


class _Unfailing:
    """A stream for output that may be lost: if it cannot be written, the work goes on."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def printable(text: str) -> str:
    r"""Replace the control characters of a text that comes from articles: a terminal would obey them.

    >>> printable("an \x1b[31moffice")
    'an �[31moffice'
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) == "Cc" and c not in "\n\t" else c for c in text)
