"""One committed state of the catalog and its indexes, as those see it who ask."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix, Vector
from qa.store.base import (
    ArticleInfo,
    Calibration,
    Candidate,
    Counts,
    FileState,
    Manifest,
    PassageTokens,
    Query,
    Rankings,
    StoredArticle,
    Term,
)
from qa.store.catalog import Catalog
from qa.store.indexes import Indexes
from qa.types import Passage
from qa.where import EVERYWHERE, Where

CALIBRATION = "calibration"
"""The row of the catalog's `meta` that holds the calibration."""
MANIFEST = {"encoder": "encoder", "fingerprint": "fingerprint", "runtime": "runtime", "splitting": "passages"}
"""The rows of the catalog's `meta` that hold the fields of a manifest, but for its generation."""
MOST_LOGIT = 1e3
"""More than any logit of a question: what is larger was not noted by us."""


class LocalSnapshot:
    """See `base.Snapshot`. It lives inside a transaction of the catalog; the indexes are opened when they are needed."""

    def __init__(self, catalog: Catalog, manifest: Manifest, indexes: Callable[[str], Indexes]) -> None:
        """Show the state that the current transaction sees; `indexes` brings the indexes to a generation."""
        self.manifest = manifest
        self._catalog = catalog
        self._indexes_of = indexes

    @cached_property
    def _indexes(self) -> Indexes:
        return self._indexes_of(self.manifest.generation)

    def counts(self) -> Counts:
        """See `base.Snapshot`."""
        return self._catalog.counts()

    def articles(self) -> Iterator[ArticleInfo]:
        """See `base.Snapshot`."""
        return self._catalog.articles()

    def article(self, id: str) -> StoredArticle | None:
        """See `base.Snapshot`."""
        return self._catalog.article(id)

    def known(self) -> Mapping[str, FileState]:
        """See `base.Snapshot`."""
        return self._catalog.known()

    def failures(self) -> Mapping[str, tuple[str, str]]:
        """See `base.Snapshot`."""
        return self._catalog.failures()

    def calibration(self) -> Calibration | None:
        """See `base.Snapshot`."""
        return _calibration(self._catalog.meta().get(CALIBRATION, ""))

    # --- passages ----------------------------------------------------------------------------------------------------

    def keys(self, where: Where = EVERYWHERE) -> NDArray[np.int64]:
        """See `base.Snapshot`."""
        return self._catalog.keys(self._catalog.admitted(where) if where else None)

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """See `base.Snapshot`."""
        return self._catalog.passages(keys)

    def passage_vectors(self, keys: Sequence[int]) -> dict[int, Matrix]:
        """See `base.Snapshot`."""
        return self._catalog.vectors(keys, self._catalog.dimension)

    def tokens(self, keys: Sequence[int]) -> dict[int, PassageTokens]:
        """See `base.Snapshot`."""
        return self._catalog.tokens(keys, self._indexes.vectors.dimension)

    def vectors(self, article_ids: Sequence[str]) -> Iterator[tuple[str, Matrix]]:
        """See `base.Snapshot`."""
        return self._catalog.article_vectors(article_ids)

    # --- search ------------------------------------------------------------------------------------------------------

    def terms(self, question: str) -> tuple[Term, ...]:
        """See `base.Snapshot`."""
        return tuple(self._indexes.lexical.terms(question))

    def forms(self, text: str) -> frozenset[str]:
        """See `base.Snapshot`."""
        return self._indexes.lexical.forms(text)

    def words(self, beginning: str) -> Mapping[str, int]:
        """See `base.Snapshot`."""
        return self._indexes.lexical.words(beginning)

    def candidates(
        self, query: Query, k: int, where: Where = EVERYWHERE, *, exclude: Collection[int] = (), rankings: Rankings
    ) -> list[Candidate]:
        """See `base.Snapshot`."""
        only = self.keys(where) if where or exclude else None
        if only is not None and exclude:
            only = np.setdiff1d(only, list(exclude))
        vectors, lexical = self._indexes.vectors, self._indexes.lexical
        near = vectors.search(query.vector, k, only) if rankings.vectors else []
        best = dict(lexical.search(query.terms, k, only)) if rankings.words else {}
        # Another thread may have brought the words to a later state: what this transaction does not see is left out.
        cosines = self._cosines(sorted({*near, *best}), query.vector)
        missing = [key for key in cosines if key not in best] if best else []
        scores = {**best, **dict(lexical.search(query.terms, len(missing), missing))}
        return [Candidate(key, each, scores.get(key, 0.0)) for key, each in cosines.items()]

    def _cosines(self, keys: Sequence[int], vector: Vector) -> dict[int, Vector]:
        """Return the cosines of each passage's sentences: from the index, or if that keeps lists, from the catalog."""
        if not self._indexes.vectors.lists:
            return self._indexes.vectors.cosines(vector, keys)
        matrices = self._catalog.vectors(keys, len(vector))
        return {key: matrices[key] @ vector for key in keys if key in matrices}


def manifest_of(catalog: Catalog) -> Manifest:
    """Return what the state that the current transaction sees was built with."""
    meta = catalog.meta()
    fields = {name: meta.get(key, "") for name, key in MANIFEST.items()}
    return Manifest(**fields, generation=meta.get("generation", ""))


def _calibration(text: str) -> Calibration | None:
    """Return what was noted, or None if that makes no sense: it is then fitted again."""
    try:
        noted = json.loads(text)
        fingerprint, passages, numbers = noted["fingerprint"], noted["passages"], noted["logits"]
        logits = tuple(map(float, numbers)) if numbers is not None else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    if not isinstance(fingerprint, str) or type(passages) is not int:
        return None
    if logits is None:
        return Calibration(fingerprint, passages, None)
    sound = len(logits) == 2 and all(math.isfinite(each) and abs(each) < MOST_LOGIT for each in logits)
    return Calibration(fingerprint, passages, (logits[0], logits[1])) if sound else None
