"""A question limits itself to a period only in plain words, which are no name and no number."""

import time

import pytest

from qa.text.periods import limit


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("What has the court done since 2021?", ("2021", "")),
        ("In March 2023, who resigned?", ("2023-03", "2023-03")),
        ("What was said in may 2020 about it", ("2020-05", "2020-05")),
        ("Who ruled before 5 March 2023?", ("", "2023-03-04")),
        ("Who was elected after 31 December 2020?", ("2021-01-01", "")),
        ("What came before January 2020?", ("", "2019-12")),
        ("Until June 30, 2024, who led it?", ("", "2024-06-30")),
        ("What changed between 2019 and 2021?", ("2019", "2021")),
        ("Which were opened from May 2019 to 2021?", ("2019-05", "2021")),
        ("Which since 2019 but before 2021?", ("2019", "2020")),
        ("¿Qué ha hecho desde 2021?", ("2021", "")),
        ("¿Quién dimitió en marzo de 2023?", ("2023-03", "2023-03")),
        ("¿Qué cambió entre marzo de 2019 y 2021?", ("2019-03", "2021")),
        ("¿Qué dijo antes del 5 de marzo de 2023?", ("", "2023-03-04")),
        ("¿Qué hizo a partir del año 2020?", ("2020", "")),
        ("¿Qué hizo a partir de enero de 2020?", ("2020-01", "")),
    ],
)
def test_periods_are_found_in_both_languages(question, period):
    assert limit(question) == period


@pytest.mark.parametrize(
    "question",
    [
        "Who won the 2022 World Cup?",
        "What is the Act of 2020?",
        "Who ran in 2024 World Cup?",
        "Who filmed Christmas In 2020?",
        "What is “Life in 2020” about?",
        'Who wrote "since 2019"?',
        "Say it in 2000 words",
        "Who was in 2,000 cases?",
        "What is in 2023's report?",
        "Who played in 2021-2022?",
        "Which in 2020/21?",
        "What since May?",
        "Who in 31 February 2020?",
        "Which since 2021 and before 2019?",
        "What were the 1990s like?",
        "Who moved in 20201?",
        "",
    ],
)
def test_names_numbers_and_impossible_dates_are_no_period(question):
    assert limit(question) is None


def test_a_long_question_is_looked_through_at_once():
    started = time.monotonic()
    for text in ("in the year " * 20_000, "between 2019 and " * 20_000, "12 march, " * 20_000):
        limit(text)
    assert time.monotonic() - started < 2
