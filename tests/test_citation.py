"""A citation can be verified against the files, even one that was saved long ago."""

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Article, Citation, CitationError, Span
from qa.citation import Lead, cite, saved
from qa.wire import as_json

OFFICE = "The prosecutor opened an office in Caracas."


@pytest.fixture
def cited(library, write):
    write("a.md", f"---\ntitle: Office\n---\n\n{OFFICE} It is small.")
    library.sync()
    return library.retrieve("office in Caracas")[0].citation


def test_saved_citation_keeps_the_words_that_answer(cited, seeds, write):
    answer = Span(cited.span.start + 4, cited.span.start + 14)
    saved = as_json(replace(cited, answer=answer))
    assert Citation.from_json(saved).answer == answer
    write("a.md", f"A new beginning.\n\n{OFFICE} It is small.")
    now = Citation.from_json(saved).verify(seeds).now
    assert now.answer.of((seeds / "a.md").read_text()) == OFFICE[4:14]
    assert Citation.from_json({name: value for name, value in saved.items() if name != "answer"}) == cited
    with pytest.raises(CitationError, match="not in the quote"):
        Citation.from_json(saved | {"answer": {"start": 0, "end": 3}})


def test_saved_citation_is_verified_without_an_index(cited, seeds, write):
    again = Citation.from_json(json.loads(json.dumps(as_json(cited))))
    assert again == cited
    assert again.verify(seeds).standing == "exact"
    write("a.md", f"A new beginning.\n\n{OFFICE} It is small.")
    moved = again.verify(seeds)
    assert (moved.standing, moved.holds, moved.now.lines) == ("moved", True, (3, 3))
    assert moved.now.span.of((seeds / "a.md").read_text()) == OFFICE
    write("a.md", "The prosecutor closed the office in Caracas.")
    assert (again.verify(seeds).standing, again.verify(seeds).holds) == ("changed", False)
    write("a.md", b"")
    assert again.verify(seeds).standing == "unreadable"
    (seeds / "a.md").unlink()
    assert again.verify(seeds).standing == "gone"
    assert again.verify(seeds / "none").standing == "gone"


@pytest.mark.parametrize(
    "id", ["../secret.md", "/etc/hostname", "c/../../secret.md", ".hidden.md", "notes.ini", "\0", "a//b.md"]
)
def test_only_articles_are_verified_against(cited, seeds, id):
    for name in ("../secret.md", ".hidden.md", "notes.ini"):
        (seeds / name).write_text(OFFICE)
    assert Citation.from_json(as_json(cited) | {"article_id": id}).verify(seeds).standing == "gone"


def test_citations_are_found_in_answers_and_hits(library, cited):
    answer = library.ask("office in Caracas")
    assert set(saved(as_json(answer))) == {cited}
    assert list(saved([as_json(hit) for hit in answer.hits])) == [hit.citation for hit in answer.hits]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["article_id", "span", "quote", "lines", "x"]), inner),
)


@given(json_values)
def test_malformed_citation_is_an_error_of_one_line(value):
    try:
        list(saved(value))
    except CitationError as error:
        message = str(error)
    else:
        return
    assert "\n" not in message


@pytest.mark.parametrize("span", [{"start": 5, "end": 2}, {"start": -1, "end": 2}, {"start": "0", "end": 2}, [0, 2], None])
def test_span_must_be_a_pair_of_numbers(cited, span):
    with pytest.raises(CitationError):
        Citation.from_json(as_json(cited) | {"span": span})
    end = len(cited.quote)
    assert Citation.from_json(as_json(cited) | {"span": {"start": 0, "end": end}}).span == Span(0, end)


@pytest.mark.parametrize("span", [Span(0, 2**39), Span(0, 5)])
def test_span_must_be_as_long_as_its_quote(cited, span, library):
    with pytest.raises(CitationError, match=r"its quote has \d+"):
        Citation.from_json(as_json(cited) | {"span": span._asdict()})
    assert not replace(cited, span=span).verify(library.seeds).holds


@pytest.mark.parametrize("id", ["\ud800.md", "a\0.md", "x" * 5000, "../a.md", "/etc/passwd", "a.md/b.md", ""])
def test_citation_with_an_impossible_file_name_is_gone(cited, library, id):
    assert replace(cited, article_id=id).verify(library.seeds).standing == "gone"


def test_verify_command_lists_each_citation_and_exits_with_1_if_one_fails(run, write, tmp_path):
    write("a.md", f"# Office\n\n{OFFICE} It is small.")
    code, printed, _ = run("ask", "office in Caracas", "--json")
    (tmp_path / "answer.json").write_text(printed)
    assert code == 0
    code, out, _ = run("verify", tmp_path / "answer.json")
    assert (code, out) == (0, f"exact      “{OFFICE}” Office, a.md, line 3\n")
    write("a.md", "Nothing of it.")
    code, out, _ = run("verify", tmp_path / "answer.json", "--json")
    assert (code, [each["standing"] for each in json.loads(out)]) == (1, ["changed"])
    for content in ("{}", "rubbish", "[" * 100_000):
        (tmp_path / "answer.json").write_text(content)
        code, out, err = run("verify", tmp_path / "answer.json")
        assert (code, out, err.count("\n")) == (2, "", 1)


PRICES = (
    "# Lamps\n\n## Desk\n\n### Small\n\nWe pack them well.\n\n"
    "| Model | Price |\n| --- | --- |\n| Aster | 39.00 |\n| Elm | 149.00 |\n\n"
    "Run it so:\n\n```sh\nlamps --all\n```\n"
)


@pytest.mark.parametrize(
    ("words", "lead"), [("| Elm | 149.00 |", "| Model | Price |"), ("```sh\nlamps --all\n```", "Run it so:"), ("We pack", None)]
)
def test_citation_has_its_headings_and_exactly_what_its_quote_needs(words, lead):
    start = PRICES.index(words)
    cited = cite(Article("a.md", PRICES, "Lamps"), "", Span(start, start + len(words)))
    assert cited.section == ("Desk", "Small")
    assert cited.lead == (lead and Lead(Span(PRICES.index(lead), PRICES.index(lead) + len(lead)), lead))
    assert cited.with_lead == (f"{lead} … {words}" if lead else words)


def test_plain_text_has_its_last_heading_as_section_and_no_lead():
    text = "First part\n\nSaid there.\n\nSecond part\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    cited = cite(Article("a.txt", text, "Title"), "", Span(text.index("| 1"), len(text)))
    assert (cited.section, cited.lead) == (("Second part",), None)


def test_citing_in_a_long_article_is_fast_once_it_was_cited():
    text = f"# A\n\n{'| a | b |' + chr(10)}|---|---|\n" + "| some | row |\n" * 60_000
    article = Article("a.md", text, "Title")
    cite(article, "", Span(50, 60))
    started = time.perf_counter()
    assert cite(article, "", Span(len(text) - 15, len(text) - 1)).lead.text == "| a | b |"
    assert time.perf_counter() - started < 0.1
