import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.dates import agree, pointed_at, stated, written_out


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("On January 11, 2024 and Sept. 3rd, 2020", ["2024-01-11", "2020-09-03"]),
        ("the 1st of March 2024, March 2023, 2019", ["2024-03-01", "2023-03", "2019"]),
        ("on 2024-02-28 but not on 2024-02-30", ["2024-02-28"]),
        ("1,021 officials, 12345 files, No. 1998.5, Mayor of Maytown", []),
        ("signed on 11\nJanuary\u00a02024", ["2024-01-11"]),
    ],
)
def test_stated_dates_are_read_as_iso_8601(text, dates):
    assert [each.iso for each in stated(text)] == dates


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on Thursday", ["2024-01-11"]),
        ("on Saturday", ["2024-01-13"]),
        ("last Saturday", ["2024-01-06"]),
        ("next Monday", ["2024-01-15"]),
        ("yesterday and tomorrow", ["2024-01-12", "2024-01-14"]),
        ("last month, this year", ["2023-12", "2024"]),
    ],
)
def test_relative_dates_are_resolved_by_the_article_date(text, dates):
    assert [each.iso for each in pointed_at(text, "2024-01-13")] == dates
    assert pointed_at(text, "2024-01") == pointed_at(text, "") == []


@given(st.text(max_size=200))
def test_every_date_has_a_span_in_the_text_and_a_year(text):
    for found in [*stated(text), *pointed_at(text, "2024-01-13")]:
        assert found.span.of(text).strip()
        assert found.iso[:4].isdigit()
        assert written_out(found.iso)


def test_a_month_agrees_with_its_days_and_no_others():
    assert agree("2024-03", "2024-03-01")
    assert not agree("2023-03", "2024-03-01")
