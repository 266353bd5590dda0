"""Web pages as people save them: the article of a page is kept whole, and what is around it left out."""

import re
import time
from pathlib import Path

import pytest
from words_f import words_f

from qa import Failure
from qa.reading.formats import read

FILES = Path(__file__).parents[1] / "files" / "html"
AROUND = (
    "cookies",
    "Most read",
    "briefing",
    "seadog71",
    "Related stories",
    "Imprint",
    "GONE",
    "Share on",
    "Subscribe",
    "Random",
)
TRUTH = {
    "news.html": "news.md",
    "news.mhtml": "news.md",
    "pandoc.html": "news.md",
    "office.html": "news.md",
    "wiki.html": "wiki.md",
    "docs.html": "docs.md",
}


def page(name):
    found = read(name, (FILES / name).read_bytes())
    assert not isinstance(found, Failure)
    return found


def text_of(html, name="a.html"):
    found = read(name, html.encode() if isinstance(html, str) else html)
    return found.reason if isinstance(found, Failure) else found.text


@pytest.mark.parametrize("name", TRUTH)
def test_a_page_is_its_article_and_nothing_else(name):
    truth, found = (FILES / TRUTH[name]).read_text(), page(name)
    assert words_f(found.text, truth) >= 0.97
    assert not [words for words in AROUND if words in found.text]
    for heading in re.findall(r"^#+ .*", truth, re.MULTILINE):
        assert heading in found.text.splitlines()
    for item in re.findall(r"^(?:- |\d\. ).*", truth, re.MULTILINE):
        assert item.replace("`", "") in found.text.replace("`", "").splitlines()
    for row in re.findall(r"^\| *[\w–() ]+ *\|.*", truth, re.MULTILINE):
        assert f"| {' | '.join(cell.strip() for cell in row.strip('|').split('|'))} |" in found.text.splitlines()


def test_code_keeps_its_lines_and_language():
    text = page("docs.html").text
    assert '```python\nfrom harbour import load\n\nsettings = load("harbour.toml")\nfor name, value' in text
    assert "```bash\nHARBOUR_DEPTH=12 harbour run --strict\n```" in text
    assert "- strict: If true, a name that is not known is an error." in text


def test_marks_of_foot_notes_and_links_to_edit_are_left_out():
    text = page("wiki.html").text
    assert "in the storm of 1868, together with the house of its keeper. The" in text
    assert "[edit]" not in text
    assert "¶" not in page("docs.html").text


@pytest.mark.parametrize("name", ["news.html", "news.mhtml"])
def test_a_page_says_who_wrote_it_when_and_where(name):
    found = page(name)
    assert (found.title, found.author) == ("Harbour council votes to keep the night ferry", "Lena Korvald")
    assert (found.date, found.source, found.language) == ("2024-06-12", "Averra Courier", "en")
    assert found.url == "https://courier.example/2024/06/night-ferry"
    assert found.tags == ("ferry", "council", "Port Averra")


def test_an_encyclopedia_has_the_date_of_its_last_change_and_no_author():
    found = page("wiki.html")
    assert (found.title, found.date, found.author) == ("Averra Light", "2024-05-02", "")


@pytest.mark.parametrize(
    "author",
    ["Authority control databases", "Agent 007", "x@example.org", "V", "A very long name " * 5, "https://x.example/me"],
)
def test_what_is_no_name_is_no_author(author):
    html = f'<head><meta name="author" content="{author}"></head><body><p>Text of the page.</p></body>'
    assert read("a.html", html.encode()).author == ""


def test_a_date_in_the_text_is_not_the_date_of_the_page():
    assert read("a.html", b"<title>T</title><p>It was on 3 May 2011 that we met.</p><p>Copyright 2019</p>").date == ""


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="{}">', "windows-1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset={}">', "koi8-r"),
        ("<meta charset={}>", "utf-8"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ("<?xml version='1.0' encoding='{}'?>", "iso-8859-5"),
        ('<meta charset="windows-1252">', "utf-8"),
    ],
)
def test_a_page_is_decoded_as_it_says_unless_its_bytes_say_otherwise(head, encoding):
    html = f"{head.format(encoding)}<body><p>Заседание суда было открытым.</p></body>"
    assert text_of(html.encode(encoding)) == "Заседание суда было открытым."


def test_latin_1_is_read_as_browsers_read_it():
    assert text_of('<meta charset="iso-8859-1"><p>“Señor” – €5</p>'.encode("cp1252")) == "“Señor” – €5"


@pytest.mark.parametrize("name", ["utf-7", "rot13", "unicode_escape", "no-such-thing"])
def test_no_other_codec_is_run(name):
    assert text_of(f'<meta charset="{name}"><p>Plain +ADw- \\x41 text.</p>') == "Plain +ADw- \\x41 text."


def test_a_short_page_is_kept_whole():
    html = "<h1>List</h1><ul><li>one</li><li>two</li></ul><h2>End</h2><p>That is all.</p>"
    assert text_of(html) == "# List\n\n- one\n- two\n\n## End\n\nThat is all."


def test_entities_are_not_resolved_and_files_not_read():
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    declared = f'<!DOCTYPE html [<!ENTITY l0 "lol">{entities}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    text = text_of(f'<?xml version="1.0"?>{declared}<html><body><p>Before &l11; &x; after.</p></body></html>', "a.xhtml")
    assert "root:" not in text
    assert "lollol" not in text
    assert text.endswith("Before &l11; &x; after.")


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("", "empty"),
        ("<!-- nothing -->", "empty"),
        ("<script>only()</script>", "no text but what its scripts would put there: save the page from a browser, as MHTML"),
        ("<ul><li>" * 100_000 + "deep", "damaged: its elements are nested deeper than those of any page"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff\0\0\xff" * 20, "not text: binary, or in an encoding that cannot be told"),
    ],
)
def test_a_page_without_text_is_reported(html, reason):
    assert text_of(html) == reason


def test_a_saved_page_without_a_page_is_reported():
    assert "no page in it" in text_of("Content-Type: image/png\n\nabc", "a.mhtml")


@pytest.mark.parametrize(
    "html",
    [
        f"<p>Before.</p>{'<div>' * 100_000}deep",
        f'<p title="{"x" * 3_000_000}">Before. deep</p>',
        f"<p>Before. deep {'<' * 500_000}",
        f"<p>Before. deep</p>{'<div class=toc>' * 2_000}{'<i>x</i>' * 20_000}",
        "<p>Before. deep" + "<table><tr><td>" * 600,
    ],
    ids=["nested", "attribute", "brackets", "around", "tables"],
)
def test_hostile_pages_are_read_in_bounded_time(html):
    begun = time.process_time()
    text = text_of(html)
    assert text.startswith("Before.")
    assert "deep" in text
    assert time.process_time() - begun < 10


def test_a_quote_of_a_page_is_cited_and_verified(library, write, seeds):
    for name in ("news.html", "news.mhtml"):
        write(name, (FILES / name).read_bytes())
    assert library.sync().failed == ()
    for hit in library.retrieve("How many passengers did the survey of the port authority ask?"):
        citation = hit.citation
        assert citation.span.of(page(citation.article_id).text) == citation.quote
        assert citation.verify(seeds).standing == "exact"
