"""Bring the catalog in step with the folder, at the cost of what changed.

Stat before hash, hash before read, read before split, split before encode; then one transaction makes it live.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from qa import articles, passages, reader
from qa.articles import File
from qa.catalog import Catalog, Known
from qa.errors import FolderError, IndexMismatchError
from qa.schema import Article, EncodedText, Encoder, Failure, Passage, Progress, Span, SyncReport
from qa.settings import Settings
from qa.tokens import pack

ENCODE_PASSAGES = 256
"""Passages encoded between two commits: the most that a killed sync can lose of the work it paid for."""
SETTLED_NS = 2_000_000_000
"""A file changed more recently may change again within one tick of its clock: its stamp is not trusted yet."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Findings:
    """What the folder turned out to hold: ids, with what has to be remembered of each."""

    staged: dict[str, str] = field(default_factory=dict)  # id: sha256
    same: dict[str, str] = field(default_factory=dict)  # id: stamp
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)  # id: stamp, reason


def sync(
    catalog: Catalog, seeds: Path, settings: Settings, encoder: Callable[[], Encoder], derive: Callable[[str], None],
    progress: Progress, *, rebuild: bool,
) -> SyncReport:  # fmt: skip
    """Do what `Library.sync` says. Only one may run at a time.

    `derive` brings what is derived from the catalog to the state that the current transaction sees, before others see it.
    """
    started = time.perf_counter()
    if not rebuild:
        check_built_alike(catalog.meta(), settings)
    files, unseen = articles.scan(seeds)
    if not files and not unseen:
        raise FolderError(f"{seeds}/ holds no articles (.md, .txt): put some there; the index is kept as it is")
    catalog.discard_staged()
    known = catalog.known()
    found = _Findings(failed={failure.article_id: ("", failure.reason) for failure in unseen})
    suspects = _suspects(files, known, catalog.failures(), found, rebuild)
    split = 0
    for number, file in enumerate(suspects):
        progress("reading", number, len(suspects), file.id)
        split += _read(file, known.get(file.id), catalog, settings, encoder, found, rebuild)
    progress("reading", len(suspects), len(suspects))
    embedded = _encode(catalog, encoder(), settings, progress) if found.staged else 0
    gone = known.keys() - found.same.keys() - found.staged.keys()
    _publish(catalog, settings, encoder, derive, found, known, gone)
    added, removed = found.staged.keys() - known.keys(), gone - found.failed.keys()
    renamed = _renamed([found.staged[id] for id in added], [known[id].sha256 for id in removed])
    return SyncReport(
        added=len(added) - renamed,
        changed=len(found.staged.keys() & known.keys()),
        renamed=renamed,
        removed=len(removed) - renamed,
        unchanged=len(found.same),
        passages=catalog.counts()["passages"],
        embedded=embedded,
        reused=split - embedded,
        failed=tuple(Failure(id, reason) for id, (_, reason) in sorted(found.failed.items())),
        seconds=time.perf_counter() - started,
    )


def pending(catalog: Catalog, seeds: Path, article_bytes: int) -> dict[str, str]:
    """Return the files that are not in the index as they are now, by id: "new", "changed" or "gone".

    It costs a stat for each file that is.
    """
    files, _ = articles.scan(seeds)
    known, failures = catalog.known(), catalog.failures()
    found = {}
    for file in files:
        if not _is_known(file, known, failures) and not _is_same(file, known.get(file.id), article_bytes):
            found[file.id] = "changed" if file.id in known or file.id in failures else "new"
    return found | dict.fromkeys(known.keys() - {file.id for file in files}, "gone")


def check_built_alike(meta: Mapping[str, str], settings: Settings, encoder: Encoder | None = None) -> None:
    """Raise `IndexMismatchError` when an index with this `meta` was built with another encoder or other settings."""
    wanted = _meta(settings, encoder)
    for key, kind in (("encoder", "encoder"), ("fingerprint", "encoder state"), ("passages", "passage settings")):
        if key in meta and key in wanted and meta[key] != wanted[key]:
            raise IndexMismatchError(
                f"the index was built with {kind} {meta[key]}, now it is {wanted[key]}: run 'qa sync --rebuild'"
            )


def _meta(settings: Settings, encoder: Encoder | None) -> dict[str, str]:
    cut = {
        "language": settings.language,
        "passage_tokens": settings.passage_tokens,
        "join_tokens": settings.join_tokens,
        "version": passages.VERSION,
    }
    meta = {"passages": json.dumps(cut, sort_keys=True)}
    if encoder is None:
        return meta | {"encoder": settings.encoder}
    return meta | {"encoder": encoder.name, "fingerprint": encoder.fingerprint, "runtime": encoder.runtime}


def _suspects(
    files: list[File], known: Mapping[str, Known], failures: Mapping[str, tuple[str, str]], found: _Findings, rebuild: bool
) -> list[File]:
    """Return the files that have to be read; note those that the stamp shows to be as they were."""
    suspects = []
    for file in files:
        if rebuild or not _is_known(file, known, failures):
            suspects.append(file)
        elif file.id in known:
            found.same[file.id] = file.stamp
        else:
            found.failed[file.id] = failures[file.id]
    return suspects


def _is_known(file: File, known: Mapping[str, Known], failures: Mapping[str, tuple[str, str]]) -> bool:
    stamp = known[file.id].stamp if file.id in known else failures.get(file.id, ("", ""))[0]
    return stamp == file.stamp


def _is_same(file: File, known: Known | None, article_bytes: int) -> bool:
    content = articles.load(file, article_bytes) if known else b""
    return known is not None and not isinstance(content, Failure) and articles.digest(content) == known.sha256


def _read(
    file: File, known: Known | None, catalog: Catalog, settings: Settings, encoder: Callable[[], Encoder], found: _Findings,
    rebuild: bool,
) -> int:  # fmt: skip
    """Read one file, and stage it where it is new; return how many passages were staged."""
    stamp = file.stamp if time.time_ns() - file.changed_ns > SETTLED_NS else ""
    known_sha256 = known.sha256 if known and not rebuild else ""
    started = time.monotonic()
    reading = reader.read(file, limit_bytes=settings.article_bytes, limit_s=settings.article_s, known_sha256=known_sha256)
    took_s = time.monotonic() - started
    if isinstance(reading, Failure):
        found.failed[file.id] = (file.stamp, reading.reason)
        return 0
    if reading.article is None:
        found.same[file.id] = stamp
        return 0
    model = encoder()  # The first time it is loaded, which is not for this article to pay.
    cut = _cut(reading.article, model, settings, time.monotonic() + settings.article_s - took_s)
    if isinstance(cut, Failure):
        found.failed[file.id] = (file.stamp, cut.reason)
        return 0
    _stage(reading.article, stamp, reading.sha256, cut, catalog, model)
    found.staged[file.id] = reading.sha256
    return len(cut)


def _cut(article: Article, encoder: Encoder, settings: Settings, deadline: float) -> list[Passage] | Failure:
    """Return the passages of an article, or why it has none; what goes wrong with one article is no matter of the others."""
    try:
        return passages.split(article, encoder.token_spans, encoder.budget, settings, deadline=deadline)
    except TimeoutError:
        return Failure(article.id, f"takes more than {settings.article_s:g} s to read (setting article_s)")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # What goes wrong in Rust is no `Exception`. Its words may be the article's.
        return Failure(article.id, f"cannot be cut into passages: {type(error).__name__}")


def _stage(article: Article, stamp: str, sha256: str, cut: Sequence[Passage], catalog: Catalog, encoder: Encoder) -> None:
    keyed = [(each, _seen_key(passages.seen_text(each), each.inner_sentences, encoder.fingerprint)) for each in cut]
    title = _seen_key(passages.seen_title(article.title), (), encoder.fingerprint)
    with catalog.transaction():
        catalog.stage(article, stamp, sha256, title, keyed)


def _seen_key(text: str, sentences: Sequence[Span], fingerprint: str) -> bytes:
    """Return a key for what the encoder makes of a text: equal keys, equal vectors."""
    return hashlib.sha256(json.dumps([fingerprint, text, sentences]).encode()).digest()


def _encode(catalog: Catalog, encoder: Encoder, settings: Settings, progress: Progress) -> int:
    """Encode the staged titles and passages that have no vectors yet; return how many passages.

    Their tokens are kept while there is room.
    """
    catalog.forget_unfit(encoder.dimension)
    room = settings.token_store_mb * 1e6 - catalog.tokens_bytes()
    for titles in _batches(catalog.unencoded_titles()):
        packed = _packed(encoder.encode_texts([passages.seen_title(title) for title in titles.values()], [()] * len(titles)))
        room -= sum(map(len, packed))
        catalog.add_encoded((), zip(titles, packed, strict=True) if room >= 0 else ())
    unencoded, done = catalog.unencoded(), 0
    for batch in _batches(unencoded):
        found = catalog.passages(list(batch))
        progress("embedding", done, len(unencoded), next(iter(found.values())).article_id)
        encoded = encoder.encode_texts(
            [passages.seen_text(found[key]) for key in batch], [found[key].inner_sentences for key in batch]
        )
        packed = _packed(encoded)
        room -= sum(map(len, packed))
        vectors = zip(batch.values(), [each.sentences for each in encoded], strict=True)
        catalog.add_encoded(vectors, zip(batch.values(), packed, strict=True) if room >= 0 else ())
        done += len(batch)
    progress("embedding", done, done)
    return done


def _packed(encoded: Sequence[EncodedText]) -> list[bytes]:
    return [pack(each.tokens) for each in encoded]


def _batches(items: dict[K, V]) -> Iterator[dict[K, V]]:
    """Yield the items in dictionaries of `ENCODE_PASSAGES`."""
    rest = iter(items.items())
    while batch := dict(islice(rest, ENCODE_PASSAGES)):
        yield batch


def _publish(
    catalog: Catalog, settings: Settings, encoder: Callable[[], Encoder], derive: Callable[[str], None], found: _Findings,
    known: Mapping[str, Known], gone: set[str],
) -> None:  # fmt: skip
    """Make what was found live, where it differs from what is, with what is derived from it."""
    restamped = {id: stamp for id, stamp in found.same.items() if known[id].stamp != stamp}
    if found.staged or gone or (known and not catalog.generation):
        with catalog.publishing(gone, _meta(settings, encoder())) as generation:
            catalog.note_files(restamped, found.failed)
            derive(generation)
        return
    if restamped or found.failed != catalog.failures():
        with catalog.transaction():
            catalog.note_files(restamped, found.failed)
    with catalog.transaction(write=False):
        if generation := catalog.generation:
            derive(generation)


def _renamed(added: list[str], removed: list[str]) -> int:
    """Count the files that went and came back, byte for byte, under another name."""
    return (Counter(added) & Counter(removed)).total()
