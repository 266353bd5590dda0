"""Articles kept as JSON are read record by record, and nothing of them is lost."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Article, Failure
from qa.reading.content import UnreadableError
from qa.reading.formats import read
from qa.reading.kinds.records import read_lines, read_list

NONE_HAS_TEXT = "none of its records has a text under text, body or content"


def article(content, id="my_notes.jsonl") -> Article:
    found = read(id, content if isinstance(content, bytes) else "\n".join(map(json.dumps, content)).encode())
    assert isinstance(found, Article), found
    return found


def reason(content: bytes, id="a.jsonl") -> str:
    found = read(id, content)
    assert isinstance(found, Failure)
    return found.reason


def test_each_line_is_a_section_with_its_number():
    found = article([{"title": "One", "text": "The first."}, {"title": "Two", "text": "The second."}])
    assert found.text == "# One\n\nThe first.\n\n# Two\n\nThe second."
    assert [found.text[each.start :][:5] for each in found.locators] == ["# One", "# Two"]
    assert [(each.kind, each.label) for each in found.locators] == [("record", "1"), ("record", "2")]
    assert found.title == "my notes"


@pytest.mark.parametrize("id", ["a.jsonl", "a.ndjson", "A.NDJSON"])
def test_blank_lines_are_not_counted(id):
    assert [each.label for each in article(b'\r\n{"text": "One."}\r\n\r\n{"text": "Two."}\r\n', id).locators] == ["1", "2"]


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"content": "c", "body": "b"}, "content: c.\n\nb"),
        ({"text": " ", "content": "One\ntwo.\n\n- three"}, "One two.\n\n- three"),
        ({"text": "T.", "n": 1, "is": True, "no": None, "l": ["a", 2]}, "n: 1; is: true; l: a, 2.\n\nT."),
        ({"text": "T.", "by": {"name": "Ana", "in": [{"of": "x"}, "y"]}}, "by.name: Ana; by.in.of: x; by.in: y.\n\nT."),
        ({"text": "T.", "title": ["x"]}, "title: x.\n\nT."),
    ],
)
def test_all_fields_of_a_record_are_kept(record, text):
    assert article([record]).text == f"# Record 1\n\n{text}"


def test_numbers_stay_as_they_are_written():
    text = article(b'{"text": "T.", "price": 1.50, "id": ' + b"9" * 5000 + b', "x": NaN}').text
    assert "price: 1.50" in text
    assert "9" * 5000 in text


def test_lines_without_a_text_are_kept_and_counted():
    found = article(b'{"text": "One."}\n{"key": "value"}\nnot { JSON\n["a", 1]\n')
    assert (
        found.text
        == "# Record 1\n\nOne.\n\n# Record 2\n\nkey: value.\n\n# Record 3\n\n```\nnot { JSON\n```\n\n# Record 4\n\na, 1."
    )
    assert found.notes == ("1 of 4 lines are not JSON and kept as they are", "2 of 4 records have no text, only other fields")


@pytest.mark.parametrize("content", [b'{"a": 1}\n{"b": 2}', b"not JSON", b'["a"]', b'{"text": 3}', b"[" * 100_000])
def test_file_without_a_record_with_text_is_a_failure_that_says_what_is_looked_for(content):
    assert reason(content) == NONE_HAS_TEXT


def test_list_of_records_is_read():
    found = article(b'[{"title": "One", "text": "The first."}, {"body": "The second."}]', "a.json")
    assert found.text == "# One\n\nThe first.\n\n# Record 2\n\nThe second."
    assert [each.label for each in found.locators] == ["1", "2"]


def test_record_that_is_alone_is_an_article_with_its_metadata():
    record = {"Title": "x", "title": "The vote", "date": "17 July 1998", "authors": ["A", "B"], "tags": ["icc"], "text": "T."}
    found = article(json.dumps({**record, "url": None, "language": "es-CR"}).encode(), "a.json")
    assert (found.title, found.date, found.author, found.tags) == ("The vote", "1998-07-17", "A, B", ("icc",))
    assert (found.url, found.language, found.locators) == ("", "es", ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"[]", "empty"),
        (b'{"text": "cut off', "damaged: not valid JSON"),
        (b"[" * 100_000, "damaged: not valid JSON"),
        (b'{"name": "a package", "version": 1}', NONE_HAS_TEXT),
        (b'"text"', NONE_HAS_TEXT),
        (b'{"text":\0}' + bytes(range(256)), "not text: binary, or in an encoding that cannot be told"),
    ],
)
def test_what_holds_no_records_is_a_failure(content, said):
    assert reason(content, "a.json") == said


def test_text_of_a_record_is_never_markup_of_the_file():
    found = article([{"text": "One.\n\n# Two\n\n| a |", "x": "```"}, {"title": "# Three\n# Four", "text": "~~~"}])
    assert [line for line in found.text.splitlines() if line.startswith(("#", "|", "```", "~~~"))] == [
        "# Record 1",
        "# # Three # Four",
    ]


def test_half_characters_are_replaced(library, write):
    write("a.jsonl", '{"text": "The office \\ud800 \\u0000opened in Caracas."}')
    assert library.sync().failed == ()
    assert library.retrieve("office in Caracas", 1)[0].citation.quote == "The office \ufffd \ufffdopened in Caracas."


@pytest.mark.parametrize("content", [b"1\n" * 200_000 + b'{"text": "T."}', b'{"text": "T."}\n' * 100_000, b"{}\n" * 300_000])
def test_many_records_are_read_in_bounded_time(content):
    started = time.monotonic()
    read("a.jsonl", content)
    assert time.monotonic() - started < 20


def test_citation_names_the_record_and_is_verified(library, write, seeds):
    lines = [json.dumps({"text": f"The {what} opened in Caracas."}) for what in ("market", "school", "office", "station")]
    write("a.jsonl", "\n".join(lines))
    library.sync()
    citation = library.retrieve("Which office opened in Caracas?", 1)[0].citation
    assert (citation.quote, citation.within) == ("The office opened in Caracas.", "record 3")
    assert citation.verify(seeds).standing == "exact"


keys = st.sampled_from(["text", "body", "content", "title", "date", "tags", "authors"]) | st.text(max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(keys, values)).map(lambda records: "\n".join(map(json.dumps, records)).encode()) | st.binary())
def test_any_bytes_are_read_or_refused(content):
    for reader in (read_lines, read_list):
        with suppress(UnreadableError):
            found = reader(content)
            found.text.encode()
            assert all(0 <= each.start <= len(found.text) for each in found.locators)
    assert read("a.json", content)
