"""Markdown as the page shows it: its words, its marks, and nothing that a browser would run or fetch."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reader import HOSTILE, MARKDOWN_TAGS, Reader
from test_hostile_input import PATHOLOGICAL, QUICK

from qa import Span
from qa.web import markup
from qa.web.markdown import plain
from qa.web.markdown.rendering import NO_HEADINGS, Headings
from qa.web.markdown.showing import shown
from qa.web.markup import Marks

ALLOWED = {
    *(("a", name) for name in ("href", "target", "rel")),
    *((tag, "class") for tag in ("mark", "span", "small", "p", "div", "th", "td", "h2", "h3", "h4", "h5", "h6")),
    *((tag, "tabindex") for tag in ("div", "pre")),
    ("th", "scope"),
    ("ol", "start"),
}
PIECES = [
    "word", "Two words.", "**", "*", "_", "~~", "`", "```", "\n", "\n\n", "\n- ", "\n    - ", "\n1. ", "\n# ", "\n> ",
    "\n> [!NOTE]\n> ", "\n!!! tip\n    ", "\n| a | b |\n|---|---|\n| ", " | ", " |\n", "[", "](https://e.org/a)", "]",
    "<b>", "</b>", "<!-- ", " -->", "<br>", "&amp;", "&", "\\", "  \n", "---\n", "===\n", "\t", "é", "\ufdd0", "\r\n",
    "<script>", "</script>", "![", "[r]: http://e.org\n",
]  # fmt: skip
markdown = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def html_of(text, quote=None, headings=NO_HEADINGS, **marks):
    return shown("a.md", text, Span(0, len(text)), Marks(quote=quote, **marks), headings)


def quoting(text, quote, headings=NO_HEADINGS):
    start = text.index(quote)
    return Reader(html_of(text, Span(start, start + len(quote)), headings))


def letters(text):
    return "".join(filter(str.isalnum, text))


def is_within(part, whole):
    rest = iter(whole)
    return all(letter in rest for letter in part)


@settings(deadline=None)
@given(markdown, st.data())
def test_any_markdown_is_shown_with_its_letters_in_order_and_only_those_quoted_marked(text, data):
    start = data.draw(st.integers(0, len(text)))
    quote = Span(start, data.draw(st.integers(start, len(text))))
    html = html_of(text, quote, answer=quote)
    reader = Reader(html)
    assert set(reader.tags) <= MARKDOWN_TAGS
    assert reader.attributes <= ALLOWED
    assert "\n" not in html
    assert is_within(letters("".join(reader.marked)), letters(quote.of(text)))


WORDS = st.lists(
    st.sampled_from(["Ana", "saw", "2", "ships.", "Was", "it", "(so)", "“Yes”,", "he", "said."]), min_size=1, max_size=5
)
INLINE = st.tuples(WORDS.map(" ".join), st.sampled_from(["{}", "**{}**", "*{}*", "`{}`", "[{}](https://e.org/x)", "{} **x**"]))
BLOCK = st.sampled_from(
    ["{}", "# {}", "- {}", "- {}\n    1. {}", "> {}", "> [!TIP]\n> {}", "| a | {} |\n|---|---|\n| {} | b |", "```\n{}\n```"]
)
documents = st.lists(st.tuples(BLOCK, INLINE), min_size=1, max_size=5)


@settings(deadline=None)
@given(documents, st.data())
def test_a_quote_of_whole_words_is_marked_to_the_letter(blocks, data):
    text = "\n\n".join(block.replace("{}", inline[1].format(inline[0])) for block, inline in blocks)
    bounds = [n for n in range(len(text) + 1) if text[n - 1 : n].isspace() != text[n : n + 1].isspace() or n in (0, len(text))]
    start = data.draw(st.sampled_from(bounds))
    quote = Span(start, data.draw(st.sampled_from([n for n in bounds if n >= start])))
    reader = Reader(html_of(text, quote))
    without = quote.of(text)
    for each in ("https://e.org/x", "[!TIP]", "1."):
        without = without.replace(each, "")
    is_link_in_code = "](" in without and "```" in text
    if letters(without) and not is_link_in_code and "[" not in without and "(http" not in without:
        assert letters("".join(reader.marked)) == letters(without)


@pytest.mark.parametrize(
    ("text", "quote", "marked"),
    [
        ("Some **bold** and *it*. More.", "Some **bold** and *it*.", "Some bold and it."),
        ("- one\n    - two **nested. More** here", "- two **nested.", "two nested."),
        ("| Model | Price |\n|---|--:|\n| Alpha | 1 |\n| Gamma | 44.00 |", "| Gamma | 44.00 |", "Gamma44.00"),
        ("> [!NOTE]\n> Read *this* first.", "Read *this* first.", "Read this first."),
        ('!!! tip "Hot"\n    Do `it`.\n\nEnd.', "Do `it`.", "Do it."),
        (
            "```python\ndef f(*args): # no\n    return 1\n```",
            "def f(*args): # no\n    return 1",
            "def f(*args): # no\n    return 1",
        ),
        ("See [the docs](https://e.org/a).", "See [the docs](https://e.org/a).", "See the docs."),
        (
            "[The docs](https://e.org/a) say: [no](https://e.org/b)",
            "[The docs](https://e.org/a) say: [no](https://e.org/b)",
            "The docs say: no",
        ),
        ("_It._ “So,” she said. No.", "_It._ “So,” she said.", "It. “So,” she said."),
        ("A title\n===\n\nText.", "A title\n===\n\nText.", "A titleText."),
        ("x &amp; y <b>z</b>. No.", "x &amp; y <b>z</b>.", "x & y z."),
        ("In 1985\n1986. He was late.", "1986. He was late.", "1986. He was late."),
    ],
)
def test_the_marks_of_a_quote_are_its_words_without_markup(text, quote, marked):
    assert "".join(quoting(text, quote).marked) == marked


@pytest.mark.parametrize("text", ["a [b](http://e.org/c) d", "a ![b](http://e.org/c) d", "a <http://e.org/c> d"])
def test_a_mark_that_ends_in_the_target_of_a_link_ends_there(text):
    for start in range(len(text)):
        for end in range(start + 1, text.index("d")):
            assert "d" not in "".join(Reader(html_of(text, Span(start, end))).marked)


def test_a_mark_over_several_blocks_is_one_mark_in_each():
    text = "One.\n\n- two\n- three\n\nFour."
    assert quoting(text, text).marked == ["One.", "two", "three", "Four."]


def test_what_cannot_be_marked_is_shown_literally():
    reader = quoting("See this.\n\n[a]: http://e.org\n", "[a]: http://e.org")
    assert reader.marked == ["[a]: http://e.org"]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("1. a\n2. b\n   - c", ["ol", "li", "li", "ul", "li"]),
        ("| a |\n|---|\n| b |", ["div", "table", "thead", "tr", "th", "tbody", "tr", "td"]),
        ("> said", ["blockquote", "p"]),
        ("a  \nb\n\n---", ["p", "br", "hr"]),
        ("```sh\nls\n```", ["pre", "code"]),
        ("~~no~~ *a* **b** `c`", ["p", "s", "em", "strong", "code"]),
        ("!!! warning\n    Hot.", ["div", "p", "p"]),
        ("<div>\n\n**b**\n\n</div>", ["p", "strong"]),
    ],
)
def test_each_element_has_its_tags(text, tags):
    assert Reader(html_of(text)).tags == tags


def test_headings_go_down_without_gaps_and_do_not_repeat_the_title():
    text = "# The  Vote\n\n## Was\n\n#### it\n\n# so"
    reader = Reader(html_of(text, headings=Headings(2, "The vote")))
    assert reader.tags == ["h2", "h3", "h2"]
    assert reader.text == "Wasitso"
    assert quoting(text, "# The  Vote", Headings(2, "The vote")).marked == ["The  Vote"]


@pytest.mark.parametrize(("part", "cells"), [("| c | 2 |\n| d | 3 |", "abc2d3"), ("| c | 2 |", "abc2")])
def test_a_part_of_a_table_has_its_header_and_a_part_of_code_is_code(part, cells):
    table = "Intro.\n\n| a | b |\n|---|---|\n| x | 1 |\n| c | 2 |\n| d | 3 |"
    start = table.index(part)
    assert Reader(shown("a.md", table, Span(start, start + len(part)), Marks())).text == cells
    assert Reader(html_of(part)).tags[:3] == ["div", "table", "tbody"]
    code = "```\n# one\n# two\n```\nEnd."
    assert Reader(shown("a.md", code, Span(10, len(code)), Marks())).tags == ["pre", "code", "p"]


def test_a_link_shows_its_host_and_tells_the_site_nothing():
    html = html_of("[a bank](https://bank.example@evil.example/x?y=1) <https://e.org>")
    reader = Reader(html)
    assert reader.text == "a bank evil.example https://e.org"
    assert reader.links == ["https://bank.example@evil.example/x?y=1", "https://e.org"]
    assert html.count('target="_blank" rel="noopener noreferrer nofollow"') == 2


ADDRESSES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x",
    "vbscript:x", "//e.org", "http:/x", "file:///etc/passwd", "/shelf/sync", "#src-1-1", "mailto:a@e.org", "http://[x",
]  # fmt: skip
CARRIERS = [
    "[l]({})", "[l](<{}>)", "[l][r]\n\n[r]: {}", "[l]({} 'title\" onclick=alert(1)')", "<{}>", "![i]({})",
    "[![i]({})]({})", "| a |\n|---|\n| [l]({}) |", "- > **[l]({})**", '<a href="{}">l</a>',
    "<img src={} onerror=alert(1)>",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_only_web_addresses_are_links_in_markdown(carrier, address):
    reader = Reader(html_of(carrier.replace("{}", address)))
    assert reader.links == []
    assert reader.attributes <= ALLOWED


PAYLOADS = [
    "**<script>a**b</script>", "[<style>a](http://e.org) ![b](c)</style>",
    HOSTILE, "<script>alert(1)</script>", "<SCRIPT\n>alert(1)</SCRIPT >x", "a <style>*{}</style> b",
    "<!-- <img src=x> --> c", "<svg/onload=alert(1)>", "<iframe srcdoc='<script>'>", "<details open ontoggle=alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;", "`<b>`", "```<img>\n<script>\n```", "**<b>*x*</b>**",
    '!!! tip "<img src=x>"\n    x', "> [!NOTE]\n> <form>", "| <b> |\n|---|\n| <i> |", "<mark id=ref-1-1>forged</mark>",
    '[x](http://e.org/"onmouseover="alert(1))', "[x](http://e.org 'a\"b')", "<b", "<!--", "<![CDATA[x]]>",
]  # fmt: skip


AROUND = [
    "{}", "- {}", "> {}", "| a |\n|---|\n| {} |", "**{}**", "# {}", "[{}](http://e.org)",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("around", AROUND)
def test_html_in_markdown_becomes_text(payload, around):
    text = around.replace("{}", payload)
    for html in (html_of(text), html_of(text, Span(0, len(text)))):
        reader = Reader(html)
        assert set(reader.tags) <= MARKDOWN_TAGS
        assert reader.attributes <= ALLOWED
        assert "onerror" not in "".join(reader.links)
    assert html.count("<") == html.count(">")


def test_scripts_styles_and_comments_are_left_out_and_entities_read_once():
    assert Reader(
        html_of("a <script>b()</script> <!-- c --> <style>d</style>e\n\n<script>\n\nf\n</script>\n")
    ).text.split() == ["a", "e"]
    assert Reader(html_of("&amp;lt;b&amp;gt; &lt;i&gt;")).text == "&lt;b&gt; <i>"
    assert Reader(html_of("<!-- never closed\n\ntext")).text == "<!-- never closedtext"


@pytest.mark.parametrize(
    "text",
    [pytest.param(text, id=name, marks=() if name in QUICK else pytest.mark.exhaustive) for name, text in PATHOLOGICAL.items()],
)
def test_any_article_is_shown_in_bounded_time(text):
    started = time.process_time()
    html = html_of(text, Span(len(text) // 2, len(text) - 1))
    assert set(Reader(html).tags) <= MARKDOWN_TAGS | {"p", "span"}
    plain.words("a.md", text)
    assert time.process_time() - started < 20


def test_plain_text_is_never_markdown():
    text = "**no** [l](http://e.org)\n\n| a |\n|---|"
    assert shown("a.txt", text, Span(0, len(text)), Marks()) == markup.marked(text, Span(0, len(text)), Marks())
    assert plain.words("a.txt", text) == text


@given(markdown)
@example("| a |\n|---|\n| b |")
def test_plain_words_hold_no_letter_that_the_text_does_not(text):
    shown, written = (list(filter(str.isalpha, each.casefold())) for each in (plain.words("a.md", text), text))
    assert is_within(shown, written)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**Two** [votes](http://e.org).", "Two votes."),
        ("| Gamma | **44.00** |", "Gamma | 44.00"),
        ("# A\n\n1. b\n2. c\n    - d", "A\n\n1. b\n2. c\n  - d"),
        ("```sh\nls *\n```", "ls *"),
        ("!!! tip\n    Do it.", "Tip:\nDo it."),
    ],
)
def test_plain_words_are_laid_out_without_markup(text, words):
    assert plain.words("a.md", text) == words
