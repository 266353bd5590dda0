"""Greetings, thanks and calls for help are recognised as no questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.retrieval.courtesy import courtesy


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", "greeting"),
        ("¡Hola! Buenos días.", "greeting"),
        ("Hello, how are you?", "greeting"),
        ("thanks", "thanks"),
        ("ok", "thanks"),
        ("OK, thank you very much!", "thanks"),
        ("gracias", "thanks"),
        ("What can you do?", "help"),
        ("Hi. Help!", "help"),
        ("¿Qué puedes hacer?", "help"),
    ],
)
def test_courtesy_is_recognised_in_english_and_spanish(text, kind):
    assert courtesy(text) == kind


@pytest.mark.parametrize(
    "text", ["Hello, who is Karim Khan?", "What can the Court do?", "Who thanks whom?", "good faith", "...", "why"]
)
def test_what_asks_or_names_anything_is_a_question(text):
    assert courtesy(text) == ""


@given(st.text(max_size=100))
def test_any_text_is_one_or_the_other(text):
    assert courtesy(text) in ("", "greeting", "thanks", "help")


def test_nothing_is_searched_for_a_greeting(library):
    answer = library.ask("Hello!", earlier="Who opened an office in Caracas?")
    assert (answer.courtesy, answer.answered, answer.hits, answer.searched) == ("greeting", False, (), "")
