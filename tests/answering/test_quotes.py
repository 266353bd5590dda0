from dataclasses import replace

import numpy as np
import pytest

from qa.answering.quotes import compose, figures
from qa.citation import Citation
from qa.results import Hit, TokenMatch, Why
from qa.text.span import Span
from qa.types import Passage


def hit(article_id, start, quote, score):
    span = Span(start, start + len(quote))
    citation = Citation(article_id, article_id, "2024-01-13", "", "", span, (1, 1), quote, "")
    passage = Passage(article_id, span, quote, (span,))
    return Hit(1, score, passage, citation, Why(0.5, 0.5, 0.5, 1, 0.5))


def fit(*near):
    cosines = np.array(near, np.float32)
    return TokenMatch(*[cosines] * 4, np.full(len(near), 1 / len(near), np.float32), np.empty((0, 2), np.int64))


FIRST = hit("b.md", 50, "The judge who signed it was Ann Lee.", 0.9)
SECOND = hit("a.md", 10, "Ann Lee was elected President on 11 March 2021.", 0.7)
THIRD = hit("a.md", 90, "Nothing of importance happened.", 0.4)


def test_one_sentence_is_quoted_if_it_says_everything_and_what_is_near_is_cited():
    composed = compose("Who signed it?", [FIRST, SECOND, THIRD], [fit(0.9, 0.9), fit(0.5, 0.9), fit(0.1, 0.1)])
    assert (composed.text, composed.quoted) == (f"“{FIRST.citation.quote}” [1]", 1)
    assert composed.citations == (FIRST.citation, SECOND.citation)


def test_sentence_is_added_if_it_matches_what_the_first_does_not():
    composed = compose("When was the signer elected?", [FIRST, SECOND, THIRD], [fit(0.9, 0.3), fit(0.4, 0.9), fit(0.1, 0.1)])
    assert composed.quoted == 2
    assert composed.text == f"“{FIRST.citation.quote}” [1]\n\n“{SECOND.citation.quote}” [2]"


def test_quotes_of_one_article_are_in_reading_order():
    later, earlier = hit("a.md", 90, "Then it ended.", 0.9), hit("a.md", 10, "First it began.", 0.89)
    composed = compose("What happened?", [later, earlier], [fit(0.9), fit(0.9)])
    assert [citation.quote for citation in composed.citations] == ["First it began.", "Then it ended."]


def test_text_holds_quotes_and_markers_only():
    composed = compose("Who?", [FIRST, SECOND], [fit(0.9, 0.2), fit(0.2, 0.9)])
    rest = composed.text
    for number, citation in enumerate(composed.citations[: composed.quoted], 1):
        rest = rest.replace(f"“{citation.quote}” [{number}]", "", 1)
    assert not rest.strip()


@pytest.mark.parametrize(
    ("question", "one", "other", "conflict"),
    [
        ("When did the judges rule?", "The judges ruled in March 2023.", "On 1 March 2024 the judges ruled.", True),
        ("When did the judges rule?", "The judges ruled in March 2024.", "On 1 March 2024 the judges ruled.", False),
        ("How many were convicted?", "580 officials were convicted.", "601 officials were convicted.", True),
        ("How many were convicted?", "1,021 officials were convicted.", "1021 officials were convicted.", False),
        ("How many were convicted?", "580 officials were convicted.", "In 2021 there were 3 visits.", False),
        ("Who was convicted?", "580 officials were convicted.", "601 officials were convicted.", False),
    ],
)
def test_articles_that_differ_are_both_quoted(question, one, other, conflict):
    hits = [hit("a.md", 0, one, 0.9), hit("b.md", 0, other, 0.8)]
    composed = compose(question, hits, [fit(0.8, 0.8), fit(0.8, 0.8)])
    assert composed.conflicts == (((1, 2),) if conflict else ())
    assert composed.quoted == (2 if conflict else 1)


def test_quote_that_hardly_matches_the_question_is_no_conflict():
    hits = [hit("a.md", 0, "It ended in 2019.", 0.9), hit("b.md", 0, "It ended in 2020.", 0.8)]
    assert not compose("When did it end?", hits, [fit(0.8, 0.8), fit(0.8, 0.3)]).conflicts


def test_every_part_is_quoted():
    composed = compose("?", [FIRST, replace(SECOND, score=0.2)], [None, None], required=[0, 1])
    assert composed.quoted == 2


def test_figures_have_units_and_exclude_dates():
    assert figures("On 3 May 2020, 1,021 judges and 18 clerks; 5.5 million") == {
        "judges": {"1021"},
        "clerks": {"18"},
        "million": {"5.5"},
    }
