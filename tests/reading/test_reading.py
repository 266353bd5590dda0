import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Article, Failure, FolderError
from qa.reading.decoding import decode
from qa.reading.folder import load, scan
from qa.reading.formats import read


def article(content: str | bytes, id: str = "a.md") -> Article:
    found = read(id, content.encode() if isinstance(content, str) else content)
    assert isinstance(found, Article)
    return found


def test_front_matter_gives_the_metadata():
    found = article('---\ntitle: "One: two"\ndate: 2024-01-13\nsource: AP\nurl: https://x.org\ntags: [a, b]\n---\n\nText.\n')
    assert (found.title, found.date, found.source, found.url) == ("One: two", "2024-01-13", "AP", "https://x.org")
    assert found.tags == ("a", "b")
    assert found.text[found.body :].strip() == "Text."


def test_front_matter_may_have_an_unquoted_colon():
    assert article("---\ntitle: ICC: the office\ndate: 2024-01-13\n---\nText.").title == "ICC: the office"


def test_rule_at_the_top_is_not_front_matter():
    found = article("---\nNot metadata\n---\nText.")
    assert found.body == 0


@pytest.mark.parametrize(
    ("text", "title", "date"),
    [
        ("# The vote\n\nIt was close.", "The vote", ""),
        ("The vote\n\nIt was close.", "The vote", ""),
        (" date 2024-01-13 ICC and ILANUD Unite\n\nOn January 11, they did.", "ICC and ILANUD Unite", "2024-01-13"),
        ("It was close. Very close, in fact, and everyone had gone home by then.", "my file", ""),
        ("date 2024-13-45 Bad\n\nText.", "Bad", ""),
    ],
)
def test_title_and_date_come_from_the_first_line_else_the_name(text, title, date):
    found = article(text, "folder/my_file.txt")
    assert (found.title, found.date) == (title, date)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1251"])
def test_text_survives_its_encoding(encoding):
    text = (
        "Москва, город: заседание суда было открытым. " * 5
        if encoding == "cp1251"
        else "Señor Durán Chavarría met Hofmański’s aide. " * 5
    )
    text = text.replace("ń", "n") if encoding == "cp1252" else text
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "content", [b"", b"   \n\n ", b"---\ntitle: x\n---\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, b"a\0b\0\0c"]
)
def test_file_without_text_is_a_failure_with_its_reason(content):
    found = read("a.md", content)
    assert isinstance(found, Failure)
    assert found.reason


@given(st.binary(max_size=300))
def test_any_bytes_are_an_article_or_a_failure(content):
    found = read("a.md", content)
    assert isinstance(found, Failure) or "\0" not in found.text


@given(st.text(max_size=200))
def test_front_matter_of_any_text_is_one_printable_line_a_field(text):
    found = read("a.md", f"---\ntitle: {text}\ntags: {text}\n---\nBody.".encode("utf-8", "replace"))
    if isinstance(found, Article):
        assert all(field.isprintable() for field in (found.title, found.date, found.source, *found.tags))


def test_ids_are_relative_paths_so_that_names_may_repeat(seeds, write):
    write("a/intro.md", "One.")
    write("b/intro.md", "Two.")
    write("b/.hidden.md", "Three.")
    write("picture.png", "Four.")
    files, failures, *_ = scan(seeds)
    assert [file.id for file in files] == ["a/intro.md", "b/intro.md"]
    assert not failures


def test_ids_are_in_unicode_nfc(seeds, write):
    write("cafe\u0301.md", "Text.")
    assert [file.id for file in scan(seeds).files] == ["café.md"]


def test_links_out_of_the_folder_are_not_followed(seeds, write, tmp_path):
    (tmp_path / "secret.md").write_text("Secret.")
    (seeds / "out.md").symlink_to(tmp_path / "secret.md")
    (seeds / "folder").symlink_to(tmp_path)
    (seeds / "loop.md").symlink_to(seeds / "loop.md")
    (seeds / "in.md").symlink_to(write("real.md", "Real."))
    files, failures, *_ = scan(seeds)
    assert [file.id for file in files] == ["in.md", "real.md"]
    assert {failure.article_id for failure in failures} == {"out.md", "folder", "loop.md"}


def test_oversized_and_unreadable_files_are_failures_with_a_reason(seeds, write):
    write("big.md", "x" * 100)
    file = scan(seeds).files[0]
    assert "limit" in load(file, 50).reason
    file.path.unlink()
    assert "cannot be read" in load(file, 500).reason


def test_fifo_is_not_opened(seeds):
    os.mkfifo(seeds / "pipe.md")
    files, failures, *_ = scan(seeds)
    assert not files
    assert failures == [Failure("pipe.md", "not a plain file")]


def test_missing_folder_is_one_line(tmp_path: Path):
    with pytest.raises(FolderError, match="nowhere/ cannot be read"):
        scan(tmp_path / "nowhere")
