"""Every file of a folder is accounted for: read, unreadable, of another kind, or left out on purpose, as git would."""

import os
import random
import shutil
import subprocess
import time

import pytest

from qa.errors import FolderError
from qa.reading import ignore
from qa.reading.folder import find, in_words, scan
from qa.types import Failure

OFFICE = "The prosecutor opened an office in Caracas."


def ids(seeds):
    return [file.id for file in scan(seeds).files]


def test_files_of_other_kinds_are_counted_by_ending(seeds, write):
    for name in ("a.md", "one.MP4", "two.mp4", "x/box.zip", "LICENCE", "notes.final version", "x.tar.gz"):
        write(name, "Text.")
    found = scan(seeds)
    assert found.others == {"MP4": 2, "no ending": 2, "GZ": 1, "ZIP": 1}
    assert list(found.others) == ["MP4", "no ending", "GZ", "ZIP"]
    assert in_words({f"E{n}": 1 for n in range(20)}).endswith("1 E7, …")


def test_hidden_files_and_folders_are_counted_once_each(seeds, write):
    for name in ("a.md", ".b.md", ".git/c.md", ".git/d/e.md", "node_modules/f.md", "x/__pycache__/g.md", "~$a.md"):
        write(name, "Text.")
    for own in (".qaignore", ".examples"):
        write(own, "")
    found = scan(seeds)
    assert (ids(seeds), found.hidden, found.others, found.failures) == (["a.md"], 5, {}, [])
    assert not any(find(seeds, id) for id in (".b.md", ".git/c.md", "node_modules/f.md", "x/__pycache__/g.md", "~$a.md"))


def test_the_nearest_qaignore_decides_and_an_ignored_folder_is_not_entered(seeds, write):
    for name in ("a.md", "draft-a.md", "old/b.md", "x/draft-b.md", "x/c.md", "x/old/d.md", "kept/draft-e.md"):
        write(name, "Text.")
    write(".qaignore", "# by us\n\ndraft-*\nold/\n")
    write("kept/.qaignore", "!draft-*\n")
    write("x/.qaignore", "/c.md")
    found = scan(seeds)
    assert (ids(seeds), found.hidden, found.failures) == (["a.md", "kept/draft-e.md"], 5, [])
    assert find(seeds, "kept/draft-e.md")
    assert not any(find(seeds, id) for id in ("draft-a.md", "old/b.md", "x/c.md", "x/old/d.md"))


def test_names_in_other_forms_of_unicode_are_ignored_as_well(seeds, write):
    write("cafe\u0301.md", "Text.")
    write(".qaignore", "café.md")
    assert ids(seeds) == []
    assert find(seeds, "café.md") is None


def by_git(seeds, files):
    settings = ["-c", f"core.excludesFile={seeds / '.qaignore'}"]
    command = ["git", "-C", seeds, *settings, "check-ignore", "--no-index", "--stdin", "-z"]
    return subprocess.run(command, input="\0".join(files), capture_output=True, text=True, check=False).stdout.split("\0")


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_patterns_mean_what_they_mean_to_git(seeds, write):
    """Random patterns over random trees: git itself says which files are ignored."""
    subprocess.run(["git", "init", "-q", seeds], check=True)
    chance = random.Random(9)
    names = ["a", "b", "ab", "abab", "a b", "[x]", "a.md", "b.md", "aab.md"]
    for _ in range(150):
        write("/".join([*chance.choices(names[:6], k=chance.randrange(3)), chance.choice(names[6:])]), "Text.")
    files = sorted(path.relative_to(seeds).as_posix() for path in seeds.rglob("*.md"))
    parts = ["a", "b", "*", "**", "*a*b*", "?", "a*", "*.md", "[ab]", "[!a]*", "a.md", r"\[x\]", "a\\ b", "*a*a*b*.md"]
    for _ in range(60):
        lines = []
        for _ in range(chance.randrange(1, 5)):
            line = "/".join(chance.choices(parts, k=chance.randrange(1, 4)))
            lines.append(chance.choice(["", "", "!"]) + chance.choice(["", "", "/"]) + line + chance.choice(["", "", "/"]))
        write(".qaignore", "\n".join(lines))
        ignored = set(by_git(seeds, files))
        assert ids(seeds) == [file for file in files if file not in ignored], lines


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00\xff binary", "is not text: it is not used"),
        (b"caf\xe9.md", "is not text: it is not used"),
        (b"a.md\n" * 2_000_000, "over 64,000 bytes: it is not used"),
        (b"*\n" * 1_000, "has over 1,000 lines: it is not used"),
    ],
)
def test_a_qaignore_that_cannot_be_used_is_one_failure(seeds, write, content, reason):
    write("a.md", "Text.")
    write(".qaignore", content)
    assert scan(seeds).failures == [Failure(".qaignore", reason)]
    assert ids(seeds) == ["a.md"]


def test_lines_that_are_no_patterns_are_named_and_the_others_hold(seeds, write):
    write("a.md", "Text.")
    write("b.md", "Text.")
    write(".qaignore", "b.md\n[a-\n!\nfoo\\\n[[a]\na/**/b/**/c/**/d/**/e\n")
    (failure,) = scan(seeds).failures
    assert failure == Failure(".qaignore", "line 2, 3, 4, …: no pattern as git has them, or too intricate; the others hold")
    assert ids(seeds) == ["a.md"]


def test_a_qaignore_that_is_no_plain_file_of_the_folder_is_not_read(seeds, write, tmp_path):
    (tmp_path / "outside").write_text("*")
    write("a.md", "Text.")
    (seeds / ".qaignore").symlink_to(tmp_path / "outside")
    (seeds / "x").mkdir()
    os.mkfifo(seeds / "x" / ".qaignore")
    write("y/.qaignore/z.md", "Text.")
    assert [failure.article_id for failure in scan(seeds).failures] == [".qaignore", "x/.qaignore", "y/.qaignore"]
    assert ids(seeds) == ["a.md"]


def test_intricate_patterns_take_no_longer_than_plain_ones():
    hostile = "\n".join(["*a" * n + "*b" for n in range(1, 60)] + ["**/" + "*?[a-z]" * 20 + "*b", "a*/**/*a*b"])
    patterns = ignore.patterns(hostile.encode())
    started = time.monotonic()
    for name in ("a" * 255, "/".join(["a" * 255] * 15), "a/" * 2_000):
        assert patterns.leave_out(name) is None
    assert (patterns.complaint, time.monotonic() - started < 2) == ("", True)


def test_an_ignored_article_goes_at_the_next_question_and_comes_back(library, write, seeds):
    write("a.md", OFFICE)
    write("b.md", "Goats climb.")
    library.sync()
    write(".qaignore", "a.md")
    assert library.changed_files() == {"a.md": "gone"}
    assert not any(hit.citation.article_id == "a.md" for hit in library.retrieve(OFFICE))
    report = library.sync()
    assert (report.removed, report.hidden, library.status().hidden) == (1, 1, 1)
    (seeds / ".qaignore").unlink()
    assert library.changed_files() == {"a.md": "new"}
    assert library.sync().added == 1


def test_what_is_wrong_with_a_qaignore_is_noted_and_forgotten(library, write, seeds):
    write("a.md", OFFICE)
    library.sync()
    write(".qaignore", b"\0")
    assert library.changed_files() == {".qaignore": "new"}
    assert [failure.article_id for failure in library.sync().failed] == [".qaignore"]
    assert library.changed_files() == {}
    (seeds / ".qaignore").unlink()
    assert library.changed_files() == {".qaignore": "gone"}
    assert library.sync().failed == ()


def test_sync_and_status_count_what_is_left_out(library, write):
    for name in ("a.md", "b.zip", "c.zip", ".d.md"):
        write(name, OFFICE)
    report, status = library.sync(), library.status()
    assert (report.others, report.hidden) == (status.others, status.hidden) == ({"ZIP": 2}, 1)


def test_a_folder_of_other_kinds_says_what_is_there_and_which_kinds_are_read(library, write):
    for name in ("b.mp4", "c.zip", "d.ZIP", ".d.md"):
        write(name, OFFICE)
    there = "3 files of kinds that are not read: 2 ZIP, 1 MP4 and 1 hidden or ignored files and folders"
    said = rf"holds no articles but {there}: put some there \(\.md, "
    with pytest.raises(FolderError, match=said):
        library.sync()


@pytest.mark.exhaustive
def test_a_scan_of_a_hundred_thousand_files_with_patterns_is_done_in_seconds(seeds, write):
    for n in range(100):
        folder = seeds / f"folder{n}"
        folder.mkdir()
        for m in range(1_000):
            (folder / f"report-{m} of something.md").touch()
    started = time.monotonic()
    assert len(scan(seeds).files) == 100_000
    plain_s, started = time.monotonic() - started, time.monotonic()
    write(
        ".qaignore",
        "\n".join(["*.tmp", "!keep.md", "*draft*", "**/secret/**", "folder7/"] + [f"old-{n}-*.md" for n in range(15)]),
    )
    assert len(scan(seeds).files) == 99_000
    assert time.monotonic() - started < plain_s + 3
