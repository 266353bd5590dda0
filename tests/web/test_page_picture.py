"""A quote of a PDF is shown on its page: yellow where it stands, as long as the file is the one that was read."""

import http.client
import io
import re
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from reader import comes_true
from test_api import call, started
from test_articles_tab import settled
from tiny_pdf import pdf

from qa import Span
from qa.reading.content import UnreadableError
from qa.reading.kinds.pdf import picture, reader
from qa.types import Article, Locator
from qa.web.articles import page_picture
from qa.web.messages import ENGLISH, Words
from qa.web.page_figures import page_figures

FILES = Path(__file__).parents[1] / "files" / "pdf"
TREATY = "The treaty was adopted in Rome.\nIt is in force.\n70,600|The court sits in The Hague.\nIt has 18 judges."
"""A page: lines at heights of 700, 686, 600 and 658 points, of 800."""


def drawn(content, text, quote, number=0):
    start = text.index(quote)
    return Image.open(io.BytesIO(picture.draw(content, number, text, Span(start, start + len(quote)))))


def yellow(image):
    """The box around what is yellow, in the points of a page that is 600 wide, from its top; and how much of it is yellow."""
    mask = image.convert("HSV").getchannel("S").point(lambda value: 255 * (value > 60))
    box = mask.getbbox() or (0, 0, 0, 0)
    full = mask.crop(box).histogram()[255] / max(1, (box[2] - box[0]) * (box[3] - box[1]))
    return [round(each * 600 / image.width) for each in box], full


@pytest.fixture
def court(library, write):
    """The address of a quote in an indexed file."""
    write("court.pdf", pdf(["A first page that says little.", TREATY]))
    library.sync()
    return library.article("court.pdf").text.index("It is in force.")


def raw(server, path):
    """Return status, headers and bytes of a picture."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    connection.request("GET", path)
    reply = connection.getresponse()
    found = reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    connection.close()
    return found


# --- the picture -------------------------------------------------------------------------------------------------------


def test_yellow_is_where_the_quote_stands_and_nowhere_else():
    content = pdf([TREATY])
    text = reader.read(content).text
    (left, top, right, bottom), full = yellow(drawn(content, text, "It is in force."))
    assert (left, right) == (pytest.approx(70, abs=1), pytest.approx(130, abs=4))
    assert 800 - 700 < top < 800 - 686 < bottom < 800 - 680  # Below the line before, and around the base line.
    assert full > 0.8
    assert yellow(drawn(content, text, "18 judges"))[0][1] > 800 - 672


def test_a_quote_of_two_lines_has_a_box_on_each():
    content = pdf([TREATY])
    (left, top, right, bottom), full = yellow(drawn(content, reader.read(content).text, "Rome. It is"))
    assert 800 - 714 < top < 800 - 700 < 800 - 686 < bottom < 800 - 680
    assert left == pytest.approx(70, abs=1)
    assert right > 200
    assert full < 0.6  # The box around both is mostly white.


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_page_that_is_turned_is_marked_as_it_is_seen(rotate):
    straight, turned = pdf([TREATY]), pdf([TREATY], rotate=rotate)
    image = drawn(turned, reader.read(turned).text, "It is in force.").rotate(rotate, expand=True)
    expected = drawn(straight, reader.read(straight).text, "It is in force.")
    assert yellow(image)[0] == [pytest.approx(each, abs=3) for each in yellow(expected)[0]]


def test_running_heads_do_not_move_the_mark():
    content = pdf([f"70,770|It is so on {n}.\nThis is page {n}.\nIt is so on {n}." for n in (1, 2, 3)])
    text = reader.read(content).text[slice(*(each.start for each in reader.read(content).locators[1:3]))].strip()
    assert "It is so on 2." in text
    assert yellow(drawn(content, text, "It is so on 2.", 1))[0][1] > 800 - 686


def test_every_page_of_the_printed_files_can_be_marked():
    for name in ("one-column", "two-columns", "three-columns"):
        whole = (FILES / f"{name}.pdf").read_bytes()
        read = reader.read(whole)
        starts = [*(each.start for each in read.locators), len(read.text)]
        for number in range(len(read.locators)):
            text = read.text[starts[number] : starts[number + 1]]
            assert yellow(Image.open(io.BytesIO(picture.draw(whole, number, text, Span(20, 90)))))[1] > 0.1


def test_a_text_that_is_not_of_the_page_marks_nothing():
    with pytest.raises(UnreadableError, match="not of this page"):
        picture.draw(pdf([TREATY]), 0, "Another text.", Span(0, 7))


def test_a_picture_is_never_larger_than_a_screen_needs():
    for media in ("0 0 14400 14400", "0 0 1 14400", "0 0 14400 1"):
        image = Image.open(io.BytesIO(picture.draw(pdf(["70,5|A"], media=media), 0, "A", Span(0, 1))))
        assert image.width * image.height <= 1.1 * picture.MOST_PIXELS


# --- over HTTP ---------------------------------------------------------------------------------------------------------


def test_only_pages_of_the_index_are_drawn_and_only_while_the_file_is_the_same(library, seeds, write, court):
    span = Span(court, court + 15)
    assert page_picture.png(library, "court.pdf", "1", span).startswith(b"\x89PNG")
    for id, number, where in (
        ("court.pdf", "0", span),
        ("court.pdf", "-1", span),
        ("court.pdf", "1", None),
        ("court.pdf", "1", Span(-1, -1)),
        ("court.pdf", "1", Span(0, 10**9)),
        ("../court.pdf", "1", span),
        ("other.pdf", "1", span),
    ):
        assert page_picture.png(library, id, number, where) is None
    write("court.pdf", pdf(["A first page that says little.", TREATY], info="/Title (Another)"))
    assert page_picture.png(library, "court.pdf", "1", span) is None


def test_the_reading_page_shows_the_page_of_the_quote(tmp_path):
    with started(tmp_path) as (address, _):
        server = address.rstrip("/")
        (tmp_path / "seeds" / "a b.pdf").write_bytes(pdf(["A first page.", TREATY]))
        call(server, "POST", "/shelf/sync", headers={"Origin": server})
        settled(server)
        status, _, page = call(server, "GET", "/shelf/articles/a%20b.pdf?start=15&end=45")
        found = unescape(re.search(r'<img loading="lazy" src="([^"]*)" alt="([^"]*)"', page)[1])
        assert (status, found) == (200, "/shelf/pages/a%20b.pdf?page=1&start=15&end=45")
        status, headers, _ = raw(server, found)
        assert (status, headers["content-type"], headers["cache-control"]) == (200, "image/png", "no-store")
        assert raw(server, found.replace("page=1", "page=7"))[0] == 404


@pytest.mark.browser
def test_a_picture_that_cannot_be_had_gives_way_to_the_text(browser, tmp_path):
    from playwright.sync_api import expect

    with started(tmp_path) as (address, _):
        file = tmp_path / "seeds" / "court.pdf"
        file.write_bytes(pdf(["A first page.", TREATY]))
        call(address.rstrip("/"), "POST", "/shelf/sync", headers={"Origin": address.rstrip("/")})
        settled(address.rstrip("/"))
        page = browser.new_page()
        page.goto(f"{address}shelf/articles/court.pdf?start=15&end=45")
        assert comes_true(page, "document.querySelector('.qa-page-picture img').naturalWidth > 500")
        file.write_bytes(pdf(["Another first page.", TREATY]))
        page.reload()
        expect(page.locator(".qa-page-picture")).to_have_count(0)
        expect(page.locator("mark")).to_be_in_viewport()
        page.close()


# --- in the page -------------------------------------------------------------------------------------------------------


def test_a_quote_on_two_pages_shows_both_each_with_its_label():
    article = Article("a.pdf", "One. Two. Three.", "a", locators=(Locator(0, "page", "i"), Locator(5, "page", "<2>")))
    html = unescape(page_figures(article, Span(2, 9), Words("es")))
    assert re.findall(r"page=(\d)&start=2&end=9", html) == ["0", "1"]
    assert re.findall(r'alt="([^"]*)"', html) == [f"Página {label} del archivo, con la cita marcada" for label in ("i", "<2>")]
    assert "<2>" not in page_figures(article, Span(2, 9), ENGLISH)


def test_an_article_without_pages_or_a_quote_shows_none():
    assert page_figures(Article("a.md", "One.", "a"), Span(0, 3), ENGLISH) == ""
    assert page_figures(Article("a.pdf", "One.", "a", locators=(Locator(0, "page", "1"),)), None, ENGLISH) == ""
    assert page_figures(Article("a.pdf", "One.", "a", locators=(Locator(0, "page", "1"),)), Span(2, 99), ENGLISH) == ""
