import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.encoding.batching import MicroBatcher


def test_waiting_calls_are_executed_as_one_batch():
    started, go, batches = threading.Event(), threading.Event(), []

    def run(items):
        batches.append(len(items))
        started.set()
        assert go.wait(10)
        return [2 * item for item in items]

    double = MicroBatcher(run)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(double, 0)
        assert started.wait(10)
        others = [pool.submit(double, n) for n in range(1, 9)]
        while len(double._waiting) < 8:
            pass
        go.set()
        assert [first.result(), *(each.result() for each in others)] == [2 * n for n in range(9)]
    assert batches == [1, 8]


def test_each_caller_gets_the_error():
    def run(items):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        MicroBatcher(run)(1)
