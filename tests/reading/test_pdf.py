"""PDF: the words in order, in paragraphs, without what stands on every page; and what is wrong with a file that has none."""

import difflib
import io
import random
from pathlib import Path

import pytest
from PIL import Image
from tiny_pdf import pdf

from qa import citation
from qa.reading import folder, formats, worker
from qa.reading.content import UnreadableError
from qa.reading.kinds.pdf import reader
from qa.types import Article, Failure, Locator

FILES = Path(__file__).parents[1] / "files" / "pdf"
PRINTED = ("one-column", "two-columns", "two-columns-writer", "three-columns")
PARAGRAPHS = (FILES / "text.txt").read_text(encoding="utf-8").replace("## ", "").strip().split("\n\n")
LONG = "The judges of the Court are elected for nine years, and every three years"
"""About as long as a line of a page."""


def text(*pages, **options):
    return reader.read(pdf(pages, **options)).text


def refusal(content):
    with pytest.raises(UnreadableError) as raised:
        reader.read(content)
    return str(raised.value)


# --- the text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRINTED)
def test_every_word_is_read_in_order_and_nothing_else(name):
    wanted = " ".join(PARAGRAPHS).split()
    found = reader.read((FILES / f"{name}.pdf").read_bytes()).text.split()
    blocks = difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    assert same / len(wanted) >= 0.997
    assert same / len(found) >= 0.995


@pytest.mark.parametrize("name", PRINTED)
def test_paragraphs_are_whole_and_apart_across_lines_columns_and_pages(name):
    found = reader.read((FILES / f"{name}.pdf").read_bytes()).text.split("\n\n")
    assert sum(paragraph in found for paragraph in PARAGRAPHS) >= len(PARAGRAPHS) - 1


def test_a_list_and_an_address_keep_their_lines():
    lines = f"{LONG}\nsix of them leave.\nMaanweg 174\nThe Hague\n- one\n- two"
    assert text(lines) == f"{LONG} six of them leave.\n\nMaanweg 174\nThe Hague\n- one\n- two"


def test_an_indented_line_after_a_full_stop_begins_a_paragraph():
    assert text(f"{LONG}\n{LONG[:-6]} yes.\n84,672|{LONG}\n{LONG}") == f"{LONG} {LONG[:-6]} yes.\n\n{LONG} {LONG}"


def test_running_heads_and_page_numbers_are_left_out():
    pages = [f"70,770|The Court, part {n}\nThis page says {word}.\n300,30|{n}" for n, word in enumerate(("A", "B", "C"), 1)]
    assert text(*pages) == "This page says A.\n\nThis page says B.\n\nThis page says C."


@pytest.mark.parametrize("foot", ["{n}", "- {n} -", "Page {n} of 2", "example.org {n}/2"])
def test_a_page_number_is_left_out_however_it_is_written(foot):
    pages = [f"70,760|It begins.\nThis is page {word}.\n300,30|{foot.format(n=n)}" for n, word in ((1, "one"), (2, "two"))]
    assert text(pages[0], pages[1].replace("begins", "goes on")) == (
        "It begins.\n\nThis is page one.\n\nIt goes on.\n\nThis is page two."
    )


def test_a_line_at_the_edge_that_stands_there_once_is_read():
    assert text("70,770|A title\nThis page says A.", "This page says B.", "This page says C.").startswith("A title\n\nThis")


@pytest.mark.parametrize(
    ("above", "below", "read"),
    [
        ("which is an inter-", "national court", "which is an international court"),
        ("the well-known term of a well-", "known judge", "the well-known term of a well-known judge"),
        ("before the Pre-", "Trial Chamber", "before the Pre-Trial Chamber"),
        ("in the years 2023-", "2024", "in the years 2023-2024"),
    ],
)
def test_a_word_cut_by_the_end_of_a_line_is_whole(above, below, read):
    assert text(f"{LONG}\n{above}\n{below}") == f"{LONG} {read}"


def test_control_characters_become_spaces():
    assert text("one\x01two  three") == "one two three"


# --- where it stands ---------------------------------------------------------------------------------------------------


def test_pages_are_cited_as_the_file_labels_them():
    labels = "/PageLabels << /Nums [0 << /S /r >> 2 << /S /D /St 1 >>] >>"
    content = reader.read(pdf(["Preface.", "More.", "Chapter one."], catalog=labels))
    assert [each.label for each in content.locators] == ["i", "ii", "1"]
    assert [content.text[each.start :].split(".")[0] for each in content.locators] == ["Preface", "More", "Chapter one"]


def test_a_page_without_text_takes_no_place():
    content = reader.read(pdf(["One.", "", "Three."]))
    assert content.locators == (Locator(0, "page", "1"), Locator(4, "page", "2"), Locator(6, "page", "3"))
    article = Article("a.pdf", content.text, "a", locators=content.locators)
    assert [each.label for each in citation.locators_at(article.text, article.locators, 6)] == ["3"]


def test_citations_name_the_page_and_hold(library, seeds, write):
    write("court.pdf", (FILES / "one-column.pdf").read_bytes())
    library.sync()
    quote = "Osvaldo Zavala Giler of Ecuador was elected Registrar of the ICC on 10 February 2023."
    found = next(hit.citation for hit in library.retrieve(quote) if quote in hit.citation.quote)
    assert found.within == "page 2"
    assert found.title == "The Court in one column"
    assert found.span.of(library.article("court.pdf").text) == found.quote
    assert found.verify(seeds).standing == "exact"


def test_what_the_file_says_about_itself_is_read():
    info = "/Title (The Court) /Author (Ana Ruiz) /CreationDate (D:20240113080000+01'00')"
    said = reader.read(pdf(["Text."], info=info, catalog="/Lang (es-MX)")).metadata
    assert said == {"title": "The Court", "author": "Ana Ruiz", "date": "2024-01-13", "language": "es"}


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - report.doc", "report_final.indd", "Document1", "---"])
def test_titles_that_a_program_made_up_are_left_out(title):
    content = pdf(["Text."], info=f"/Title ({title}) /Author (user) /CreationDate (yesterday)", catalog="/Lang (?)")
    assert set(reader.read(content).metadata.values()) == {""}


# --- files that cannot be read -----------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_file_is_told_apart():
    scanned = io.BytesIO()
    picture = Image.new("RGB", (60, 80), "grey")
    picture.save(scanned, "PDF", save_all=True, append_images=[picture] * 11)
    printed = (FILES / "two-columns.pdf").read_bytes()
    assert refusal((FILES / "encrypted.pdf").read_bytes()) == "encrypted: save it without a password"
    assert refusal(printed[:3_000]) == refusal(b"") == refusal(b"%PDF-1.4 " + bytes(99)) == refusal(pdf([]))
    assert refusal(printed[:3_000]) == "damaged, not a whole PDF: fetch or export it once more"
    assert refusal(scanned.getvalue()) == "no text, 12 pages: scanned? run OCR over it first"
    assert refusal(pdf([""])) == "empty, 1 page"


def test_pages_that_cannot_be_read_are_named_and_the_others_are_read():
    pages = pdf(["One.", "Two.", "", "Four."])
    content = reader.read(pages.replace(b"6 0 obj\n<<", b"6 0 obj\n[ "))
    assert content.text == "One.\n\nFour."
    assert content.notes == ("damage on 1 of 4 pages (2): fetch or export it once more",)
    drawn = b"BT /F1 11 Tf 70 700 Td (Two.) Tj ET"
    content = reader.read(pages.replace(drawn, b"9 9 99 99 re f".ljust(len(drawn))))
    assert content.notes == ("no text on 1 of 4 pages (2): scanned? run OCR over it first",)


def test_a_lost_cross_reference_table_is_found_again():
    content = pdf(["The treaty was adopted."])
    assert reader.read(content.replace(b" 00000 n", b" 00000 f")).text == "The treaty was adopted."
    start = content.index(b"xref")
    zeroed = content[:start] + bytes(40) + content[start + 40 :]
    assert reader.read(zeroed).text == "The treaty was adopted."


def test_flipped_bytes_end_no_process_but_the_readers(seeds, write):
    chance, whole = random.Random(5), (FILES / "three-columns.pdf").read_bytes()
    for n in range(30):
        damaged = bytearray(whole)
        for place in chance.sample(range(len(whole)), 1 + 4 * n):
            damaged[place] ^= 1 << chance.randrange(8)
        write("flipped.pdf", bytes(damaged))
        found = worker.read(folder.find(seeds, "flipped.pdf"), limit_bytes=10**7, limit_s=10.0)
        assert isinstance(found, Failure) or found.article.text


def test_thousands_of_pages_are_read_in_seconds(seeds, write):
    write("long.pdf", pdf([f"{LONG}\nThis is page {n}." for n in range(5_000)]))
    found = worker.read(folder.find(seeds, "long.pdf"), limit_bytes=10**8, limit_s=60.0)
    assert len(found.article.locators) == 5_000
    assert found.article.text.endswith("This is page 4999.")


def test_the_kind_of_a_file_is_told_by_its_suffix():
    assert isinstance(formats.read("a.PDF", pdf(["Text."])), Article)
