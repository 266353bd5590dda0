"""A folder with a real file of every kind: each answers, exactly and verified, and each is listed when it is damaged."""

import random
import shutil
from email.message import EmailMessage
from pathlib import Path

import pytest
from small_encoder import SmallEncoder

from qa import Library
from qa.reading.formats import FORMATS

FILES = Path(__file__).parent / "files"
COPIED = {
    "one.pdf": ("pdf/one-column.pdf", "Presidency absolute majority", "page 1"),
    "news.html": ("html/news.html", "fare rises in January", "What was decided"),
    "news.mhtml": ("html/news.mhtml", "fare rises in January", "What was decided"),
    "book.epub": ("epub/book.epub", "automatic in the spring", "chapter The keeper’s house"),
    "report.docx": (
        "office/lighthouse-writer.docx",
        "lens was sent to Bilbao",
        "Why it was repaired › What the engineers found",
    ),
    "report.odt": ("office/lighthouse-writer.odt", "lens was sent to Bilbao", "Why it was repaired › What the engineers found"),
    "report.rtf": ("office/lighthouse-writer.rtf", "lens was sent to Bilbao", ""),
    "slides.pptx": ("office/bees-pandoc.pptx", "council will decide about a third roof", "slide 4"),
    "slides.odp": ("office/bees-impress.odp", "council will decide about a third roof", "slide 4"),
    "market.xlsx": ("office/market.xlsx", "Quinces", "sheet"),
    "market.xls": ("office/market.xls", "Quinces", "sheet"),
    "market.ods": ("office/market.ods", "Quinces", "sheet"),
    "patches.mbox": ("mail/patches.mbox", "institute founded", "message 1"),
    "judges.ipynb": ("notebook/judges.ipynb", "six judges elected every three years", "cell 3"),
    "readme.md": ("markdown/readme.md", "install", "line"),
}
"""Files of real programs, each with words that it holds, and how the place of a citation begins."""
WRITTEN = {
    "prices.csv": ("Model,Price\nAlpha,12\nGamma,44\n", "Gamma", "row 3"),
    "prices.tsv": ("Model\tPrice\nAlpha\t12\nGamma\t44\n", "Gamma", "row 3"),
    "articles.jsonl": (
        '{"title": "Goats", "text": "Goats climb mountains."}\n{"text": "Bees sleep."}\n',
        "Bees sleep",
        "record 2",
    ),
    "articles.ndjson": ('{"text": "Goats climb mountains."}\n{"text": "Bees sleep."}\n', "Bees sleep", "record 2"),
    "articles.json": ('[{"text": "Goats climb mountains."}, {"text": "Bees sleep in flowers."}]', "Bees sleep", "record 2"),
    "manual.rst": ("The pump\n========\n\nThe pump starts by itself after ten seconds.\n", "pump starts by itself", "line 4"),
    "notes.org": ("* The pump\nThe pump starts by itself after ten seconds.\n", "pump starts by itself", "line"),
    "paper.tex": ("\\section{The pump}\nThe pump starts by itself after ten seconds.\n", "pump starts by itself", "line"),
    "talk.srt": ("1\n00:00:01,000 --> 00:00:04,000\nThe pump starts by itself.\n", "pump starts by itself", "time"),
    "talk.vtt": ("WEBVTT\n\n00:01.000 --> 00:04.000\nThe pump starts by itself.\n", "pump starts by itself", "time"),
    "plain.txt": ("The pump starts by itself after ten seconds.\n", "pump starts by itself", "line 1"),
}
"""Files that are text, in the same way."""
TEXTS = (".md", ".txt", ".markdown", ".rst", ".org", ".tex")
"""Kinds of which any text is a file."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("every") / "seeds"
    folder.mkdir()
    for name, (source, *_) in COPIED.items():
        shutil.copy(FILES / source, folder / name)
    for name, (text, *_) in WRITTEN.items():
        folder.joinpath(name).write_text(text, encoding="utf-8")
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["Date"] = "The pump", "Ann Lee <ann@example.org>", "Thu, 11 Jan 2024 09:00:00 -0600"
    mail.set_content("The pump starts by itself after ten seconds.\n")
    folder.joinpath("pump.eml").write_bytes(mail.as_bytes())
    return folder


@pytest.fixture(scope="module")
def library(seeds):
    with Library(seeds, seeds.parent / "embeddings", encoder=SmallEncoder()) as opened:
        assert opened.sync().failed == ()
        yield opened


QUESTIONS = {name: each[1:] for name, each in (COPIED | WRITTEN).items()} | {"pump.eml": ("pump starts by itself", "")}


@pytest.mark.parametrize("name", QUESTIONS)
def test_file_of_each_kind_is_cited_exactly_and_the_citation_verified(library, seeds, name):
    words, begins = QUESTIONS[name]
    cited = library.retrieve(words, 1, {"path": name})[0].citation
    article = library.article(name)
    assert cited.span.of(article.text) == cited.quote
    assert cited.within.startswith(begins), cited.within
    assert not {word.casefold() for word in words.split()[-1:]}.isdisjoint(cited.quote.casefold().replace(".", " ").split())
    verdict = cited.verify(seeds)
    assert (verdict.standing, verdict.now) == ("exact", cited)


def test_every_kind_that_is_read_has_a_file_here():
    same = {".htm", ".xhtml", ".mht", ".markdown", ".xlsm"}
    assert {Path(name).suffix for name in QUESTIONS} == FORMATS.keys() - same


def damaged(content: bytes, chosen: random.Random) -> bytes:
    """Return a file as after a broken copy, or as another program would write it."""
    return chosen.choice([content[: len(content) // 3], chosen.randbytes(2_000), b"\0" * len(content), b""])


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_each_listed_with_a_reason_or_read_as_what_is_left(seeds, tmp_path, seed):
    chosen, folder = random.Random(seed), tmp_path / "seeds"
    shutil.copytree(seeds, folder)
    for path in sorted(folder.iterdir()):
        if path.suffix not in TEXTS:
            path.write_bytes(damaged(path.read_bytes(), chosen))
    with Library(folder, tmp_path / "embeddings", encoder=SmallEncoder()) as library:
        report = library.sync()
        listed = {each.article_id for each in report.failed}
        read = {each.id for each in library.articles()}
    assert listed | read == {path.name for path in folder.iterdir()}
    assert not listed & read
    assert all(each.reason and "\n" not in each.reason and len(each.reason) < 200 for each in report.failed)
    assert {"one.pdf", "book.epub", "report.docx", "report.odt", "slides.pptx", "market.xlsx"} <= listed
