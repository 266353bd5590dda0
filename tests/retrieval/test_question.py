import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.retrieval.question import answer_type, dates_or_figures, parts


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
