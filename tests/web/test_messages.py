"""The page's words: both languages take the same values, and none is markup."""

import string

import pytest

from qa.web.messages import Words, preferred
from qa.web.strings import STRINGS


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", STRINGS)
def test_both_languages_take_the_same_values(name):
    english, spanish = STRINGS[name]
    assert places(english) == places(spanish)
    assert not set('<>&"') & set(english + spanish)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("es", "es"), ("es-MX,en;q=0.8", "es"), ("en-GB,es;q=0.9", "en"), ("fr,es;q=0.1", "es"), ("es;q=0,en;q=0.1", "en"),
     ("fr", "en"), ("", "en"), ("es;q=x", "en"), (",;q=,", "en")],
)  # fmt: skip
def test_a_browser_gets_its_preferred_language(accepted, language):
    assert preferred(accepted).language == language


def test_numbers_and_dates_follow_the_language():
    assert Words("es").counted(1, "file") == "1 archivo"
    assert Words("es").number(1_234_567) == "1.234.567"
    assert Words("es").date("2024-02") == "febrero de 2024"
    assert Words("es").date("soon") == "soon"
    assert Words("xx").language == "en"
