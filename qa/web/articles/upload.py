"""Articles that are uploaded: each needs a plain name that is free, and has to be readable."""

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
from qa.web.left_out import remedy_for
from qa.web.messages import Words
from qa.web.refusal import Refusal

NAME_BYTES = 200
UPLOAD_S = 60.0
"""How long an upload may take: 20 MB take as long at 3 Mbit/s."""
AT_ONCE = 2
"""How many articles may be uploaded at the same time."""
MOST_WAITING = 8
"""How many uploaded articles may wait to be read."""
FREE_BYTES = 500_000_000
"""How much of the disk is left free."""
READ_S = 10.0
"""How long reading an article may take: a thousand times as long as one of that size takes."""
LEFT_S = 3600.0
"""An upload that began this long ago is no longer being written."""
_OURS = re.compile(r"\.qa-upload-[0-9a-f]{32}\.tmp")
KINDS = tuple(formats.FORMATS)
_FORBIDDEN = frozenset('/\\<>:"|?*')
# Letters and marks that show as nothing (Unicode's Default_Ignorable_Code_Point), and the empty Braille cell; other characters
# that do not show are not printable for `isprintable`.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
_PORTS = (f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³")
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *_PORTS})


def is_plain(name: str) -> bool:
    """Return True if a name is that of an article file in one folder, on every system.

    >>> [is_plain(name) for name in ("report.md", "../report.md", ".report.md", "aux.txt", "report.exe")]
    [True, False, False, False, False]
    """
    return (
        name.isprintable()
        and not _INVISIBLE.search(name)
        and not name.startswith((".", " "))
        and not _FORBIDDEN & set(name)
        and unicodedata.is_normalized("NFC", name)
        and len(name.encode("utf-8", "replace")) <= NAME_BYTES
        and name.partition(".")[0].rstrip().upper() not in _DEVICES
        and PurePath(name).suffix.lower() in formats.FORMATS
    )


def _bad_name(name: str, say: Words) -> Refusal:
    """Return why a name is not taken: files of its kind are not read, or it is no plain name."""
    ending, kinds = PurePath(name).suffix[1:], ", ".join(KINDS)
    if not ending.isalnum() or not is_plain(f"{name}{KINDS[0]}"):
        return Refusal(400, say("bad_name", what=name, kinds=kinds))
    remedy = remedy_for(ending.upper(), say)
    named = f"{ending.upper()} ({remedy})" if remedy else ending.upper()
    return Refusal(415, say("other_kind", what=name, ending=named, kinds=kinds))


class Uploads:
    """Adds articles to the folder `seeds`: each whole, and never over another file. For one event loop."""

    def __init__(self, seeds: Path, total_bytes: int) -> None:
        self._seeds = seeds
        self._left_bytes = total_bytes
        self._uploading = 0
        self._waiting = 0
        self._writers = ThreadPoolExecutor(AT_ONCE, "qa-upload")
        # A pool of its own: an article that takes long to read delays neither questions nor other uploads.
        self._reader = ThreadPoolExecutor(1, "qa-upload-read")

    def close(self) -> None:
        """Cancel what has not begun."""
        for pool in (self._writers, self._reader):
            pool.shutdown(wait=False, cancel_futures=True)

    async def add(self, name: str, length: int, content: AsyncIterator[bytes], say: Words) -> Refusal | None:
        """Put an article into the folder; return why not, if nothing was added."""
        if refusal := self._refusal(name, length, say):
            return refusal
        temporary = self._seeds / f".qa-upload-{uuid.uuid4().hex}.tmp"
        self._left_bytes -= length
        added = False
        try:
            refusal = await self._receive(temporary, name, length, content, say)
            refusal = refusal or await self._place(temporary, name, say)
            added = refusal is None
        except OSError as error:
            return Refusal(503, say("cannot_write", what=name, reason=error.strerror or str(error)))
        finally:
            self._left_bytes += 0 if added else length
            temporary.unlink(missing_ok=True)
        return refusal

    def _refusal(self, name: str, length: int, say: Words) -> Refusal | None:
        if not is_plain(name):
            return _bad_name(name, say)
        if folder.is_left_out(name, self._seeds):
            return Refusal(409, say("is_ignored", what=name))
        if os.path.lexists(self._seeds / name):
            return Refusal(409, say("name_taken", what=name))
        if length > self._left_bytes or shutil.disk_usage(self._seeds).free - length < FREE_BYTES:
            return Refusal(507, say("uploads_full"))
        if self._uploading >= AT_ONCE or self._waiting >= MOST_WAITING:
            return Refusal(503, say("uploads_at_once"), ((b"retry-after", b"10"),))
        return None

    async def _receive(
        self, temporary: Path, name: str, length: int, content: AsyncIterator[bytes], say: Words
    ) -> Refusal | None:
        """Write the upload to a temporary file as it arrives."""
        loop, size = asyncio.get_running_loop(), 0
        self._uploading += 1
        try:
            with temporary.open("xb") as stream:
                async with asyncio.timeout(UPLOAD_S):
                    async for some in content:
                        size += len(some)
                        await loop.run_in_executor(self._writers, stream.write, some)
        except TimeoutError:
            return Refusal(408, say("upload_slow", what=name))
        finally:
            self._uploading -= 1
        return None if size == length else Refusal(400, say("upload_broken", what=name))

    async def _place(self, temporary: Path, name: str, say: Words) -> Refusal | None:
        """Give the temporary file its name, in its turn and if it can be read."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, _moved_into_place, temporary, name, say)
        finally:
            self._waiting -= 1


def _moved_into_place(temporary: Path, name: str, say: Words) -> Refusal | None:
    if reason := _unreadable(temporary, name):
        return Refusal(422, say("cannot_read", what=name, reason=reason))
    folder = temporary.parent
    name_taken = Refusal(409, say("name_taken", what=name))
    if any(unicodedata.normalize("NFC", each) == name for each in os.listdir(folder)):  # noqa: PTH208  # Names only.
        return name_taken
    try:
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        os.link(temporary, folder / name)  # Unlike a rename, never takes the place of another file.
    except FileExistsError:
        return name_taken
    return None


def _unreadable(path: Path, name: str) -> str:
    """Return why the article at `path` cannot be read; empty if it can."""
    file = folder.look(path.resolve(), path.parent.resolve())
    if isinstance(file, Failure):
        return file.reason
    read = worker.read(file._replace(id=name), limit_bytes=file.size_bytes, limit_s=READ_S)
    return read.reason if isinstance(read, Failure) else ""


def remove_leftovers(seeds: Path) -> None:
    """Remove the temporary files of servers that were killed during an upload."""
    now = time.time()
    for path in seeds.glob(".qa-upload-*.tmp"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if _OURS.fullmatch(path.name) and stat.S_ISREG(status.st_mode) and now - status.st_mtime > LEFT_S:
                path.unlink()
