"""A question that is longer than the encoder reads is searched for by its most telling sentences."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoder import SmallEncoder

from qa.retrieval.long_question import condensed

CHATTER = "I have been thinking about this and that for a very long time and do not know what else to say about all of it now. "
ENCODER = SmallEncoder()


def score(sentence):
    """Match sentences by the length of their longest word."""
    return max(map(len, re.findall(r"\w+", sentence)), default=0) / 20


def short_form(question):
    return condensed(question, ENCODER, score, "en")


def test_a_question_that_fits_is_searched_for_as_it_is():
    question = "Who opened the office?  It is urgent."
    assert short_form(question) == question


def test_the_sentence_that_asks_and_those_that_match_are_kept_in_order():
    question = CHATTER * 5 + "My grandmother contracted leishmaniasis. " + CHATTER * 5 + "Which treatment helps?" + CHATTER
    assert short_form(question) == "My grandmother contracted leishmaniasis. Which treatment helps?"


@settings(deadline=None)
@given(st.text(max_size=2000) | st.text(alphabet="ab .?\n-", min_size=600, max_size=2000) | st.just("." * 2000))
def test_any_question_is_shortened_to_what_the_encoder_reads(question):
    searched = short_form(question)
    assert len(ENCODER.token_spans(searched)) <= ENCODER.budget
    assert bool(searched.strip()) == bool(question.strip())


def test_a_letter_is_answered_and_the_answer_says_what_was_searched_for(library, write):
    write("a.md", "The prosecutor opened an office in Caracas.")
    write("b.md", "Goats climb mountains in spring.")
    letter = CHATTER * 12 + "Which office did the prosecutor open in Caracas? " + CHATTER * 4
    answer = library.ask(letter)
    assert answer.hits[0].passage.article_id == "a.md"
    assert answer.is_condensed
    assert not answer.is_follow_up
    assert "Which office did the prosecutor open in Caracas?" in answer.searched
    assert library.retrieve(letter, 1)[0].passage.article_id == "a.md"
    assert not library.ask("Which office did the prosecutor open?").is_condensed


def test_a_long_follow_up_keeps_to_what_the_encoder_reads(library, write):
    write("a.md", "The prosecutor opened an office in Caracas.")
    answer = library.ask("And when was that?", earlier=CHATTER * 15)
    assert len(ENCODER.token_spans(answer.searched)) <= ENCODER.budget


def test_a_word_without_an_end_is_cut_off(library, write):
    write("a.md", "The prosecutor opened an office in Caracas.")
    assert library.ask(". " * 900 + "office").hits
