"""Read files in a process of their own, which is ended if a file takes too long or too much memory.

Whatever a file does to its reader, be it raise, hang or grow, becomes that file's `Failure`. The process is started at first
use, without the libraries that only the index needs, and kept for the next file. Requests and replies are lines of JSON: a
reply cannot run anything here.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from qa.errors import FolderError
from qa.reading import decoding, folder, formats
from qa.reading.content import UnreadableError
from qa.reading.folder import File
from qa.text.span import Span
from qa.types import Article, Failure, Locator

MEMORY_BYTES = 2_000_000_000
"""Memory that a reading process may take beyond what it starts with: a file of 20 MB takes a tenth of it."""
MAX_PROCESSES = 4
"""Processes that may read at the same time; further readers wait. It trades speed for memory: each may take `MEMORY_BYTES`."""
MAX_IDLE = 1
"""Idle processes that are kept for the next file: a sync reads one file after another, and each idle one holds memory."""

# The package's own `__init__` would load all that searching needs.
_START = """\
import sys, types
package = types.ModuleType("qa")
package.__path__ = [sys.argv[1]]
sys.modules["qa"] = package
from qa.reading.worker import serve
serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[2]))
"""


class Reading(NamedTuple):
    """The SHA-256 of a file and its article, or None in place of the article if the checksum is the known one.

    `is_cut_off` is True if a text file seems incomplete: see `decoding.is_cut_off`.
    """

    sha256: str
    article: Article | None
    is_cut_off: bool


def read(file: File, *, limit_bytes: int, limit_s: float, known_sha256: str = "") -> Reading | Failure:
    """Read a file in at most `limit_s` seconds; decode it only if its SHA-256 is not `known_sha256`.

    Raise `FolderError` if no process can be started.
    """
    reply = _reply_of_any(file, {"limit_bytes": limit_bytes, "known_sha256": known_sha256}, limit_s)
    if isinstance(reply, Failure):
        return reply
    fields = reply["article"]
    article = Article(**fields | _tuples(fields)) if fields else None
    return Reading(reply["sha256"], article, reply["is_cut_off"])


class Part(NamedTuple):
    """A page of a file to be drawn: its number from 0, its text in the article, and the span of that to be marked.

    `sha256` is that of the file which the article was read from: no other is drawn.
    """

    sha256: str
    number: int
    text: str
    marked: Span


def picture(file: File, part: Part, *, limit_bytes: int, limit_s: float) -> bytes | Failure:
    """Return a page of a file as PNG, drawn in at most `limit_s` seconds. Raise `FolderError` like `read`."""
    reply = _reply_of_any(file, {"limit_bytes": limit_bytes, "part": part}, limit_s)
    return reply if isinstance(reply, Failure) else base64.b64decode(reply["png"])


def _reply_of_any(file: File, request: dict[str, Any], limit_s: float) -> dict[str, Any] | Failure:
    """Return the reply of any process to a request about a file, or why there is none."""
    started = time.monotonic()
    for _ in range(2):  # A process may die for reasons that have nothing to do with the file, but hardly twice.
        with _borrowed() as process:
            reply = process.reply({"file": file, **request}, max(0.0, started + limit_s - time.monotonic()))
        if reply:
            return Failure(file.id, reply["reason"]) if "reason" in reply else reply
        if time.monotonic() - started >= limit_s:
            return Failure(file.id, f"takes more than {limit_s:g} s to read (setting article_s)")
    return Failure(file.id, "ends the process that reads it")


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    locators = tuple(Locator(*each) for each in fields["locators"])
    return {"tags": tuple(fields["tags"]), "locators": locators, "notes": tuple(fields["notes"])}


# --- this side -----------------------------------------------------------------------------------------------------------


class _Process:
    """A reading process, seen from this side."""

    def __init__(self) -> None:
        self.is_usable = True
        command = [sys.executable, "-P", "-c", _START, str(Path(__file__).parents[1]), str(MEMORY_BYTES)]
        paths = os.pathsep.join(str(Path(each).absolute()) for each in sys.path)
        # It multiplies no matrices: threads for that would only cost memory.
        environment = {**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
        try:
            self._process = subprocess.Popen(  # noqa: S603  # The same interpreter, with fixed arguments.
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
        except OSError as error:
            raise FolderError(f"no process can be started to read articles: {error.strerror or error}") from error

    def reply(self, request: dict[str, Any], limit_s: float) -> dict[str, Any] | None:
        """Return the reply to a request, or None if the process died, or was ended after `limit_s` seconds."""
        assert self._process.stdin
        assert self._process.stdout
        timer = threading.Timer(limit_s, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = b""
        finally:
            timer.cancel()
        # A dying process may still seem to run.
        self.is_usable = line.endswith(b"\n") and self._process.poll() is None
        return json.loads(line) if line.endswith(b"\n") else None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert stream
                stream.close()
        self._process.wait()


_idle: list[_Process] = []
_slots = threading.BoundedSemaphore(MAX_PROCESSES)


@contextmanager
def _borrowed() -> Iterator[_Process]:
    """Give a process that nobody else uses; keep it for the next file if it is still usable."""
    with _slots:
        try:
            process = _idle.pop()
        except IndexError:
            process = _Process()
        try:
            yield process
        except BaseException:  # A reply may be under way, which must not go to the next reader.
            process.close()
            raise
        if process.is_usable and len(_idle) < MAX_IDLE:
            _idle.append(process)
        else:
            process.close()


def close() -> None:
    """End the idle processes."""
    while _idle:
        _idle.pop().close()


atexit.register(close)
if hasattr(os, "register_at_fork"):  # A child must not share a reading process with its parent.
    os.register_at_fork(after_in_child=_idle.clear)


# --- the other side ------------------------------------------------------------------------------------------------------


def serve(requests: BinaryIO, replies: BinaryIO, memory_bytes: int) -> None:
    """Reply to requests, one a line, until there are no more."""
    _confine(memory_bytes)
    for line in requests:
        request = json.loads(line)
        try:
            reply = _reply(request)
        except MemoryError:
            reply = {"reason": f"takes more than {memory_bytes // 1_000_000:,} MB of memory to read"}
        except Exception as error:  # Its message may quote the article.
            reply = {"reason": f"cannot be read: {type(error).__name__}"}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    file = File(*request["file"])
    content = folder.load(file, request["limit_bytes"])
    if isinstance(content, Failure):
        return {"reason": content.reason}
    sha256 = formats.digest(content)
    if "part" in request:
        return _drawn(file.id, content, Part(*request["part"]), sha256)
    is_cut_off = formats.format_of(file.id).version == 0 and decoding.is_cut_off(content)
    if sha256 == request["known_sha256"]:
        return {"sha256": sha256, "is_cut_off": is_cut_off, "article": None}
    article = formats.read(file.id, content)
    if isinstance(article, Failure):
        return {"reason": article.reason}
    return {"sha256": sha256, "is_cut_off": is_cut_off, "article": asdict(article)}


def _drawn(article_id: str, content: bytes, part: Part, sha256: str) -> dict[str, Any]:
    draw = formats.format_of(article_id).draw
    if draw is None:
        return {"reason": "a kind of file without pages"}
    if sha256 != part.sha256:
        return {"reason": "it has changed since it was read"}
    try:
        return {"png": base64.b64encode(draw(content, part.number, part.text, Span(*part.marked))).decode()}
    except UnreadableError as error:
        return {"reason": str(error)}


def _confine(memory_bytes: int) -> None:
    """Limit this process: no more memory than `memory_bytes`, no written files, no core dump."""
    try:
        import resource
        import signal
    except ModuleNotFoundError:  # Windows
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The terminal sends it to all; this one ends with its parent.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(OSError, ValueError):  # Not every system has /proc.
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
