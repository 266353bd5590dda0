"""Measure what the candidate search loses: compare the first ten hits with those of a scan of every passage.

python benchmarks/full_scan.py DIR [every n-th question]: DIR holds articles/ and questions.jsonl, as for `qa eval`.
"""

import sys
from dataclasses import replace
from pathlib import Path

from qa import Library, Settings
from qa.evaluation.runs import questions


def main(folder: Path, step: int) -> None:
    settings = Settings()
    library, question_set, _ = questions(Library("seeds", "embeddings", settings=settings), folder, settings)
    library.catch_up()
    count = library.status().passages
    with Library(
        library.seeds, library.embeddings, settings=replace(settings, candidates=count), encoder=library.encoder
    ) as full:
        same = sum(places(library, question.text) == places(full, question.text) for question in question_set[::step])
    print(f"{folder.name}: the same first ten for {same} of {len(question_set[::step])} questions, {count} passages")


def places(library: Library, question: str) -> list[tuple[str, int]]:
    return [(hit.passage.article_id, hit.passage.span.start) for hit in library.retrieve(question, 10)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
