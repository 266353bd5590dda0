"""Calls that come while another is at work wait for it, and are then done in one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Call `run` with the items of all threads that have come by then; each gets its own result.

    >>> double = Together(lambda numbers: [2 * n for n in numbers])
    >>> double(3)
    6
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._run = run
        self._waiting: list[tuple[Item, Future[Result]]] = []
        self._queue = threading.Lock()
        self._at_work = threading.Lock()

    def __call__(self, item: Item) -> Result:
        """Return the result for one item. Raise what `run` raised."""
        future: Future[Result] = Future()
        with self._queue:
            self._waiting.append((item, future))
        with self._at_work:
            if not future.done():
                self._do_all()
        return future.result()

    def _do_all(self) -> None:
        with self._queue:
            batch, self._waiting = self._waiting, []
        try:
            for (_, future), result in zip(batch, self._run([item for item, _ in batch]), strict=True):
                future.set_result(result)
        except BaseException as error:  # Each caller raises it.
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
