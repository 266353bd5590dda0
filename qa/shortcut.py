"""One call for those who ask a folder now and then: it finds or makes the index itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa.library import Library
from qa.results import Hit
from qa.where import Where


def retrieve(
    question: str,
    k: int = 5,
    where: Where | Mapping[str, Any] | None = None,
    *,
    seeds: str | Path = "seeds",
    embeddings: str | Path = "embeddings",
) -> list[Hit]:
    """Return at most `k` passages that answer the question, best first, with citations.

    Articles are taken from `seeds`; their index is kept in `embeddings` and brought in step first, if needed.

    >>> from qa import retrieve
    >>> hits = retrieve("Who opened an office in Caracas?", k=5)  # doctest: +SKIP
    >>> hits[0].citation.quote  # doctest: +SKIP
    """
    library = _shared(Path(seeds).absolute(), Path(embeddings).absolute())
    library.catch_up()
    return library.retrieve(question, k, where)


@lru_cache(maxsize=4)
def _shared(seeds: Path, embeddings: Path) -> Library:
    return Library(seeds, embeddings)
