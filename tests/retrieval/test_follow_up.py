"""A follow-up is searched for with its subject; a question that stands alone is not changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.retrieval.follow_up import names, read


def likeness(one, other):
    """Know only which names are of the same kind."""
    kinds = ({"Putin", "Duterte"}, {"Mongolia", "Kenya"}, {"United States", "Russia"})
    return float(any({one, other} <= kind for kind in kinds))


def searched(question, earlier):
    return read(question, earlier, likeness).searched


@pytest.mark.parametrize(
    ("question", "earlier", "about"),
    [
        ("How long was his sentence?", "Who was convicted in 2012?", "2012"),
        ("Where is its office?", "What is ILANUD?", "ILANUD"),
        ("When did it open?", "Who opened an office in Caracas?", "office, Caracas"),
        ("What did he do before that?", "When was Karim Khan elected in New York?", "Karim Khan, New York"),
        ("Who sat on its board?", "How is the Trust Fund for Victims paid for?", "Trust Fund for Victims"),
        ("who were his deputies?", "who is karim khan?", "karim khan"),
        ("How many members does it have now?", "By what vote was the Rome Statute adopted?", "Rome Statute"),
        ("Did Venezuela accuse him?", "Who is Karim Khan?", "Karim Khan"),
        ("What about his deputies?", "Who is Karim Khan?", "Karim Khan"),
    ],
)
def test_a_pronoun_takes_up_the_names_of_the_question_before_or_else_its_nouns(question, earlier, about):
    assert read(question, earlier, likeness) == (f"{question} ({about})", about)


@pytest.mark.parametrize("question", ["And when was that?", "why?", "more details please", "but why?", "go on"])
def test_a_follow_up_on_what_happened_takes_up_verbs_as_well(question):
    assert searched(question, "Who opened an office in Caracas?") == f"{question} (opened, office, Caracas)"


def test_a_subject_is_kept_until_another_is_named():
    conversation = ["When was he born?", "why was he recused?", "Who is Piotr Hofmański?", "Where was he born?", "And why?"]
    earlier = "Who is Karim Khan?"
    subjects = []
    for question in conversation:
        earlier, about = read(question, earlier, likeness)
        subjects.append(about)
    assert subjects == ["Karim Khan", "Karim Khan", "", "Piotr Hofmański", "born, Piotr Hofmański"]


def test_he_stays_the_same_man_when_a_question_names_a_place():
    assert searched("Who are his deputies?", "When did he visit Venezuela? (Karim Khan)").endswith("(Karim Khan)")


def test_the_words_of_many_turns_do_not_pile_up():
    earlier = "Who opened an office in Caracas?"
    for question in ["Who announced that?", "When did the government criticise that?", "Who repeated that?"] * 5:
        earlier = searched(question, earlier)
    assert len(earlier.split()) < 20
    assert "Caracas" in earlier


@pytest.mark.parametrize(
    ("question", "earlier", "expected"),
    [
        ("What about 2020?", "How many judges were elected in 2017?", "How many judges were elected in 2020?"),
        ("And Duterte?", "Did Mongolia arrest Putin?", "Did Mongolia arrest Duterte?"),
        ("and in Kenya?", "Did Mongolia arrest Putin?", "Did Kenya arrest Putin?"),
        ("and the ICC's?", "Who is its director? (ILANUD)", "Who is its director? (ICC)"),
        ("What about Russia?", "Which law did they pass? (United States)", "Which law did they pass? (Russia)"),
        ("And in 2020?", "How often did he travel? (Karim Khan)", "How often did he travel? (Karim Khan, 2020)"),
        ("How about prosecutors?", "How are judges elected?", "How are judges elected? (prosecutors)"),
    ],
)
def test_another_subject_takes_the_place_of_the_one_most_like_it(question, earlier, expected):
    assert searched(question, earlier) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How many judges does the Court have?",
        "And who is the prosecutor of the ICC?",
        "What did the agreement that ILANUD signed say?",
        "Is it true that the ICC has a court in The Hague?",
        "How many states are there?",
        "Who is Karim Khan?",
        "Who is Lubanga and what was he convicted of?",
        "When did the trial begin, and who presided over it?",
        "Did the ICC give its reasons?",
        "How long does it take to ratify a treaty?",
        "Which law is the one that applies?",
        "lubanga sentence",
        "Duterte",
    ],
)
def test_standalone_question_is_unchanged(question):
    assert read(question, "Who opened an office in Caracas?", likeness) == (question, "")


def test_names_run_across_small_words_and_leave_out_what_only_begins_a_question():
    text = "Did the Assembly of States Parties, al-Bashir or Luz del Carmen Ibáñez Carranza’s court act?"
    assert names(text) == ["Assembly of States Parties", "al-Bashir", "Luz del Carmen Ibáñez Carranza"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_question_can_follow_any_other(question, earlier):
    reading = read(question, earlier, likeness)
    assert reading == (question, "") or reading.about in reading.searched
