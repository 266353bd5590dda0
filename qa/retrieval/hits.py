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
"""How long a question waits for a changed file to be read; one that takes longer is not quoted. It trades the
wait for an answer for quotes from large files that changed since the last sync."""


class CurrentFiles:
    """The articles of a snapshot as their files are now; each file is inspected once."""

    def __init__(self, seeds: Path, article_bytes: int, snapshot: Snapshot) -> None:
        self._seeds = seeds
        self._article_bytes = article_bytes
        self._snapshot = snapshot
        self._articles: dict[str, StoredArticle | None] = {}

    def article(self, id: str) -> StoredArticle | None:
        """Return an article, from the snapshot if its file has not changed, else read again; None if it is gone."""
        if id not in self._articles:
            self._articles[id] = self._read(id)
        return self._articles[id]

    def _read(self, id: str) -> StoredArticle | None:
        stored, file = self._snapshot.article(id), folder.find(self._seeds, id)
        if stored is None or file is None or file.stamp == stored.stamp:
            return stored if file else None
        reading = worker.read(file, limit_bytes=self._article_bytes, limit_s=READ_S, known_sha256=stored.sha256)
        if isinstance(reading, Failure):
            return None
        return replace(stored, article=reading.article, stamp=file.stamp, sha256=reading.sha256) if reading.article else stored


def matched_words(snapshot: Snapshot, query: Query, text: str) -> tuple[str, ...]:
    """Return the words of a question that a text holds in some form."""
    forms = snapshot.forms(text)
    return tuple(term.span.of(query.text) for term in query.terms if forms.intersection(term.forms))


def hits(
    snapshot: Snapshot, query: Query, ranked: Sequence[Ranked], k: int, files: CurrentFiles, *, spare: int
) -> list[tuple[Hit, Ranked]]:
    """Return the first `k` passages that are still in their files as hits, near-duplicates as one.

    Another `spare` passages are searched for articles that say the same. Six parameters: a question's state, the ranking
    and how much of it.
    """
    pairs: list[tuple[Hit, Ranked]] = []
    texts: list[Shingled] = []
    for each in _up_to(ranked, k, pairs, spare):
        id, text = each.passage.article_id, Shingled(each.passage.text)
        twin = next((n for n, other in enumerate(texts) if text.is_near_duplicate(other)), None)
        if twin is None and len(pairs) == k:
            continue
        stored = files.article(id)
        shift = None if stored is None else citation.moved(each.passage, stored.article)
        if stored is None or shift is None:
            continue
        if twin is not None:
            pairs[twin] = _with_duplicate(pairs[twin][0], id), pairs[twin][1]
            continue
        words = matched_words(snapshot, query, f"{stored.article.title}\n{each.passage.whole}")
        cited = citation.cite(stored.article, stored.sha256, each.quote.shifted(shift))
        why = replace(each.why, words=words)
        pairs.append((Hit(len(pairs) + 1, each.score, citation.shifted(each.passage, shift), cited, why), each))
        texts.append(text)
    return pairs


def _up_to(ranked: Sequence[Ranked], k: int, pairs: Sequence[object], spare: int) -> Iterator[Ranked]:
    """Yield passages until the caller has `k` pairs, and then up to `spare` more."""
    beyond = 0
    for each in ranked:
        beyond += len(pairs) == k
        if beyond > spare:
            return
        yield each


def _with_duplicate(hit: Hit, id: str) -> Hit:
    if id == hit.passage.article_id or id in hit.also_in:
        return hit
    return replace(hit, also_in=(*hit.also_in, id))
