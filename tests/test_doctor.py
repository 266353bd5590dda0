"""The doctor names what is wrong, and `--repair` repairs it."""

import json
from itertools import combinations

import pytest

from qa import doctor
from qa.doctor import near_duplicates
from qa.store import integrity
from qa.text.near_duplicates import Shingled

OFFICE = "The prosecutor opened an office in Caracas. It is small."
VOTE = (
    "The treaty was adopted by a vote of 120 to 7 states after a long night of talks about the powers of the court, which was"
    " to judge the gravest crimes, wherever they are done, if no state does so itself, and to sit in a city yet to be named."
)


@pytest.fixture
def indexed(library, write):
    write("a.md", OFFICE)
    write("b.md", VOTE)
    library.sync()
    return library


def troubles(library, **options) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in doctor.examine(library, **options).findings:
        if finding.state != "ok":
            found.setdefault(finding.about, []).append(finding.words)
    return found


def rows(library, statement):
    with library.store.catalog.database.transaction():
        library.store.catalog.database.execute(statement)


def test_sound_index_is_healthy_and_every_part_is_reported(indexed):
    health = doctor.examine(indexed)
    assert health.healthy
    assert [finding.about for finding in health.findings if finding.state == "ok"] == [
        "articles", "in step", "catalog", "vectors", "words", "encoder", "disk", "memory", "versions", "access"
    ]  # fmt: skip


def test_no_index_is_a_problem(library, write):
    write("a.md", OFFICE)
    assert troubles(library) == {"in step": ["there is no index yet"]}
    assert not doctor.examine(library).healthy
    assert doctor.examine(library, repair=True).healthy


@pytest.mark.parametrize("table", ["articles", "passages", "vectors", "tokens", "meta"])
def test_damaged_row_is_found_and_repaired(indexed, table):
    column = {"articles": "text", "passages": "text", "vectors": "matrix", "tokens": "packed", "meta": "value"}[table]
    row = "WHERE key = 'runtime'" if table == "meta" else ""
    rows(indexed, f"UPDATE {table} SET {column} = replace({column}, substr({column}, 1, 1), 'X') {row}")
    assert indexed.store.is_damaged()
    assert not doctor.examine(indexed).healthy
    assert troubles(indexed, repair=True) == {}
    assert indexed.retrieve("office in Caracas")[0].citation.quote == "The prosecutor opened an office in Caracas."


def test_lost_and_damaged_indexes_are_found(indexed):
    (indexed.embeddings / "vectors.faiss").unlink()
    next((indexed.embeddings / "lexical").glob("*.term")).write_text("{}")
    found = troubles(indexed)
    assert found["vectors"] == ["the file is missing or damaged"]
    assert found["words"] == ["the files are damaged: a file is damaged"]
    indexed.close()
    assert troubles(indexed, repair=True) == {}


def test_orphaned_rows_are_found_and_removed(indexed):
    rows(indexed, "INSERT INTO vectors VALUES (x'00', x'00', 3523407757)")
    assert troubles(indexed)["catalog"] == ["1 vectors belong to no passage"] or indexed.store.is_damaged()
    assert troubles(indexed, repair=True) == {}
    assert integrity.unused_vectors(indexed.store.catalog.database) == 0


def test_encoder_that_gives_other_vectors_is_found(indexed, encoder):
    encoder._word = lambda word: type(encoder)._word(encoder, f"another {word}")
    assert "gives other vectors" in troubles(indexed)["encoder"][0]
    assert troubles(indexed, repair=True) == {}


def test_changed_unreadable_incomplete_and_duplicate_articles_are_notes(indexed, write):
    write("c.md", "")
    write("d.md", "Señor".encode()[:3])
    write("e.md", VOTE.replace("long night", "whole night"))
    write("f.zip", "Text.")
    assert troubles(indexed)["in step"] == ["3 files pending"]
    indexed.sync()
    found = troubles(indexed)
    assert found["articles"] == [
        "1 files of other kinds are not read: 1 ZIP",
        "c.md cannot be read: empty",
        "d.md ends in the middle of a character: it may have been cut off",
    ]
    assert found["duplicates"] == ["b.md and e.md say the same in nearly the same words"]
    assert doctor.examine(indexed).healthy


def test_near_duplicates_equal_those_of_comparing_all_pairs():
    texts = {f"{n}": " ".join(f"word{(n // 3) * 40 + i}" for i in range(60)) + " end" * (n % 3 == 1) for n in range(30)}
    texts |= {"same": texts["0"], "short": "word", "empty": ""}
    expected = [
        pair for pair in combinations(sorted(texts), 2) if Shingled(texts[pair[0]]).is_near_duplicate(Shingled(texts[pair[1]]))
    ]
    assert near_duplicates(texts) == expected


def test_doctor_command_says_what_is_wrong_and_exits_with_1(run, write, tmp_path):
    write("a.md", OFFICE)
    code, out, _ = run("doctor")
    assert code == 1
    assert "problem  in step     there is no index yet: run 'qa sync'\n" in out
    assert out.endswith("not healthy\n")
    code, out, _ = run("doctor", "--repair", "--json")
    assert (code, json.loads(out)["healthy"]) == (0, True)
