"""The files of a folder: find them, and open them without trusting what lies there."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from qa.errors import FolderError
from qa.reading.formats import FORMATS
from qa.types import Failure

SUFFIXES = frozenset(FORMATS)

_LEADS_OUT = "a link that leads out of the folder; not followed"


class File(NamedTuple):
    """A file that may be an article: its id, where it is, and what tells without reading that it is unchanged.

    `root` is the resolved folder that the file has to lie in, also when it is read.
    """

    id: str
    place: str
    size_bytes: int
    changed_ns: int
    stamp: str
    root: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.place)


def scan(seeds: Path) -> tuple[list[File], list[Failure]]:
    """Find the article files under `seeds`, in order of their ids, and what could not be looked at.

    Hidden files and folders are left out. Links are followed only to files inside `seeds`, never to folders.
    Raise `FolderError` when `seeds` is not a folder that can be listed.
    """
    try:
        root = seeds.resolve(strict=True)
        next(root.iterdir(), None)
    except OSError as error:
        raise FolderError(
            f"{seeds}/ cannot be read ({error.strerror or error}): put articles there ({', '.join(FORMATS)})"
        ) from error
    files: list[File] = []
    failures: list[Failure] = []
    for found in _walk(root):
        (failures if isinstance(found, Failure) else files).append(found)  # type: ignore[arg-type]
    files, doubles = _one_of_each_id(files)
    return files, sorted(failures + doubles)


def _one_of_each_id(files: list[File]) -> tuple[list[File], list[Failure]]:
    """Return the files in order of their ids, and those whose id another file has: names may differ only in Unicode's form.

    The file whose name is the id goes before others, as it does in `find`.
    """
    files.sort(key=lambda file: (file.id, not file.place.replace(os.sep, "/").endswith(file.id), file.place))
    kept: list[File] = []
    doubles: list[Failure] = []
    taken = {file.id for file in files}
    for file in files:
        if not kept or kept[-1].id != file.id:
            kept.append(file)
            continue
        other_id = _spelled_out(file)
        while other_id in taken:
            other_id += "~"
        taken.add(other_id)
        doubles.append(Failure(other_id, f"another file is called {file.id} too: rename one of them"))
    return kept, doubles


def _spelled_out(file: File) -> str:
    """Return a path below the root with all that is not ASCII as escapes."""
    return os.path.relpath(file.place, file.root).encode("unicode_escape", "surrogatepass").decode("ascii")


def _walk(root: Path) -> Iterator[File | Failure]:
    """Look at all below `root`, however deep. A stat for each file is all the time there is."""
    folders = [(str(root), "")]
    while folders:
        folder, prefix = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError as error:
            yield Failure(_article_id(prefix.rstrip("/")), _reason(error))
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{prefix}{entry.name}/"))
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122  # A Path takes longer than the stat.
                yield _seen(entry, f"{prefix}{entry.name}", root)


def _seen(entry: os.DirEntry[str], relative: str, root: Path) -> File | Failure:
    try:
        if entry.is_symlink():
            return look(Path(entry.path), root)
        return _file(_article_id(relative), entry.path, entry.stat(), str(root))
    except OSError as error:
        return Failure(_article_id(relative), _reason(error))


def _file(article_id: str, place: str, status: os.stat_result, root: str) -> File | Failure:
    if not stat.S_ISREG(status.st_mode):
        return Failure(article_id, "not a plain file")
    stamp = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
    return File(article_id, place, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns), stamp, root)


def look(path: Path, root: Path) -> File | Failure:
    """Look at one file below the resolved folder `root` without reading it."""
    article_id = _article_id(path.relative_to(root).as_posix())
    try:
        status = path.stat()
        if not path.resolve().is_relative_to(root):
            return Failure(article_id, _LEADS_OUT)
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: an id that is not even text.
        return Failure(article_id, _reason(error))
    return _file(article_id, str(path), status, str(root))


def find(seeds: Path, article_id: str) -> File | None:
    """Look for the file of an article that `scan` found earlier; None when it is gone. An id may be anything."""
    root = seeds.resolve()
    parts = article_id.split("/")
    if "\0" in article_id or any(part.startswith(".") or not part for part in parts):
        return None  # No such id was ever given to a file.
    found = look(root / article_id, root)
    if isinstance(found, File) and found.path.suffix.lower() in SUFFIXES:
        return found
    if article_id.isascii() and "\\" not in article_id:
        return None
    # A name that is not NFC, or not text, differs from its id: only a scan can tell.
    files, _ = scan(seeds) if seeds.is_dir() else ([], [])
    return next((file for file in files if file.id == article_id), None)


def _article_id(relative: str) -> str:
    """Return a path below the root as an id: NFC; bytes that are no text are written as escapes."""
    if relative.isascii():
        return relative
    try:
        name = relative.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # Half a character, which is no name of a file but on Windows.
        name = relative.encode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", name.decode("utf-8", "backslashreplace"))


def load(file: File, limit_bytes: int) -> bytes | Failure:
    """Return the bytes of a file, or why they cannot be read."""
    if file.size_bytes > limit_bytes:
        return Failure(file.id, f"{file.size_bytes:,} bytes: over the limit of {limit_bytes:,} (setting article_bytes)")
    try:
        with open(file.place, "rb", opener=_opened) as stream:
            if reason := _no_longer_that(file, os.fstat(stream.fileno())):
                return Failure(file.id, reason)
            content = stream.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        return Failure(file.id, _reason(error))
    if len(content) > limit_bytes:
        return Failure(file.id, f"over the limit of {limit_bytes:,} bytes (setting article_bytes)")
    return content


def _opened(place: str, flags: int) -> int:
    """Open a file without waiting, as a pipe that took its place would let us."""
    return os.open(place, flags | getattr(os, "O_NONBLOCK", 0))


def _no_longer_that(file: File, opened: os.stat_result) -> str:
    """Return what has taken a file's place since it was looked at; nothing where what is open is a plain file of the folder.

    A link may come between a look and the opening: what is open has to be what lies in the folder now.
    """
    if not stat.S_ISREG(opened.st_mode):
        return "not a plain file"
    now = Path(file.place).resolve()
    if not now.is_relative_to(file.root):
        return _LEADS_OUT
    return "" if os.path.samestat(opened, now.stat()) else "it changed while it was read"


def _reason(error: Exception) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
