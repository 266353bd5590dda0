import runpy
from pathlib import Path
from types import SimpleNamespace

from qa.evaluation.question_sets import Gold, Question

# By its path: other packages, too, install a `benchmarks`.
peers = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "peers.py")))
QUESTION = Question(
    "1", "Who opened the office?", (Gold("icc.md", None), Gold("un.md", None)), ("Karim  Khan", "the Prosecutor")
)


def test_passage_is_right_if_its_article_and_an_answer_match():
    assert peers.holds(QUESTION, "icc.md", "It was KARIM\nKHAN who did.")
    assert peers.holds(QUESTION, "un.md", "Opened by the prosecutor.")
    assert not peers.holds(QUESTION, "other.md", "It was Karim Khan who did.")
    assert not peers.holds(QUESTION, "icc.md", "It was Khan, Karim.")


def test_rank_is_that_of_the_first_right_passage_within_ten():
    right, wrong = ["icc.md", "Karim Khan"], ["other.md", "Karim Khan"]
    assert peers.rank(QUESTION, [wrong, right, right]) == 2
    assert peers.rank(QUESTION, [wrong] * 10 + [right]) == 0
    assert peers.rank(QUESTION, []) == 0


def test_shown_characters_may_end_within_a_passage():
    hits = [["other.md", "x" * 15], ["icc.md", "Karim Khan"]]
    assert peers.within(QUESTION, hits, 25)
    assert not peers.within(QUESTION, hits, 24)
    assert not peers.within(QUESTION, [["other.md", "x" * 30], *hits], 30)


def test_edit_changes_the_first_paragraph_of_the_median_article(tmp_path):
    for name, text in {"a.md": "a", "b.md": "one\n\ntwo", "c.md": "three\n\nfour\n\nfive"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert peers.edit(tmp_path) == "b.md"
    assert (tmp_path / "b.md").read_text(encoding="utf-8") == f"one {peers.EDIT}\n\ntwo"


def test_text_beyond_the_window_is_not_read():
    assert peers.fraction_read(["word " * 100], 256) == 1
    assert peers.fraction_read(["word " * 508, "word " * 100], 256) == (254 + 100) / 608
