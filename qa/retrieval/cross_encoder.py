"""Rerank with a cross-encoder: slower than late interaction, and not needed for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qa.errors import EncoderError
from qa.retrieval.rerank import BATCH_PASSAGES, RerankInput, RerankScore
from qa.store.base import Query
from qa.text.structure import without_markup


class CrossEncoder:
    """A sentence-transformers cross-encoder, by folder or locally cached name: one pass for each pair."""

    uses_tokens = False

    def __init__(self, name: str) -> None:
        self._model = _cross_encoder(name)

    def rerank(self, query: Query, inputs: Sequence[RerankInput], deadline: float) -> list[RerankScore]:
        """See `Reranker`; a cross-encoder does not know which sentence is best."""
        scores: list[RerankScore] = []
        for start in range(0, len(inputs), BATCH_PASSAGES):
            if time.perf_counter() > deadline:
                break
            pairs = [(query.text, without_markup(each.text)) for each in inputs[start : start + BATCH_PASSAGES]]
            scores += [RerankScore(float(score)) for score in self._scores(pairs)]
        return scores

    def _scores(self, pairs: list[tuple[str, str]]) -> NDArray[np.float64]:
        """Return probabilities; if the model gives several labels, those of the first."""
        logits = np.asarray(self._model.predict(pairs, show_progress_bar=False, activation_fn=_identity), np.float64)
        return np.asarray(1 / (1 + np.exp(-np.clip(logits.reshape(len(pairs), -1)[:, 0], -50, 50))))


def _identity(logits: object) -> object:
    return logits


@lru_cache(maxsize=1)
def _cross_encoder(name: str):  # type: ignore[no-untyped-def]  # an unannotated library's object  # noqa: ANN202
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from sentence_transformers import CrossEncoder as Model

        return Model(name, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise EncoderError(f"reranker {name!r} cannot be loaded: {reason}; give the folder of a cross-encoder") from error
