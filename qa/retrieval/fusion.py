"""Fuse two scores into one."""

from __future__ import annotations

from collections.abc import Mapping


def convex(dense: Mapping[int, float], lexical: Mapping[int, float], lexical_weight: float) -> dict[int, float]:
    """Return the weighted sum of two scores, each on a scale of its own from 0 to about 1.

    Scores, not ranks: a convex sum is better than reciprocal ranks by two to four points here (benchmarks/RESULTS.md),
    as in Bruch, Gai and Ingber 2023 (arXiv 2210.11934). Both mappings hold the same keys.

    >>> convex({1: 0.5}, {1: 0.25}, lexical_weight=0.5)
    {1: 0.375}
    """
    return {key: (1 - lexical_weight) * dense[key] + lexical_weight * lexical[key] for key in dense}


def reciprocal_rank(dense: Mapping[int, float], lexical: Mapping[int, float], lexical_weight: float) -> dict[int, float]:
    """Return the weighted sum of 1 / (60 + rank) over both rankings, scaled so that first in both gives 1.

    Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009; the 60 is theirs. A score of 0 or less gives no rank.
    """
    first, second = _ranks(dense), _ranks(lexical)
    return {
        key: 61 * ((1 - lexical_weight) * _reciprocal(first.get(key)) + lexical_weight * _reciprocal(second.get(key)))
        for key in dense
    }


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    order = sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key))
    return {key: rank for rank, key in enumerate(order, 1)}


def _reciprocal(rank: int | None) -> float:
    return 1 / (60 + rank) if rank else 0.0
