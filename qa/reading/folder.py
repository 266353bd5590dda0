"""Find the files of a folder, and open them without trusting what lies there."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from qa.errors import FolderError
from qa.reading import ignore
from qa.reading.formats import FORMATS
from qa.types import Failure

SUFFIXES = frozenset(FORMATS)
NO_ENDING = "no ending"
_SHOWN_OTHERS = 8
"""So many kinds of files that are not read are named: a longer list would not be read either."""

_ENDING = re.compile(r"\.[^\W_]{1,10}")
"""What a file's name may end in so that it tells the kind of the file."""
_NEVER_READ = frozenset({"node_modules", "__pycache__"})
"""Folders of programs: what is text there is nobody's article."""
_OURS = frozenset({ignore.NAME, ".examples"})
"""Hidden files that are for this program: nobody misses them among the articles."""
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


class Scan(NamedTuple):
    """What lies in a folder: each file is one of these, or lies in a folder that is counted as `hidden`.

    `files` are those that may be articles, in order of their ids; `failures` those that cannot be inspected, and what is wrong
    with a `.qaignore`; `others` counts the files of kinds that are not read, by ending, such as "MP4", the most frequent first;
    `hidden` counts the files and folders left out on purpose: a hidden or ignored folder counts as one.
    """

    files: list[File]
    failures: list[Failure]
    others: dict[str, int]
    hidden: int


def scan(seeds: Path) -> Scan:
    """Return what lies under `seeds`.

    Hidden files and folders are left out, and those that a `.qaignore` names. Links are followed only to files inside `seeds`,
    never to folders. Raise `FolderError` if `seeds` is not a folder that can be listed.
    """
    try:
        root = seeds.resolve(strict=True)
        next(root.iterdir(), None)
    except OSError as error:
        raise FolderError(
            f"{seeds}/ cannot be read ({error.strerror or error}): put articles there ({', '.join(FORMATS)})"
        ) from error
    walk = _Walk(root)
    walk.run()
    files, duplicates = _one_of_each_id(walk.files)
    others = dict(sorted(walk.others.items(), key=lambda item: (-item[1], item[0])))
    return Scan(files, sorted(walk.failures + duplicates), others, walk.hidden)


def in_words(others: Mapping[str, int], said: Callable[[str, int], str] = lambda ending, count: f"{count:,} {ending}") -> str:
    """Return how many files there are of the most frequent kinds; `said` tells it of one kind.

    >>> in_words({"MP4": 2, "ZIP": 1})
    '2 MP4, 1 ZIP'
    """
    shown = [said(ending, count) for ending, count in list(others.items())[:_SHOWN_OTHERS]]
    return ", ".join(shown + (["…"] if len(others) > _SHOWN_OTHERS else []))


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


_Folder = tuple[str, str, ignore.Rules]
"""The path of a folder, what the paths below the root begin with in it, and the patterns that hold above it."""


@dataclass(slots=True)
class _Walk:
    """What was found below `root` so far, at any depth, at the cost of one stat for each file that may be an article."""

    root: Path
    files: list[File] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    hidden: int = 0

    def run(self) -> None:
        """Find all."""
        folders: list[_Folder] = [(str(self.root), "", ())]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder[0]) as listing:
                    entries = list(listing)
            except OSError as error:
                self.failures.append(Failure(_article_id(folder[1].rstrip("/")), _reason(error)))
            else:
                folders += self._note_entries(entries, *folder)

    def _note_entries(self, entries: list[os.DirEntry[str]], place: str, prefix: str, rules: ignore.Rules) -> Iterator[_Folder]:
        """Note the files of a folder, and yield the folders in it."""
        if any(entry.name == ignore.NAME for entry in entries):
            more, failures = _rules_of(Path(place), self.root)
            self.failures += failures
            rules = (*rules, *more)
        for entry in entries:
            relative, is_folder = f"{prefix}{entry.name}", entry.is_dir(follow_symlinks=False)
            if _is_hidden(entry.name, is_folder=is_folder):
                self.hidden += entry.name not in _OURS
            elif rules and ignore.leave_out(_article_id(relative), rules, is_folder=is_folder):
                self.hidden += 1
            elif is_folder:
                yield entry.path, f"{relative}/", rules
            else:
                self._note_file(entry, relative)

    def _note_file(self, entry: os.DirEntry[str], relative: str) -> None:
        ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122  # A Path takes longer than the stat.
        if ending in SUFFIXES:
            item = _entry_file(entry, relative, self.root)
            (self.failures if isinstance(item, Failure) else self.files).append(item)  # type: ignore[arg-type]
        elif entry.is_symlink() and entry.is_dir():
            self.failures.append(Failure(_article_id(relative), "a link to a folder; not followed"))
        else:
            self.others[ending[1:].upper() if _ENDING.fullmatch(ending) else NO_ENDING] += 1


def _rules_of(place: Path, root: Path) -> tuple[ignore.Rules, list[Failure]]:
    """Return the patterns of the `.qaignore` in a folder; none of a file that cannot be used, and what is wrong with it."""
    file = look(place / ignore.NAME, root)
    content = load(file, ignore.LIMIT_BYTES) if isinstance(file, File) and file.size_bytes <= ignore.LIMIT_BYTES else file
    if isinstance(content, File):
        content = Failure(content.id, f"over {ignore.LIMIT_BYTES:,} bytes: it is not used")
    if isinstance(content, Failure):
        return (), [content]
    patterns, file_id = ignore.patterns(content), _article_id((place / ignore.NAME).relative_to(root).as_posix())
    rules = ((len(file_id) - len(ignore.NAME), patterns),)
    return rules, [Failure(file_id, patterns.complaint)] if patterns.complaint else []


def _is_hidden(name: str, *, is_folder: bool) -> bool:
    """Return True if a file or folder is left out by its name; office programs begin those of open files with `~$`."""
    return name.startswith((".", "~$")) or (is_folder and name in _NEVER_READ)


def is_left_out(article_id: str, root: Path) -> bool:
    """Return True if `scan` leaves out an id, or a folder above it."""
    rules: ignore.Rules = ()
    parts = article_id.split("/")
    for depth, part in enumerate(parts):
        is_folder, above = depth < len(parts) - 1, root.joinpath(*parts[:depth])
        if not part or _is_hidden(part, is_folder=is_folder):
            return True
        if os.path.lexists(above / ignore.NAME):
            rules = (*rules, *_rules_of(above, root)[0])
        if rules and ignore.leave_out("/".join(parts[: depth + 1]), rules, is_folder=is_folder):
            return True
    return False


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
    if "\0" in article_id or is_left_out(article_id, root):
        return None  # `scan` gives no such id.
    file_or_failure = look(root / article_id, root)
    if isinstance(file_or_failure, File) and file_or_failure.path.suffix.lower() in SUFFIXES:
        return file_or_failure
    if article_id.isascii() and "\\" not in article_id:
        return None
    # A name that is not NFC, or not text, differs from its id: only a scan can tell.
    files = scan(seeds).files if seeds.is_dir() else []
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
