import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reader import HOSTILE, TAGS, Reader, texts

from qa import Span, SyncReport, wire
from qa.web import markup


@given(texts)
@example(HOSTILE)
def test_any_text_is_shown_literally_and_on_one_line(text):
    html = markup.escape(text)
    assert Reader(html).text == text
    assert not set(html) & set("<>\n\r*_[]`$!{}\\")


@given(texts, st.data())
def test_the_mark_is_the_quote_and_no_character_is_lost(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    inner = data.draw(st.integers(start, end))
    quote = Span(inner, data.draw(st.integers(inner, end)))
    if not quote.of(text).strip() or quote.of(text) != quote.of(text).strip():
        return
    reader = Reader(markup.marked(text, Span(0, len(text)), markup.Marks(Span(start, end), quote)))
    assert reader.text == text
    assert "".join(reader.marked) == quote.of(text)
    assert set(reader.tags) <= TAGS


@given(texts, st.data())
def test_the_words_that_answer_are_strong_within_the_mark(text, data):
    start = data.draw(st.integers(0, len(text)))
    answer = Span(start, data.draw(st.integers(start, len(text))))
    html = markup.marked(text, Span(0, len(text)), markup.Marks(quote=Span(0, len(text)), answer=answer))
    assert Reader(html).text == text
    assert answer.of(text).strip() == "" or markup.escape(answer.of(text).split()[0]) in "".join(html.split("<strong>")[1:])


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//e.org", "http:/x", "file:///etc/passwd", "", "http://[x"]
)
def test_only_web_addresses_are_links(url):
    assert markup.web_address(url) == ""


def test_values_become_plain_json():
    assert wire.as_json(SyncReport(added=2)) == {
        **dict.fromkeys(["changed", "renamed", "removed", "unchanged", "passages", "embedded", "reused"], 0),
        "added": 2,
        "failed": [],
        "seconds": 0.0,
        "others": {},
        "hidden": 0,
    }
    assert wire.as_json(Span(1, 2)) == {"start": 1, "end": 2}
