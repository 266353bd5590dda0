"""Questions about Markdown with tables, lists and code get a quote that answers, with what it needs to be understood."""

import json
import shutil
from pathlib import Path

import pytest

from qa import Library

FILES = Path(__file__).parents[1] / "files" / "markdown"
QUESTIONS = [json.loads(line) for line in (FILES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
RIGHT = 0.8


def is_right(answer, question):
    """Return True if a quote of the answer, with its lead, is of the right article and holds all the words."""
    quotes = [each for each in answer.citations[: answer.quoted] if each.article_id == question["article"]]
    return any(all(words.casefold() in each.with_lead.casefold() for words in question["words"]) for each in quotes)


@pytest.mark.slow
def test_most_questions_about_tables_lists_and_code_are_answered(tmp_path):
    shutil.copytree(FILES, tmp_path / "seeds", ignore=shutil.ignore_patterns("*.jsonl"))
    with Library(tmp_path / "seeds", tmp_path / "embeddings") as library:
        library.sync()
        wrong = [each["question"] for each in QUESTIONS if not is_right(library.ask(each["question"]), each)]
    assert len(wrong) <= (1 - RIGHT) * len(QUESTIONS), wrong
