"""Questions about the articles that come with the project get the same hits, scores and quotes as before.

A change that means to rank or answer otherwise writes them down again, from the questions in the file:
`python tests/test_golden.py`.
"""

import json
import tempfile
from pathlib import Path

import pytest

from qa import Library

SEEDS = Path(__file__).parents[1] / "seeds"
GOLDEN = Path(__file__).with_name("golden.json")
QUESTIONS = json.loads(GOLDEN.read_text(encoding="utf-8"))
HITS = 3
ROUNDING = 0.01
"""So much scores and confidence may differ: processors with and without bfloat16 round otherwise, so that further quotes, which
are added by a limit, may differ as well."""


def outcome(library, question):
    """Return what a question comes to, as JSON takes it; `hits` are by article and place, with their scores."""
    answer = library.ask(question)
    hits = library.retrieve(question, HITS)
    return {
        "hits": {f"{hit.passage.article_id} {hit.passage.span.start}": round(hit.score, 4) for hit in hits},
        "answered": answer.answered,
        "confidence": round(answer.confidence, 3),
        "quote": answer.citations[0].quote if answer.answered else "",
    }


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_question_has_the_same_hits_and_quote_as_before(demo, question):
    before, now = QUESTIONS[question], outcome(demo, question)
    assert now["hits"] == pytest.approx(before["hits"], abs=ROUNDING)
    assert now["answered"] == before["answered"]
    assert now["confidence"] == pytest.approx(before["confidence"], abs=5 * ROUNDING)
    assert now["quote"] == before["quote"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as embeddings, Library(SEEDS, embeddings) as library:
        library.sync()
        outcomes = {question: outcome(library, question) for question in QUESTIONS}
    GOLDEN.write_text(json.dumps(outcomes, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
