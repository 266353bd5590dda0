"""The promises of a library: a sync costs what changed, nothing is lost, deleted text is not cited, citations are exact."""

import contextlib
import os
import random
import shutil
import sqlite3
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoder import SmallEncoder

import qa
from qa import DamagedError, FolderError, IndexMismatchError, Library, LockedError, QuestionError, Settings
from qa.store.edit import LocalEdit
from qa.store.lock import writing

OFFICE = "The prosecutor opened an office in Caracas."
VOTE = "The treaty was adopted by a vote of 120 to 7."
GOATS = "Goats like to climb on roofs."


def quotes(library, question, k=5):
    return [hit.citation.quote for hit in library.retrieve(question, k)]


def test_hits_are_cited_exactly(library, write, seeds):
    write("a.md", f"---\ntitle: Office\ndate: 2024-04-23\n---\n\nFirst line.\n\n{OFFICE} It is small.")
    library.sync()
    (hit, *_) = library.retrieve("who opened an office in caracas")
    assert hit.rank == 1
    assert hit.citation.quote == OFFICE
    text = (seeds / "a.md").read_text()
    assert hit.citation.span.of(text) == OFFICE
    assert hit.passage.span.of(text) == hit.passage.text
    assert hit.citation.lines == (8, 8)
    assert str(hit.citation) == f"“{OFFICE}” Office, 2024-04-23, a.md, line 8"


def test_sentence_vectors_rank_like_brute_force(seeds, tmp_path, write, encoder):
    library = Library(seeds, tmp_path / "e", encoder=encoder, settings=Settings(lexical_weight=0, rerank="none"))
    for number in range(30):
        write(
            f"{number}.md",
            " ".join(f"Sentence {n} tells of thing{random.Random(n).randrange(9)} here." for n in range(number, number + 9)),
        )
    library.sync()
    question = "sentence of thing4 and thing7"
    vector = encoder.encode_question(question).vector
    with library.store.catalog.database.transaction(write=False):
        passages = library.store.catalog.passages(library.store.catalog.keys().tolist()).values()
    best = [max(float(encoder._vector(span.of(each.text)) @ vector) for span in each.inner_sentences) for each in passages]
    expected = sorted(best, reverse=True)[:12]
    with library:
        assert [hit.score for hit in library.retrieve(question, 12)] == pytest.approx(expected, abs=1e-2)


def test_first_retrieve_needs_no_other_call(library, write):
    write("a.md", OFFICE)
    assert quotes(library, "office in caracas") == [OFFICE]


def test_sync_without_changes_encodes_nothing_and_keeps_the_generation(library, write, encoder):
    write("a.md", OFFICE)
    library.sync()
    before, encoded = library.store.catalog.generation, len(encoder.encoded)
    report = library.sync()
    assert (report.unchanged, report.embedded, report.added) == (1, 0, 0)
    assert (library.store.catalog.generation, len(encoder.encoded)) == (before, encoded)


def test_edited_article_embeds_only_its_changed_passages(library, write, encoder):
    paragraphs = [f"Paragraph {n} is about thing{n} and " + "nothing else " * 60 + "at all." for n in range(5)]
    write("a.md", "\n\n".join(paragraphs))
    write("b.md", VOTE)
    library.sync()
    encoder.encoded.clear()
    paragraphs[2] = OFFICE + " " + paragraphs[2]
    write("a.md", "\n\n".join(paragraphs))
    report = library.sync()
    assert (report.changed, report.unchanged, report.embedded, report.reused) == (1, 1, 1, 4)
    assert len(encoder.encoded) == 1
    assert quotes(library, "office in caracas", 1) == [OFFICE]


def test_rename_and_copy_embed_nothing(library, write, seeds, encoder):
    write("a.md", OFFICE)
    write("b.md", VOTE)
    library.sync()
    encoder.encoded.clear()
    (seeds / "a.md").rename(seeds / "c.md")
    shutil.copy(seeds / "b.md", seeds / "d.md")
    report = library.sync()
    assert (report.renamed, report.added, report.removed, report.embedded) == (1, 1, 0, 0)
    assert sorted(encoder.encoded) == ["c", "d"]  # Their titles, which are the files' names.
    hits = library.retrieve("treaty adopted by a vote", 2)
    assert [(hit.citation.article_id, hit.also_in) for hit in hits] == [("b.md", ("d.md",)), ("c.md", ())]


def test_removed_article_is_not_found_even_before_a_sync(library, write, seeds):
    write("a.md", OFFICE)
    write("b.md", VOTE)
    library.sync()
    (seeds / "a.md").unlink()
    assert quotes(library, "office in caracas") == [VOTE]
    assert library.ask("treaty vote").pending == 1
    assert library.sync().removed == 1


def test_edited_article_is_quoted_before_a_sync_only_from_unchanged_text(library, write, seeds):
    write("a.md", f"{OFFICE}\n\n# Vote\n\n{VOTE}")
    library.sync()
    write("a.md", f"A new first line.\n\n# Vote\n\n{VOTE}")
    hits = library.retrieve("office and vote", 5)
    assert [hit.citation.quote for hit in hits] == [VOTE]
    assert hits[0].citation.span.of((seeds / "a.md").read_text()) == VOTE


def test_edit_within_one_tick_of_the_clock_is_noticed(library, write, seeds):
    path = write("a.md", OFFICE)
    library.sync()
    status = path.stat()
    path.write_text(OFFICE.replace("Caracas", "Bogota."[:7]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert library.sync().changed == 1


def test_identical_articles_are_separate_and_one_outlives_the_other(library, write, seeds):
    write("a/intro.md", OFFICE)
    write("b/intro.md", OFFICE)
    assert library.sync().added == 2
    (seeds / "a" / "intro.md").unlink()
    library.sync()
    assert [hit.citation.article_id for hit in library.retrieve("office")] == ["b/intro.md"]


def test_lost_or_damaged_vectors_are_rebuilt_without_the_encoder(library, write, encoder, tmp_path):
    write("a.md", OFFICE)
    write("b.md", VOTE)
    library.sync()
    path = tmp_path / "embeddings" / "vectors.faiss"
    good = path.read_bytes()
    encoder.encoded.clear()
    for damage in (None, b"", b"rubbish", good[:-5], good[:50] + b"x" + good[51:]):
        path.unlink() if damage is None else path.write_bytes(damage)
        library.close()
        assert quotes(library, "office in caracas", 1) == [OFFICE]
        library.sync()
        assert path.read_bytes() == good
    assert not encoder.encoded


def test_vectors_of_another_catalog_are_not_used(library, write, tmp_path, seeds):
    write("a.md", OFFICE)
    library.sync()
    with Library(seeds, tmp_path / "other", encoder=SmallEncoder()) as other:
        write("a.md", GOATS)
        other.sync()
    shutil.copy(tmp_path / "other" / "vectors.faiss", tmp_path / "embeddings" / "vectors.faiss")
    write("a.md", OFFICE)
    library.close()
    (hit,) = library.retrieve(OFFICE)
    assert hit.why.dense == pytest.approx(1, abs=1e-2)


def test_damaged_catalog_is_an_error_of_one_line_and_set_aside_by_a_rebuild(library, write, tmp_path):
    write("a.md", OFFICE)
    library.sync()
    library.close()
    for path in (tmp_path / "embeddings").glob("catalog.sqlite*"):
        path.write_bytes(b"not a database " * 300)
    with pytest.raises(DamagedError, match="run 'qa sync --rebuild'"):
        library.retrieve("office")
    library.sync(rebuild=True)
    assert quotes(library, "office") == [OFFICE]
    assert (tmp_path / "embeddings" / "damaged.sqlite").read_bytes().startswith(b"not a database")


def test_catalog_of_another_format_is_an_error_of_one_line(library, write, tmp_path):
    write("a.md", OFFICE)
    library.sync()
    library.close()
    with sqlite3.connect(tmp_path / "embeddings" / "catalog.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(DamagedError, match="format 99"):
        library.retrieve("office")
    library.sync(rebuild=True)
    assert quotes(library, "office") == [OFFICE]


def test_other_encoder_or_settings_are_an_error_until_a_rebuild(library, write, seeds, tmp_path):
    write("a.md", OFFICE)
    library.sync()
    other = SmallEncoder()
    other.name, other.fingerprint = "other", "other-1"
    for changed in (
        Library(seeds, tmp_path / "embeddings", encoder=other),
        Library(seeds, tmp_path / "embeddings", encoder=SmallEncoder(), settings=Settings(passage_tokens=100)),
    ):
        with changed:
            with pytest.raises(IndexMismatchError, match="run 'qa sync --rebuild'"):
                changed.retrieve("office")
            with pytest.raises(IndexMismatchError):
                changed.sync()
            assert quotes(library, "office") == [OFFICE]
            assert changed.sync(rebuild=True).embedded == (changed.encoder is other)
            assert quotes(changed, "office") == [OFFICE]
        with Library(seeds, tmp_path / "embeddings", encoder=SmallEncoder()) as back:
            back.sync(rebuild=True)


def test_interrupted_sync_leaves_the_old_state_and_keeps_what_it_encoded(library, write, encoder, monkeypatch):
    write("a.md", OFFICE)
    library.sync()
    write("a.md", GOATS)
    write("b.md", VOTE)
    monkeypatch.setattr(LocalEdit, "_note_files", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        library.sync()
    assert library.store.catalog.counts().articles == 1
    monkeypatch.undo()
    encoder.encoded.clear()
    report = library.sync()
    assert (report.changed, report.added, report.embedded) == (1, 1, 0)
    assert not encoder.encoded
    assert quotes(library, "goats climb", 1) == [GOATS]


def test_reader_in_another_library_sees_the_new_generation(library, write, seeds, tmp_path):
    write("a.md", OFFICE)
    library.sync()
    with Library(seeds, tmp_path / "embeddings", encoder=SmallEncoder()) as reader:
        assert quotes(reader, "office") == [OFFICE]
        write("b.md", VOTE)
        library.sync()
        assert quotes(reader, "treaty vote", 1) == [VOTE]


def test_second_writer_gets_an_error(seeds, write, tmp_path):
    write("a.md", OFFICE)
    patient = Settings(lock_timeout_s=0.1)
    with Library(seeds, tmp_path / "e", encoder=SmallEncoder(), settings=patient) as one:
        one.sync()
        with writing(tmp_path / "e", 1), Library(seeds, tmp_path / "e", encoder=SmallEncoder(), settings=patient) as two:
            with pytest.raises(LockedError, match="another process"):
                two.sync()
            assert quotes(two, "office") == [OFFICE]


def test_empty_or_missing_folder_keeps_the_index(library, write, seeds):
    path = write("a.md", OFFICE)
    library.sync()
    path.unlink()
    with pytest.raises(FolderError, match="holds no articles"):
        library.sync()
    assert library.store.catalog.counts().articles == 1
    assert quotes(library, "office") == []
    seeds.rmdir()
    with pytest.raises(FolderError, match="cannot be read"):
        library.sync()
    assert library.store.catalog.counts().articles == 1


def test_unreadable_files_are_reported_and_the_rest_is_indexed(library, write):
    write("a.md", OFFICE)
    write("empty.md", "")
    write("binary.md", bytes(range(256)) * 4)
    report = library.sync()
    assert {failure.article_id for failure in report.failed} == {"empty.md", "binary.md"}
    assert report.added == 1
    assert [failure.article_id for failure in library.status().failed] == ["binary.md", "empty.md"]
    assert len(library.sync().failed) == 2


@pytest.mark.parametrize(
    ("question", "k"),
    [("", 5), ("  \n", 5), ("x" * 100_000, 5), ("a", 0), ("a", -1), ("a", True), ("a", "5"), (None, 5)],
)
def test_bad_question_is_an_error_of_one_line(library, write, question, k):
    write("a.md", OFFICE)
    with pytest.raises(QuestionError) as caught:
        library.retrieve(question, k)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_question_gets_hits_or_an_error_of_one_line(shared, question):
    with contextlib.suppress(QuestionError):  # Empty, or of white space only.
        assert len(shared.retrieve(question, 3)) == 2


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    (folder / "seeds").mkdir()
    (folder / "seeds" / "a.md").write_text(OFFICE)
    (folder / "seeds" / "b.md").write_text(VOTE)
    with Library(folder / "seeds", folder / "embeddings", encoder=SmallEncoder()) as library:
        library.sync()
        yield library


def test_k_beyond_the_number_of_passages_gives_all(shared):
    assert len(shared.retrieve("office", 1000)) == 2


def test_answer_is_made_of_quotes_or_declined(shared):
    answer = shared.ask(OFFICE)
    assert answer.answered
    assert answer.text.startswith(f"“{OFFICE}” [1]")
    assert answer.citations[0].quote == OFFICE
    nothing = shared.ask("quantum chromodynamics lattice")
    assert (nothing.answered, nothing.text, nothing.citations) == (False, "", ())
    assert len(nothing.hits) == 2


def test_progress_counts_up_to_its_total(library, write):
    for number in range(3):
        write(f"{number}.md", f"Text number {number}.")
    seen = []
    library.sync(lambda stage, done, total, article_id="": seen.append((stage, done, total, article_id)))
    assert seen[-1] == ("embedding", 3, 3, "")
    assert ("reading", 3, 3, "") in seen
    assert all(done <= total == 3 for _, done, total, _ in seen)
    assert [article_id for stage, _, _, article_id in seen if stage == "reading"] == ["0.md", "1.md", "2.md", ""]


@pytest.mark.slow
def test_module_level_retrieve_follows_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "a.md").write_text(OFFICE)
    assert [hit.citation.quote for hit in qa.retrieve("Where is the office?")] == [OFFICE]
    time.sleep(0.01)
    (tmp_path / "seeds" / "a.md").write_text("The office moved to Bogota.")
    assert [hit.citation.quote for hit in qa.retrieve("Where is the office?")] == ["The office moved to Bogota."]


def test_small_edit_does_not_rewrite_the_file_of_many_vectors(library, write, seeds, monkeypatch):
    from qa.store import vectors

    monkeypatch.setattr(vectors, "MANY", 100)
    monkeypatch.setattr(vectors, "LAG_FRACTION", 0.1)
    for number in range(60):
        write(f"{number}.md", f"Thing{number} was seen by somebody in spring. It rained on place{number} all day long.")
    library.sync()
    file = library.embeddings / "vectors.faiss"
    before = file.read_bytes()
    assert library.store._held.vectors.lists
    assert quotes(library, "who saw thing7 in spring", 1) == ["Thing7 was seen by somebody in spring."]
    write("new.md", OFFICE)
    (seeds / "7.md").unlink()
    library.sync()
    assert file.read_bytes() == before
    with Library(seeds, library.embeddings, encoder=library.encoder) as reader:
        for each in (library, reader):
            assert quotes(each, "opened an office in caracas", 1) == [OFFICE]
            assert "Thing7" not in "".join(quotes(each, "who saw thing7 in spring"))
    for number in range(30):
        (seeds / f"{number}.md").unlink(missing_ok=True)
    library.sync()
    assert file.read_bytes() != before
    assert not library.store._held.vectors.lists
