"""Is the index healthy? Everything is looked at, down to the last row, and what is wrong is said with its remedy."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import stat
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qa import sync
from qa.errors import DamagedError, QaError
from qa.reading import folder, formats, passages, worker
from qa.text.near_duplicates import Shingled
from qa.types import Article, Failure, Finding

if TYPE_CHECKING:
    from qa.library import Library

LIBRARIES = ("faiss-cpu", "tantivy", "openvino", "sentence-transformers", "torch", "gradio", "fastapi", "uvicorn")
SAMPLE = 8
"""Passages encoded anew, to see whether the encoder still gives the vectors that the index holds."""
ALIKE = 0.999
FULL_BYTES = 500_000_000
"""With less room on the disk, the next sync may not get through."""
SKETCH = 32
"""Of an article's sequences of words, those with the lowest checksums: so many stand for it when duplicates are sought."""
COMMON = 4
NAMED = 5


@dataclass(frozen=True, slots=True)
class Health:
    """All that was found. An index is `healthy` while nothing is a problem; a note is worth knowing."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is a problem."""
        return not _has_problem(self.findings)


def examine(library: Library, *, repair: bool = False) -> Health:
    """Look at everything, down to the last row; with `repair`, make it right first, else nothing is written."""
    if repair:
        _repair(library)
    parts: Sequence[tuple[str, Callable[[Library], Iterator[Finding]]]] = (
        ("articles", _articles), ("in step", _in_step), ("index", _index), ("encoder", _encoder),
        ("duplicates", _duplicates), ("disk", _disk), ("versions", _versions), ("access", _access),
    )  # fmt: skip
    found: list[Finding] = []
    for about, part in parts:
        try:
            found += part(library)
        except QaError as error:
            found.append(Finding(about, "problem", str(error)))
    return Health(tuple(found))


def _repair(library: Library) -> None:
    """Bring the index in step with the folder, make anew what is damaged or lost, and give back space that is not used."""
    try:
        library.sync(rebuild=library.store.is_damaged())
        other_vectors = _has_problem(_encoder(library))
        wrong = other_vectors or _has_problem(_index(library))
    except DamagedError:  # Damage of a kind that only shows when it is used.
        wrong, other_vectors = True, False
    if other_vectors:
        library.store.forget_vectors(patience_s=library.settings.lock_timeout_s)
    if wrong:
        library.sync(rebuild=True)
    library.store.compact(patience_s=library.settings.lock_timeout_s)


def _has_problem(findings: Iterable[Finding]) -> bool:
    return any(finding.state == "problem" for finding in findings)


def _articles(library: Library) -> Iterator[Finding]:
    files, unseen = folder.scan(library.seeds)
    failed, cut = list(unseen), []
    for file in files:
        found = worker.read(file, limit_bytes=library.settings.article_bytes, limit_s=library.settings.article_s)
        if isinstance(found, Failure):
            failed.append(found)
        elif found.is_cut_off:
            cut.append(file.id)
    remedy = "" if files else f"put articles there ({', '.join(formats.FORMATS)})"
    yield Finding("articles", "ok" if files else "problem", f"{len(files):,} files", remedy)
    for failure in failed:
        yield Finding("articles", "note", f"{failure.article_id} cannot be read: {failure.reason}")
    for id in cut:
        yield Finding("articles", "note", f"{id} ends in the middle of a character: it may have been cut off", "copy it again")


def _in_step(library: Library) -> Iterator[Finding]:
    if not library.store.generation:
        yield Finding("in step", "problem", "there is no index yet", "run 'qa sync'")
        return
    pending = library.pending()
    yield Finding("in step", "note" if pending else "ok", f"{pending:,} files pending", "run 'qa sync'" if pending else "")
    with library.store.snapshot() as snapshot:
        sync.check_built_alike(snapshot.manifest, library.settings, library.encoder)


def _index(library: Library) -> Iterator[Finding]:
    return library.store.check()


def _encoder(library: Library) -> Iterator[Finding]:
    encoder = library.encoder
    with library.store.snapshot() as snapshot:
        keys = snapshot.keys()
        sample = [int(key) for key in keys[:: max(1, len(keys) // SAMPLE)][:SAMPLE]]
        found, known = snapshot.passages(sample), snapshot.passage_vectors(sample)
    again = encoder.encode_texts(
        [passages.encoder_text(each) for each in found.values()], [each.inner_sentences for each in found.values()]
    )
    cosines = [
        (encoded.sentences * known[key]).sum(axis=1).min() for key, encoded in zip(found, again, strict=True) if key in known
    ]
    if cosines and min(cosines) < ALIKE:
        words = f"{encoder.name} gives other vectors now than the index holds (cosine {min(cosines):.3f})"
        yield Finding("encoder", "problem", words, "run 'qa doctor --repair'")
    else:
        yield Finding("encoder", "ok", f"{encoder.name} ({encoder.fingerprint}), {encoder.runtime}: gives the same vectors")


def _duplicates(library: Library) -> Iterator[Finding]:
    pairs = near_duplicates({id: found.text for id, found in _texts(library)})
    for one, other in pairs[:NAMED]:
        yield Finding("duplicates", "note", f"{one} and {other} say the same in nearly the same words")
    if len(pairs) > NAMED:
        yield Finding("duplicates", "note", f"and {len(pairs) - NAMED:,} more pairs")


def _texts(library: Library) -> Iterator[tuple[str, Article]]:
    with library.store.snapshot() as snapshot:
        for id in sorted(snapshot.known()):
            if stored := snapshot.article(id):
                yield id, stored.article


def near_duplicates(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of texts that tell one story, by their ids.

    Only those are compared that have some of their lowest checksums in common (after Broder 1997: a sketch of a set).
    """
    shingled = {id: Shingled(text) for id, text in texts.items()}
    holders: dict[int, list[str]] = defaultdict(list)
    for id, story in shingled.items():
        for checksum in sorted(zlib.crc32(" ".join(words).encode()) for words in story.shingles)[:SKETCH]:
            holders[checksum].append(id)
    common: dict[tuple[str, str], int] = defaultdict(int)
    for ids in holders.values():
        for pair in combinations(sorted(ids[:SKETCH]), 2):
            common[pair] += 1
    some = [(one, other) for (one, other), count in common.items() if count >= COMMON or texts[one] == texts[other]]
    return sorted(pair for pair in some if shingled[pair[0]].is_near_duplicate(shingled[pair[1]]))


def _disk(library: Library) -> Iterator[Finding]:
    if library.embeddings.is_dir():
        sizes = {path.name: _size(path) for path in sorted(library.embeddings.iterdir())}
        parts = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in sizes.items() if size > 50_000)
        free = shutil.disk_usage(library.embeddings).free
        state, remedy = ("note", "make room") if free < FULL_BYTES else ("ok", "")
        yield Finding("disk", state, f"{sum(sizes.values()) / 1e6:,.1f} MB ({parts}); {free / 1e9:,.1f} GB free", remedy)
    if (memory := _memory_mb()) is not None:
        yield Finding("memory", "ok", f"{memory:,.0f} MB at most, by this process")


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file()) if path.is_dir() else path.stat().st_size


def _memory_mb() -> float | None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if platform.system() == "Linux" else 1e6)


def _versions(library: Library) -> Iterator[Finding]:
    known = [f"Python {platform.python_version()}", library.store.engine, f"NumPy {np.__version__}"]
    for name in LIBRARIES:
        try:
            known.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            yield Finding("versions", "problem", f"{name} is not installed", "run 'pip install' again")
    yield Finding("versions", "ok", ", ".join(known))


def _access(library: Library) -> Iterator[Finding]:
    for place in filter(Path.is_dir, (library.seeds, library.embeddings)):
        if os.name == "posix" and place.stat().st_mode & stat.S_IWOTH:
            words = f"everybody on this machine can change {place}/"
            yield Finding("access", "note", words, f"run 'chmod o-w {place}'")
    if library.embeddings.is_dir() and not os.access(library.embeddings, os.W_OK):
        yield Finding("access", "note", f"{library.embeddings}/ cannot be written: changes to the articles are not indexed")
    yield Finding(
        "access", "ok", "no connection leaves this machine; 'qa serve' answers this machine only, unless told otherwise"
    )
