"""An index may come from somebody else: nothing outside it is touched, and damage is an error of one line."""

import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from small_encoder import SmallEncoder
from test_update import snapshot

from qa import Library, doctor
from qa.encoding import compiled_folder, compiling, loading
from qa.encoding.compiled_folder import find_card
from qa.errors import DamagedError, EncoderError, FolderError, IndexMismatchError, QaError
from qa.store.schema import CHECKED, crc32

OFFICE = "The prosecutor opened an office in Caracas. It is small."
VOTE = "The treaty was adopted by a vote of 120 to 7. Seven states were against."
posix = pytest.mark.skipif(os.name != "posix", reason="links are made as POSIX has them")


@pytest.fixture
def indexed(library, write):
    write("a.md", OFFICE)
    write("b.md", VOTE)
    library.sync()
    library.close()
    return library


@pytest.fixture
def victim(tmp_path):
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years of work")
    return folder


def is_whole(victim: Path) -> bool:
    return [path.name for path in victim.iterdir()] == ["thesis.txt"] and (victim / "thesis.txt").read_text() == (
        "ten years of work"
    )


# --- the compiled encoder

PRINT = "0123456789abcdef"
FILES = {"model.safetensors": [1, 2]}


def card(**changed) -> dict:
    return {
        "name": "planted",
        "files": FILES,
        "fingerprint": PRINT,
        "traits": [256, 3, "", "", True, "mean", 0],
        "why_not": "",
        "made": {"model.bin": 1, "model.xml": 2, "tokenizer.json": 3},
        "probe": [0.1, 0.2, 0.3],
        **changed,
    }


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of compiled encoders; compiling raises an error."""

    def compile_again(*arguments):
        raise EncoderError("compiled anew")

    monkeypatch.setattr(loading, "model_folder", lambda name: tmp_path)
    monkeypatch.setattr(loading, "files_of", lambda folder: FILES)
    monkeypatch.setattr(loading, "fingerprint_of", lambda *arguments: PRINT)
    monkeypatch.setattr(compiling, "_compile", compile_again)
    loading.load.cache_clear()
    (tmp_path / "embeddings" / "encoder" / PRINT).mkdir(parents=True)
    return tmp_path / "embeddings" / "encoder"


@pytest.mark.parametrize("how", ["above", "absolute", "a link", "another folder"])
def test_planted_card_cannot_remove_outside_files(home, victim, how):
    place = {"above": "../../victim", "absolute": str(victim), "a link": PRINT, "another folder": "f" * 16}[how]
    (home / PRINT / "card.json").write_text(json.dumps(card(fingerprint=place)))
    if how == "a link":
        shutil.rmtree(home / PRINT)
        (home / PRINT).symlink_to(victim)
    with pytest.raises((EncoderError, FolderError), match=r"compiled anew|is a link"):
        loading.load("planted", home)
    assert is_whole(victim)


ODD_CARDS = [
    {"fingerprint": "F" * 16}, {"fingerprint": 7}, {"made": {}}, {"made": {"../../victim/thesis.txt": 1}}, {"made": [1]},
    {"made": {"model.bin": "1", "model.xml": 2, "tokenizer.json": 3}}, {"traits": []}, {"traits": 7}, {"why_not": "because"},
    {"traits": [256, 3, "", "", True, "sum", 0]}, {"traits": [-1, 3, "", "", True, "mean", 0]}, {"probe": "abc"},
    {"traits": [256, True, "", "", True, "mean", 0]}, {"traits": [256, 3, 5, "", True, "mean", 0]}, {"probe": [1, 2, 3]},
    {"probe": [0.1, 0.2]}, {"probe": [0.1, float("nan"), 0.3]}, {"probe": [0.1, float("inf"), 0.3]}, {"more": 1},
]  # fmt: skip


@pytest.mark.parametrize("changed", ODD_CARDS, ids=str)
def test_card_with_an_odd_value_is_ignored(home, changed):
    (home / PRINT / "card.json").write_text(json.dumps(card()))
    assert find_card(home, "planted", FILES)
    (home / PRINT / "card.json").write_text(json.dumps(card(**changed)))
    assert find_card(home, "planted", FILES) is None


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b"7", b"null", b'{"name": 1e999}'])
def test_malformed_card_is_ignored(home, content):
    (home / PRINT / "card.json").write_bytes(content)
    assert find_card(home, "planted", FILES) is None


def test_damaged_compiled_encoder_is_removed_and_other_files_stay(home):
    (home / PRINT / "card.json").write_text(json.dumps(card()))
    for name in ("model.bin", "model.xml", "tokenizer.json", "cache.json", "mine.txt", "cache/1.blob", "cache/mine.blob.txt"):
        (home / PRINT / name).parent.mkdir(exist_ok=True)
        (home / PRINT / name).write_text("damaged")
    with pytest.raises(EncoderError, match="compiled anew"):
        loading.load("planted", home)
    left = sorted(
        path.relative_to(home / PRINT).as_posix() for path in home.rglob("*") if path.is_file() and path.parent != home
    )
    assert left == ["cache/mine.blob.txt", "mine.txt"]


def test_compiled_encoder_replaces_the_old_one_and_other_files_stay(home):
    (home / PRINT / "mine.txt").write_text("mine")
    (home / PRINT / "model.bin").write_text("old")
    new = home / "new"
    new.mkdir()
    for name in ("model.bin", "model.xml", "tokenizer.json", "card.json"):
        (new / name).write_text("new")
    compiled_folder.move_into(new, home / PRINT)
    assert {path.name: path.read_text() for path in (home / PRINT).iterdir()} == {
        "mine.txt": "mine", "model.bin": "new", "model.xml": "new", "tokenizer.json": "new", "card.json": "new",
    }  # fmt: skip


def test_leftovers_of_a_killed_compile_are_removed_by_the_next_sync(indexed):
    home = indexed.embeddings / "encoder"
    for name in (f"new-{PRINT}-ab12cd_f", "new-year", f"new-{PRINT}"):
        (home / name).mkdir(parents=True)
        (home / name / "model.bin").write_text("large")
    (home / f"new-{PRINT}-file").write_text("mine")
    indexed.sync()
    assert sorted(path.name for path in home.iterdir() if path.suffix != ".lock") == [
        f"new-{PRINT}", f"new-{PRINT}-file", "new-year"
    ]  # fmt: skip


def test_running_compile_is_left_alone(indexed):
    from qa.files import alone

    home = indexed.embeddings / "encoder"
    (home / f"new-{PRINT}-ab12cd_f").mkdir(parents=True)
    with alone(home / "compile.lock", 1) as had:
        assert had
        indexed.sync()
    assert (home / f"new-{PRINT}-ab12cd_f").is_dir()


# --- links and names

LINKED = ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-journal", "vectors.faiss", "writer.lock", "writer.txt",
          "lexical/state.json"]  # fmt: skip


@posix
@pytest.mark.parametrize("name", LINKED)
def test_link_in_place_of_our_file_is_refused_and_not_followed(indexed, victim, name):
    (indexed.embeddings / name).unlink(missing_ok=True)
    (indexed.embeddings / name).symlink_to(victim / "thesis.txt")
    with pytest.raises(FolderError, match=r".+ is a link, and may lead anywhere: remove it"):
        indexed.sync()
    assert is_whole(victim)


@posix
@pytest.mark.parametrize("name", ["lexical", "encoder"])
def test_link_in_place_of_our_folder_is_refused_and_not_followed(indexed, victim, name):
    shutil.rmtree(indexed.embeddings / name, ignore_errors=True)
    (indexed.embeddings / name).symlink_to(victim)
    with pytest.raises(FolderError, match="is a link"):
        indexed.sync() if name == "lexical" else compiled_folder.refuse_links(indexed.embeddings / name)
    assert is_whole(victim)


@posix
def test_linked_catalog_gets_no_tables(library, write, tmp_path):
    """A catalog without a version would be taken for a new one."""
    sqlite3.connect(tmp_path / "theirs.sqlite").execute("CREATE TABLE t (x)").connection.close()
    before = (tmp_path / "theirs.sqlite").read_bytes()
    library.embeddings.mkdir()
    (library.embeddings / "catalog.sqlite").symlink_to(tmp_path / "theirs.sqlite")
    write("a.md", OFFICE)
    with pytest.raises(FolderError, match="is a link"):
        library.sync()
    assert (tmp_path / "theirs.sqlite").read_bytes() == before


@posix
def test_index_folder_itself_may_be_a_link(indexed, tmp_path):
    indexed.embeddings.rename(tmp_path / "elsewhere")
    indexed.embeddings.symlink_to(tmp_path / "elsewhere")
    assert indexed.sync().unchanged == 2
    assert indexed.retrieve("office in Caracas")


@posix
def test_link_in_place_of_a_temporary_file_is_not_followed(indexed, victim, write):
    for name in ("vectors.faiss", "writer.txt", "lexical/state.json"):
        (indexed.embeddings / f"{name}.{os.getpid()}.tmp").symlink_to(victim / "thesis.txt")
    write("c.md", "Goats climb mountains.")
    assert indexed.sync().added == 1
    assert is_whole(victim)


MINE = ["thesis.tmp", ".tmp-notes", "vectors.faiss.tmp", "vectors.faiss.old.tmp", "lexical/thesis.tmp", "lexical/.tmp-notes"]


def test_files_that_are_not_ours_survive_a_sync_a_rebuild_and_a_repair(indexed):
    for name in MINE:
        (indexed.embeddings / name).write_text("mine")
    (indexed.embeddings / "x.tmp").mkdir()
    (indexed.embeddings / "vectors.faiss.1.tmp").mkdir()
    indexed.sync()
    indexed.sync(rebuild=True)
    doctor.examine(indexed, repair=True)
    assert all((indexed.embeddings / name).read_text() == "mine" for name in MINE)
    assert (indexed.embeddings / "x.tmp").is_dir()


def test_leftovers_of_a_killed_writer_are_removed(indexed):
    left = ["vectors.faiss.123.tmp", "writer.txt.123.tmp", "lexical/state.json.123.tmp", f"lexical/{'0' * 32}.idx.123.tmp"]
    for name in left:
        (indexed.embeddings / name).write_text("half")
    indexed.sync()
    assert not any((indexed.embeddings / name).exists() for name in left)


def test_other_files_in_the_lexical_folder_are_neither_counted_nor_removed(indexed):
    for name in ("notes.txt", "photo.store", "0123.idx"):
        (indexed.embeddings / "lexical" / name).write_text("mine")
    (indexed.embeddings / "lexical" / "folder").mkdir()
    generation = indexed.store.generation
    indexed.sync()
    assert indexed.store.generation == generation
    (indexed.embeddings / "lexical" / "state.json").write_text("rubbish")
    indexed.close()
    indexed.sync()
    names = {path.name for path in (indexed.embeddings / "lexical").iterdir()}
    assert {"notes.txt", "photo.store", "0123.idx", "folder"} <= names
    assert "notes.txt" not in (indexed.embeddings / "lexical" / "state.json").read_text()
    assert doctor.examine(indexed).healthy


@pytest.mark.parametrize("embeddings", ["seeds", "seeds/embeddings", "seeds/a/../b", "link/embeddings"])
def test_index_inside_the_articles_is_refused_before_any_write(tmp_path, seeds, write, embeddings):
    write("a.md", OFFICE)
    if os.name == "posix":
        (tmp_path / "link").symlink_to(seeds)
    elif embeddings.startswith("link"):
        pytest.skip("links are made as POSIX has them")
    with pytest.raises(FolderError, match=r"lies in .*/, and would be taken for articles: give another --embeddings"):
        Library(seeds, tmp_path / embeddings, encoder=SmallEncoder())
    assert [path.name for path in seeds.iterdir()] == ["a.md"]


# --- the catalog


def altered(library, *statements: str) -> None:
    """Change the catalog by SQL, past the library."""
    library.close()
    db = sqlite3.connect(library.embeddings / "catalog.sqlite")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


COLUMNS = {
    "meta": ["value"],
    "articles": [
        "id",
        "live",
        "stamp",
        "sha256",
        "body",
        "title",
        "date",
        "source",
        "url",
        "tags",
        "author",
        "language",
        "locators",
        "reader",
        "title_seen",
        "text",
    ],
    "passages": ["article", "start", "end", "seen", "sentence_count", "sentences", "text", "lead"],
    "vectors": ["seen", "matrix"],
    "tokens": ["seen", "bytes", "packed"],
    "failures": ["id", "stamp", "reason"],
}
EVERY_COLUMN = [(table, column) for table, columns in COLUMNS.items() for column in columns]


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_change_to_any_column_is_found_by_the_doctor_and_repaired(indexed, write, table, column):
    write("empty.md", "")
    indexed.sync()
    answer = indexed.retrieve("office in Caracas")[0].citation
    whole = {"live", "body", "reader", "article", "start", "end", "sentence_count", "bytes"}
    new = f"{column} + 1" if column in whole else f"CAST({column} || 'x' AS {'TEXT' if table != 'vectors' else 'BLOB'})"
    if column in ("title_seen", "seen", "sentences", "matrix", "packed"):
        new = f"CAST({column} || x'00' AS BLOB)"
    altered(indexed, f"UPDATE {table} SET {column} = {new} WHERE rowid = 1" if table not in ("meta", "failures") else
            f"UPDATE {table} SET {column} = {new}")  # fmt: skip
    assert indexed.store.is_damaged()
    assert not doctor.examine(indexed).healthy
    assert doctor.examine(indexed, repair=True).healthy
    assert indexed.retrieve("office in Caracas")[0].citation == answer


def test_damaged_row_is_still_found_after_its_file_is_touched(indexed, seeds):
    altered(indexed, "UPDATE articles SET title = 'Other'")
    for path in seeds.iterdir():
        os.utime(path, (1e9, 1e9))
    assert indexed.sync().unchanged == 2
    assert indexed.store.is_damaged()


FOREIGN = [
    "CREATE TABLE more (x)",
    "CREATE VIEW more AS SELECT 1",
    "CREATE TRIGGER more AFTER INSERT ON articles BEGIN DELETE FROM passages; END",
    "CREATE INDEX more ON articles (title)",
    "ALTER TABLE articles ADD COLUMN more",
    "DROP INDEX passages_seen",
]


@pytest.mark.parametrize("statement", FOREIGN)
def test_foreign_tables_are_an_error_of_one_line_and_repaired_by_a_rebuild(indexed, statement):
    altered(indexed, statement)
    with pytest.raises(DamagedError, match=r"it has other tables than ours\): run 'qa sync --rebuild'"):
        indexed.retrieve("office")
    indexed.sync(rebuild=True)
    assert doctor.examine(indexed).healthy


def test_endless_view_in_place_of_a_table_is_not_read(indexed):
    altered(
        indexed,
        "DROP TABLE failures",
        "CREATE VIEW failures (id, stamp, reason, crc32) AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i, i, i, i FROM n",
    )
    with pytest.raises(DamagedError, match="it has other tables than ours"):
        indexed.sync()


def test_foreign_database_without_a_version_gets_no_tables(library, write):
    library.embeddings.mkdir()
    altered(library, "CREATE TABLE t (x)")
    write("a.md", OFFICE)
    with pytest.raises(DamagedError, match="it has other tables than ours"):
        library.sync()
    assert library.sync(rebuild=True).added == 1
    assert (library.embeddings / "damaged.sqlite").exists()


def journal_that_names(place: Path, page_bytes: int) -> bytes:
    """Return a hot journal that names a super-journal: SQLite would remove that file."""
    name = str(place).encode()
    head = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 0, 1, 1, 512, page_bytes)
    end = struct.pack(">I", (1 << 30) // page_bytes + 1) + name
    return head.ljust(512, b"\0") + end + struct.pack(">II", len(name), sum(name)) + bytes.fromhex("d9d505f920a163d7")


def test_planted_journal_removes_no_other_file(indexed, victim):
    content = (indexed.embeddings / "catalog.sqlite").read_bytes()
    page_bytes = int.from_bytes(content[16:18], "big")
    (indexed.embeddings / "catalog.sqlite-journal").write_bytes(journal_that_names(victim / "thesis.txt", page_bytes))
    with pytest.raises(FolderError, match="names another file, and is not ours: remove it"):
        indexed.retrieve("office")
    assert is_whole(victim)


# --- the words


def test_planted_list_of_files_removes_no_other_file(indexed, write, victim):
    (indexed.embeddings / "lexical" / ".managed.json").write_text(
        json.dumps(["../../victim/thesis.txt", str(victim / "thesis.txt")])
    )
    write("c.md", "Goats climb mountains.")
    indexed.sync()
    indexed.sync(rebuild=True)
    assert is_whole(victim)


USE = """
import sys, os, pathlib
sys.path.insert(0, sys.argv[3])
from small_encoder import SmallEncoder
from qa import Library
with Library(sys.argv[1], sys.argv[2], encoder=SmallEncoder()) as library:
    before = [hit.citation.quote for hit in library.retrieve("prosecutor opened office number", 20)]
    for path in pathlib.Path(sys.argv[2]).rglob("*"):
        if path.is_file() and "catalog" not in path.name and "writer" not in path.name:
            os.truncate(path, 0)
    assert before == [hit.citation.quote for hit in library.retrieve("prosecutor opened office number", 20)]
    assert library.retrieve("goats mountains word77 word1999", 20)
    library.sync()
    print(len(before))
"""


def test_truncating_files_in_use_kills_no_process(indexed, write):
    for number in range(400):
        write(
            f"{number}.md",
            f"The prosecutor opened office number {number}. " + " ".join(f"word{number * 7 + n}" for n in range(60)),
        )
    indexed.sync()
    indexed.close()
    command = [sys.executable, "-c", USE, indexed.seeds, indexed.embeddings, Path(__file__).parents[1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "20\n"), done.stderr
    with Library(indexed.seeds, indexed.embeddings, encoder=SmallEncoder()) as again:
        assert len(again.retrieve("prosecutor opened office number", 20)) == 20


def test_nothing_private_is_left_behind(indexed, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    indexed.retrieve("office")
    indexed.sync(rebuild=True)
    indexed.retrieve("office")
    assert not list((tmp_path / "private").iterdir())


@posix
def test_private_folders_of_killed_writers_are_removed_later(indexed, monkeypatch, tmp_path, victim):
    private = tmp_path / "private"
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    for name in ("qa-words-old", "qa-words-new", "other-old"):
        (private / name).mkdir(parents=True)
        (private / name / "file").write_text("left")
    (private / "qa-words-link").symlink_to(victim)
    for name in ("qa-words-old", "other-old"):
        os.utime(private / name, (1e9, 1e9))
    os.utime(victim, (1e9, 1e9))
    indexed.sync()
    assert sorted(path.name for path in private.iterdir()) == ["other-old", "qa-words-link", "qa-words-new"]
    assert is_whole(victim)


def with_right_checksums(folder: Path, chosen: random.Random) -> None:
    """Change some bytes of Tantivy's files, with the right checksums, as an attacker could."""
    state = json.loads((folder / "state.json").read_text())
    names = sorted(state["files"])
    for name in chosen.sample(names, chosen.choice([1, 1, 1, 2])):
        content = bytearray(state["meta"].encode() if name == "meta.json" else (folder / name).read_bytes())
        for _ in range(chosen.choice([1, 1, 3, 20])):
            content[chosen.randrange(len(content))] = chosen.choice([0, 1, 127, 128, 255, chosen.randrange(256)])
        if chosen.random() < 0.2:
            del content[chosen.randrange(len(content)) :]
        if name == "meta.json":
            state["meta"] = bytes(content).decode("utf-8", "replace")
            content = bytearray(state["meta"].encode())
        else:
            (folder / name).write_bytes(content)
        state["files"][name] = zlib.crc32(content)
    (folder / "state.json").write_text(json.dumps(state))


def words(library: Library) -> None:
    with library.search() as search:
        search.snapshot.words("o")


def used(library: Library) -> None:
    """Do everything that reads an index; only errors of this package may be raised."""
    for call in (
        lambda: library.retrieve("prosecutor opened office", 9),
        lambda: library.ask("Who opened an office in Caracas?"),
        lambda: words(library),
        lambda: library.retrieve("treaty vote", 3, {"tags": "x", "after": "2024"}),
        lambda: library.status(),
        lambda: list(library.store.catalog.articles()),
        lambda: library.article("a.md"),
        lambda: library.why_not("office", "b.md"),
        lambda: library.sync(),
        lambda: doctor.examine(library),
    ):
        with suppress(QaError):
            call()
    library.close()


@pytest.mark.parametrize("seed", range(int(os.environ.get("QA_PLANTED", "24"))))
def test_crafted_lexical_index_is_an_error_of_one_line_or_rebuilt(indexed, seed, capfd):
    with_right_checksums(indexed.embeddings / "lexical", random.Random(seed))
    used(indexed)
    indexed.sync(rebuild=True)
    indexed.close()
    assert doctor.examine(indexed).healthy
    assert indexed.retrieve("office in Caracas")[0].citation.quote == "The prosecutor opened an office in Caracas."


# --- rows with right checksums that make no sense

NUMBERS = [0, -1, 1, 2, 7, 1 << 31, 1 << 32, 1 << 53, 1 << 62, -(1 << 63), (1 << 63) - 1, 1.5, float("inf")]
WORDS = ["", "x", "[", "{}", "null", '["a", 7]', '{"a": 1}', "[" * 5000, "1e999", "NaN", "2024-99-99", "\0", "x" * 100_000,
         '{"fingerprint": "small-1", "passages": 0, "odds": [1e308, -1e308]}', '{"odds": "ab"}', "a.b"]  # fmt: skip


def crafted(old: object, chosen: random.Random) -> object:
    """Return another value for a cell: mostly one of its own type."""
    if isinstance(old, bytes) and chosen.random() < 0.6:
        found = bytearray(old)
        if found:
            found[chosen.randrange(len(found))] = chosen.choice([0, 1, 127, 128, 255])
        return bytes(found[: chosen.choice([len(found), len(found) // 2])] + chosen.randbytes(chosen.choice([0, 0, 1, 8, 256])))
    if isinstance(old, int) and chosen.random() < 0.7:
        return chosen.choice([*NUMBERS, old + 1, old - 1, old * 2])
    return chosen.choice([None, b"", b"\xff\xfe", chosen.randbytes(256), *NUMBERS, *WORDS])


def craft(library: Library, chosen: random.Random) -> None:
    """Change a few cells of the catalog, each with the right checksum."""
    db = sqlite3.connect(library.embeddings / "catalog.sqlite")
    table = chosen.choice(list(CHECKED))
    columns = CHECKED[table][1].split(", ")
    names = ", ".join(columns)
    for _ in range(chosen.choice([1, 1, 1, 3])):
        old = chosen.choice(db.execute(f"SELECT {names} FROM {table}").fetchall())
        new = list(old)
        place = chosen.randrange(len(columns))
        new[place] = crafted(old[place], chosen)
        values = (*new, crc32(*new), *old)
        with suppress(sqlite3.IntegrityError):
            where = " AND ".join(f"{column} IS ?" for column in columns)
            db.execute(f"UPDATE {table} SET {' = ?, '.join(columns)} = ?, crc32 = ? WHERE {where}", values)
    if chosen.random() < 0.1:
        with suppress(sqlite3.IntegrityError):
            db.execute("UPDATE passages SET key = ? WHERE key = 1", (chosen.choice([-5, 0, 1 << 62, (1 << 63) - 1]),))
    db.commit()
    db.close()


@pytest.mark.parametrize("seed", range(int(os.environ.get("QA_PLANTED", "40"))))
def test_crafted_rows_are_an_error_of_one_line_and_repaired(indexed, write, seed):
    write("empty.md", "")
    indexed.sync()
    indexed.close()
    craft(indexed, random.Random(seed))
    used(indexed)
    with suppress(IndexMismatchError):
        doctor.examine(indexed, repair=True)
    if any("was built with" in finding.words for finding in doctor.examine(indexed).findings):
        indexed.sync(rebuild=True)  # The row that says with what: that is told, with this remedy.
    assert doctor.examine(indexed).healthy
    assert indexed.retrieve("office in Caracas")[0].citation.quote == "The prosecutor opened an office in Caracas."


# --- several writers, clocks, copies

SYNC = Path(__file__).parents[1].joinpath("sync_small.py")


def killed_after(seconds: float, *arguments: object) -> None:
    command = [sys.executable, str(SYNC), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()


def test_killed_concurrent_writers_leave_an_index_that_equals_a_fresh_one(tmp_path, seeds, write):
    """Sync, rebuild and repair are killed at any time while another process writes as well."""
    encoder, chosen = SmallEncoder(), random.Random(1)
    encoder.name = loading.BUNDLED
    for number in range(20):
        write(f"{number}.md", f"The prosecutor opened office {number}.\n\nGoats climb mountain {number}.")
    folders = ["--seeds", seeds, "--embeddings", tmp_path / "embeddings"]
    commands = (["sync"], ["sync", "--rebuild"], ["doctor", "--repair"])
    for trial in range(int(os.environ.get("QA_KILLS", "6"))):
        write(f"{chosen.randrange(20)}.md", f"Changed in trial {trial}. The vote was {trial} to 7.")
        first, second = (Thread(target=killed_after, args=(chosen.uniform(0.4, 1.4), *chosen.choice(commands), *folders))
                         for _ in range(2))  # fmt: skip
        third = subprocess.Popen([sys.executable, str(SYNC), *chosen.choice(commands), *map(str, folders)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        first.start(), second.start()
        first.join(), second.join()
        _, told = third.communicate(timeout=60)
        assert third.returncode == 0, told
    with (
        Library(seeds, tmp_path / "embeddings", encoder=encoder) as library,
        Library(seeds, tmp_path / "fresh", encoder=encoder) as fresh,
    ):
        library.sync()
        fresh.sync()
        assert doctor.examine(library).healthy
        assert snapshot(library) == snapshot(fresh)


def test_clock_set_back_hides_no_change(library, write, monkeypatch):
    path = write("a.md", OFFICE)
    library.sync()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    times = path.stat()
    path.write_text(OFFICE.replace("opened", "closed"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert library.sync().changed == 1
    path.write_text(OFFICE)
    os.utime(path, ns=(0, 0))
    assert library.sync().changed == 1
    monkeypatch.setattr(time, "time_ns", lambda: 1 << 62)
    path.write_text(VOTE)
    os.utime(path, ns=(0, 0))
    assert library.sync().changed == 1
    assert library.retrieve("treaty vote")[0].citation.quote == "The treaty was adopted by a vote of 120 to 7."


def test_copy_of_an_index_in_use_is_right_or_an_error_and_can_be_repaired(tmp_path, seeds, write):
    """The copy is made file by file in any order, as by a backup."""
    encoder, chosen, ended = SmallEncoder(), random.Random(2), Event()
    with Library(seeds, tmp_path / "embeddings", encoder=encoder) as writer:
        write("a.md", OFFICE)
        writer.sync()

        def write_on() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                write(f"{number % 30}.md", f"The prosecutor opened office {number}. " + "More words. " * (number % 40))
                writer.sync()

        thread = Thread(target=write_on)
        thread.start()
        try:
            for copy in range(8):
                copied(tmp_path / "embeddings", tmp_path / f"copy{copy}", chosen)
                time.sleep(0.05)
        finally:
            ended.set()
            thread.join()
    for copy in range(8):
        with Library(seeds, tmp_path / f"copy{copy}", encoder=SmallEncoder()) as library:
            with suppress(QaError):
                for hit in library.retrieve("prosecutor opened office", 9):
                    assert hit.citation.quote in (seeds / hit.citation.article_id).read_text()
            doctor.examine(library, repair=True)
            assert doctor.examine(library).healthy
            assert len(library.retrieve("prosecutor opened office", 99)) == len(list(seeds.iterdir()))


def copied(source: Path, target: Path, chosen: random.Random) -> None:
    paths = [path for path in source.rglob("*") if path.is_file()]
    for path in chosen.sample(paths, len(paths)):
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy2(path, target / path.relative_to(source))


# --- OpenVINO


OPENVINO = """
import os, sys, pathlib
from qa.encoding import loading
found = loading.load(loading.BUNDLED, pathlib.Path(sys.argv[1]))
before = found.encode_question("Who signed it?").vector
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file():
        path.chmod(0o644)
        os.truncate(path, 0)
long = found.encode_texts(["The treaty was signed. " * 60] * 8, [()] * 8)
assert abs(found.encode_question("Who signed it?").vector - before).max() < 1e-3
print(found.runtime.partition(" ")[0], "torch" in sys.modules)
"""


def compiled(home: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", OPENVINO, str(home)], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout.strip() or done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["blob", *(pytest.param(n, marks=pytest.mark.exhaustive) for n in ("model.xml", "tokenizer.json"))]
)
@pytest.mark.parametrize("part", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_truncated_or_altered_compiled_encoder_kills_no_process(tmp_path, compiled_encoder, name, part):
    """One file altered or cut in half, with its checksum to match: it is used, or compiled again, and the vectors are right."""
    chosen = random.Random(3)
    home = shutil.copytree(compiled_encoder, tmp_path / "encoder")
    cards = {each: json.loads((each / "card.json").read_text()) for each in compiled_folder.folders(home)}
    (folder,) = (each for each, card in cards.items() if card["name"] == loading.BUNDLED)
    path = next((folder / "cache").glob("*.blob")) if name == "blob" else folder / name
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    for _ in range(30):
        content[chosen.randrange(min(len(content), 400_000))] = chosen.randrange(256)
    path.write_bytes(content[: len(content) // part])
    note = folder / ("cache.json" if name == "blob" else "card.json")
    noted = json.loads(note.read_text())
    (noted if name == "blob" else noted["made"])[path.name] = zlib.crc32(path.read_bytes())
    note.write_text(json.dumps(noted))
    if name != "blob":
        shutil.rmtree(folder / "cache")
    code, said = compiled(home)
    assert (code, said.partition(" ")[0]) == (0, "OpenVINO"), said
