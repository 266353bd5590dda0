"""Turn ranked passages into hits: find them in the files as they are now, cite them, collapse near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qa import citation
from qa.reading import folder, worker
from qa.results import Hit
from qa.retrieval.ranking import Ranked
from qa.store.base import Query, Snapshot, StoredArticle
from qa.text.near_duplicates import Shingled
from qa.types import Failure

READ_S = 2.0
"""How long a question waits for a file that has changed; what takes longer is not quoted."""


class CurrentFiles:
    """The articles of a snapshot as their files are now, each looked at once."""

    def __init__(self, seeds: Path, article_bytes: int, snapshot: Snapshot) -> None:
        self._seeds = seeds
        self._article_bytes = article_bytes
        self._snapshot = snapshot
        self._found: dict[str, StoredArticle | None] = {}

    def article(self, id: str) -> StoredArticle | None:
        """Return an article, from the snapshot if its file has not changed, else read again; None if it is gone."""
        if id not in self._found:
            self._found[id] = self._look(id)
        return self._found[id]

    def _look(self, id: str) -> StoredArticle | None:
        stored, file = self._snapshot.article(id), folder.find(self._seeds, id)
        if stored is None or file is None or file.stamp == stored.stamp:
            return stored if file else None
        found = worker.read(file, limit_bytes=self._article_bytes, limit_s=READ_S, known_sha256=stored.sha256)
        if isinstance(found, Failure):
            return None
        return StoredArticle(found.article, file.stamp, found.sha256) if found.article else stored


def matched_words(snapshot: Snapshot, query: Query, text: str) -> tuple[str, ...]:
    """Return the words of a question that a text holds in some form."""
    held = snapshot.forms(text)
    return tuple(term.span.of(query.text) for term in query.terms if held.intersection(term.forms))


def hits(
    snapshot: Snapshot, query: Query, ranked: Sequence[Ranked], k: int, files: CurrentFiles, *, spare: int
) -> list[tuple[Hit, Ranked]]:
    """Return the first `k` that stand in their files as they are now, near-duplicates as one.

    Beyond the last, `spare` more are looked at for articles that say the same. Six parameters: a question's state, the
    ranking and how much of it.
    """
    found: list[tuple[Hit, Ranked]] = []
    kept: list[Shingled] = []
    for each in _up_to(ranked, k, found, spare):
        id, text = each.passage.article_id, Shingled(each.passage.text)
        twin = next((n for n, other in enumerate(kept) if text.is_near_duplicate(other)), None)
        if twin is None and len(found) == k:
            continue
        stored = files.article(id)
        moved = None if stored is None else citation.moved(each.passage, stored.article)
        if stored is None or moved is None:
            continue
        if twin is not None:
            found[twin] = _also_in(found[twin][0], id), found[twin][1]
            continue
        words = matched_words(snapshot, query, f"{stored.article.title}\n{each.passage.text}")
        cited = citation.cite(stored.article, stored.sha256, each.quote.shifted(moved))
        why = replace(each.why, words=words)
        found.append((Hit(len(found) + 1, each.score, citation.shifted(each.passage, moved), cited, why), each))
        kept.append(text)
    return found


def _up_to(ranked: Sequence[Ranked], k: int, found: Sequence[object], spare: int) -> Iterator[Ranked]:
    """Yield passages until `k` are found, and then some more."""
    beyond = 0
    for each in ranked:
        beyond += len(found) == k
        if beyond > spare:
            return
        yield each


def _also_in(hit: Hit, id: str) -> Hit:
    if id == hit.passage.article_id or id in hit.also_in:
        return hit
    return replace(hit, also_in=(*hit.also_in, id))
