"""Measure a library on questions: as it is set, or one part after another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from qa import evaluate
from qa.errors import EvaluationError
from qa.evaluate import DEPTH, Outcome, Question
from qa.library import Library
from qa.passages import seen_text
from qa.schema import Passage, Progress, Span
from qa.settings import Settings

ABLATION = {
    "late": {"lexical_weight": 0.0, "rerank": "none"},
    "BM25": {"lexical_weight": 1.0, "rerank": "none"},
    "hybrid": {"rerank": "none"},
    "hybrid, reciprocal ranks": {"rerank": "none", "fusion": "rrf"},
    "reranked": {},
}
"""The parts of retrieval, each row with the settings that leave the others out. Before them comes "dense"."""


def questions(library: Library, folder: Path | None, settings: Settings) -> tuple[Library, list[Question], bool]:
    """Return the library to ask, the questions, and whether they are probes made from its own articles.

    A set in `folder` gets an index of its own, kept below the library's so that it is built once.
    """
    if folder is None:
        library.catch_up()
        known = filter(None, map(library.article, sorted(library.catalog.known())))
        return library, evaluate.probes(list(known), settings.language), True
    name = f"{folder.name}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"
    home = library.embeddings / "eval" / name
    articles, found = evaluate.read(folder, home / "articles")
    return Library(articles, home / "index", settings=settings), found, False


def run(library: Library, asked: Sequence[Question], progress: Progress) -> list[Outcome]:
    """Measure a library as it is set, without syncing between the questions."""
    return _measured(lambda question: [hit.passage for hit in library.retrieve(question, DEPTH)], asked, progress)


def ablation(library: Library, asked: Sequence[Question], progress: Progress) -> Iterator[tuple[str, list[Outcome]]]:
    """Measure the parts one after another: one vector a passage, sentence vectors, words, both, with the closer look."""
    yield "dense", _measured(_whole_passages(library, progress), asked, progress)
    for name, changes in ABLATION.items():
        settings = replace(library.settings, **changes)  # type: ignore[arg-type]
        with Library(library.seeds, library.embeddings, settings=settings, encoder=library.encoder) as part:
            yield name, run(part, asked, progress)


def _measured(retrieve: Callable[[str], Sequence[Passage]], asked: Sequence[Question], progress: Progress) -> list[Outcome]:
    if not asked:
        raise EvaluationError("there are no questions: nothing was measured")
    retrieve(asked[0].text)  # Loads what is loaded once.

    def each() -> Iterator[Question]:
        for number, question in enumerate(asked):
            progress("asking", number, len(asked))
            yield question
        progress("asking", len(asked), len(asked))

    return evaluate.evaluate(retrieve, each())


def _whole_passages(library: Library, progress: Progress) -> Callable[[str], list[Passage]]:
    """Return the usual recipe: the mean vector of each whole passage, all compared."""
    with library.catalog.transaction(write=False):
        passages = [passage for _, _, passage in library.catalog.titled_passages(library.catalog.passage_keys())]
    rows = []
    for start in range(0, len(passages), 256):
        progress("embedding", start, len(passages))
        batch = passages[start : start + 256]
        spans = [[Span(0, len(passage.text))] for passage in batch]
        rows += library.encoder.encode_sentences([seen_text(passage) for passage in batch], spans)
    progress("embedding", len(passages), len(passages))
    matrix = np.concatenate(rows) if rows else np.empty((0, library.encoder.dimension), np.float32)

    def retrieve(question: str) -> list[Passage]:
        scores = matrix @ library.encoder.encode_question(question)
        return [passages[i] for i in np.argsort(-scores, kind="stable")[:DEPTH]]

    return retrieve
