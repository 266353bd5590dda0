"""A map of articles: each at the two coordinates that keep the most of the differences between their vectors.

Principal component analysis (Pearson 1901, Hotelling 1933) of the mean sentence vector of each article.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.store.base import Store

MOST_ARTICLES = 1_000
"""Of more articles, this many are chosen evenly: as many dots as a person can tell apart."""


def places(store: Store, ids: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the place of each article by id, of many articles that of `MOST_ARTICLES`. Near ones say similar things."""
    chosen = evenly(sorted(ids), MOST_ARTICLES)
    means = {}
    with store.snapshot() as snapshot:
        for id, rows in groupby(snapshot.vectors(chosen), key=itemgetter(0)):
            means[id] = np.concatenate([matrix for _, matrix in rows]).mean(axis=0)
    if not means:
        return {}
    flat = flattened(np.array(list(means.values()), np.float64))
    return {id: (float(x), float(y)) for id, (x, y) in zip(means, flat, strict=True)}


def evenly(items: Sequence[str], most: int) -> list[str]:
    """Return at most `most` of the items, at even distances.

    >>> evenly(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    return list(items) if len(items) <= most else [items[n * len(items) // most] for n in range(most)]


def flattened(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rows along their first two principal components, shape (rows, 2); zeros if they do not differ.

    The sign of a component is the one with which its largest weight is positive, so that the same rows give the same map.
    """
    centred = rows - rows.mean(axis=0)
    components = np.linalg.svd(centred, full_matrices=False)[2][:2]
    largest = np.abs(components).argmax(axis=1)
    signs = np.where(components[np.arange(len(components)), largest] < 0, -1, 1)
    flat = np.zeros((len(rows), 2))
    flat[:, : len(components)] = centred @ (components * signs[:, None]).T
    return flat
