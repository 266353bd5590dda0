"""The measures of answers equal those computed by hand, and a library's answers are judged as a reader would."""

import pytest

from qa import Library, Span
from qa.evaluation import report
from qa.evaluation.answer_measures import STRONG, Asked, by_group, measure
from qa.evaluation.question_sets import Gold, Question
from qa.evaluation.runs import asked
from qa.settings import Settings
from qa.web.markup import in_words


def case(confidence, *, found=True, right=True, answerable=True, asks_for="who", words=5):
    answered = confidence >= 0.5
    return Asked(
        id="x", asks_for=asks_for, words=words, answerable=answerable, answered=answered, confidence=confidence, found=found,
        right_first=right if answered else None, right=right if answered else None, ms=10.0,
    )  # fmt: skip


CASES = [
    *(case(confidence) for confidence in (0.95, 0.8, 0.4)),
    case(0.7, right=False),
    case(0.3, found=False, asks_for="when", words=12),
    case(0.92, answerable=False, found=False, right=False),
    case(0.2, answerable=False, found=False, asks_for="when", words=40),
]


def test_measures_of_answers_equal_those_computed_by_hand():
    shares, near_misses = measure(CASES)
    assert {name: share.estimate.mean for name, share in shares.items()} == pytest.approx(
        {
            "answered": 3 / 5,
            "found": 4 / 5,
            "answered of found": 3 / 4,
            "declined though found": 1 / 5,
            "first quote right": 2 / 3,
            "a quote right": 2 / 3,
            "a quote right of strong": 1,
        }
    )
    assert near_misses.answered.estimate.mean == 1 / 2
    assert near_misses.auroc == pytest.approx((1 + 5) / 10)
    assert near_misses.at_coverage == 1 / 2
    answered, missed = 2 / 3 * 3 / 5, 1 / 3 * 1 / 2
    assert near_misses.wrong == pytest.approx(missed / (answered + missed))
    assert near_misses.strong_right == pytest.approx((2 / 3 * 1 / 5) / (2 / 3 * 1 / 5 + missed))


def test_groups_are_by_what_is_asked_for_and_by_length():
    groups = by_group(CASES)
    assert list(groups) == ["all", "who", "when", "to 10 words", "to 18 words", "over 30 words"]
    assert groups["when"].shares["answered"].of == 1
    assert groups["over 30 words"].near_misses is None  # Nothing answerable to tell them from.


def test_what_is_not_known_is_left_empty():
    (share,) = {share.estimate for name, share in measure([case(0.9, right=None)]).shares.items() if "quote" in name}
    assert share is None
    assert "|  |" in report.answers([case(0.9, right=None)])


def test_report_has_a_row_for_each_group_and_near_misses_only_if_there_are_some():
    text = report.answers(CASES)
    assert text.startswith("5 answerable questions, 2 near misses; p50 · p95 10 · 10 ms")
    assert text.count("\n| to 10 words |") == 2
    assert "AUROC" not in report.answers(CASES[:5])


def test_strong_is_what_the_page_calls_strong():
    assert in_words(STRONG) == "strong" != in_words(STRONG - 0.001)


@pytest.fixture
def sure(seeds, tmp_path, encoder):
    """A library that answers whatever it is asked."""
    with Library(seeds, tmp_path / "sure", encoder=encoder, settings=Settings(wrong_share=0.9)) as library:
        yield library


def test_an_answer_is_right_if_its_quote_holds_the_place_or_the_words(write, sure):
    text = "The court sits in The Hague by the sea.\n\n" + "Nothing else of note was ever said about it. " * 12
    write("court.md", text)
    write("goats.md", "Goats climb on every roof of the village. " * 9)
    place = text.index("The Hague")
    gold, elsewhere = Gold("court.md", Span(place, place + 9)), Gold("goats.md", Span(0, 5))
    question = "Where does the court sit, in The Hague by the sea?"
    results = asked(
        sure,
        [
            Question("place", question, (gold,)),
            Question("words", question, (Gold("court.md", None),), ("the hague",)),
            Question("neither", question, (elsewhere,), ("hag",)),
            Question("unknown", question, (Gold("court.md", None),)),
        ],
        lambda *_: None,
    )
    assert [each.answered for each in results] == [True] * 4
    assert [each.right_first for each in results] == [True, True, False, None]
    assert [each.found for each in results][::3] == [True, True]
    assert {(each.asks_for, each.words) for each in results} == {("where", 11)}
