import random
import time
import zipfile
from itertools import pairwise

import pytest
from office_files import FOLDER, WORD, article, content, open_document, with_part, word

from qa import Failure
from qa.reading import folder, formats, worker
from qa.reading.kinds import archive

LIGHTHOUSE = """\
# The Lighthouse of Punta Brava

Ana Ferrer

2024-03-09

# Why it was repaired

The lighthouse of Punta Brava was built in 1871 and stood dark for eleven years.{}

## What the engineers found

The engineers found three faults:

- salt in the mortar of the tower
    - worst on the west side
    - none above the gallery
- a cracked lens
- a stair without a rail

They worked in this order:

1. The rail was made first.
2. The lens was sent to Bilbao.
3. The mortar was renewed last.

## What it cost

| Work | Firm | Euros |
| --- | --- | --- |
| Rail | Hierros Costa | 4,200 |
| Lens | Vidrios Ebro | 18,750 |
| Mortar | Cal y Canto | 31,000 |

> We would do the lens first another time, said the keeper.

# Who keeps it now

The keeper is Marta Solano, who lives in the village of Arenal.

1. The light went out on 3 June 2008 after a fire in the engine room.
2. Her mother kept it from 1979 to 1999.""".format(" A storm in October 2019 broke the lantern glass.")
BEES = """\
## Bees on the Roof

Ana Ferrer

## Why we began

- The roof of the library was empty.
    - It has sun until six.
- Four schools asked for a visit.

Say that the first hive was a gift from the town of Olmedo.

## The first harvest

| Year | Hives | Honey in kilos |
| --- | --- | --- |
| 2021 | 2 | 14 |
| 2022 | 5 | 61 |

## What comes next

The council will decide about a third roof in November.

Nobody has asked the neighbours of the third roof yet."""
PARAGRAPH = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in pairwise("abcdefghij")) + "]>"
OUTSIDE = "<!DOCTYPE x [<!ENTITY j SYSTEM 'file:///etc/passwd'>]>"
BROKEN = ("docx", "odt", "rtf", "pptx", "odp", "xlsx", "ods", "xls")
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix[1:] in BROKEN and path.stem != "secret")


@pytest.mark.parametrize("name", ["lighthouse-pandoc.docx", "lighthouse-writer.docx", "lighthouse-pandoc.odt"])
def test_headings_lists_tables_quotes_and_notes_of_a_document_are_kept(name):
    found = article(name)
    assert found.text == LIGHTHOUSE
    assert (found.title, found.author, found.language) == ("The Lighthouse of Punta Brava", "Ana Ferrer", "en")
    assert found.tags == ("lighthouse", "repair")


@pytest.mark.parametrize("name", ["lighthouse-writer.odt", "lighthouse-pandoc.rtf", "lighthouse-writer.rtf"])
def test_whole_text_is_read_where_a_file_says_less_about_its_form(name):
    found = article(name)
    bare = LIGHTHOUSE.replace("> ", "")
    if name.endswith("rtf"):  # It has neither a title among its styles nor levels of lists.
        bare = bare.replace("# The", "The", 1).replace("    -", "-")
    assert found.text == bare
    assert found.title == "The Lighthouse of Punta Brava"


@pytest.mark.parametrize("name", ["bees-pandoc.pptx", "bees-impress.odp"])
def test_slides_have_their_titles_levels_tables_and_notes(name):
    found = article(name)
    assert found.text == BEES
    assert (found.title, found.author) == ("Bees on the Roof", "Ana Ferrer")
    assert [(found.text[each.start :].split("\n")[0], each.label) for each in found.locators] == [
        ("## Bees on the Roof", "1"),
        ("## Why we began", "2"),
        ("## The first harvest", "3"),
        ("## What comes next", "4"),
    ]


def test_slides_come_in_the_order_of_the_presentation():
    part = "ppt/presentation.xml"
    with zipfile.ZipFile(FOLDER / "bees-pandoc.pptx") as opened:
        xml = opened.read(part).decode()
    swapped = xml.replace("rId3", "rId0").replace("rId5", "rId3").replace("rId0", "rId5")
    found = article("a.pptx", with_part(content("bees-pandoc.pptx"), part, swapped))
    headings = [line for line in found.text.split("\n") if line.startswith("#")]
    assert headings == ["## Bees on the Roof", "## What comes next", "## The first harvest", "## Why we began"]


def test_numbered_list_of_a_slide_begins_where_it_says():
    with zipfile.ZipFile(FOLDER / "bees-pandoc.pptx") as opened:
        part = next(each for each in opened.namelist() if "slides/slide" in each and b"will decide" in opened.read(each))
        slide = opened.read(part).replace(b"<a:p>", b'<a:p><a:pPr><a:buAutoNum type="arabicPeriod" startAt="12"/></a:pPr>')
    assert "12. The council will decide" in article("a.pptx", with_part(content("bees-pandoc.pptx"), part, slide)).text


@pytest.mark.parametrize("name", ["bees-pandoc.pptx", "bees-impress.odp"])
def test_what_a_slide_says_is_cited_with_its_number(name, library, write):
    write(name, content(name))
    assert library.sync().failed == ()
    citation = library.retrieve("who asked the neighbours of the third roof", k=1)[0].citation
    assert (citation.quote, citation.within) == ("Nobody has asked the neighbours of the third roof yet.", "slide 4")
    assert citation.verify(library.seeds).standing == "exact"


def test_hidden_and_deleted_text_and_contents_of_a_document_are_left_out():
    body = (
        "<w:p><w:pPr><w:pStyle w:val='Title'/></w:pPr><w:r><w:t>The mill</w:t></w:r></w:p>"
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>The mill turns.</w:t></w:r>"
        "<w:del w:id='1'><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:ins w:id='2'><w:r><w:t> It grinds.</w:t></w:r></w:ins></w:p>"
    )
    assert article("a.docx", word(body)).text == "# The mill\n\nThe mill turns. It grinds."


def test_formula_and_text_box_of_a_document_are_kept():
    maths = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    box = f"<w:pict><v:shape xmlns:v='urn:schemas-microsoft-com:vml'><v:textbox><w:txbxContent>{PARAGRAPH.format('In a box.')}"
    body = (
        f"<w:p><w:r><w:t>Speed is </w:t></w:r><m:oMath xmlns:m='{maths}'><m:f><m:num><m:r><m:t>s</m:t></m:r></m:num>"
        "<m:den><m:r><m:t>t</m:t></m:r></m:den></m:f></m:oMath><w:r><w:t>.</w:t></w:r></w:p>"
        f"<w:p><w:r>{box}</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>"
    )
    assert article("a.docx", word(body)).text == "Speed is s/t.\n\nIn a box."


def test_style_with_a_level_of_the_outline_is_a_heading_whatever_its_name():
    styles = (
        f"<w:styles xmlns:w='{WORD}'><w:style w:type='paragraph' w:styleId='S'><w:name w:val='Sección'/>"
        "<w:pPr><w:outlineLvl w:val='1'/></w:pPr></w:style>"
        "<w:style w:type='paragraph' w:styleId='T'><w:name w:val='Own'/><w:basedOn w:val='S'/></w:style></w:styles>"
    )
    document = word(
        "<w:p><w:pPr><w:pStyle w:val='T'/></w:pPr><w:r><w:t>The mill</w:t></w:r></w:p>" + PARAGRAPH.format("It turns.")
    )
    assert article("a.docx", with_part(document, "word/styles.xml", styles)).text == "## The mill\n\nIt turns."


def test_deleted_and_hidden_text_and_comments_of_an_open_document_are_left_out():
    hidden = "<style:style style:name='H' style:family='text'><style:text-properties text:display='none'/></style:style>"
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        "<text:h text:outline-level='3'>The mill</text:h><text:p>The mill<text:s/>turns"
        "<office:annotation><text:p>comment</text:p></office:annotation>."
        "<text:span text:style-name='H'>hidden</text:span></text:p>"
        "<text:table-of-content><text:index-body><text:p>The mill 1</text:p></text:index-body></text:table-of-content>"
    )
    assert article("a.odt", open_document(body, hidden)).text == "### The mill\n\nThe mill turns."


def test_rich_text_is_read_in_its_alphabet_and_without_addresses_of_links():
    fonts = r"{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\froman{\*\panose 0202}\fcharset204 Times Cyr;}}"
    link = r'{\field{\*\fldinst{HYPERLINK "http://example.org"}}{\fldrslt a link}}'
    text = rf"{{\rtf1\ansi\deff0{fonts}{{\f1\'cc\'ee\'f1\'ea\'e2\'e0}} \f0 caf\'e9 \u8212? {link} \u-10179?\u-8704?.\par}}"
    assert article("a.rtf", text.encode()).text == "Москва café — a link 😀."


# --- hostile files -------------------------------------------------------------------------------------------------------


def reason(name: str, of: bytes) -> str:
    found = formats.read(name, of)
    assert isinstance(found, Failure), found
    return found.reason


def test_encrypted_file_is_told_from_one_of_an_old_office():
    envelope = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    for suffix in ("docx", "pptx", "xlsx", "xls"):
        assert reason(f"a.{suffix}", envelope).startswith("encrypted")
    assert reason("a.odt", content("secret.odt")).startswith("encrypted")
    assert reason("a.docx", content("lighthouse-writer.doc")) == "old Office format: save it as .docx, .pptx or .xlsx"


@pytest.mark.parametrize("fill", [b" ", b"<w:p/>"], ids=["spaces", "paragraphs"])
def test_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(fill, monkeypatch):
    bomb = with_part(content("lighthouse-writer.docx"), "word/document.xml", fill * (2_000_000 // len(fill)))
    assert len(bomb) < 50_000
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    for suffix in ("docx", "odt", "pptx", "xlsx", "ods"):
        assert reason(f"a.{suffix}", bomb) == "unpacks to more than 1 MB"


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.docx", lambda head: word(PARAGRAPH.format("The mill &j; turns."), head)),
        ("a.odt", lambda head: open_document("<text:p>The mill &j; turns.</text:p>", head=head)),
    ],
)
def test_entities_are_neither_multiplied_nor_fetched(name, made):
    assert "not well-formed" in reason(name, made(LAUGHS))
    assert article(name, made(OUTSIDE)).text == "The mill turns."


@pytest.mark.parametrize("name", FILES)
def test_cut_empty_or_other_file_is_a_failure_that_says_so(name):
    whole = content(name)
    for damaged in (whole[: len(whole) // 2], b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, b"PK\x03\x04"):
        found = formats.read(name, damaged)
        assert isinstance(found, Failure) or name.endswith("rtf"), found
    assert isinstance(formats.read(name, b""), Failure)


@pytest.mark.parametrize("name", FILES)
def test_file_with_changed_bytes_harms_nobody(name, tmp_path):
    chance = random.Random(name)
    for n in range(30):
        damaged = bytearray(content(name))
        for _ in range(1 + n):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (tmp_path / name).write_bytes(damaged)
        found = worker.read(folder.find(tmp_path, name), limit_bytes=1_000_000, limit_s=30)
        assert isinstance(found, Failure) or found.article
    (tmp_path / name).write_bytes(content(name))
    assert not isinstance(worker.read(folder.find(tmp_path, name), limit_bytes=1_000_000, limit_s=30), Failure)


def test_document_nested_beyond_any_is_a_failure():
    nested = PARAGRAPH.format("x")
    for _ in range(80):
        nested = f"<w:tbl><w:tr><w:tc>{nested}</w:tc></w:tr></w:tbl>"
    assert reason("a.docx", word(nested)).startswith("damaged")
    assert reason("a.odt", open_document("<text:p>" * 3000 + "x" + "</text:p>" * 3000)).startswith("damaged")


@pytest.mark.parametrize("part", ["{", r"{\footnote x", r"{\fonttbl\f0\fcharset0 ", r"{\field{\*\fldinst{HYPERLINK "])
def test_rich_text_takes_time_in_proportion_to_its_length(part):
    def seconds(count: int) -> float:
        started = time.process_time()
        formats.read("a.rtf", (r"{\rtf1\ansi " + part * count).encode())
        return time.process_time() - started

    seconds(100)
    assert seconds(40_000) < 16 * max(seconds(10_000), 0.02)
