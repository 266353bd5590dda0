"""Examine the index, down to the last row, and report what is wrong with its remedy."""

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
"""Passages encoded again, to see if the encoder still gives the vectors in the index: another encoder changes all of them, so
that a few are enough."""
MIN_COSINE = 0.999
"""The least cosine of a vector with the stored one: half precision and other processors leave more, another model less."""
FULL_BYTES = 500_000_000
"""With less free space on the disk, the next sync may fail."""
SKETCH_SHINGLES = 32
"""The shingles with the lowest checksums that represent an article when near-duplicates are sought, and the most articles with
one checksum that are compared in pairs. More would take longer, fewer could miss pairs."""
COMMON_SHINGLES = 4
"""Shingles that two sketches must share for their articles to be compared. Near-duplicates share most of their sketch, so that
this misses hardly any, and articles on one subject that share a phrase are not all compared."""
REPORTED_PAIRS = 5
"""Near-duplicate pairs that are named one by one; a longer list would hide the other findings."""


@dataclass(frozen=True, slots=True)
class Health:
    """The findings. An index is `healthy` if none is a problem; a note is only worth knowing."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """True if no finding is a problem."""
        return not _has_problem(self.findings)


def examine(library: Library, *, repair: bool = False) -> Health:
    """Examine everything, down to the last row. With `repair`, repair it first; without, write nothing."""
    if repair:
        _repair(library)
    parts: Sequence[tuple[str, Callable[[Library], Iterator[Finding]]]] = (
        ("articles", _articles), ("in step", _in_step), ("index", _index), ("encoder", _encoder),
        ("duplicates", _duplicates), ("disk", _disk), ("versions", _versions), ("access", _access),
    )  # fmt: skip
    findings: list[Finding] = []
    for about, part in parts:
        try:
            findings += part(library)
        except QaError as error:
            findings.append(Finding(about, "problem", str(error)))
    return Health(tuple(findings))


def _repair(library: Library) -> None:
    """Sync the index with the folder, rebuild what is damaged or lost, and release unused space."""
    try:
        library.sync(rebuild=library.store.is_damaged())
        other_vectors = _has_problem(_encoder(library))
        must_rebuild = other_vectors or _has_problem(_index(library))
    except DamagedError:  # Some damage only shows when the index is used.
        must_rebuild, other_vectors = True, False
    if other_vectors:
        library.store.forget_vectors(patience_s=library.settings.lock_timeout_s)
    if must_rebuild:
        library.sync(rebuild=True)
    library.store.compact(patience_s=library.settings.lock_timeout_s)


def _has_problem(findings: Iterable[Finding]) -> bool:
    return any(finding.state == "problem" for finding in findings)


def _articles(library: Library) -> Iterator[Finding]:
    scan = folder.scan(library.seeds)
    files, unreadable, incomplete = scan.files, scan.failures, []
    for file in files:
        reading = worker.read(file, limit_bytes=library.settings.article_bytes, limit_s=library.settings.article_s)
        if isinstance(reading, Failure):
            unreadable.append(reading)
        elif reading.is_cut_off:
            incomplete.append(file.id)
    remedy = "" if files else f"put articles there ({', '.join(formats.FORMATS)})"
    yield Finding("articles", "ok" if files else "problem", f"{len(files):,} files", remedy)
    if scan.others:
        words = f"{sum(scan.others.values()):,} files of other kinds are not read: {folder.in_words(scan.others)}"
        yield Finding("articles", "note", words)
    if scan.hidden:
        yield Finding("articles", "ok", f"{scan.hidden:,} hidden or ignored files and folders are left out")
    for failure in unreadable:
        yield Finding("articles", "note", f"{failure.article_id} cannot be read: {failure.reason}")
    for id in incomplete:
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
        by_key, stored = snapshot.passages(sample), snapshot.passage_vectors(sample)
    texts = [passages.encoder_text(each) for each in by_key.values()]
    again = encoder.encode_texts(texts, [each.inner_sentences for each in by_key.values()])
    cosines = [
        (encoded.sentences * stored[key]).sum(axis=1).min() for key, encoded in zip(by_key, again, strict=True) if key in stored
    ]
    if cosines and min(cosines) < MIN_COSINE:
        words = f"{encoder.name} gives other vectors now than the index holds (cosine {min(cosines):.3f})"
        yield Finding("encoder", "problem", words, "run 'qa doctor --repair'")
    else:
        yield Finding("encoder", "ok", f"{encoder.name} ({encoder.fingerprint}), {encoder.runtime}: gives the same vectors")


def _duplicates(library: Library) -> Iterator[Finding]:
    pairs = near_duplicates({article.id: article.text for article in _stored_articles(library)})
    for one, other in pairs[:REPORTED_PAIRS]:
        yield Finding("duplicates", "note", f"{one} and {other} say the same in nearly the same words")
    if len(pairs) > REPORTED_PAIRS:
        yield Finding("duplicates", "note", f"and {len(pairs) - REPORTED_PAIRS:,} more pairs")


def _stored_articles(library: Library) -> Iterator[Article]:
    with library.store.snapshot() as snapshot:
        for id in sorted(snapshot.known()):
            if stored := snapshot.article(id):
                yield stored.article


def near_duplicates(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return the ids of the pairs of texts that are near-duplicates, in order.

    Two texts are compared only if their sketches, the shingles with the lowest checksums, have some in common (Broder 1997).
    """
    shingled = {id: Shingled(text) for id, text in texts.items()}
    holders: dict[int, list[str]] = defaultdict(list)
    for id, text in shingled.items():
        for checksum in sorted(zlib.crc32(" ".join(words).encode()) for words in text.shingles)[:SKETCH_SHINGLES]:
            holders[checksum].append(id)
    common: dict[tuple[str, str], int] = defaultdict(int)
    for ids in holders.values():
        for pair in combinations(sorted(ids[:SKETCH_SHINGLES]), 2):
            common[pair] += 1
    candidates = [
        (one, other) for (one, other), count in common.items() if count >= COMMON_SHINGLES or texts[one] == texts[other]
    ]
    return sorted(pair for pair in candidates if shingled[pair[0]].is_near_duplicate(shingled[pair[1]]))


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
    installed = [f"Python {platform.python_version()}", library.store.engine, f"NumPy {np.__version__}"]
    for name in LIBRARIES:
        try:
            installed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            yield Finding("versions", "problem", f"{name} is not installed", "run 'pip install' again")
    yield Finding("versions", "ok", ", ".join(installed))


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
