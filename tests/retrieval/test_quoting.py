"""What is quoted says something, and can be read by itself."""

import pytest

from qa import Span
from qa.answering.quotes import compose
from qa.retrieval.quoting import QUOTE_CHARS, READABLE_CHARS, best_statement, quoted
from qa.text.structure import sentences

ANSWER = "It is in Caracas, said the office."


def quote(text, *chosen):
    """Return what is quoted of a text for the sentences that begin with the chosen words, best first."""
    spans = sentences(text, Span(0, len(text)), "en")
    numbers = [next(n for n, span in enumerate(spans) if span.of(text).startswith(words)) for words in chosen]
    parts = [spans[n] for n in quoted(text, spans, numbers)]
    return text[min(part.start for part in parts) : max(part.end for part in parts)]


@pytest.mark.parametrize(
    "text",
    [
        f"## Where is the office of the prosecutor?\n\n{ANSWER}",
        f"Where is the office of the prosecutor? {ANSWER}",
        f"**Where is the office of the prosecutor?**\n\n{ANSWER}",
        f"{ANSWER}\n\nSources: https://example.org/where-is-the-office-of-the-prosecutor",
        f"!!! office prosecutor where\n\n{ANSWER}",
        f"1.\n\n{ANSWER}",
        f"| office | of the prosecutor |\n|---|---|\n\n{ANSWER}",
        f"| office | of the prosecutor |\n| --- | --- |\n\n{ANSWER}",
    ],
)
def test_what_says_nothing_by_itself_is_not_quoted(library, write, text):
    write("a.md", text)
    (hit,) = library.retrieve("Where is the office of the prosecutor?", 1)
    assert hit.citation.quote == ANSWER


@pytest.mark.parametrize(
    ("text", "quoted", "lead"),
    [
        (
            "| Model | Price of it |\n| --- | --- |\n| Elm | 149.00 |\n| Gorse | 320.00 |",
            "| Gorse | 320.00 |",
            "| Model | Price of it |",
        ),
        ("What is the price of Gorse?\n\n- Gorse: 320.00", "- Gorse: 320.00", None),
        ("Prices:\n\n1. Elm is 149.00.\n2. Gorse is 320.00.", "Prices:\n\n1. Elm is 149.00.\n2. Gorse is 320.00.", None),
        ("> [!TIP]\n> The Gorse price is 320.", "> The Gorse price is 320.", None),
        ("The price of Gorse:\n\n```\nprice gorse\n```", "The price of Gorse:\n\n```\nprice gorse\n```", None),
        ("We say.\n\n- [Price of Gorse](#gorse)\n\nThe price of Gorse is 320.", "The price of Gorse is 320.", None),
        ("**Price of Gorse.** It is 320.", "**Price of Gorse.** It is 320.", None),
    ],
)
def test_markdown_is_quoted_so_that_it_can_be_understood(library, write, text, quoted, lead):
    write("a.md", text)
    (hit,) = library.retrieve("What is the price of Gorse?", 1)
    assert hit.citation.quote.endswith(quoted)
    assert "---" not in hit.citation.quote
    assert (hit.citation.lead and hit.citation.lead.text) == lead


def test_answer_shows_the_lead_before_the_quote(library, write):
    write("a.md", "| Model | Price |\n| --- | --- |\n| Elm | 149.00 |\n| Gorse | 320.00 |")
    answer = compose("Price of Gorse", library.retrieve("Price of Gorse", 1), [None])
    assert answer.text == "“| Model | Price | … | Gorse | 320.00 |” [1]"


def test_passage_of_questions_only_is_quoted_all_the_same(library, write):
    write("a.md", "Where is the office of the prosecutor?")
    (hit,) = library.retrieve("Where is the office of the prosecutor?", 1)
    assert hit.citation.quote == "Where is the office of the prosecutor?"


def test_what_follows_a_question_is_quoted_before_a_sentence_that_matches_better():
    text = "The office has a phone. Where is the office? In Caracas, near a park."
    spans = sentences(text, Span(0, len(text)), "en")
    assert best_statement(text, spans, [1, 0, 2]) == 2


@pytest.mark.parametrize(
    "opening",
    [
        "It",
        "They",
        "However, it",
        "But this",
        "Under the second, the Court",
        "Of these, most",
        "That day, Ann",
        "Both",
        "The former",
    ],
)
def test_sentence_that_refers_to_the_one_before_it_is_quoted_with_it(opening):
    text = f"Rain fell on the hills. Ann opened an office. {opening} moved to Bogota."
    assert quote(text, opening) == f"Ann opened an office. {opening} moved to Bogota."


@pytest.mark.parametrize("opening", ["Italy", "Both Ann and Bob", "The formerly small office", "On the third day of May, Ann"])
def test_sentence_that_stands_alone_is_quoted_alone(opening):
    assert quote(f"Ann opened an office. {opening} moved to Bogota.", opening) == f"{opening} moved to Bogota."


@pytest.mark.parametrize(
    "before", ["Ann opened an office.\n\n", "Is there an office? ", "Ann spoke. " + "x" * READABLE_CHARS + ". "]
)
def test_sentence_is_quoted_alone_if_the_one_before_is_far_or_long_or_says_nothing(before):
    assert quote(f"{before}It moved to Bogota.", "It moved") == "It moved to Bogota."


def test_list_item_is_quoted_from_the_lead_in_on_and_a_lead_in_with_its_list():
    text = "The organs are:\n\n- the Presidency,\n- the Registry.\n\nAll sit in The Hague."
    whole = "The organs are:\n\n- the Presidency,\n- the Registry."
    assert quote(text, "- the Registry") == quote(text, "The organs") == whole


def test_row_of_a_table_is_quoted_without_those_beside_it():
    text = "| Year | Honey |\n| --- | --- |\n| 2021 | 14 |\n| 2022 | 61 |"
    assert quote(text, "| 2022", "| 2021") == "| 2022 | 61 |"


def test_list_is_quoted_whole_if_its_lead_in_and_an_item_are_close_seconds():
    whole = "They worked in this order:\n\n- The rail was made first.\n- The lens was sent away.\n- The mortar came last."
    assert quote(f"{whole}\n\nIt is done.", "They worked", "- The rail") == whole


def test_sentence_cut_at_an_abbreviation_is_quoted_whole():
    text = "Rain fell. Ann found that A.\naegypti bites (Lee et al., 2009). She won."
    spans = [Span(0, 10), Span(11, 28), Span(29, 57), Span(58, len(text))]
    assert quoted(text, spans, [1]) == (1, 2)
    assert quoted(text, spans, [2]) == (2, 1)


def test_close_seconds_are_quoted_with_what_lies_between_unless_that_is_a_heading_or_long():
    assert quote("Ann won. Rain fell. Bob lost. Snow fell.", "Ann", "Bob") == "Ann won. Rain fell. Bob lost."
    assert quote("Ann won.\n\n## Rain\n\nBob lost.", "Ann", "Bob") == "Ann won."
    assert quote(f"Ann won. {'x' * QUOTE_CHARS}. Bob lost.", "Ann", "Bob") == "Ann won."
