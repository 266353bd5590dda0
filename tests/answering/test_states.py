"""A question is answered, or a passage may answer it, or nothing was found; and the answer says what may help."""

from typing import get_args

import pytest

from qa import Library
from qa.answering import rating
from qa.answering.answer import UNSURE_FROM
from qa.answering.confidence import threshold
from qa.answering.quotes import is_near
from qa.results import AnswerState, Hint
from qa.wire import as_json

OFFICE = "The prosecutor opened an office in Caracas."


@pytest.fixture
def asked(library: Library, write, monkeypatch):
    """Ask about the office with a confidence that is given."""
    write("a.md", f"---\ndate: 2024-05-01\n---\n\n{OFFICE} It is in the city and was small for the time.")
    write("b.md", "Goats climb mountains in spring.")
    monkeypatch.setattr(rating, "confidence", lambda *_: asked.confidence)

    def asked(confidence, question=OFFICE, **where):
        asked.confidence = confidence
        return library.ask(question, where)

    return asked


def test_the_confidence_decides_between_three_states(asked, library):
    enough = threshold(library.settings.wrong_share, is_read=False)
    states = [asked(confidence).state for confidence in (enough, enough - 0.01, UNSURE_FROM, UNSURE_FROM - 0.01, 0)]
    assert states == ["answer", "unsure", "unsure", "nothing", "nothing"]
    assert set(states) == set(get_args(AnswerState))


def test_unsure_asserts_nothing_and_cites_the_closest_passages(asked):
    answer = asked(UNSURE_FROM)
    assert (answer.text, answer.quoted, answer.answered) == ("", 0, False)
    assert answer.citations[0].article_id == "a.md"
    assert answer.shown[0] == answer.hits[0]
    assert Hint("article", "a.md") in answer.hints


def test_nothing_is_cited_where_nothing_was_found(asked):
    answer = asked(0, "¿Cuándo se abrió la oficina en Caracas?", after="2024")
    assert (answer.citations, answer.shown, answer.articles) == ((), (), 1)
    assert answer.hits
    assert answer.hints == (Hint("filter", "after=2024"), Hint("language", "en"))


def test_an_answer_needs_no_hints_and_json_has_both_state_and_answered(asked):
    answer = asked(1, after="2024")
    assert answer.hints == ()
    assert {name: as_json(answer)[name] for name in ("state", "answered", "articles")} == {
        "state": "answer", "answered": True, "articles": 1,
    }  # fmt: skip


def test_a_period_in_the_question_is_offered_and_never_applied(asked):
    question = f"{OFFICE[:-1]} since 2021?"
    for confidence in (1, UNSURE_FROM, 0):
        answer = asked(confidence, question)
        assert answer.hints[0] == Hint("period", "after=2021")
        assert {hit.passage.article_id for hit in answer.hits} == {"a.md", "b.md"}
    assert asked(1, question, path="a.md").hints == ()


@pytest.mark.parametrize(("words", "where"), [("before 2020", {}), ("since 2021", {"after": "2019"}), ("in the 2021 Act", {})])
def test_no_period_is_offered_that_leaves_nothing_or_is_limited_already(asked, words, where):
    assert not [hint for hint in asked(1, f"{OFFICE[:-1]} {words}?", **where).hints if hint.kind == "period"]


def test_what_happened_in_a_year_is_an_overview_without_another_offer(library, write):
    write("a.md", "---\ndate: 2023-05-01\n---\n\nOn 2 May 2023 the office was opened in Caracas.")
    write("b.md", "Goats climb.")
    answer = library.ask("What happened in 2023?")
    assert (answer.outline.kind, answer.hints) == ("dates", ())


def test_passages_far_below_the_first_are_not_shown_beside_it(asked):
    for answer in (asked(1), asked(UNSURE_FROM)):
        assert [hit.passage.article_id for hit in answer.hits] == ["a.md", "b.md"]
        assert [hit for hit in answer.hits if is_near(hit, answer.hits[0])] == [answer.hits[0]]
        assert [citation.article_id for citation in answer.citations] == ["a.md"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "state"),
    [
        ("By what vote was the Rome Statute adopted?", "answer"),
        ("Is Venezuela a member of the ICC?", "unsure"),
        ("What do critics say about the ICC?", "unsure"),
        ("How long should sourdough bread bake in a cast-iron pot?", "nothing"),
        ("Who founded the bakery?", "nothing"),
    ],
)
def test_the_demo_is_unsure_of_vague_questions_and_finds_nothing_about_other_subjects(demo, question, state):
    assert demo.ask(question).state == state
