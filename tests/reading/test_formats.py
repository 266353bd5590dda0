"""What is kept of an extracted article beside its text, and when a file that has not changed is read again."""

import pytest
from small_encoder import SmallEncoder

from qa import Article, Library, Span
from qa.citation import cite
from qa.reading import formats
from qa.reading.kinds.writer import Writer
from qa.types import Locator


@pytest.fixture
def library(tmp_path):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    seeds.joinpath("a.md").write_text("# Goats\n\nGoats climb mountains.\n", encoding="utf-8")
    seeds.joinpath("b.md").write_bytes(b"\0\1binary\0")
    with Library(seeds, tmp_path / "embeddings", encoder=SmallEncoder()) as opened:
        opened.sync()
        yield opened


def newer(monkeypatch, suffix=".md"):
    raised = formats.FORMATS[suffix]._replace(version=7)
    monkeypatch.setattr(formats, "FORMATS", {**formats.FORMATS, suffix: raised})


def test_new_version_of_a_reader_reads_its_files_again(library, monkeypatch):
    assert not library.changed_files()
    newer(monkeypatch)
    assert library.changed_files() == {"a.md": "changed", "b.md": "changed"}
    report = library.sync()
    assert (report.changed, report.unchanged, report.embedded) == (1, 0, 0)
    assert not library.changed_files()


def test_files_of_other_kinds_are_not_read_again(library, monkeypatch):
    newer(monkeypatch, ".txt")
    assert not library.changed_files()
    assert library.sync().unchanged == 1


def test_locators_are_kept_with_their_article(library):
    writer = Writer()
    for number in ("i", "ii", "1"):
        writer.begin("page", number)
        writer.paragraph(f"What is said on page {number} is said there only.")
    content = writer.content()
    assert [content.text[each.start :].split()[5] for each in content.locators] == ["i", "ii", "1"]


def test_citation_says_where_in_the_file_its_quote_begins():
    text = "One. Two. Three."
    locators = (Locator(0, "sheet", "Prices"), Locator(0, "row", "1"), Locator(5, "row", "4"))
    article = Article("a.xlsx", text, "A", locators=locators)
    assert cite(article, "", Span(5, 9)).within == "sheet Prices, row 4"
    assert cite(article, "", Span(5, 9)).place == "A, a.xlsx, sheet Prices, row 4"
    assert cite(article, "", Span(0, 4)).within == "sheet Prices, row 1"
    assert cite(Article("a.md", text, "A"), "", Span(0, 4)).within == "line 1"


def test_extracted_text_is_not_taken_for_other_markup_than_it_is():
    writer = Writer()
    for text in ("# no heading", "- no item", "12. no item", "| no | table |", "``` no code", "--- no rule"):
        writer.paragraph(text)
    blocks = writer.content().text.split("\n\n")
    assert all("\\" in block for block in blocks)
    assert [block.replace("\\", "") for block in blocks][2] == "12. no item"


def test_table_is_written_with_every_cell_in_its_column():
    writer = Writer()
    writer.begin("sheet", "S")
    writer.table([["Model", "Price"], ["Gam|ma", "4\n4"], ["x"]])
    content = writer.content()
    assert content.text.splitlines() == ["| Model | Price |", "| --- | --- |", "| Gam\\|ma | 4 4 |", "| x |  |"]
    assert content.locators == (Locator(0, "sheet", "S"),)
