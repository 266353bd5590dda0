"""Keep compiled models on disk, a folder each in `home`, and check them before they are trusted.

An index may come from somebody else: only files under our own names are read or removed, and no link is followed.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.encoding.torch_runtime import SPAN
from qa.files import check_own, crc32, plain_files, read_json

LOCK = "compile.lock"
"""The file in `home` that is locked while a process compiles."""
MODEL_FILES = ("model.bin", "model.xml", "tokenizer.json")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_CACHE_FILE = re.compile(r"\d+\.blob")
"""The names of what OpenVINO leaves for the next start."""
_LARGEST = 1 << 20
"""More than the window, the dimension or the vocabulary of any encoder."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is noted of a model beside its compiled form, so that neither PyTorch nor the weights need be read.

    `files` holds size and time of change of each file it was made from; `why_not` is the reason why it was not compiled;
    `made` holds the CRC-32 of each compiled file; `probe` is the vector of a known sentence.
    """

    name: str
    files: dict[str, list[int]]
    fingerprint: str
    traits: list[Any]
    why_not: str = ""
    made: dict[str, int] = field(default_factory=dict)
    probe: tuple[float, ...] = ()


def folders(home: Path) -> list[Path]:
    """Return the folders of compiled models, in order of their fingerprints."""
    return sorted(path for path in home.glob("*") if _FINGERPRINT.fullmatch(path.name))


def refuse_links(home: Path) -> None:
    """Raise `FolderError` if anything in `home` under one of our names is a link."""
    check_own(home.parent, folders=[home.name])
    check_own(home, files=[LOCK], folders=[folder.name for folder in folders(home)])
    for folder in folders(home):
        check_own(folder, files=[*MODEL_FILES, "card.json", "cache.json"], folders=["cache"])
        cache = folder / "cache"
        check_own(cache, files=[path.name for path in cache.glob("*.blob") if _CACHE_FILE.fullmatch(path.name)])


def find_card(home: Path, name: str, files: dict[str, list[int]]) -> Card | None:
    """Return the card of a model whose files have not changed since it was written, or None."""
    for folder in folders(home):
        try:
            card = Card(**read_json(folder / "card.json"))
        except (OSError, ValueError, TypeError):
            continue
        if card.name == name and card.files == files and card.fingerprint == folder.name and _is_sound(card):
            return card
    return None


def _is_sound(card: Card) -> bool:
    """Return True if each value of a card is one that could have been written."""
    return (
        _are_sound(card.traits)
        and card.why_not == ""
        and isinstance(card.made, dict)
        and sorted(card.made) == sorted(MODEL_FILES)
        and all(type(checksum) is int for checksum in card.made.values())
        and isinstance(card.probe, list)
        and (len(card.probe) == card.traits[1] or card.traits[5] == SPAN)
        and all(type(number) is float and math.isfinite(number) for number in card.probe)
    )


def _are_sound(traits: object) -> bool:
    kinds = [int, int, str, str, bool, str, int]
    if not isinstance(traits, list) or [type(value) for value in traits] != kinds:
        return False
    window, dimension, _, _, _, pooling, padding = traits
    return 0 < window < _LARGEST and 0 < dimension < _LARGEST and pooling in ("mean", "cls", SPAN) and 0 <= padding < _LARGEST


def checksums(folder: Path) -> dict[str, int]:
    """Return the CRC-32 of each file of a compiled model or of its cache, by name."""
    names = plain_files(folder, re.compile(rf"{'|'.join(map(re.escape, MODEL_FILES))}|{_CACHE_FILE.pattern}"))
    return {name: crc32(folder / name) for name in sorted(names)}


def check_cache(folder: Path) -> bool:
    """Return True if what OpenVINO left for the next start is as it was written; else remove it."""
    cache = folder / "cache"
    with suppress(OSError, ValueError):
        expected = read_json(folder / "cache.json")
        if expected and checksums(cache) == expected:
            return True
    _remove_cache(cache)
    return False


def move_into(new: Path, folder: Path) -> None:
    """Move a compiled model from `new` to the folder of its fingerprint, in place of what was there."""
    remove(folder)
    folder.mkdir(exist_ok=True)
    for name in MODEL_FILES:
        (new / name).replace(folder / name)
    (new / "card.json").replace(folder / "card.json")  # Only with its card does it count as a model.


def remove(folder: Path) -> None:
    """Remove the files of a compiled model, and its folder if nothing else is in it."""
    with suppress(OSError):  # The card first: a folder without one does not count as a model.
        for name in ("card.json", "cache.json", *MODEL_FILES):
            (folder / name).unlink(missing_ok=True)
    _remove_cache(folder / "cache")
    with suppress(OSError):
        folder.rmdir()


def _remove_cache(cache: Path) -> None:
    with suppress(OSError):
        for name in plain_files(cache, _CACHE_FILE):
            (cache / name).unlink(missing_ok=True)
        cache.rmdir()
