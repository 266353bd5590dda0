"""The articles tab over a real server: the articles with their state, one to read, the sync, and what may be added."""

import html
import json
import re
import time
from itertools import pairwise
from urllib.parse import parse_qsl, quote

import pytest
from conftest import ARTICLES, HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from test_api import call, started

from qa.errors import FolderError
from qa.text.span import Span
from qa.types import Article, SyncReport
from qa.web.articles import listing, listing_html
from qa.web.articles.listing import Entry, View
from qa.web.articles.routes import ArticlesTab
from qa.web.background_sync import BackgroundSync, SyncProgress
from qa.web.messages import ENGLISH, Words
from qa.where import Where


@pytest.fixture
def server(served):
    return served[0].rstrip("/")


def get(server, path, **headers):
    status, _, text = call(server, "GET", path, headers=headers)
    return status, text


def settled(server):
    """Wait until no sync runs; return how the last one ended."""
    for _ in range(200):
        state = json.loads(get(server, "/shelf/sync")[1])
        if not state["running"]:
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def ids(text):
    """The articles in the table of a fragment, in order: by their reading pages."""
    table = text.partition("<tbody")[2].partition("</tbody>")[0]
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)"', table)]


def words_of(text):
    return html.unescape(re.sub(r"<[^>]*>", "", text))


# --- the articles ------------------------------------------------------------------------------------------------------


def test_every_article_is_listed_with_its_date_source_and_number_of_passages(server):
    status, text = get(server, "/shelf")
    assert status == 200
    assert sorted(ids(text)) == sorted(f"/shelf/articles/{quote(name)}" for name in ARTICLES)
    row = next(row for row in text.split("<tr") if "office" in row)
    assert words_of(row.partition(">")[2]) == "The office in Caracas MD office.md23 April 2024AP3 passages✓ Indexed"


def test_hostile_titles_and_file_names_are_shown_literally(server):
    _, text = get(server, "/shelf")
    assert " ".join(HOSTILE.split()) in words_of(text)
    assert "hostile <img src=x onerror=alert(1)>.md" in words_of(text)
    for tag in ("<script", "<img", "<iframe", "onload=", "onerror="):
        assert tag not in text
    assert all(html.unescape(link).startswith("/shelf") for link in re.findall(r'href="([^"]*)"', text))


def test_the_listing_opened_as_a_document_is_a_whole_page(server):
    fragment, page = (get(server, "/shelf", **{"Sec-Fetch-Dest": kind})[1] for kind in ("empty", "document"))
    assert fragment.startswith('<div id="qa-shelf-content"')
    assert page.startswith("<!doctype html>")
    assert '<main id="qa-shelf"><div id="qa-shelf-content"' in page
    assert "<script defer src=" in page
    assert not re.search(r"<script>|\son\w+=", page)


def test_the_listing_is_in_the_language_of_the_browser(server):
    _, text = get(server, "/shelf?after=soon", **{"Accept-Language": "es-MX, en;q=0.5"})
    assert "3 artículos, 5 pasajes, al día con la carpeta" in words_of(text)
    assert "23 de abril de 2024" in words_of(text)
    assert "«soon» no es válido para «Desde» y se ignoró." in words_of(text)


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("after=soon", "“soon” is not valid for “From” and was ignored."),
        ("before=2024-13-99-1", "“2024-13-99-1” is not valid for “To” and was ignored."),
        ("sort=size", "“size” is not valid for “Order” and was ignored."),
        ("page=-1", "“-1” is not valid for “Page” and was ignored."),
        ("page=1e9", "“1e9” is not valid for “Page” and was ignored."),
        ("page=%C2%B2", "“²” is not valid for “Page” and was ignored."),
    ],
)
def test_invalid_filters_are_reported_in_one_line_and_ignored(server, query, line):
    status, text = get(server, f"/shelf?{query}")
    assert status == 200
    assert line in words_of(text)
    assert len(ids(text)) == 3


@pytest.mark.parametrize(
    "query",
    ["path=%5B%5B%5D", "path=%00", "search=%ff%fe", "source=%F0%9F&tag=%0a", "x=1&x=2", "=&&=", "search=" + "a+" * 5000],
)
def test_any_query_string_gets_a_listing(server, query):
    status, text = get(server, f"/shelf?{query}")
    assert status == 200
    assert text.startswith('<div id="qa-shelf-content"')


def test_an_active_filter_can_be_removed_and_used_for_questions(server):
    _, text = get(server, "/shelf?search=office&source=ap&after=2024&sort=-date")
    assert ids(text) == ["/shelf/articles/office.md"]
    links = [html.unescape(link).partition("?") for link in re.findall(r'class="qa-chip" href="([^"]*)"', text)]
    assert [path for path, _, _ in links] == ["/shelf", "/shelf"]
    chips = [dict(parse_qsl(query)) for _, _, query in links]
    kept = {"search": "office", "sort": "-date"}
    assert chips == [{**kept, "source": "ap"}, {**kept, "after": "2024"}]
    path, _, scope = html.unescape(re.search(r'qa-scope" href="([^"]*)"', text)[1]).partition("?")
    assert path == "/"
    assert parse_qsl(scope) == [("after", "2024"), ("source", "ap")]


def test_the_list_is_limited_to_a_kind_or_an_author(server):
    text = get(server, "/shelf?kind=TXT")[1]
    assert ids(text) == ["/shelf/articles/vote.txt"]
    assert 'name="kind" value="md"' in text
    assert 'name="author"' not in text
    assert "No article matches." in words_of(get(server, "/shelf?author=nobody")[1])
    spanish = words_of(get(server, "/shelf?kind=txt", **{"Accept-Language": "es"})[1])
    assert "Tipo: txt ×" in spanish


def test_what_is_not_read_is_counted_below_the_list(library, write):
    for name in ("a.md", "b.zip", "<i>.mp4", "c.mp4", ".d.md", "__pycache__/e.md", "f.<i>"):
        write(name, "Some text.")
    library.sync()
    tab = ArticlesTab(library)
    english, spanish = (words_of(tab.content(View(), words).partition("</table>")[2]) for words in (ENGLISH, Words("es")))
    tab.close()
    assert english.startswith(
        "4 files of other kinds are not read: 2 MP4, 1 ZIP (unpack it), 1 without an ending."
        "2 hidden or ignored files and folders are left out."
    )
    assert spanish.startswith(
        "4 archivos de otros tipos no se leen: 2 MP4, 1 ZIP (descomprímelo), 1 sin extensión."
        "2 archivos y carpetas ocultos o ignorados se omiten."
    )


ENTRIES = st.builds(
    Entry,
    id=st.sampled_from(["a.md", "b.txt", "reports/a.md", "reports/b.md", "Ünï.md"]),
    title=st.sampled_from(["The office", "the vote", "Straße", "<b>"]),
    date=st.sampled_from(["", "2023", "2024", "2024-03", "2024-03-15", "2025-01-01"]),
    source=st.sampled_from(["", "AP", "ap", "DW"]),
    tags=st.lists(st.sampled_from(["court", "Court", "law"]), max_size=2).map(tuple),
    author=st.sampled_from(["", "Ann", "Bo"]),
    passages=st.integers(0, 3),
    state=st.sampled_from(listing.STATES),
)
DATES = st.sampled_from(["", "2024", "2024-03", "2024-03-15"])
WHERES = st.builds(
    Where,
    after=DATES,
    before=DATES,
    source=st.lists(st.sampled_from(["AP", "dw"]), max_size=2).map(tuple),
    tags=st.lists(st.sampled_from(["court", "none"]), max_size=2).map(tuple),
    author=st.lists(st.sampled_from(["Ann", "bo"]), max_size=2).map(tuple),
    kind=st.lists(st.sampled_from(["md", "txt"]), max_size=2).map(tuple),
    path=st.sampled_from(["", "reports/*", "*.md", "["]),
)


@given(st.lists(ENTRIES), WHERES, st.sampled_from(["", "OFFICE the", "strasse", "ap", "reports md"]))
def test_filters_and_search_agree_with_checking_each_entry(entries, where, search):
    def wanted(entry):
        text = f"{entry.title} {entry.id} {entry.source}".casefold()
        admitted = where.admits(entry)
        return admitted and all(word in text for word in search.casefold().split())

    assert listing.matching(entries, search, where) == [entry for entry in entries if wanted(entry)]


@given(WHERES, st.sampled_from(["", "a & b=c", "ñ"]), st.sampled_from(["title", "-date"]), st.integers(1, 9))
def test_a_query_string_gives_its_view_back(where, search, sort, page):
    view = View(search=search, where=where, sort=sort, page=page)
    assert View.of(parse_qsl(view.query(page=page))) == view
    assert View.of(parse_qsl(view.where.query())).where == where


@given(st.lists(ENTRIES), st.sampled_from(listing.SORTS), st.booleans())
def test_every_column_sorts_both_ways_with_undated_articles_last(entries, name, falling):
    ordered = listing.in_order(entries, f"-{name}" if falling else name)
    assert sorted(ordered) == sorted(entries)
    value = {
        "title": lambda each: each.title.casefold(),
        "date": lambda each: each.date,
        "passages": lambda each: each.passages,
        "state": lambda each: listing.STATES.index(each.state),
    }[name]
    if name == "date":
        dated = [each for each in ordered if each.date]
        assert ordered[: len(dated)] == dated
        ordered = dated
    assert all(value(b) <= value(a) if falling else value(a) <= value(b) for a, b in pairwise(ordered))


def test_many_articles_are_shown_a_hundred_a_page():
    entries = [Entry(f"{n:03}.md", f"Title {n:03}") for n in range(250)]
    seen = []
    for page in (1, 2, 3):
        shown = listing.page_of(entries, page)
        assert (shown.number, shown.pages, shown.total) == (page, 3, 250)
        seen += shown.entries
    assert seen == entries
    assert listing.page_of(entries, 99).number == 3
    assert listing.page_of([], 7) == ([], 1, 1, 0)


def test_the_most_frequent_sources_and_the_chosen_one_are_offered():
    sources = [f"source {n}" for n in range(60) for _ in range(n)]
    offered = listing.frequent(sources, ["SOURCE 1", "unknown"])
    assert len(offered) == 52
    assert ("source 59", 59) in offered
    assert ("source 1", 1) in offered
    assert ("unknown", 0) in offered
    assert ("source 9", 9) not in offered


def test_authors_and_kinds_are_offered_if_there_are_several_or_one_is_chosen():
    one = Entry("a.md", "A", author="Ann"), Entry("b.md", "B", author="ann")
    assert list(listing.offered(one, Where())) == []
    assert listing.offered(one, Where(author=("Bo",)))["author"] == [("Ann", 2), ("Bo", 0)]
    several = *one, Entry("c.txt", "C", source="AP", author="Bo")
    assert listing.offered(several, Where()) == {
        "source": [("AP", 1)], "author": [("Ann", 2), ("Bo", 1)], "kind": [("md", 2), ("txt", 1)],
    }  # fmt: skip


def test_twenty_five_thousand_articles_are_filtered_and_sorted_quickly():
    entries = [Entry(f"{n}.md", f"Title {n}", f"{2000 + n % 25}-01", f"s{n % 99}", ("t",), 3) for n in range(25_000)]
    started_s = time.perf_counter()
    found = listing.matching(entries, "title 1", Where(after="2010", source=("s1", "s2")))
    listing.page_of(listing.in_order(found, "-date"), 1)
    listing.by_month(entries)
    listing.frequent(each.source for each in entries)
    assert time.perf_counter() - started_s < 2


# --- the state of each -------------------------------------------------------------------------------------------------


def test_changed_new_gone_and_unreadable_files_are_listed_as_such(library, seeds, write):
    for name in ("same.md", "edited.md", "removed.md"):
        write(name, f"Some text of {name}.")
    write("empty.md", "")
    library.sync()
    write("edited.md", "Other text.")
    write("added.md", "New text.")
    (seeds / "removed.md").unlink()
    behind = library.changed_files()
    assert behind == {"edited.md": "changed", "added.md": "new", "removed.md": "gone"}
    assert library.pending() == 3
    listed = [Entry(*row) for row in library.store.catalog.articles()]
    states = {
        each.id: (each.state, each.reason, each.is_stored) for each in listing.entries(listed, behind, library.failures())
    }
    assert states == {
        "same.md": ("indexed", "", True),
        "edited.md": ("changed", "", True),
        "removed.md": ("gone", "", True),
        "added.md": ("new", "", False),
        "empty.md": ("unreadable", "empty", False),
    }


def test_opening_the_listing_starts_a_sync(served, server):
    new = served[1] / "added.md"
    new.write_text("A zeppelin landed beside the courthouse.")
    (served[1] / "empty.md").write_text("")
    try:
        assert "New, not indexed yet" in words_of(get(server, "/shelf")[1]) or settled(server)
        state = settled(server)
        assert (state["report"]["added"], state["said"]) == (1, "1 added")
        assert state["failed"] == [{"article_id": "empty.md", "reason": "empty"}]
        text = words_of(get(server, "/shelf")[1])
        assert "4 articles" in text
        assert "▲ Cannot be read: empty" in text
        assert "Unreadable: 1 file" in text
    finally:
        new.unlink()
        (served[1] / "empty.md").unlink()
        get(server, "/shelf")
        settled(server)


# --- the sync ----------------------------------------------------------------------------------------------------------


class Slow:
    """A library whose sync waits between its steps, and counts how often it was begun."""

    def __init__(self, error=None):
        self.begun, self.steps, self.error = 0, 0, error
        self.catalog = self

    def failures(self):
        return {"bad.md": ("", "empty")}

    def sync(self, progress):
        self.begun += 1
        for n in range(40):
            progress("reading", n, 40, f"{n}.md")
            self.steps += 1
            time.sleep(0.01)
        if self.error:
            raise self.error
        return SyncReport(added=40)


def ended(syncing):
    while syncing.state.running:
        time.sleep(0.01)
    return syncing.state


def test_starting_a_running_sync_joins_it():
    library = Slow()
    syncing = BackgroundSync(library)
    for _ in range(5):
        syncing.start()
        time.sleep(0.02)
    state = syncing.state
    assert (state.running, state.stage, state.total) == (True, "reading", 40)
    assert state.article_id == f"{state.done}.md"
    assert 10 < state.per_second < 110
    assert 0 < state.seconds_left < 4
    assert ended(syncing).report == SyncReport(added=40)
    assert library.begun == 1


def test_a_sync_that_fails_says_why_and_is_not_tried_again_for_the_same_files():
    library = Slow(FolderError("seeds/ holds no articles"))
    syncing = BackgroundSync(library)
    for _ in range(3):
        syncing.follow({"a.md": "gone"})
        assert ended(syncing).error == "seeds/ holds no articles"
    assert library.begun == 1
    syncing.follow({"a.md": "gone", "b.md": "gone"})
    ended(syncing)
    assert library.begun == 2


def test_an_unexpected_error_in_a_sync_is_reported_without_its_message(caplog):
    syncing = BackgroundSync(Slow(RuntimeError("the secret words")))
    syncing.start()
    assert ended(syncing).error == "the sync broke off: the server's log says where"
    assert "secret words" not in caplog.text


def test_closing_stops_a_running_sync():
    library = Slow()
    syncing = BackgroundSync(library)
    syncing.start()
    time.sleep(0.05)
    syncing.close()
    assert not syncing.state.running
    assert library.steps < 40
    syncing.start()
    assert library.begun == 1


def test_a_sync_started_over_http_has_one_state_for_all_clients(server):
    status, _, text = call(server, "POST", "/shelf/sync")
    assert status == 202
    assert set(json.loads(text)) >= {
        "running",
        "stage",
        "done",
        "total",
        "article_id",
        "per_second",
        "seconds_left",
        "failed",
        "said",
    }
    state = settled(server)
    assert (state["error"], state["said"], state["report"]["unchanged"]) == ("", "There were no changes.", 3)
    assert call(server, "POST", "/shelf/sync", headers={"Origin": "http://evil.example"})[0] == 403


@pytest.mark.exhaustive
def test_a_folder_that_is_missing_is_one_line(tmp_path):
    with started(tmp_path) as (address, _):
        (tmp_path / "seeds" / "vote.txt").unlink()
        (tmp_path / "seeds").rmdir()
        status, text = get(address, "/shelf")
        assert status == 200
        assert re.search(r"seeds/ cannot be read \(No such file or directory\)", words_of(text))


@pytest.mark.parametrize(
    ("underway", "said"),
    [
        (SyncProgress(running=True), "Checking for changes"),
        (
            SyncProgress(True, "reading", 500, 2000, "a.md", 250.0),
            "Reading articles · 500 of 2,000 · 250 a second · 6 s left · a.md",
        ),
        (SyncProgress(True, "embedding", 10, 10_000, "", 5.0), "Embedding passages · 10 of 10,000 · 5 a second · 33 min left"),
        (SyncProgress(report=SyncReport(added=2, removed=1)), "2 added, 1 removed"),
        (SyncProgress(error="no"), "no"),
        (SyncProgress(), ""),
    ],
)
def test_the_progress_of_a_sync_is_one_line(underway, said):
    from qa.web.articles.sync_html import summary

    assert summary(underway, ENGLISH) == said


# --- one article to read -----------------------------------------------------------------------------------------------


def test_a_reading_page_marks_exactly_the_span(server):
    text = ARTICLES["office.md"]
    start = text.index("It is small &")
    end = text.index(" [1]. Costs")
    status, page = get(server, f"/shelf/articles/office.md?start={start}&end={end}")
    assert status == 200
    assert text[start:end] == "It is small & *starred*"
    assert page.count('<mark id="quote">') == 1
    assert html.unescape("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page))) == "It is small & starred"
    assert "23 April 2024 · AP · Original · Plain text" in words_of(page)
    assert '<a href="https://example.org/office"' in html.unescape(page)


@given(st.data())
def test_any_span_of_whole_words_of_plain_text_is_marked_exactly(data):
    words = data.draw(
        st.lists(
            st.sampled_from(["court", "of\nlaw", "# Heading", "<b>", "\n\n", "is: 5 > 4", "é\r\n\r\n"]), min_size=1, max_size=12
        )
    )
    text = " ".join(words)
    bounds = [0, *(found.end() for found in re.finditer(r"\S+", text))]
    start = data.draw(st.sampled_from([found.start() for found in re.finditer(r"(?<![^\n])[^\s#]\S*| [^\s#]\S*", text)] or [0]))
    end = data.draw(st.sampled_from([bound for bound in bounds if bound > start] or [len(text)]))
    page = listing_html.reading_page(Article("a.txt", text, "A"), Span(start, end), ENGLISH)
    marked = re.findall(r'<mark id="quote">(.*?)</mark>', page)
    stripped = text[start:end].strip()
    assert [words_of(each) for each in marked] == ([stripped] if stripped else [])


@pytest.mark.parametrize(
    "query", ["start=5&end=999999", "start=9&end=2", "start=x&end=2", "start=-5&end=2", "start=4", "start=1&end=" + "9" * 5000]
)
def test_an_impossible_span_is_reported_and_the_article_shown(server, query):
    status, page = get(server, f"/shelf/articles/vote.txt?{query}")
    assert status == 200
    assert "<mark" not in page
    assert "The marked place is not in this text: the article has changed." in words_of(page)
    assert "120 to 7" in words_of(page)


def test_a_hostile_article_is_shown_literally(server):
    status, page = get(server, f"/shelf/articles/{quote('hostile <img src=x onerror=alert(1)>.md')}")
    assert status == 200
    assert page.count("<script") == page.count("<script defer src=") == 1
    for tag in ("<img", "<iframe", "<form", "javascript:", "<svg"):
        assert tag not in page
    assert HOSTILE in words_of(page)


@pytest.mark.parametrize(
    "name", ["two\nlines.md", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("\nfirst.md", "r\n/last\n.txt"))]
)
def test_an_article_with_a_line_feed_in_its_name_can_be_read(tmp_path, name):
    with started(tmp_path) as (address, _):
        server = address.rstrip("/")
        path = tmp_path / "seeds" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("A zeppelin landed.")
        call(server, "POST", "/shelf/sync")
        settled(server)
        assert f"/shelf/articles/{quote(name)}" in ids(get(server, "/shelf")[1])
        status, page = get(server, f"/shelf/articles/{quote(name)}?start=2&end=10")
        assert (status, "zeppelin" in page) == (200, True)
        found = json.loads(get(server, f"/api/v1/articles/{quote(name)}")[1])
        assert (found["id"], found["text"]) == (name, "A zeppelin landed.")


@pytest.mark.parametrize("name", ARTICLES)
def test_the_plain_text_is_the_text_of_the_article(server, name):
    status, headers, text = call(server, "GET", f"/shelf/articles/{quote(name)}?raw=1")
    assert (status, text) == (200, ARTICLES[name])
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("id", ["none.md", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "%00", "%3Cscript%3E"])
def test_only_articles_have_a_reading_page(server, id):
    status, headers, text = call(server, "GET", f"/shelf/articles/{id}")
    assert status == 404
    assert headers["Content-Type"].startswith("text/plain")
    assert text.startswith("there is no article")
    assert "\n" not in text


def test_a_very_long_article_is_shown_around_the_span():
    text = "Nothing of note was said here today.\n\n" * 60_000 + "The zeppelin landed."
    start = len(text) - 20
    page = listing_html.reading_page(Article("a.md", text, "A"), Span(start, len(text)), ENGLISH)
    assert '<mark id="quote">The zeppelin landed&#46;</mark>' in page
    assert "Only part of this long article is shown." in words_of(page)
    assert len(page) < 2 * listing_html.SHOWN_CHARS


def test_the_listing_is_read_once_for_each_generation(library, write):
    from qa.web.articles.routes import ArticlesTab

    write("a.md", "Some text.")
    library.sync()
    kept = ArticlesTab(library)
    first = kept.listing()
    assert kept.listing()[1] is first[1]
    assert [each.id for each in first[1]] == ["a.md"]
    write("b.md", "More text.")
    library.sync()
    assert [each.id for each in kept.listing()[1]] == ["a.md", "b.md"]
    kept.close()


def test_every_string_takes_the_same_values_in_both_languages():
    from qa.web.strings import STRINGS

    for name, texts in STRINGS.items():
        places = [sorted(re.findall(r"\{(\w+)\}", text)) for text in texts]
        assert places[0] == places[1], name
