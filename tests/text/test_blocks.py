"""Markdown is seen as its blocks: each of its kind, and with what it needs to be understood."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Span
from qa.text.blocks import scan

LINES = [
    "",
    "# A",
    "Title",
    "---",
    "===",
    "- item",
    "  - inner",
    "1. one",
    "10.",
    "| a | b |",
    "|---|---|",
    "a | b",
    "--- | ---",
]
LINES += [
    "```",
    "~~~ x",
    "    code",
    "> quote",
    "> [!TIP]",
    "!!! note",
    ":::",
    "<div>",
    "[a]: b",
    "![a](b)",
    "Text:",
    "\x0b",
    "\r",
]


def found(text):
    return [(block.kind, block.span.of(text)) for block in scan(text, Span(0, len(text)))]


def needed(text, words):
    """Return the block that the one which begins with some words needs; None if it needs none."""
    blocks = scan(text, Span(0, len(text)))
    needs = next(block.needs for block in blocks if block.span.of(text).startswith(words))
    return blocks[needs].span.of(text) if needs >= 0 else None


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=20).map("\n".join))
def test_blocks_hold_all_but_white_space_in_order(text):
    end = 0
    for n, block in enumerate(scan(text, Span(0, len(text)))):
        assert end <= block.span.start < block.span.end
        assert not text[end : block.span.start].strip()
        assert block.needs < n
        end = block.span.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("# A\ntext\n## B ##", "heading text heading"),
        ("Title\n=====\ntext\n\nOther\n-----", "heading text heading"),
        ("- one\n  goes on\n- two\n\n  more of two\n  - inner", "item item text item"),
        ("Intro\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\nafter", "text header row text"),
        ("Intro\na | b\n--- | ---\n1 | 2\n\nno | row", "text header row text"),
        ("```sh\n# no heading\n\n- no item\n```\ntext", "code text"),
        ("text\n\n    code\n\n    more\n\ntext", "text code text"),
        ("- item\n\n    no code\n\n      code", "item text code"),
        ('!!! tip "So"\n    no code\n\ntext', "mark text text"),
        ("> [!NOTE]\n> Said.\n\n***\n\n::: x\nSaid.\n:::", "mark text mark mark text mark"),
        ("[![b](c)](d) ![e](f)\n\n[g](#h)\n\n- [i](#j)\n\n[k]: http://l", "links links links links"),
        ("- [a standard](https://example.org)\n\nSee [it](#there) there.", "item text"),
        ("<p align=center>\nwords\n</p>\n\n<!-- no -->", "html html"),
        ("~~~\nnever closed\n\n# A", "code"),
    ],
)
def test_each_block_has_its_kind(text, kinds):
    assert " ".join(kind for kind, _ in found(text)) == kinds


def test_blocks_need_what_leads_in_to_them():
    text = "# A\n\n## B\n\nThese:\n\n- one\n    - inner\n- two\n\n```\ncode\n```\n\nOf 2025:\n\n"
    text += "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"
    assert needed(text, "## B") == "# A"
    assert needed(text, "- one") == needed(text, "- two") == "These:"
    assert needed(text, "- inner") == "- one"
    assert needed(text, "```") == "- two"
    assert needed(text, "| a") == "Of 2025:"
    assert needed(text, "| 1") == needed(text, "| 3") == "| a | b |\n|---|---|"
    assert needed(text, "These") is None


def test_long_and_hostile_texts_take_linear_time():
    for part in (
        "| a | b |\n",
        "- a\n",
        "    - a\n",
        "> ",
        "`",
        "|",
        "-",
        "*",
        "# a\n",
        "[",
        "![](",
        "a\n---\n",
        " \t",
        "[a]: ",
    ):
        text = part * (400_000 // len(part))
        started = time.perf_counter()
        scan(text, Span(0, len(text)))
        assert time.perf_counter() - started < 5, part
