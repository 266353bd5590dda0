"""The turns of all who have the page open, in so much memory and no more: the oldest go first."""

from __future__ import annotations

import secrets
import sys
import threading
from collections import OrderedDict
from dataclasses import replace

from qa.web.chat.conversation import WHOLE_TURNS, Turn, Turns

TURNS_KEPT = 50
PANEL_CHARS = 2_000_000
"""Whole articles are kept, and sent with each answer, up to so much HTML; the latest turn's always."""
SESSION_BYTES = 8_000_000
"""Fifty turns of ordinary articles take a quarter of it."""
ALL_BYTES = 250_000_000
"""About what the encoder takes: as much as a hundred long conversations."""


class Sessions:
    """Keeps the turns of each session under a key. Safe to use from many threads.

    What is dropped is told to nobody: the history is shorter, and the next answer shows it so.
    """

    def __init__(self, session_bytes: int = SESSION_BYTES, all_bytes: int = ALL_BYTES) -> None:
        self._session_bytes = session_bytes
        self._all_bytes = all_bytes
        self._kept: OrderedDict[str, Turns] = OrderedDict()
        self._size: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return sum(self._size.values())

    def turns(self, key: str) -> Turns:
        """Return the turns of a session; none where it is unknown or was dropped."""
        with self._lock:
            return self._kept.get(key, ())

    def keep(self, key: str, turns: Turns) -> tuple[str, Turns]:
        """Keep the turns of a session, an empty key being a new one; return its key, and what is kept."""
        key = key or secrets.token_hex(16)
        turns = self._within(_slimmed(turns[-TURNS_KEPT:]))
        with self._lock:
            self._kept[key] = turns
            self._kept.move_to_end(key)
            self._size[key] = sum(map(size_bytes, turns))
            while self.size_bytes > self._all_bytes and len(self._kept) > 1:
                self._size.pop(self._kept.popitem(last=False)[0])
        return key, turns

    def forget(self, key: str) -> None:
        """Drop a session: its page is closed."""
        with self._lock:
            self._kept.pop(key, None)
            self._size.pop(key, None)

    def _within(self, turns: Turns) -> Turns:
        size = sum(map(size_bytes, turns))
        while size > self._session_bytes and len(turns) > 1:
            size -= size_bytes(turns[0])
            turns = turns[1:]
        return turns


def size_bytes(turn: Turn) -> int:
    """Return about how much a turn takes: its texts, beside which the rest weighs little."""
    hits = turn.answer.hits if turn.answer else ()
    held = [turn.question, turn.reply, turn.sources, turn.passages, *(hit.passage.text for hit in hits)]
    return sum(map(sys.getsizeof, held))


def _slimmed(turns: Turns) -> Turns:
    """Drop whole articles from all but the latest turns: there the passages do."""
    found: list[Turn] = []
    left = PANEL_CHARS
    for age, turn in enumerate(reversed(turns)):
        left -= len(turn.sources)
        found.append(turn if age == 0 or (age < WHOLE_TURNS and left >= 0) else replace(turn, sources=""))
    return tuple(reversed(found))
