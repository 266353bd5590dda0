"""Whatever a file does to its reader becomes that file's failure, with a reason, and the rest is read."""

import os
import signal
import socket
import threading
import time
import unicodedata
from pathlib import Path

import pytest

from qa import Failure, FolderError, Library, Settings, doctor
from qa.reading import folder, formats, worker

OFFICE = "The prosecutor opened an office in Caracas."
LIMIT = 20_000_000
BOMB = "---\na: &a {x: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 9)}]}}\n"
    for old, new in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
)
"""Merge keys over aliases: twenty levels turn one entry into 9 ** 20."""

ODD_FRONT_MATTER = {
    "bool": "title: !!bool maybe",
    "int": 'title: !!int ""',
    "int of nothing": "title: !!int _",
    "float": 'title: !!float ""',
    "timestamp": "date: !!timestamp x",
    "long hexadecimal title": f"title: 0x{'F' * 5_000}",
    "long hexadecimal tags": f"tags: [0x{'F' * 5_000}]",
    "long hexadecimal date": f"date: 0x{'F' * 5_000}",
    "long binary": f"title: 0b{'1' * 17_000}",
    "sexagesimal": f"title: 1{':59' * 6_000}",
    "binary": "title: !!binary '='",
    "set": "tags: !!set {a, b}",
    "an object": "title: !!python/object/apply:os.system ['touch owned']",
    "a key that is a list": "? [a, b]\n: c\ntitle: d",
    "itself": "title: &a [*a]",
    "an alias of nothing": "title: *nothing",
    "merges": BOMB.removeprefix("---\n") + "title: *u",
}


@pytest.mark.parametrize("head", ODD_FRONT_MATTER.values(), ids=ODD_FRONT_MATTER)
def test_odd_front_matter_is_read_as_text(head, library, write):
    write("a.md", f"---\n{head}\n---\n# Note\n\nSome text of the note.")
    write("b.md", OFFICE)
    started = time.monotonic()
    report = library.sync()
    assert (report.added, report.failed) == (2, ())
    assert library.ask("who opened an office in Caracas").hits[0].citation.article_id == "b.md"
    assert time.monotonic() - started < 5


def test_scalar_in_front_matter_is_read_literally():
    head = "title: yes\ndate: 2024-01-13 08:00:00\ntags: [1_000, ~, null, 2024]\nsource: null\nurl: 1.10"
    article = formats.read("a.md", f"---\n{head}\n---\nText.".encode())
    assert (article.title, article.date, article.tags) == ("yes", "2024-01-13", ("1_000", "2024"))
    assert (article.source, article.url) == ("", "1.10")


def test_front_matter_that_is_not_yaml_is_read_fast(write):
    content = ("---\n" + "title :" + " " * 18_000 + "\nb: c: d" + " " * 18_000 + "x\n---\nText.").encode()
    started = time.monotonic()
    assert formats.read("a.md", content).text
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize("content", [b"x\r" * 5_000_000, b"---\n" * 2_500_000, b"\n" * LIMIT], ids=["x\\r", "---", "blank"])
def test_large_repetitive_file_is_read_fast(content):
    started = time.monotonic()
    formats.read("a.md", content)
    assert time.monotonic() - started < 2


def the_file(seeds):
    (file,) = folder.scan(seeds).files
    return file


def read(file, **limits):
    return worker.read(file, **{"limit_bytes": LIMIT, "limit_s": 20.0} | limits)


def test_file_that_takes_too_long_is_a_failure_and_the_next_is_read(seeds, write):
    write("a.md", ("ab cd " * 3_000_000).encode() + b"\xff x")  # It takes seconds to tell the encoding.
    slow = the_file(seeds)
    started = time.monotonic()
    assert read(slow, limit_s=0.3) == Failure("a.md", "takes more than 0.3 s to read (setting article_s)")
    assert time.monotonic() - started < 2
    write("a.md", OFFICE)
    assert read(the_file(seeds)).article.text == OFFICE


def test_file_that_takes_too_much_memory_is_a_failure_and_the_next_is_read(seeds, write, monkeypatch):
    worker.close()
    monkeypatch.setattr(worker, "MEMORY_BYTES", 30_000_000)
    write("a.md", b"word " * 3_900_000)
    assert read(the_file(seeds)).reason == "takes more than 30 MB of memory to read"
    write("a.md", OFFICE)
    assert read(the_file(seeds)).article.text == OFFICE
    worker.close()


def test_failure_names_only_the_kind_of_the_error(seeds, write):
    write("a.md", OFFICE)
    assert read(the_file(seeds)._replace(size_bytes="secret words")).reason == "cannot be read: TypeError"


def processes():
    return [process._process.pid for process in worker._idle]


def test_killed_reader_is_started_again(seeds, write):
    write("a.md", OFFICE)
    file = the_file(seeds)
    read(file)
    (pid,) = processes()
    os.kill(pid, signal.SIGKILL)
    assert read(file).article.text == OFFICE
    assert processes() not in ([], [pid])


def test_file_whose_reader_dies_each_time_is_a_failure(seeds, write, monkeypatch):
    write("a.md", OFFICE)
    worker.close()
    monkeypatch.setattr(worker, "_START", "import os, sys; sys.stdin.readline(); os._exit(1)")
    assert read(the_file(seeds)) == Failure("a.md", "ends the process that reads it")
    worker.close()


def test_concurrent_readers_each_get_their_own_file(seeds, write):
    texts = {f"{n}.md": f"Article {n}. " * (n + 1) for n in range(40)}
    for name, text in texts.items():
        write(name, text)
    files = folder.scan(seeds).files
    found = {}

    def some(part):
        for file in part:
            found[file.id] = read(file).article.text

    threads = [threading.Thread(target=some, args=(files[n::8],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == texts
    assert len(processes()) == worker.MAX_IDLE


def test_reading_process_imports_only_what_it_needs(seeds, write):
    """Its imports bound what else the process could do, and how long it takes to start."""
    write("a.md", OFFICE)
    read(the_file(seeds))
    (pid,) = processes()
    maps = Path(f"/proc/{pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not tell")
    held = maps.read_text()
    assert "numpy" not in held
    assert "tantivy" not in held


# --- what comes between the look at a file and its opening ----------------------------------------------------------------


def test_pipe_in_place_of_a_file_does_not_block(seeds, write):
    path = write("a.md", OFFICE)
    file = the_file(seeds)
    path.unlink()
    os.mkfifo(path)
    started = time.monotonic()
    assert folder.load(file, LIMIT).reason == "not a plain file"
    assert read(file).reason == "not a plain file"
    assert time.monotonic() - started < 2


def test_link_out_of_the_folder_in_place_of_a_file_is_not_read(seeds, write, tmp_path):
    path = write("a.md", OFFICE)
    file = the_file(seeds)
    (tmp_path / "secret.md").write_text("The password is swordfish.")
    path.unlink()
    path.symlink_to(tmp_path / "secret.md")
    assert "leads out of the folder" in read(file).reason


def test_folder_that_became_a_link_is_not_followed(seeds, write, tmp_path):
    write("sub/a.md", OFFICE)
    file = the_file(seeds)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").write_text("The password is swordfish.")
    (seeds / "sub").rename(tmp_path / "old")
    (seeds / "sub").symlink_to(tmp_path / "elsewhere")
    assert "leads out of the folder" in read(file).reason


def test_file_saved_again_is_read_in_its_new_state(seeds, write):
    write("a.md", OFFICE)
    file = the_file(seeds)
    write("new.txt", "Another text.").replace(seeds / "a.md")
    assert read(file).article.text == "Another text."


# --- names that are one name ----------------------------------------------------------------------------------------------


def names_of(seeds):
    return {path.name for path in seeds.iterdir()}


def test_second_file_with_an_equivalent_unicode_name_is_a_failure(library, seeds, write):
    composed, taken_apart = "café.md", unicodedata.normalize("NFD", "café.md")
    write(composed, OFFICE)
    write(taken_apart, "Goats climb mountains.")
    if names_of(seeds) != {composed, taken_apart}:
        pytest.skip("this file system takes them for one as well")
    for _ in range(2):
        report = library.sync()
        assert report.failed == (Failure("cafe\\u0301.md", f"another file is called {composed} too: rename one of them"),)
    assert library.sync(rebuild=True).added == 0
    assert not library.pending()
    assert library.retrieve("office in Caracas", 1)[0].citation.verify(seeds).standing == "exact"
    (seeds / composed).unlink()
    report = library.sync()
    assert (report.changed, report.failed) == (1, ())
    assert library.retrieve("goats", 1)[0].citation.quote == "Goats climb mountains."


def test_undecodable_name_beside_its_escaped_form_is_a_failure(library, seeds, write):
    write("bad\\xff.md", OFFICE)
    with open(os.fsencode(seeds) + b"/bad\xff.md", "wb") as stream:  # noqa: PTH123
        stream.write(b"Goats climb mountains.")
    report = library.sync()
    assert (report.added, len(report.failed)) == (1, 1)
    assert library.retrieve("office", 1)[0].citation.article_id == "bad\\xff.md"


def test_folder_without_readable_files_is_an_error_of_one_line(library, write):
    write("a.md", b"\0" * 100)
    for act in (library.retrieve, library.ask):
        with pytest.raises(FolderError, match="no article that can be read"):
            act("who?")
    assert [failure.article_id for failure in library.sync().failed] == ["a.md"]


# --- all of it at once ----------------------------------------------------------------------------------------------------


def one_of_each_kind(seeds, write, elsewhere):
    """Fill a folder with every kind of bad file; return the ids of those that cannot be read."""
    for name, head in ODD_FRONT_MATTER.items():
        write(f"odd/{name}.md", f"---\n{head}\n---\n# {name}\n\nSome text of the note called {name}.")
    unreadable = {
        "empty.md": b"",
        "only front matter.md": b"---\ntitle: x\n---\n",
        "binary.txt": bytes(range(256)) * 40,
        "zeros.md": b"\0" * 4096,
        "half utf-16.md": b"\xff\xfeA",
        "slow.md": ("ab cd " * 3_000_000).encode() + b"\xff x",
        "too large.md": b"x" * (LIMIT + 1),
    }
    for name, content in unreadable.items():
        write(name, content)
    os.mkfifo(seeds / "pipe.md")
    (seeds / "round.md").symlink_to("round.md")
    (elsewhere / "secret.md").write_text("The password is swordfish.")
    (seeds / "out.md").symlink_to(elsewhere / "secret.md")
    (seeds / "gone.md").symlink_to(seeds / "nothing.md")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(seeds / "socket.txt"))
    write("café.md", "One text.")
    write(unicodedata.normalize("NFD", "café.md"), "Another text.")
    return {*unreadable, "pipe.md", "round.md", "out.md", "gone.md", "socket.txt", "cafe\\u0301.md"}


def test_folder_with_bad_files_of_every_kind_answers_from_the_rest(seeds, write, tmp_path, encoder):
    unreadable = one_of_each_kind(seeds, write, tmp_path)
    write("office.md", OFFICE)
    started = time.monotonic()
    with Library(seeds, tmp_path / "index", settings=Settings(article_s=1.0), encoder=encoder) as library:
        report = library.sync()
        assert {failure.article_id for failure in report.failed} == unreadable
        assert all(failure.reason and "\n" not in failure.reason for failure in report.failed)
        assert report.added == len(ODD_FRONT_MATTER) + 2
        assert library.retrieve("office in Caracas", 1)[0].citation.article_id == "office.md"
        assert library.ask("who opened an office in Caracas").failed == len(unreadable)
        assert not library.pending()
        assert doctor.examine(library).findings
    assert time.monotonic() - started < 30
