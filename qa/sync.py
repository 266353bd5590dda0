"""Bring the index in step with the folder, at the cost of what changed.

Stat before hash, hash before read, read before split, split before encode; then one commit makes it visible.
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

from qa.encoding.base import EncodedText, Encoder
from qa.encoding.tokens import pack
from qa.errors import FolderError, IndexMismatchError
from qa.reading import folder, formats, ignore, passages, worker
from qa.reading.folder import File
from qa.reading.formats import format_of
from qa.settings import Settings
from qa.store.base import Edit, FileState, Manifest, StoredArticle
from qa.text.span import Span
from qa.types import Article, Failure, Passage, Progress, SyncReport
from qa.watch import NOTHING_LEFT_OUT, LeftOut, failed_stamp, is_known, is_read_alike

ENCODE_PASSAGES = 256
"""Passages encoded between two commits: the most that a killed sync can lose of the work it paid for."""
SETTLED_NS = 2_000_000_000
"""A file changed more recently may change again within one tick of its clock: its stamp is not trusted yet."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Findings:
    """What the folder holds, by id: the SHA-256 of new files, the stamp of unchanged ones, stamp and reason of failures."""

    staged: dict[str, str] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class SyncRun:
    """One sync: see `Library.sync`. Only one may run at a time, which `edit` is the right for."""

    edit: Edit
    seeds: Path
    settings: Settings
    encoder: Callable[[], Encoder]
    progress: Progress
    rebuild: bool
    _known: Mapping[str, FileState] = field(default_factory=dict)
    _found: _Findings = field(default_factory=_Findings)
    _left_out: LeftOut = NOTHING_LEFT_OUT

    def run(self) -> SyncReport:
        """Read, split, encode and publish what has changed."""
        started = time.perf_counter()
        if not self.rebuild:
            check_built_alike(self.edit.manifest, self.settings)
        suspects = self._suspects()
        split = 0
        for number, file in enumerate(suspects):
            self.progress("reading", number, len(suspects), file.id)
            split += self._read(file)
        self.progress("reading", len(suspects), len(suspects))
        embedded = self._encode() if self._found.staged else 0
        gone = self._known.keys() - self._found.same.keys() - self._found.staged.keys()
        self._publish(gone)
        return self._report(gone, split, embedded, time.perf_counter() - started)

    def _suspects(self) -> list[File]:
        """Return the files that have to be read; note those that the stamp shows to be as they were."""
        scan = folder.scan(self.seeds)
        files, unseen, self._left_out = scan.files, scan.failures, LeftOut(scan.others, scan.hidden)
        if not files and all(failure.article_id.endswith(ignore.NAME) for failure in unseen):
            raise FolderError(_no_articles(self.seeds, self._left_out))
        self._known, failures = self.edit.known(), self.edit.failures()
        self._found.failed = {failure.article_id: ("", failure.reason) for failure in unseen}
        suspects = []
        for file in files:
            if self.rebuild or not is_known(file, self._known, failures):
                suspects.append(file)
            elif file.id in self._known:
                self._found.same[file.id] = file.stamp
            else:
                self._found.failed[file.id] = failures[file.id]
        return suspects

    def _read(self, file: File) -> int:
        """Read one file, and stage it if it is new; return how many passages were staged."""
        stamp = file.stamp if time.time_ns() - file.changed_ns > SETTLED_NS else ""
        state = self._known.get(file.id)
        known_sha256 = state.sha256 if state and not self.rebuild and is_read_alike(file, state) else ""
        started = time.monotonic()
        reading = worker.read(
            file,
            limit_bytes=self.settings.article_bytes,
            limit_s=self.settings.article_s,
            known_sha256=known_sha256,
        )
        took_s = time.monotonic() - started
        if isinstance(reading, Failure):
            self._found.failed[file.id] = (failed_stamp(file), reading.reason)
            return 0
        if reading.article is None:
            self._found.same[file.id] = stamp
            return 0
        encoder = self.encoder()  # The first time it is loaded, which is not for this article to pay.
        cut = _cut(reading.article, encoder, self.settings, time.monotonic() + self.settings.article_s - took_s)
        if isinstance(cut, Failure):
            self._found.failed[file.id] = (failed_stamp(file), cut.reason)
            return 0
        self._stage(StoredArticle(reading.article, stamp, reading.sha256, format_of(file.id).version), cut, encoder)
        self._found.staged[file.id] = reading.sha256
        return len(cut)

    def _stage(self, stored: StoredArticle, cut: Sequence[Passage], encoder: Encoder) -> None:
        keyed = [(each, _input_key(passages.encoder_text(each), each.inner_sentences, encoder.fingerprint)) for each in cut]
        title = _input_key(passages.encoder_title(stored.article.title), (), encoder.fingerprint)
        self.edit.stage(stored, title, keyed)

    def _encode(self) -> int:
        """Encode the staged titles and passages that have no vectors yet; return how many passages.

        Their tokens are kept while there is room.
        """
        encoder = self.encoder()
        self.edit.drop_unfit(encoder.dimension)
        room = self.settings.token_store_mb * 1e6 - self.edit.tokens_bytes()
        for titles in _batches(self.edit.missing_titles()):
            packed = _packed(
                encoder.encode_texts([passages.encoder_title(title) for title in titles.values()], [()] * len(titles))
            )
            room -= sum(map(len, packed))
            self.edit.add((), zip(titles, packed, strict=True) if room >= 0 else ())
        missing, done = self.edit.missing_passages(), 0
        for batch in _batches(missing):
            found = self.edit.passages(list(batch))
            self.progress("embedding", done, len(missing), next(iter(found.values())).article_id)
            encoded = encoder.encode_texts(
                [passages.encoder_text(found[key]) for key in batch], [found[key].inner_sentences for key in batch]
            )
            packed = _packed(encoded)
            room -= sum(map(len, packed))
            vectors = zip(batch.values(), [each.sentences for each in encoded], strict=True)
            self.edit.add(vectors, zip(batch.values(), packed, strict=True) if room >= 0 else ())
            done += len(batch)
        self.progress("embedding", done, done)
        return done

    def _publish(self, gone: set[str]) -> None:
        """Commit what was found, if it differs from what is there."""
        restamped = {id: stamp for id, stamp in self._found.same.items() if self._known[id].stamp != stamp}
        if self._found.staged or gone or (self._known and not self.edit.manifest.generation):
            manifest = wanted_manifest(self.settings, self.encoder())
            self.edit.publish(manifest, removed=gone, restamped=restamped, failures=self._found.failed)
        else:
            self.edit.note(restamped=restamped, failures=self._found.failed)

    def _report(self, gone: set[str], split: int, embedded: int, seconds: float) -> SyncReport:
        found, known = self._found, self._known
        added, removed = found.staged.keys() - known.keys(), gone - found.failed.keys()
        renamed = _renamed([found.staged[id] for id in added], [known[id].sha256 for id in removed])
        return SyncReport(
            added=len(added) - renamed,
            changed=len(found.staged.keys() & known.keys()),
            renamed=renamed,
            removed=len(removed) - renamed,
            unchanged=len(found.same),
            passages=self.edit.counts().passages,
            embedded=embedded,
            reused=split - embedded,
            failed=tuple(Failure(id, reason) for id, (_, reason) in sorted(found.failed.items())),
            seconds=seconds,
            others=self._left_out.others,
            hidden=self._left_out.hidden,
        )


def _no_articles(seeds: Path, left_out: LeftOut) -> str:
    """Return that a folder holds no articles, what it holds instead, and what to do."""
    others, hidden = sum(left_out.others.values()), left_out.hidden
    there = [f"{others:,} files of kinds that are not read: {folder.in_words(left_out.others)}"] if others else []
    there += [f"{hidden:,} hidden or ignored files and folders"] if hidden else []
    only = f" but {' and '.join(there)}" if there else ""
    return f"{seeds}/ holds no articles{only}: put some there ({', '.join(formats.FORMATS)}); the index is kept as it is"


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


def _input_key(text: str, sentences: Sequence[Span], fingerprint: str) -> bytes:
    """Return a key for an encoder input: equal keys, equal vectors."""
    return hashlib.sha256(json.dumps([fingerprint, text, sentences]).encode()).digest()


def _packed(encoded: Sequence[EncodedText]) -> list[bytes]:
    return [pack(each.tokens) for each in encoded]


def _batches(items: Mapping[K, V]) -> Iterator[dict[K, V]]:
    """Yield the items in dictionaries of `ENCODE_PASSAGES`."""
    rest = iter(items.items())
    while batch := dict(islice(rest, ENCODE_PASSAGES)):
        yield batch


def _renamed(added: list[str], removed: list[str]) -> int:
    """Count the files that went and came back, byte for byte, under another name."""
    return (Counter(added) & Counter(removed)).total()


# --- what an index was built with ----------------------------------------------------------------------------------------


def check_built_alike(manifest: Manifest, settings: Settings, encoder: Encoder | None = None) -> None:
    """Raise `IndexMismatchError` if an index was built with another encoder or other settings."""
    wanted = wanted_manifest(settings, encoder)
    for name, kind in (("encoder", "encoder"), ("fingerprint", "encoder state"), ("splitting", "passage settings")):
        built, now = getattr(manifest, name), getattr(wanted, name)
        if built and now and built != now:
            raise IndexMismatchError(f"the index was built with {kind} {built}, now it is {now}: run 'qa sync --rebuild'")


def wanted_manifest(settings: Settings, encoder: Encoder | None) -> Manifest:
    """Return what an index built now would be built with; without an encoder, only what the settings say."""
    cut = {
        "language": settings.language,
        "passage_tokens": settings.passage_tokens,
        "join_tokens": settings.join_tokens,
        "version": passages.VERSION,
    }
    splitting = json.dumps(cut, sort_keys=True)
    if encoder is None:
        return Manifest(encoder=settings.encoder, splitting=splitting)
    return Manifest(encoder.name, encoder.fingerprint, encoder.runtime, splitting)
