"""Typing errors are corrected by the words of the articles, where that is shown and can be undone."""

import re

import pytest
from reader import Reader
from small_encoder import SmallEncoder

from qa import Library, Span
from qa.results import Respelling
from qa.web.chat.conversation import Conversation, Submission, new_turn
from qa.web.messages import ENGLISH
from qa.web.metrics import Metrics

ARTICLES = {
    "trial.md": "# The trial\n\nThomas Lubanga received a sentence of fourteen years.",
    "office.md": "# The office\n\nThe prosecutor opened an office in Caracas, Venezuela. The investigation goes on.",
    "goats.md": "# Goats\n\nGoats climb mountains in spring. They stumble over stones and stoves.",
}


class PieceEncoder(SmallEncoder):
    """Knows no word but "router" as a whole, as an encoder with tokens for pieces of words."""

    def token_spans(self, text):
        return [Span(*piece.span()) for piece in re.finditer(r"\brouter\b|\w{1,3}|[^\w\s]", text, re.IGNORECASE)]


@pytest.fixture
def encoder():
    return PieceEncoder()


@pytest.fixture
def library(seeds, tmp_path, encoder, write):
    for name, text in ARTICLES.items():
        write(name, text)
    with Library(seeds, tmp_path / "embeddings", encoder=encoder) as library:
        yield library


def searched(library, question):
    return library.ask(question).searched


@pytest.mark.parametrize(
    ("typed", "corrected"),
    [
        ("Thoms Lubnga sentense", "Thomas Lubanga sentence"),
        ("LUBNAGA trial?", "LUBANGA trial?"),
        ("venezuela invetsigatoin", "venezuela investigation"),
        ("An offfice, an offfice in Caraacs?", "An office, an office in Caracas?"),
    ],
)
def test_errors_are_corrected_by_words_of_the_articles_in_the_case_typed(library, typed, corrected):
    assert searched(library, typed) == corrected


@pytest.mark.parametrize(
    "question",
    [
        "Who received sentences?",  # held in another form
        "goat clmb",  # too short
        "Lubanga 20234 venezuel4",  # figures
        "Which router is in Caracas?",  # a word of the language
        "What is zebra Lubenge?",  # two errors in a word that is not long
        "stumble over stoles",  # "stones" or "stoves"
    ],
)
def test_what_is_no_error_or_could_be_another_word_stays(library, question):
    answer = library.ask(question)
    assert (answer.searched, answer.respelled) == (question, ())


def test_a_word_that_does_not_make_the_question_match_better_stays(library):
    with library.search() as search:
        search._best_score = lambda text: 0.5
        assert search.respelled("Lubnga sentense") == ("Lubnga sentense", ())


def test_the_answer_says_what_was_corrected_and_that_can_be_undone(library):
    answer = library.ask("Which sentense for Lubnga?")
    assert answer.respelled == (Respelling("sentense", "sentence"), Respelling("Lubnga", "Lubanga"))
    assert answer.hits[0].why.words == ("sentence", "Lubanga")
    assert (answer.is_searched_otherwise, answer.is_follow_up, answer.is_condensed) == (True, False, False)
    literal = library.ask("Which sentense for Lubnga?", exact=True)
    assert (literal.searched, literal.respelled) == ("Which sentense for Lubnga?", ())


def test_a_corrected_follow_up_is_both(library):
    answer = library.ask("And Lubnga?", earlier="Which sentence did Khan receive?")
    assert answer.searched == "Which sentence did Lubanga receive?"
    assert answer.is_follow_up
    assert answer.respelled


def test_corrections_follow_the_folder(library, write, seeds):
    assert searched(library, "The zebrafisch?") == "The zebrafisch?"
    write("zebra.md", "The zebrafish lives in fresh water.")
    library.sync()
    assert searched(library, "The zebrafisch?") == "The zebrafish?"
    (seeds / "zebra.md").unlink()
    library.sync()
    assert searched(library, "The zebrafisch?") == "The zebrafisch?"


def test_the_page_shows_the_correction_and_offers_the_question_as_typed(library):
    conversation = Conversation(library, Metrics(), None)
    for standalone in (False, True):
        turn = new_turn(Submission("Which sentense, <b>Lubnga</b>?", "", standalone), ())
        (turn,) = conversation.states(turn, _done(conversation.search(turn, "")), ENGLISH)
        reader = Reader(turn.reply)
        assert ("Search only for “Which sentense, <b>Lubnga</b>?”" in reader.text) is not standalone
        assert standalone or "?q=Which+sentense%2C+%3Cb%3ELubnga%3C%2Fb%3E%3F" in reader.links
        assert ("Searched for: “sentence” instead of “sentense”, “Lubanga” instead of “Lubnga”" in turn.reply) is not standalone


def _done(search):
    search.result()
    return search


@pytest.mark.slow
def test_the_demo_answers_a_misspelled_question_and_knows_words_it_does_not_hold(demo):
    answer = demo.ask("Thoms Lubnga sentense")
    assert answer.searched == "Thomas Lubanga sentence"
    assert answer.answered
    assert not demo.ask("Thoms Lubnga sentense", exact=True).answered
    for question in ("Which router is best for accruing interest?", "How is shingles treated with methadone?"):
        assert demo.ask(question).respelled == ()
