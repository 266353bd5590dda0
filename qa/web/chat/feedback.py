"""Readers' judgements of answers: lines of JSON, which `qa eval` reads as questions with known places."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from qa.errors import FolderError
from qa.results import Answer
from qa.wire import as_json

VERDICTS = ("right", "wrong", "wrong source")
MOST_BYTES = 50_000_000
"""The file does not grow further: everybody who can open the page can write to it."""
_MOST_CHARS = 100
_lock = threading.Lock()


class Judgement(NamedTuple):
    """A reader's verdict on the answer of a turn: one of `VERDICTS`."""

    turn: int
    verdict: str


def judgement(value: str) -> Judgement | None:
    """Return the judgement that a page sends; None if the value is not one. Any text may come.

    >>> judgement('{"turn": 3, "verdict": "right"}'), judgement('{"turn": 3, "verdict": "perhaps"}')
    (Judgement(turn=3, verdict='right'), None)
    """
    try:
        sent = json.loads(value) if len(value) <= _MOST_CHARS else {}
        turn, verdict = sent["turn"], sent["verdict"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Judgement(turn, verdict) if type(turn) is int and verdict in VERDICTS else None


def note(path: Path, answer: Answer, verdict: str) -> None:
    """Append one line to `path`: the question, the verdict, one of `VERDICTS`, and what was quoted.

    Only the quotes of a right answer are known to answer the question, so they alone are in `gold`, each with its words, by
    which it is found again after the article has changed around it. Raise `FolderError` if the file cannot be written.
    """
    quoted = [
        {"article": each.article_id, "start": each.span.start, "end": each.span.end, "quote": each.quote, "sha256": each.sha256}
        for each in answer.citations[: answer.quoted]
    ]
    line = {
        "id": datetime.now(UTC).isoformat(),
        "question": answer.searched or answer.question,
        "verdict": verdict,
        "answered": answer.answered,
        "confidence": round(answer.confidence, 3),
        "gold": quoted if verdict == "right" else [],
        "quoted": quoted,
    }
    try:
        with _lock:
            _append(path, json.dumps(as_json(line), ensure_ascii=False).encode())
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror or error}") from error


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        if size + len(line) > MOST_BYTES:
            raise OSError(f"it has reached {MOST_BYTES:,} bytes: move it away")
        if size:
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line  # The line before may have been cut off.
        file.write(line + b"\n")
