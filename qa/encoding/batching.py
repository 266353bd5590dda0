"""Micro-batching: calls that arrive during a run are executed together as the next batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher(Generic[Item, Result]):
    """Calls `run` with the items that all threads have waiting, and returns to each its own result.

    >>> double = MicroBatcher(lambda numbers: [2 * n for n in numbers])
    >>> double(3)
    6
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._run = run
        self._waiting: list[tuple[Item, Future[Result]]] = []
        self._is_running = False
        self._turn = threading.Condition()

    def __call__(self, item: Item) -> Result:
        """Return the result for one item. Raise what `run` raised."""
        future: Future[Result] = Future()
        with self._turn:
            self._waiting.append((item, future))
            self._turn.wait_for(lambda: future.done() or not self._is_running)
            if future.done():
                return future.result()
            self._is_running = True
            batch, self._waiting = self._waiting, []
        try:
            for (_, each), result in zip(batch, self._run([item for item, _ in batch]), strict=True):
                each.set_result(result)
        except BaseException as error:  # Each caller raises it.
            for _, each in batch:
                if not each.done():
                    each.set_exception(error)
        finally:
            with self._turn:
                self._is_running = False
                self._turn.notify_all()
        return future.result()
