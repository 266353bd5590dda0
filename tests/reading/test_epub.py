"""Books: chapters in the order of reading, with their titles."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from words_f import words_f

from qa import Failure
from qa.reading.formats import read

FILES = Path(__file__).parents[1] / "files" / "epub"
CONTAINER = '<container xmlns="urn:x"><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def book(chapters, *, package="OPS/book.opf", spine=None, more=None, extra=""):
    items = "".join(f'<item id="c{n}" href="{href}" media-type="application/xhtml+xml"/>' for n, href in enumerate(chapters))
    spine = range(len(chapters)) if spine is None else spine
    order = "".join(f'<itemref idref="c{n}"/>' for n in spine)
    opf = (
        f'<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>A book</dc:title></metadata><manifest>{items}{extra}</manifest>"
        f"<spine>{order}</spine></package>"
    )
    parts = {"META-INF/container.xml": CONTAINER.format(package), package: opf}
    parts |= {f"OPS/{href.replace('%20', ' ')}": html for href, html in chapters.items()} | (more or {})
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def text_of(content):
    found = read("a.epub", content)
    return found.reason if isinstance(found, Failure) else found.text


def labels(content):
    return [each.label for each in read("a.epub", content).locators]


def test_a_book_is_its_chapters_with_their_titles():
    truth, found = (FILES / "book.md").read_text(), read("book.epub", (FILES / "book.epub").read_bytes())
    assert words_f(found.text, truth) >= 0.97
    assert [each.label for each in found.locators][1:] == ["The keeper’s house", "The last night", "Afterwards"]
    for locator in found.locators:
        assert found.text.startswith(f"# {locator.label}", locator.start)
    for line in re.findall(r"^(?:- |\| \w).*", truth, re.MULTILINE):
        assert line.replace(" ", "") in found.text.replace(" ", "").splitlines()


def test_a_book_says_who_wrote_it_and_who_published_it():
    found = read("book.epub", (FILES / "book.epub").read_bytes())
    assert (found.title, found.author, found.date) == ("Memories of a keeper", "Jon Brask", "1990-05-17")
    assert (found.source, found.language, found.tags) == ("Mole Press", "en", ("memoir", "lighthouses"))


def test_chapters_come_in_the_order_of_reading_each_once():
    content = book({"a%20b.xhtml": "<p>First.</p>", "c.xhtml": "<p>Second.</p>"}, spine=[1, 0, 1, 0])
    assert text_of(content) == "Second.\n\nFirst."


def test_a_chapter_is_named_by_the_contents_else_its_heading_else_its_number():
    nav = '<nav epub:type="toc"><ol><li><a href="a.xhtml#x">Of <b>a</b></a></li></ol></nav>'
    extra = '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    chapters = {"a.xhtml": "<h1>A</h1>", "b.xhtml": "<h2>B</h2><p>x</p>", "c.xhtml": "<p>x</p>", "d.xhtml": "<img src='x'/>"}
    assert labels(book(chapters, more={"OPS/nav.xhtml": nav}, extra=extra)) == ["Of a", "B", "3"]
    ncx = '<ncx><navMap><navPoint><navLabel><text>Old</text></navLabel><content src="c.xhtml"/></navPoint></navMap></ncx>'
    extra = '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    assert labels(book(chapters, more={"OPS/toc.ncx": ncx}, extra=extra)) == ["A", "B", "Old"]


def test_marks_of_notes_and_of_printed_pages_are_left_out():
    chapter = '<p>One<a epub:type="noteref" href="#n1">1</a> two<span epub:type="pagebreak">17</span>.</p>'
    assert text_of(book({"a.xhtml": chapter})) == "One two."


def test_addresses_lead_nowhere_outside_the_archive():
    chapters = {
        "../../../etc/passwd": "",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd": "",
        "/etc/passwd": "",
        "a.xhtml": "<p>Only this.</p>",
    }
    assert text_of(book(chapters)) == "Only this."
    assert "damaged" in text_of(book({"a.xhtml": "<p>x</p>"}, package="x.opf").replace(b"x.opf", b"/.opf"))


def test_entities_of_a_chapter_are_not_resolved():
    declared = '<!DOCTYPE html [<!ENTITY a "lollol"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    text = text_of(book({"a.xhtml": f'<?xml version="1.0"?>{declared}<html><body><p>Here &a;&x;&nbsp;too.</p></body></html>'}))
    assert text.endswith("Here &a;&x; too.")


def _encrypted(algorithm):
    method = f'<encryption><EncryptedData><EncryptionMethod Algorithm="{algorithm}"/></EncryptedData></encryption>'
    return book({"a.xhtml": "<p>Text.</p>"}, more={"META-INF/encryption.xml": method})


def test_protected_books_are_reported_and_obfuscated_fonts_are_fine():
    assert "protected by DRM" in text_of(_encrypted("http://www.w3.org/2001/04/xmlenc#aes128-cbc"))
    assert text_of(_encrypted("http://www.idpf.org/2008/embedding")) == "Text."


ENTITIES = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "lol">{ENTITIES}]><x>&l9;</x>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged"),
        (b"PK\x03\x04 not really", "damaged"),
        ((FILES / "book.epub").read_bytes()[:4_000], "damaged"),
        (book({}, more={"META-INF/container.xml": "<a"}), "damaged"),
        (book({}, more={"META-INF/container.xml": "<a/>"}), "damaged"),
        (book({}, more={"META-INF/container.xml": LAUGHS}), "damaged"),
        (book({"a.xhtml": "<p> </p>"}), "empty"),
        (book({}), "empty"),
        (book({"a.xhtml": "<div><ul><li>" * 50_000 + "x"}), "damaged"),
        (book({"a.xhtml": " " * 201_000_000}), "unpacks to more than 200 MB"),
    ],
    ids=["nothing", "no zip", "cut", "xml", "no package", "laughs", "blank", "no chapter", "deep", "bomb"],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_damaged_books_are_reported(content, reason):
    assert text_of(content).startswith(reason)


def test_a_quote_of_a_book_is_cited_with_its_chapter(library, write, seeds):
    write("book.epub", (FILES / "book.epub").read_bytes())
    assert library.sync().failed == ()
    citation = library.retrieve("How many ships passed before midnight on the last night?")[0].citation
    assert citation.within == "chapter The last night"
    assert citation.verify(seeds).standing == "exact"
