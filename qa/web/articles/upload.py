"""An article that comes over HTTP: is its name plain, can it be read, is its place free."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePath
from typing import NamedTuple

from qa import files
from qa.reading import formats
from qa.types import Failure
from qa.web.messages import Words

NAME_BYTES = 200
KINDS = tuple(formats.FORMATS)
_FORBIDDEN = frozenset('/\\<>:"|?*')
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³")})


class Refused(NamedTuple):
    """Why an article is not taken: the status of the reply, and one line."""

    status: int
    reason: str


def is_plain(name: str) -> bool:
    """Tell whether a name is that of an article file in one folder, on every system.

    >>> [is_plain(name) for name in ("report.md", "../report.md", ".report.md", "aux.txt", "report.exe")]
    [True, False, False, False, False]
    """
    return (
        name.isprintable()
        and not name.startswith((".", " "))
        and not _FORBIDDEN & set(name)
        and unicodedata.is_normalized("NFC", name)
        and len(name.encode("utf-8", "replace")) <= NAME_BYTES
        and name.partition(".")[0].rstrip().upper() not in _DEVICES
        and PurePath(name).suffix.lower() in formats.FORMATS
    )


def take(seeds: Path, name: str, content: bytes, words: Words) -> Refused | None:
    """Put an article into the folder `seeds`, whole; return why not, and then nothing has changed."""
    if not is_plain(name):
        return Refused(400, words("bad_name", what=name, kinds=", ".join(KINDS)))
    read = formats.read(name, content)
    if isinstance(read, Failure):
        return Refused(422, words("cannot_read", what=name, reason=read.reason))
    try:
        files.write_new(seeds.resolve(strict=True) / name, content)
    except FileExistsError:
        return Refused(409, words("name_taken", what=name))
    except OSError as error:
        return Refused(503, words("cannot_write", what=name, reason=error.strerror or str(error)))
    return None
