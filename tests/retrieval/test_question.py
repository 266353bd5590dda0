import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.retrieval.question import answer_type, contextualised, dates_or_figures, parts


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When was Thomas Lubanga found guilty?", "date"),
        ("Which month and year does the report give?", "date"),
        ("By what vote was the statute adopted?", "number"),
        ("Who was elected?", "person"),
        ("In which city does it sit?", "place"),
        ("Why did they leave?", ""),
    ],
)
def test_answer_type_is_recognised_by_words(question, kind):
    assert answer_type(question) == kind


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "How many votes did Khan get and when was Hofmański elected President?",
            ("How many votes did Khan get?", "When was Hofmański elected President?"),
        ),
        (
            "Which came first, the verdict or the closure of the office?",
            ("When was the verdict?", "When was the closure of the office?"),
        ),
        ("Compare the awards for Lubanga and Katanga", ("the awards for Lubanga", "the awards for Katanga")),
        (
            "In which city does the institute sit that agreed with the Court in 2024?",
            ("In which city does the institute sit?", "What agreed with the Court in 2024?"),
        ),
        ("Which of Ann and Bob was elected first?", ("Which of Ann was elected first?", "Which of Bob was elected first?")),
        ("Did both Mali and Kenya sign?", ("Did Mali sign?", "Did Kenya sign?")),
    ],
)
def test_comparisons_and_coordinated_questions_are_split(question, expected):
    assert parts(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "When and where was the statute signed?",
        "Who signed the agreement and when was it signed?",
        "Which judge who presided in Rome was elected?",
        "How many judges are there?",
    ],
)
def test_other_questions_stay_whole(question):
    assert parts(question) == (question,)


@pytest.mark.parametrize(
    ("kind", "sentence", "fits"),
    [
        ("date", "It was signed on 11 January 2024.", True),
        ("date", "It was signed in 2023.", False),
        ("date", "It was signed with great care.", False),
        ("number", "In 2023 it had 18 judges.", True),
        ("number", "It had seven judges.", True),
        ("number", "In 2023 it had judges.", False),
        ("person", "Ann Lee signed it.", False),
    ],
)
def test_sentence_fits_if_it_has_a_date_or_figure_not_in_the_question(kind, sentence, fits):
    assert bool(dates_or_figures(kind, sentence) - dates_or_figures(kind, "What happened in 2023?")) is fits


@given(st.text(min_size=1, max_size=300))
def test_any_text_has_at_least_one_part(question):
    assert parts(question)
    assert answer_type(question) in ("date", "number", "person", "place", "")


@pytest.mark.parametrize(
    ("question", "earlier", "expected"),
    [
        ("And when was that?", "Who signed the agreement with ILANUD?", "And when was that? (signed agreement ILANUD)"),
        ("How long was his sentence?", "Who was convicted in 2012?", "How long was his sentence? (convicted 2012)"),
        ("Where is its office?", "What is ILANUD?", "Where is its office? (ILANUD)"),
        ("When did it open?", "Who opened an office in Caracas?", "When did it open? (opened office Caracas)"),
        ("why?", "Who opened an office in Caracas?", "why? (opened office Caracas)"),
        ("and where?", "Who won?", "and where? (won)"),
        ("What about 2020?", "How many judges were elected in 2017?", "How many judges were elected in 2017? (2020)"),
    ],
)
def test_follow_up_gets_the_subject_of_the_question_before(question, earlier, expected):
    assert contextualised(question, earlier) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How many judges does the Court have?",
        "And who is the prosecutor of the ICC?",
        "What did the agreement that ILANUD signed say?",
        "Is it true that the ICC has a court in The Hague?",
        "How many states are there?",
        "Who is Karim Khan?",
    ],
)
def test_standalone_question_is_unchanged(question):
    assert contextualised(question, "Who opened an office in Caracas?") == question


@given(st.text(max_size=50), st.text(max_size=50))
def test_any_question_can_follow_any_other(question, earlier):
    assert question.strip() in contextualised(question, earlier) or earlier.strip() in contextualised(question, earlier)
