"""Ranked passages become hits: each as its file is now, cited, and each story once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa import citation
from qa.reading import folder, worker
from qa.results import Hit
from qa.retrieval.ranking import Ranked
from qa.store.catalog import Catalog, Stored
from qa.text.near_duplicates import Story
from qa.types import Failure

if TYPE_CHECKING:
    from qa.store.lexical import Lexical, Word

LOOK_S = 2.0
"""How long a question waits for a file that has changed; what takes longer is not quoted."""


class Folder:
    """The articles as their files are now, each looked at once."""

    def __init__(self, seeds: Path, article_bytes: int, catalog: Catalog) -> None:
        self._seeds = seeds
        self._article_bytes = article_bytes
        self._catalog = catalog
        self._seen: dict[str, Stored | None] = {}

    def article(self, id: str) -> Stored | None:
        """Return an article, from the catalog where its file has not changed, else read anew; None when it is gone."""
        if id not in self._seen:
            self._seen[id] = self._look(id)
        return self._seen[id]

    def _look(self, id: str) -> Stored | None:
        stored, file = self._catalog.article(id), folder.find(self._seeds, id)
        if stored is None or file is None or file.stamp == stored.stamp:
            return stored if file else None
        found = worker.read(file, limit_bytes=self._article_bytes, limit_s=LOOK_S, known_sha256=stored.sha256)
        if isinstance(found, Failure):
            return None
        return Stored(found.article, file.stamp, found.sha256) if found.article else stored


def hits(
    question: str, words: Sequence[Word], ranked: Sequence[Ranked], k: int, lexical: Lexical, folder: Folder, *, spare: int
) -> list[tuple[Hit, Ranked]]:
    """Return the first `k` that stand in their files as they are now, each story once.

    Beyond the last, `spare` more are looked at for articles that tell a story as well.
    """
    found: list[tuple[Hit, Ranked]] = []
    stories: list[Story] = []
    for each in _up_to(ranked, k, found, spare):
        id, story = each.passage.article_id, Story(each.passage.text)
        told = next((n for n, other in enumerate(stories) if story.is_told_by(other)), None)
        if told is None and len(found) == k:
            continue
        stored = folder.article(id)
        moved = None if stored is None else citation.moved(each.passage, stored.article)
        if stored is None or moved is None:
            continue
        if told is not None:
            found[told] = _also_in(found[told][0], id), found[told][1]
            continue
        matched = lexical.matched(question, words, f"{stored.article.title}\n{each.passage.text}")
        cited = citation.cite(stored.article, stored.sha256, each.quote.shifted(moved))
        why = replace(each.why, words=matched)
        found.append((Hit(len(found) + 1, each.score, citation.shifted(each.passage, moved), cited, why), each))
        stories.append(story)
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
