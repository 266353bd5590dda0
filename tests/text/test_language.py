"""Languages are told apart where that is clear."""

import pytest

from qa.text.language import LANGUAGES, is_in_another, language_of
from qa.web.strings import STRINGS

QUESTIONS = {
    "en": "When was the treaty adopted?",
    "es": "¿Cuándo se adoptó el tratado?",
    "fr": "Quand le traité a-t-il été adopté ?",
    "de": "Wann wurde der Vertrag angenommen?",
    "it": "Quando è stato adottato il trattato?",
    "pt": "Quando foi adotado o tratado?",
    "nl": "Wanneer werd het verdrag aangenomen?",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_a_question_is_recognised_and_has_a_name(language):
    assert language_of(QUESTIONS[language]) == language
    assert [other for other in LANGUAGES if is_in_another(QUESTIONS[language], other)] == [
        other for other in LANGUAGES if other != language
    ]
    assert f"language_{language}" in STRINGS


@pytest.mark.parametrize("question", ["Caracas", "lubanga sentence", "Did Jan van der Berg meet Carlos de la Cruz?", "2024"])
def test_a_question_of_names_and_keywords_is_in_no_other_language(question):
    assert not is_in_another(question, "en")
