from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa import Answer, Article, Citation, Hit, Passage, Span, SyncReport, Why, render

HOSTILE = (
    "<script>window.__xss=1</script> <img src=x onerror=alert(1)> ${1+1} {{x}} $a$ "
    "![i](http://e.org/i.png) [l](javascript:1) ]]> &amp; `c`"
)
TAGS = {"div", "p", "span", "mark", "strong", "a", "article", "header", "h3", "ul", "li"}


class Reader(HTMLParser):
    """What a browser would make of HTML: its tags, its text, the text of its marks, its links."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.text, self.marked, self.open = [], [], "", [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "mark":
            self.marked.append("")
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text
        if "mark" in self.open:
            self.marked[-1] += text


# What HTML can hold: no control characters but line feeds, no surrogates.
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")) | st.sampled_from("\n\n\n#<>&$*_[]()!`{} "), max_size=200)


def hit_in(article, start, end, quote):
    passage = Span(start, end)
    citation = Citation(
        article.id, article.title, article.date, article.source, article.url, quote, (1, 1), quote.of(article.text), "0"
    )
    return Hit(1, 0.9, Passage(article.id, passage, passage.of(article.text), (quote,)), citation, Why(0.8, 0.5, 0.6, 1, 0.9))


def answer_of(hit, **changes):
    return Answer(
        **{
            "question": "?",
            "answered": True,
            "confidence": 0.95,
            "text": "",
            "citations": (hit.citation,),
            "hits": (hit,),
            **changes,
        }
    )


@given(texts)
@example(HOSTILE)
def test_any_text_is_shown_literally_and_on_one_line(text):
    html = render.escape(text)
    assert Reader(html).text == text
    assert not set(html) & set("<>\n\r*_[]`$!{}\\")


@given(texts, st.data())
def test_mark_is_the_quote_and_nothing_else_is_lost(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    inner = data.draw(st.integers(start, end))
    quote = Span(inner, data.draw(st.integers(inner, end)))
    if not quote.of(text).strip() or quote.of(text) != quote.of(text).strip():
        return
    reader = Reader(render.marked(text, Span(0, len(text)), passage=Span(start, end), quote=quote))
    assert reader.text == text
    assert "".join(reader.marked) == quote.of(text)
    assert set(reader.tags) <= TAGS


@given(texts, texts, texts)
@example(HOSTILE, HOSTILE, HOSTILE)
def test_reply_and_sources_of_hostile_articles_hold_our_tags_only(text, title, url):
    article = Article(f"{title}.md", "x " + text, title, 0, title, title, url)
    hit = hit_in(article, 0, len(article.text), Span(0, 1))
    for answered in (True, False):
        citations = (hit.citation,) if answered else ()
        answer = answer_of(hit, answered=answered, citations=citations, pending=2, quoted=len(text) % 2, parts=(text, title))
        for html in (
            render.reply(answer, 1, note=text),
            render.sources(answer, 1, [article]),
            render.failed(text),
            render.asked(text),
        ):
            reader = Reader(html)
            assert set(reader.tags) <= TAGS
            assert all(link.startswith(("#src-1-1", "#ref-1-1", "http://", "https://")) for link in reader.links)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//e.org", "http:/x", "file:///etc/passwd", "", "http://[x"]
)
def test_only_web_addresses_are_links(url):
    assert render.web_address(url) == ""


def test_article_that_changed_shows_the_passage_only():
    article = Article("a.md", "One. Two. Three.", "T")
    hit = hit_in(article, 0, 9, Span(5, 9))
    changed = Article("a.md", "Something else entirely.", "T")
    assert "Something" not in Reader(render.sources(answer_of(hit), 1, [changed])).text
    assert Reader(render.sources(answer_of(hit), 1, [changed])).marked == ["Two."]
    assert Reader(render.sources(answer_of(hit), 1, [article])).marked == ["Two."]


def test_unanswered_says_so_and_offers_the_nearest():
    article = Article("a.md", "One. Two.", "T")
    answer = answer_of(hit_in(article, 0, 9, Span(0, 4)), answered=False, confidence=0.1, citations=())
    text = Reader(render.reply(answer, 3)).text
    assert text.startswith("The articles do not say.")
    assert "[1]" in text


def test_what_is_quoted_is_kept_apart_from_what_was_also_found():
    article = Article("a.md", "It was on Thursday. It was in 2020.", "T", date="2024-01-13")
    first, second = hit_in(article, 0, 19, Span(0, 19)), hit_in(article, 20, 35, Span(20, 35))
    citations = (first.citation, second.citation)
    both = answer_of(first, hits=(first, second), citations=citations, quoted=2, conflicts=((1, 2),))
    text = Reader(render.reply(both, 1)).text
    assert "The articles differ: compare [1] and [2]." in text
    assert "Also found" not in text
    assert "“Thursday”: 11 January 2024" in text
    one = Reader(render.reply(answer_of(first, hits=(first, second), citations=citations, quoted=1), 1))
    assert one.text.index("on Thursday") < one.text.index("Also found:") < one.text.index("in 2020")
    assert one.marked == ["It was on Thursday."]


def test_very_long_article_is_shown_in_part():
    article = Article("a.md", "word " * 100_000 + "Needle here. " + "word " * 100_000, "T")
    start = article.text.index("Needle")
    hit = hit_in(article, start, start + 12, Span(start, start + 12))
    html = render.sources(answer_of(hit), 1, [article])
    assert Reader(html).marked == ["Needle here."]
    assert len(html) < 1_500_000


def test_a_reader_is_told_how_far_the_index_is_behind_the_folder():
    counts = {"articles": 2, "passages": 9}
    assert "2 articles, 9 passages indexed, in step with the folder." in render.overview(counts)
    assert "indexed, 1 pending, 3 not readable." in render.overview(counts, 1, 3)
    behind = render.reply(Answer("q", False, 0.0, "", (), (), pending=1, failed=2), 1)
    assert "1 file changed and is not indexed yet. 2 files could not be read." in behind
    assert "indexed yet" not in render.reply(Answer("q", False, 0.0, "", (), ()), 1)


def test_values_become_plain_json():
    assert render.as_json(SyncReport(added=2)) == {
        **dict.fromkeys(["changed", "renamed", "removed", "unchanged", "passages", "embedded", "reused"], 0),
        "added": 2,
        "failed": [],
        "seconds": 0.0,
    }
    assert render.as_json(Span(1, 2)) == {"start": 1, "end": 2}
