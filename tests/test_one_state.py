"""One answer sees one state of the index, whatever is synced meanwhile."""

from contextlib import contextmanager

import pytest
from small_encoder import SmallEncoder

from qa import Library, Settings
from qa.answering import answer as answering
from qa.retrieval import hits

OFFICE = "Ann Lee opened an office in Caracas on 3 May 2020."
VOTE = "Bob Day won the vote in Rome on 17 July 1998."
QUESTION = "When did Ann Lee open an office and when did Bob Day win the vote?"


@pytest.fixture
def asked(seeds, write, tmp_path):
    """A library that answers every question, so that questions in two parts are answered in two parts."""
    write("a.md", OFFICE)
    write("b.md", VOTE)
    with Library(seeds, tmp_path / "index", settings=Settings(wrong_share=1.0), encoder=SmallEncoder()) as library:
        library.sync()
        yield library


@contextmanager
def changed_between(monkeypatch, change):
    """Call a function after each search for the evidence of a question."""
    find = answering.find
    generations = []

    def finding(search, *rest):
        generations.append(search.snapshot.manifest.generation)
        found = find(search, *rest)
        change()
        return found

    monkeypatch.setattr(answering, "find", finding)
    yield generations


def test_answer_in_parts_is_from_one_state_even_if_an_article_is_removed_meanwhile(asked, seeds, monkeypatch):
    """Another process deletes a file and syncs, between the search for the whole question and those for its parts."""

    def delete_and_sync():
        if (seeds / "a.md").exists():
            (seeds / "a.md").unlink()
            with Library(seeds, asked.embeddings, settings=asked.settings, encoder=SmallEncoder()) as other:
                other.sync()

    with changed_between(monkeypatch, delete_and_sync) as generations:
        answer = asked.ask(QUESTION)
    assert len(generations) == 3, "the question was not taken apart"
    assert len(set(generations)) == 1
    for citation in answer.citations:
        if citation.article_id == "a.md":
            assert answer.pending, "a deleted file is cited, and the answer says that it is in step"


def test_article_removed_before_the_question_is_not_cited(asked, seeds):
    (seeds / "a.md").unlink()
    answer = asked.ask(QUESTION)
    assert {citation.article_id for citation in answer.citations} <= {"b.md"}
    assert answer.pending == 1


def test_why_not_explains_the_state_that_it_searched(asked, seeds, monkeypatch):
    collect = hits.hits

    def then_delete(*arguments, **options):
        found = collect(*arguments, **options)
        if (seeds / "b.md").exists():
            (seeds / "b.md").unlink()
            with Library(seeds, asked.embeddings, settings=asked.settings, encoder=SmallEncoder()) as other:
                other.sync()
        return found

    monkeypatch.setattr(hits, "hits", then_delete)
    assert "not in the index" not in asked.why_not("Who opened an office in Caracas?", "b.md", k=1)
