"""Notebooks are read cell by cell: what was written, what was computed, and what that printed."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Article, Failure
from qa.reading.content import UnreadableError
from qa.reading.formats import read
from qa.reading.kinds import notebook

FILES = Path(__file__).parents[1] / "files" / "notebook"


def article(*cells, **about) -> Article:
    found = read("my_notes.ipynb", json.dumps({"cells": cells, "metadata": about, "nbformat": 4}).encode())
    assert isinstance(found, Article), found
    return found


def markdown(*lines: str) -> dict:
    return {"cell_type": "markdown", "source": list(lines)}


def code(source: str, *outputs: dict) -> dict:
    return {"cell_type": "code", "source": source, "outputs": outputs}


def test_notebook_made_by_pandoc_is_read():
    found = read("judges.ipynb", (FILES / "judges.ipynb").read_bytes())
    assert found.title == "The judges of the court"
    assert found.text == (
        "# The judges of the court\n\nThe court has 18 judges, who are elected for nine years.\n\n"
        "```python\njudges = 18\njudges / 3\n```\n\n```\n6.0\n```\n\nEvery three years six of them are elected."
    )
    assert [(each.kind, each.label) for each in found.locators] == [("cell", "1"), ("cell", "2"), ("cell", "3")]
    assert found.text[found.locators[1].start :].startswith("```python")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"output_type": "stream", "text": ["one\n", "\x1b[31mtwo\x1b[0m\n"]}, "one\ntwo"),
        ({"output_type": "display_data", "data": {"text/plain": "<Figure size 640x480>", "image/png": "AAAA"}}, None),
        ({"output_type": "display_data", "data": {"text/plain": "  a\n0 1", "text/html": "<table>"}}, "  a\n0 1"),
        ({"output_type": "display_data", "data": {"text/plain": "<Markdown>", "text/markdown": "**so**"}}, "**so**"),
        ({"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["long"]}, "ValueError: no"),
    ],
)
def test_output_is_kept_as_far_as_it_is_text(output, said):
    assert article(code("x", output)).text == "```\nx\n```" + (f"\n\n```\n{said}\n```" if said else "")


def test_metadata_of_a_notebook_is_that_of_its_article():
    found = article(markdown("Text."), title="The vote", authors=[{"name": "A"}, {"name": "B"}], language_info={"name": "R"})
    assert (found.title, found.author) == ("The vote", "A, B")


def test_code_left_open_in_a_cell_ends_with_it():
    assert (
        article(markdown("~~~~\n", "open"), markdown("```\nx\n```\n\nText.")).text == "~~~~\nopen\n~~~~\n\n```\nx\n```\n\nText."
    )


def test_notebook_of_format_3_is_read():
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Judges"},
        {"cell_type": "code", "input": ["n = 18"], "language": "python", "outputs": [{"output_type": "pyout", "text": ["18"]}]},
    ]
    found = read("a.ipynb", json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}).encode())
    assert found.text == "## Judges\n\n```python\nn = 18\n```\n\n```\n18\n```"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged: not valid JSON"),
        (b'{"cells": [', "damaged: not valid JSON"),
        (b"[" * 100_000, "damaged: not valid JSON"),
        (b"{}", "no notebook, or one without cells"),
        (b'{"cells": [7]}', "no notebook, or one without cells"),
        (b'{"cells": [{"cell_type": "code", "source": ""}]}', "empty"),
        (b"\0" + bytes(range(256)), "not text: binary, or in an encoding that cannot be told"),
    ],
)
def test_what_is_no_notebook_is_a_failure(content, said):
    assert read("a.ipynb", content) == Failure("a.ipynb", said)


def test_citation_names_the_cell_and_is_verified(library, write, seeds):
    cells = [markdown(f"# {name}\n\nThe {name} opened in Caracas.") for name in ("market", "school", "office", "station")]
    write("a.ipynb", json.dumps({"cells": cells}))
    library.sync()
    citation = library.retrieve("Which office opened in Caracas?", 1)[0].citation
    assert (citation.quote, citation.within) == ("The office opened in Caracas.", "cell 3")
    assert citation.verify(seeds).standing == "exact"


names = st.sampled_from(
    [
        "cells",
        "metadata",
        "cell_type",
        "source",
        "outputs",
        "data",
        "text",
        "text/plain",
        "output_type",
        "worksheets",
        "language",
    ]
)
values = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["markdown", "code", "heading", "error"]),
    lambda inner: st.lists(inner) | st.dictionaries(names, inner),
    max_leaves=8,
)


@given(st.dictionaries(names, values).map(lambda value: json.dumps(value).encode()) | st.binary())
def test_any_bytes_are_read_or_refused(content):
    with suppress(UnreadableError):
        notebook.read(content).text.encode()
    assert read("a.ipynb", content)
