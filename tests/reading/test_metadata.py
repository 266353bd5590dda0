"""What a file says about itself is taken in the forms that people write, and noted where it cannot be meant so."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Article
from qa.reading.formats import read
from qa.reading.metadata import NAMES, OTHER_NAMES, iso_date, typed
from qa.web.articles import listing_html
from qa.web.articles.listing import Entry, Page, View
from qa.web.messages import ENGLISH


def article(head: str, body: str = "Text.", id: str = "a.md") -> Article:
    found = read(id, f"---\n{head}\n---\n{body}".encode())
    assert isinstance(found, Article)
    return found


@pytest.mark.parametrize(
    ("written", "iso"),
    {
        "2024": "2024",
        "2024-01": "2024-01",
        "2024-1-3": "2024-01-03",
        "2024-01-13T08:00:00.123+02:00": "2024-01-13",
        "2024-01-13 08:00:00": "2024-01-13",
        "20240113T080000Z": "2024-01-13",
        "2024/01/13": "2024-01-13",
        "13 January 2024": "2024-01-13",
        "Jan 13, 2024": "2024-01-13",
        "January 13th, 2024 at 10:30 a.m. EST": "2024-01-13",
        "Sat, 13 Jan 2024 10:00:00 +0000 (UTC)": "2024-01-13",
        "January 2024": "2024-01",
        "13/01/2024": "2024-01-13",
        "01.13.2024": "2024-01-13",
    }.items(),
)
def test_dates_are_taken_as_people_write_them(written, iso):
    assert typed({"date": written})[1] == iso
    assert not typed({"date": written}).notes


@pytest.mark.parametrize(
    "written",
    [
        "13/25/2024",
        "2024-13-01",
        "2024-02-30",
        "2024-2025",
        "yesterday",
        "1705132800",
        "13/1/24",
        "2024-01-13 or so",
        "x" * 999,
    ],
)
def test_what_is_no_date_is_noted_and_left_out(written):
    found = typed({"date": written})
    assert found.date == ""
    assert found.notes[0].startswith(f"date '{written[:60]}")
    assert found.notes[0].endswith("is not a date such as 2024-01-13")


def test_date_that_may_be_two_days_is_not_guessed():
    assert typed({"date": "01/02/2024"}).notes == ("date '01/02/2024' may be two days: write it as 2024-01-13",)
    assert typed({"date": "02/02/2024"}).date == "2024-02-02"


@pytest.mark.parametrize(
    "head",
    [
        "author: A. Roe, B. Doe",
        "authors: [A. Roe, B. Doe]",
        "author:\n- A. Roe\n- B. Doe",
        "authors:\n- name: A. Roe\n- B. Doe",
    ],
)
def test_author_is_a_text_or_a_list(head):
    assert article(head).author == "A. Roe, B. Doe"


@pytest.mark.parametrize(("written", "code"), [("en", "en"), ("EN-us", "en"), ("pt_BR", "pt"), ("zh-Hans-CN", "zh")])
def test_language_is_a_code(written, code):
    assert article(f"lang: {written}").language == article(f"language: {written}").language == code
    assert article("language: English").notes == ("language 'English' is no code of a language, such as en",)


def test_keywords_and_categories_count_as_tags():
    assert article("tags: [a, b]\nkeywords: b, c\ncategories:\n- d").tags == ("a", "b", "c", "d")


def test_other_names_of_the_address_count_if_they_are_one():
    assert article("canonical: https://x.org/a").url == "https://x.org/a"
    assert article("permalink: /2024/a/\nlink: http://x.org").url == "http://x.org"
    assert article("permalink: /2024/a/").url == ""


@given(st.dictionaries(st.sampled_from([*NAMES, *sum(OTHER_NAMES.values(), ())]), st.recursive(st.text(), st.lists)))
def test_any_metadata_is_one_printable_line_a_field(said):
    *fields, notes = typed(said)
    for field in (*fields, *notes):
        assert all(each.isprintable() for each in ((field,) if isinstance(field, str) else field))


@given(st.dates(date(1000, 1, 1), date(2099, 12, 31)))
def test_every_way_to_write_a_day_is_that_day(day):
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y", "%a, %d %b %Y 10:00:00 +0000"):
        assert iso_date(day.strftime(form)) == day.isoformat()


def test_notes_are_kept_listed_and_shown_by_status(run, seeds, write):
    write("a.md", "---\ndate: 13/25/2024\n---\nThe prosecutor opened an office.")
    run("sync", "--seeds", seeds)
    note = "date '13/25/2024' is not a date such as 2024-01-13"
    _, shown, _ = run("status", "--seeds", seeds)
    assert f"note         a.md: {note}" in shown
    assert note in run("status", "--json", "--seeds", seeds)[1]


def test_notes_are_shown_literally_in_the_listing():
    entry = Entry("a.md", "A", notes=("date '<b>' is not a date",))
    shown = listing_html.articles(View(), Page([entry], 1, 1, 1), ENGLISH)
    assert "date &#39;&#60;b&#62;&#39; is not a date" in shown


# --- titles of pasted pages

PASTED = {
    "SKIP TO MAIN CONTENT\nMENU\n\nThe office opens in Caracas\n\nIt opened today.": "The office opens in Caracas",
    "Share Tweet\nSign in | Subscribe\nHome > News\n13 January 2024\nThe vote\n\nIt was close.": "The vote",
    "World | Politics | Africa\nPublished January 13, 2024\n5 min read\nThe vote\n\nIt was close.": "The vote",
    "PRESS RELEASE\nBy A. Writer\nThe office opens in Caracas\n\nIt opened today.": "The office opens in Caracas",
    "[Skip to content](#main)\n\n# The vote\n\nIt was close.": "The vote",
    "THE VOTE\n\nIt was close.": "THE VOTE",
    "THE TREATY OF ROME AND ITS VOTE\nHow it was adopted in the end\n\nIt was close.": "THE TREATY OF ROME AND ITS VOTE",
    "ANNUAL REPORT\n\nIntroduction\n\nIt was close.": "ANNUAL REPORT",
    "# News\n\nIt was close.": "News",
    "The vote | The Rome Statute\n\nIt was close.": "The vote | The Rome Statute",
    "MENU\nIt was close, and the vote of the states was counted twice.\nThe vote\n\nIt was close.": "a",
    "Menu\n" * 15 + "The vote\n\nIt was close.": "a",
}


@pytest.mark.parametrize(("text", "title"), PASTED.items())
def test_title_of_a_pasted_page_is_its_headline(text, title):
    assert read("a.md", text.encode()).title == title
