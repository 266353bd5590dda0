"""A file becomes an article: find the files, decode them, read title and date. Nothing here trusts a file."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qa.errors import FolderError
from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, lines
from qa.types import Article, Failure

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
FRONT_MATTER_CHARS = 20_000
"""Front matter is metadata; what claims to be more is not parsed."""

COMMON_ENCODINGS = ("cp1252", "cp1251", "cp1250")
"""Western, Cyrillic and Central European Windows, by how often they are met."""

_DATED_LINE = re.compile(r"\s*date\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_KEY_VALUE = re.compile(r"^([A-Za-z]+)[^\S\n]*:(.+)$", re.MULTILINE)


_NULLS = ("~", "null", "Null", "NULL")
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
            f"{seeds}/ cannot be read ({error.strerror or error}): make the folder and put .md or .txt articles into it"
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


def is_cut_off(content: bytes) -> bool:
    """Tell whether what would else be UTF-8 ends in the middle of a character, or in zeros, as a copy that broke off does."""
    if content.endswith(b"\0\0\0\0"):
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read(article_id: str, content: bytes) -> Article | Failure:
    """Decode a file and read its metadata: from front matter, else from its first line, else from its name."""
    text = decode(content)
    if text is None:
        return Failure(article_id, "not text: binary, or in an encoding that cannot be told")
    metadata, body = front_matter(text)
    if not text[body:].strip():
        return Failure(article_id, "empty")
    title, date = _headline(text, body)
    return Article(
        id=article_id,
        text=text,
        title=_one_line(metadata.get("title")) or _one_line(title) or _one_line(Path(article_id).stem.replace("_", " ")),
        body=body,
        date=_iso_date(metadata.get("date")) or date,
        source=_one_line(metadata.get("source")),
        url=_one_line(metadata.get("url")),
        tags=_tags(metadata.get("tags")),
    )


def decode(content: bytes) -> str | None:
    """Return the text of a file without its byte order mark, or None when it is none."""
    text = _decode(content)
    return None if text is None or "\0" in text else text


def _decode(content: bytes) -> str | None:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                return None
    if b"\0" in content:
        return _decode_bare_utf16(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(content)


def _decode_bare_utf16(content: bytes) -> str | None:
    """Decode UTF-16 that has no mark: in Western text, every second byte of it is nearly always zero."""
    even, odd = content[::2].count(0), content[1::2].count(0)
    if len(content) % 2 or max(even, odd) < 0.4 * len(content) / 2 or min(even, odd) > 0.05 * len(content):
        return None
    try:
        return content.decode("utf-16-be" if even > odd else "utf-16-le")
    except UnicodeDecodeError:
        return None


def _decode_legacy(content: bytes) -> str | None:
    import charset_normalizer

    matches = charset_normalizer.from_bytes(content)
    best = matches.best()
    if best is None:
        return None
    # Of encodings that read equally well, short texts are in the common one.
    rivals = {name for match in matches if match.chaos <= best.chaos for name in match.could_be_from_charset}
    encoding = next((name for name in COMMON_ENCODINGS if name in rivals), best.encoding)
    text = content.decode(encoding, "replace")
    controls = sum(unicodedata.category(char) == "Cc" and char not in "\t\n\r\f" for char in text)
    return None if controls > 0.01 * len(text) else text


def front_matter(text: str) -> tuple[Mapping[str, Any], int]:
    """Return the metadata at the head of a text and the offset of its body; `({}, 0)` without front matter."""
    if not text.startswith("---"):
        return {}, 0
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    try:
        head, body = handler.split(text)
    except ValueError:
        return {}, 0
    if len(head) > FRONT_MATTER_CHARS:
        return {}, 0
    try:
        # The base loader makes every value a text: what is no date or number is no error, and nothing is merged or multiplied.
        metadata = handler.load(head, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        # A colon in an unquoted title is not YAML, but it is what people write.
        metadata = {key.lower(): value.strip().strip("\"'") for key, value in _KEY_VALUE.findall(head)}
    if not isinstance(metadata, dict) or not metadata:
        return {}, 0
    return {str(key).lower(): value for key, value in metadata.items()}, len(text) - len(body)


def _headline(text: str, body: int) -> tuple[str, str]:
    """Return title and date of the first line, where it is a headline; either may be empty."""
    first = next(line.of(text) for line in lines(text, Span(body, len(text))) if line.of(text)).splitlines()[0].strip()
    dated = _DATED_LINE.match(first)
    if dated:
        return dated.group(2).strip(), _iso_date(dated.group(1))
    return (heading_text(first) if is_heading(first) else ""), ""


def _one_line(value: object) -> str:
    """Return a scalar of the front matter as one line of printable text, anything else, and YAML's null, as nothing."""
    words = value.split() if isinstance(value, str) and value not in _NULLS else []
    return "".join(char for char in " ".join(words) if char.isprintable())


def _tags(value: object) -> tuple[str, ...]:
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(tag for tag in map(_one_line, values) if tag)


def _iso_date(value: object) -> str:
    """Return a date as ISO 8601, as exact as it was stated, or nothing when it is none.

    >>> _iso_date("2024-01-13T08:00:00Z"), _iso_date("2024-13-01"), _iso_date("2024")
    ('2024-01-13', '', '2024')
    """
    found = _ISO_DATE.match(_one_line(value))
    if not found:
        return ""
    year, month, day = (*found.group().split("-"), "01", "01")[:3]
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return ""
    return found.group()


def _reason(error: Exception) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
