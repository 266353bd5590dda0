"""A text is cut into sentences as it is meant, and its parts know their headings and what leads in to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Span
from qa.text.layout import CODE_CHARS, layout
from qa.text.structure import headings

LINES = [
    "",
    "# A",
    "- item. More.",
    "1. one",
    "| a | b |",
    "|---|---|",
    "```",
    "    code",
    "> quote. Said.",
    "**Bold.** Text. End.",
]


def sentences(text):
    return [each.of(text) for each in layout(text, 0, is_markdown=True).sentences(Span(0, len(text)), "en")]


def lead_of(text, words):
    start = text.index(words)
    span = layout(text, 0, is_markdown=True).lead_of(Span(start, start + len(words)))
    return span and span.of(text)


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=15).map("\n".join), st.data())
def test_sentences_hold_all_of_a_part_in_order(text, data):
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    for each in layout(text, 0, is_markdown=True).sentences(Span(start, end), "en"):
        assert start <= each.start < each.end <= end
        assert not text[start : each.start].strip()
        start = each.end
    assert not text[start:end].strip()


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("1. Put it on. Go.\n2. Come back.", ["1. Put it on.", "Go.", "2. Come back."]),
        ("- one that\n  goes on", ["- one that\n  goes on"]),
        ("| a | b |\n|---|---|\n| A. B. | 1 |\n| 2 | 3 |", ["| a | b |\n|---|---|", "| A. B. | 1 |", "| 2 | 3 |"]),
        ("Run:\n```sh\na. b\n\nc. d\n```", ["Run:", "```sh\na. b\n\nc. d\n```"]),
        ("**Denied.** You are out. Log in.", ["**Denied.** You are out.", "Log in."]),
        ("## A\nText. More.", ["## A", "Text.", "More."]),
    ],
)
def test_markdown_is_cut_as_it_is_meant(text, cut):
    assert sentences(text) == cut


def test_long_code_is_cut_at_blank_lines_and_then_into_lines():
    long = "\n".join(["some_call(first, second)"] * (CODE_CHARS // 20))
    assert sentences(f"```py\n\na = 1\nb = 2\n\n{long}\n```")[:4] == ["```py", "a = 1\nb = 2", *long.splitlines()[:2]]


def test_what_leads_in_is_quoted_in_part_if_it_is_long():
    text = f"{'Much was said. ' * 20}The first\nmust be:\n\n- this\n\n{'words ' * 100}:\n\n- that\n\n"
    text += "To install it, do `a.b`. Then\n\n```\nc\n```"
    assert lead_of(text, "- this") == "The first\nmust be:"
    assert lead_of(text, "- that").endswith("words :")
    assert lead_of(text, "```") == "Then"
    assert lead_of(text, "Much") is None


def test_section_is_the_headings_above_by_level():
    text = "# A\n\none\n\n## B ##\n\ntwo\n\nC\n---\n\n### D\n\nthree\n\n```\n# no heading\n```\n\nfour"
    markdown = layout(text, 0, is_markdown=True)
    assert [markdown.section(text.index(words)) for words in ("one", "two", "four")] == [("A",), ("A", "B"), ("A", "C", "D")]
    assert layout("First part\n\nOne.", 0, is_markdown=False).section(12) == ("First part",)
    assert layout("one", 0, is_markdown=True).section(0) == ()


def test_comments_in_fenced_code_are_no_headings():
    text = "## A\n\n```sh\n# a comment\n\nmake it\n```\n\n## B\n\nSaid."
    assert [name for _, name in headings(text, Span(0, len(text)))] == ["A", "B"]
