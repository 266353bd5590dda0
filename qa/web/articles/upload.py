"""An article that comes over HTTP: is its name plain, can it be read, is its place free."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import stat
import time
import unicodedata
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

from qa.reading import folder, formats, worker
from qa.types import Failure
from qa.web.messages import Words
from qa.web.refusal import Refusal

NAME_BYTES = 200
UPLOAD_S = 60.0
"""How long an article may take to come: 20 MB do so at 3 Mbit/s."""
AT_ONCE = 2
"""So many articles may be on their way."""
MOST_WAITING = 8
"""So many that have come may wait to be read."""
FREE_BYTES = 500_000_000
"""So much of the disk is left to others."""
READ_S = 10.0
"""How long an article may take to be read: a thousand times what one of its size takes."""
LEFT_S = 3600.0
"""What was begun so long ago is not being written any more."""
_OURS = re.compile(r"\.qa-upload-[0-9a-f]{32}\.tmp")
KINDS = tuple(formats.FORMATS)
_FORBIDDEN = frozenset('/\\<>:"|?*')
# Letters and marks that show as nothing (Unicode's Default_Ignorable_Code_Point), and the empty Braille cell. Of those that
# are no letters or marks `isprintable` knows.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
_PORTS = (f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³")
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *_PORTS})


def is_plain(name: str) -> bool:
    """Tell whether a name is that of an article file in one folder, on every system.

    >>> [is_plain(name) for name in ("report.md", "../report.md", ".report.md", "aux.txt", "report.exe")]
    [True, False, False, False, False]
    """
    return (
        name.isprintable()
        and not _UNSEEN.search(name)
        and not name.startswith((".", " "))
        and not _FORBIDDEN & set(name)
        and unicodedata.is_normalized("NFC", name)
        and len(name.encode("utf-8", "replace")) <= NAME_BYTES
        and name.partition(".")[0].rstrip().upper() not in _DEVICES
        and PurePath(name).suffix.lower() in formats.FORMATS
    )


class Uploads:
    """Takes articles into the folder `seeds`: whole, never over another. For one event loop."""

    def __init__(self, seeds: Path, total_bytes: int) -> None:
        self._seeds = seeds
        self._left_bytes = total_bytes
        self._coming = 0
        self._waiting = 0
        self._writers = ThreadPoolExecutor(AT_ONCE, "qa-upload")
        # Of their own: an article that takes long to read keeps neither questions waiting nor what comes in.
        self._reader = ThreadPoolExecutor(1, "qa-upload-read")

    def close(self) -> None:
        """End what has not begun."""
        for pool in (self._writers, self._reader):
            pool.shutdown(wait=False, cancel_futures=True)

    async def take(self, name: str, length: int, content: AsyncIterator[bytes], say: Words) -> Refusal | None:
        """Put an article into the folder; return why not, and then nothing has changed."""
        if refusal := self._refusal(name, length, say):
            return refusal
        temporary = self._seeds / f".qa-upload-{uuid.uuid4().hex}.tmp"
        self._left_bytes -= length
        taken = False
        try:
            refusal = await self._written(temporary, name, length, content, say) or await self._read(temporary, name, say)
            taken = refusal is None
        except OSError as error:
            return Refusal(503, say("cannot_write", what=name, reason=error.strerror or str(error)))
        finally:
            self._left_bytes += 0 if taken else length
            temporary.unlink(missing_ok=True)
        return refusal

    def _refusal(self, name: str, length: int, say: Words) -> Refusal | None:
        if not is_plain(name):
            return Refusal(400, say("bad_name", what=name, kinds=", ".join(KINDS)))
        if os.path.lexists(self._seeds / name):
            return Refusal(409, say("name_taken", what=name))
        if length > self._left_bytes or shutil.disk_usage(self._seeds).free - length < FREE_BYTES:
            return Refusal(507, say("uploads_full"))
        if self._coming >= AT_ONCE or self._waiting >= MOST_WAITING:
            return Refusal(503, say("uploads_at_once"), ((b"retry-after", b"10"),))
        return None

    async def _written(
        self, temporary: Path, name: str, length: int, content: AsyncIterator[bytes], say: Words
    ) -> Refusal | None:
        """Write down what comes, as it comes."""
        loop, size = asyncio.get_running_loop(), 0
        self._coming += 1
        try:
            with temporary.open("xb") as stream:
                async with asyncio.timeout(UPLOAD_S):
                    async for some in content:
                        size += len(some)
                        await loop.run_in_executor(self._writers, stream.write, some)
        except TimeoutError:
            return Refusal(408, say("upload_slow", what=name))
        finally:
            self._coming -= 1
        return None if size == length else Refusal(400, say("upload_broken", what=name))

    async def _read(self, temporary: Path, name: str, say: Words) -> Refusal | None:
        """Give what was written down its name, when its turn comes and where it can be read."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, _placed, temporary, name, say)
        finally:
            self._waiting -= 1


def _placed(temporary: Path, name: str, say: Words) -> Refusal | None:
    if reason := _unreadable(temporary, name):
        return Refusal(422, say("cannot_read", what=name, reason=reason))
    folder = temporary.parent
    taken = Refusal(409, say("name_taken", what=name))
    if any(unicodedata.normalize("NFC", each) == name for each in os.listdir(folder)):  # noqa: PTH208  # Names only.
        return taken
    try:
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        os.link(temporary, folder / name)  # Unlike a rename, never takes the place of another file.
    except FileExistsError:
        return taken
    return None


def _unreadable(path: Path, name: str) -> str:
    """Return why the article at `path` cannot be read; empty when it can."""
    file = folder.look(path.resolve(), path.parent.resolve())
    if isinstance(file, Failure):
        return file.reason
    read = worker.read(file._replace(id=name), limit_bytes=file.size_bytes, limit_s=READ_S)
    return read.reason if isinstance(read, Failure) else ""


def remove_leftovers(seeds: Path) -> None:
    """Remove what servers that were killed had not written to its end."""
    now = time.time()
    for path in seeds.glob(".qa-upload-*.tmp"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if _OURS.fullmatch(path.name) and stat.S_ISREG(found.st_mode) and now - found.st_mtime > LEFT_S:
                path.unlink()
