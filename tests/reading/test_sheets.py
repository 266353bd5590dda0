import pytest
from office_files import article, content, with_part

from qa import Article, Failure
from qa.citation import cite
from qa.reading import formats
from qa.text.span import Span

MARKET = """\
## Prices

Prices at the market of Olmedo

| Goods | Euros a kilo | Since |
| --- | --- | --- |
| Chestnuts | 7 | 2024-03-09 |
| Quinces | 2.35 | 2023-11-30 |
| Saffron | 4800 | always |
| Figs |  | TRUE |

| Stall | Metres |
| --- | --- |
| The stall of Petra Lobo | 6 |

## Hours

| Day | Opens |
| --- | --- |
| Thursday | 08:30:00 |
| =HYPERLINK("http://example.org";"Sunday") |  |"""
WORKBOOKS = ("market.xlsx", "market.ods", "market.xls")


def within(found: Article, words: str) -> str:
    start = found.text.index(words)
    return cite(found, "", Span(start, start + len(words))).within


def csv(text: str | bytes, name: str = "a.csv") -> Article:
    return article(name, text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("name", WORKBOOKS)
def test_sheets_are_tables_under_their_names(name):
    found = article(name)
    assert found.text == MARKET
    assert found.title == ("market" if name.endswith("xls") else "The market of Olmedo")  # Old files say it elsewhere.


@pytest.mark.parametrize("name", WORKBOOKS)
def test_rows_are_cited_as_the_program_numbers_them(name):
    found = article(name)
    places = ("Prices at", "Goods", "Chestnuts", "| Quinces", "| Saffron", "TRUE", "| Stall", "The stall", "Thursday", "=HYPER")
    rows = [(place, within(found, place)) for place in places]
    assert [row for _, row in rows[:8]] == [f"sheet Prices, row {n}" for n in (1, 3, 4, 5, 7, 8, 10, 11)]
    assert [row for _, row in rows[8:]] == ["sheet Hours, row 2", "sheet Hours, row 3"]


@pytest.mark.parametrize("name", WORKBOOKS)
def test_question_about_a_row_is_answered_with_its_sheet_and_row(name, library, write):
    write(name, content(name))
    assert library.sync().failed == ()
    citation = library.retrieve("how much is a kilo of saffron, always", k=1)[0].citation
    assert (citation.quote, citation.within) == ("| Saffron | 4800 | always |", "sheet Prices, row 7")
    assert citation.verify(library.seeds).standing == "exact"


def test_workbook_without_a_title_is_called_as_its_file():
    without = with_part(content("market.xlsx"), "docProps/core.xml", "<x/>")
    assert article("the_market.xlsx", without).title == "the market"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_of_separated_values_is_found(delimiter):
    rows = [["Goods", "Euros"], ["Chestnuts", "7.25"], ["Figs, dried", "9.10"], ["Quinces", "2.35"]]
    text = "\n".join(delimiter.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows)
    found = csv(text)
    assert found.text.endswith("| Chestnuts | 7.25 |\n| Figs, dried | 9.10 |\n| Quinces | 2.35 |")
    assert (found.title, within(found, "Quinces")) == ("a", "row 4")


def test_line_breaks_in_cells_do_not_count_as_rows():
    found = csv('Goods,Note\nFigs,"dried\nin the\nsun"\n\n\nQuinces,fresh\n')
    assert found.text == "| Goods | Note |\n| --- | --- |\n| Figs | dried in the sun |\n| Quinces | fresh |"
    assert (within(found, "in the sun"), within(found, "Quinces")) == ("row 2", "row 5")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separated_values_are_read_in_their_encoding(encoding):
    rows = "Nombre;Ciudad\nÍñigo Muñoz;Cádiz\nBegoña Peña;Logroño\n" * 5
    assert "| Íñigo Muñoz | Cádiz |" in csv(rows.encode(encoding)).text


def test_quotation_mark_that_never_ends_swallows_nothing():
    found = csv('Goods,Size\nScreen,"17 inch\nLamp,3\nChair,4\n')
    assert (within(found, "Lamp"), within(found, "Chair")) == ("row 3", "row 4")


def test_second_table_of_a_sheet_has_its_own_header_and_a_gap_alone_begins_none():
    found = csv("Goods,Euros\nFigs,9\n\nQuinces,2\n\nStall,Metres\nLobo,6\n")
    first, second = found.text.split("\n\n")
    assert first == "| Goods | Euros |\n| --- | --- |\n| Figs | 9 |\n| Quinces | 2 |"
    assert second == "| Stall | Metres |\n| --- | --- |\n| Lobo | 6 |"


def test_formula_is_shown_as_its_text_alone():
    assert "| =cmd\\|' /C calc'!A0 |" in csv("Goods,Euros\n=cmd|' /C calc'!A0,1\n=1+1,2\n").text


def test_rows_that_follow_one_another_need_two_locators():
    found = csv("Number,Square\n" + "".join(f"n{n},{n * n}\n" for n in range(20_000)))
    assert len(found.locators) == 2
    assert within(found, "| n19999") == "row 20001"


def test_file_of_one_column_is_read():
    assert csv("Goods\nFigs\nQuinces\n").text == "| Goods |\n| --- |\n| Figs |\n| Quinces |"


@pytest.mark.parametrize("of", [b"", b"\n\n,,\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9])
def test_file_without_values_is_a_failure(of):
    assert isinstance(formats.read("a.csv", of), Failure)


def test_old_workbook_of_another_kind_is_a_failure():
    for name in ("a.xls", "a.xlsx", "a.ods"):
        found = formats.read(name, content("lighthouse-writer.doc"))
        assert found == Failure(name, "damaged or encrypted: not a whole workbook")
