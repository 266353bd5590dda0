"""Find the files of a folder, and open them without trusting what lies there."""

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
    """A file that may be an article: its id, its path, and a `stamp` that shows without reading if it has changed.

    `root` is the resolved folder that the file must lie in, still when it is read.
    """

    id: str
    place: str
    size_bytes: int
    changed_ns: int
    stamp: str
    root: str

    @property
    def path(self) -> Path:
        """The path of the file."""
        return Path(self.place)


def scan(seeds: Path) -> tuple[list[File], list[Failure]]:
    """Return the article files under `seeds` in order of their ids, and a failure for each that cannot be inspected.

    Hidden files and folders are left out. Links are followed only to files inside `seeds`, never to folders.
    Raise `FolderError` if `seeds` is not a folder that can be listed.
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
    for item in _walk(root):
        (failures if isinstance(item, Failure) else files).append(item)  # type: ignore[arg-type]
    files, duplicates = _one_of_each_id(files)
    return files, sorted(failures + duplicates)


def _one_of_each_id(files: list[File]) -> tuple[list[File], list[Failure]]:
    """Return one file for each id, in order, and a failure for each other: names may differ only in Unicode's form.

    A file whose name is the id to the letter is preferred, as in `find`.
    """
    files.sort(key=lambda file: (file.id, not file.place.replace(os.sep, "/").endswith(file.id), file.place))
    unique: list[File] = []
    duplicates: list[Failure] = []
    ids = {file.id for file in files}
    for file in files:
        if not unique or unique[-1].id != file.id:
            unique.append(file)
            continue
        other_id = _escaped_path(file)
        while other_id in ids:
            other_id += "~"
        ids.add(other_id)
        duplicates.append(Failure(other_id, f"another file is called {file.id} too: rename one of them"))
    return unique, duplicates


def _escaped_path(file: File) -> str:
    """Return the path below the root with every character outside ASCII as an escape."""
    return os.path.relpath(file.place, file.root).encode("unicode_escape", "surrogatepass").decode("ascii")


def _walk(root: Path) -> Iterator[File | Failure]:
    """Yield a file or a failure for each article file below `root`, at any depth, at the cost of one stat each."""
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
                yield _entry_file(entry, f"{prefix}{entry.name}", root)


def _entry_file(entry: os.DirEntry[str], relative: str, root: Path) -> File | Failure:
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
    """Inspect one file below the resolved folder `root` without reading it."""
    article_id = _article_id(path.relative_to(root).as_posix())
    try:
        status = path.stat()
        if not path.resolve().is_relative_to(root):
            return Failure(article_id, _LEADS_OUT)
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: an id that is not even text.
        return Failure(article_id, _reason(error))
    return _file(article_id, str(path), status, str(root))


def find(seeds: Path, article_id: str) -> File | None:
    """Return the file of an article, or None if there is none. The id need not be one that `scan` gave."""
    root = seeds.resolve()
    parts = article_id.split("/")
    if "\0" in article_id or any(part.startswith(".") or not part for part in parts):
        return None  # `scan` gives no such id.
    file_or_failure = look(root / article_id, root)
    if isinstance(file_or_failure, File) and file_or_failure.path.suffix.lower() in SUFFIXES:
        return file_or_failure
    if article_id.isascii() and "\\" not in article_id:
        return None
    # A name that is not NFC, or not text, differs from its id: only a scan can tell.
    files, _ = scan(seeds) if seeds.is_dir() else ([], [])
    return next((file for file in files if file.id == article_id), None)


def _article_id(relative: str) -> str:
    """Return a path below the root as an id: in NFC, with bytes that are not text as escapes."""
    if relative.isascii():
        return relative
    try:
        name = relative.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # Half a surrogate pair, which only Windows allows in a file name.
        name = relative.encode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", name.decode("utf-8", "backslashreplace"))


def load(file: File, limit_bytes: int) -> bytes | Failure:
    """Return the bytes of a file, or why they cannot be read."""
    if file.size_bytes > limit_bytes:
        return Failure(file.id, f"{file.size_bytes:,} bytes: over the limit of {limit_bytes:,} (setting article_bytes)")
    try:
        with open(file.place, "rb", opener=_open_without_waiting) as stream:
            if reason := _replaced(file, os.fstat(stream.fileno())):
                return Failure(file.id, reason)
            content = stream.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        return Failure(file.id, _reason(error))
    if len(content) > limit_bytes:
        return Failure(file.id, f"over the limit of {limit_bytes:,} bytes (setting article_bytes)")
    return content


def _open_without_waiting(place: str, flags: int) -> int:
    """Open a file without blocking, also if a pipe has taken its place."""
    return os.open(place, flags | getattr(os, "O_NONBLOCK", 0))


def _replaced(file: File, opened: os.stat_result) -> str:
    """Return why the opened file is not the one that was inspected; empty if it is a plain file in the folder.

    A link may be put in its place between inspecting and opening: the opened file must be the one in the folder now.
    """
    if not stat.S_ISREG(opened.st_mode):
        return "not a plain file"
    now = Path(file.place).resolve()
    if not now.is_relative_to(file.root):
        return _LEADS_OUT
    return "" if os.path.samestat(opened, now.stat()) else "it changed while it was read"


def _reason(error: Exception) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
