"""The turns of all open pages, in a bounded amount of memory: the oldest are dropped first."""

from __future__ import annotations

import secrets
import sys
import threading
from collections import OrderedDict
from dataclasses import replace

from qa.web.chat.conversation import WHOLE_TURNS, Turn, Turns

MOST_TURNS = 50
PANEL_CHARS = 2_000_000
"""How much HTML of whole articles is stored and sent with each answer; the latest turn has its articles always."""
SESSION_BYTES = 8_000_000
"""Fifty turns about ordinary articles take a quarter of it."""
ALL_BYTES = 250_000_000
"""About what the encoder takes: as much as a hundred long conversations."""


class Sessions:
    """Stores the turns of each session under a key. Safe to use from many threads.

    Turns are dropped without a notice: the next answer shows a shorter history.
    """

    def __init__(self, session_bytes: int = SESSION_BYTES, all_bytes: int = ALL_BYTES) -> None:
        self._session_bytes = session_bytes
        self._all_bytes = all_bytes
        self._turns: OrderedDict[str, Turns] = OrderedDict()
        self._size: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """The size of all turns."""
        return sum(self._size.values())

    def turns(self, key: str) -> Turns:
        """Return the turns of a session; none if it is unknown or was dropped."""
        with self._lock:
            return self._turns.get(key, ())

    def save(self, key: str, turns: Turns) -> tuple[str, Turns]:
        """Store the turns of a session, of a new one if the key is empty; return its key, and the turns that were stored."""
        key = key or secrets.token_hex(16)
        turns = self._within(_without_old_articles(turns[-MOST_TURNS:]))
        with self._lock:
            self._turns[key] = turns
            self._turns.move_to_end(key)
            self._size[key] = sum(map(size_bytes, turns))
            while self.size_bytes > self._all_bytes and len(self._turns) > 1:
                self._size.pop(self._turns.popitem(last=False)[0])
        return key, turns

    def forget(self, key: str) -> None:
        """Drop a session: its page is closed."""
        with self._lock:
            self._turns.pop(key, None)
            self._size.pop(key, None)

    def _within(self, turns: Turns) -> Turns:
        size = sum(map(size_bytes, turns))
        while size > self._session_bytes and len(turns) > 1:
            size -= size_bytes(turns[0])
            turns = turns[1:]
        return turns


def size_bytes(turn: Turn) -> int:
    """Return about how much memory a turn takes: that of its texts, as the rest is small."""
    hits = turn.answer.hits if turn.answer else ()
    texts = [turn.question, turn.reply, turn.sources, turn.passages, *(hit.passage.text for hit in hits)]
    return sum(map(sys.getsizeof, texts))


def _without_old_articles(turns: Turns) -> Turns:
    """Drop the whole articles of all but the latest turns; their passages stay."""
    slim: list[Turn] = []
    left = PANEL_CHARS
    for age, turn in enumerate(reversed(turns)):
        left -= len(turn.sources)
        slim.append(turn if age == 0 or (age < WHOLE_TURNS and left >= 0) else replace(turn, sources=""))
    return tuple(reversed(slim))
