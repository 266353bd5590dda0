"""Update equals rebuild: whatever happens to the folder, the index is the same as after a fresh build."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from small_encoder import SmallEncoder

from qa import Library

NAMES = st.sampled_from(["a.md", "A.md", "b.md", "c/d.md", "c/é.txt"])
PARTS = (
    "The prosecutor opened an office in Caracas.",
    "The treaty was adopted by a vote of 120 to 7.",
    "Goats climb mountains, and señores watch.",
    "Same words. " * 80,
)
BODIES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("\n\n# Part\n\n".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])
UNREADABLE = st.sampled_from([b"", b"\x00\x01binary\x00", b" \n"])
QUESTIONS = ("prosecutor office", "goats climb", "same words", "part")


def snapshot(library: Library) -> tuple:
    """Return the content of the index without its keys."""
    with library.search() as search:
        state, indexes = search.snapshot, search.snapshot._indexes
        keys = state.keys().tolist()
        passages, vectors = state.passages(keys), state.passage_vectors(keys)
        places = {key: (passage.article_id, passage.span, passage.text) for key, passage in passages.items()}
        assert indexes.vectors.keys().tolist() == indexes.lexical.keys().tolist() == keys
        rows = [(places[key], passage.sentences, np.round(vectors[key], 5).tolist()) for key, passage in passages.items()]
    articles = {id: library.article(id) for id in library.store.catalog.known()}
    return sorted(rows), articles, sorted(library.store.catalog.failures())


def answers(library: Library) -> list:
    hits = [hit for question in QUESTIONS for hit in library.retrieve(question, 99)]
    for hit in hits:
        text = library.article(hit.citation.article_id).text
        assert hit.citation.span.of(text) == hit.citation.quote
    return sorted((hit.citation.article_id, hit.citation.span, round(hit.score, 5)) for hit in hits)


class Folder(RuleBasedStateMachine):
    """A folder that changes in any way, and its index."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.seeds = self.home / "seeds"
        (self.seeds / "c").mkdir(parents=True)
        (self.seeds / "always.md").write_text("Always here.")
        self.library = Library(self.seeds, self.home / "embeddings", encoder=SmallEncoder())

    @rule(name=NAMES, body=BODIES, encoding=ENCODINGS)
    def write(self, name: str, body: str, encoding: str) -> None:
        (self.seeds / name).write_bytes(body.encode(encoding))

    @rule(name=NAMES, content=UNREADABLE)
    def make_unreadable(self, name: str, content: bytes) -> None:
        (self.seeds / name).write_bytes(content)

    @rule(name=NAMES)
    def link_to_nothing(self, name: str) -> None:
        (self.seeds / name).unlink(missing_ok=True)
        (self.seeds / name).symlink_to("nowhere.md")

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        (self.seeds / name).unlink(missing_ok=True)

    @rule(name=NAMES, other=NAMES)
    def rename(self, name: str, other: str) -> None:
        if (self.seeds / name).is_file():
            (self.seeds / name).rename(self.seeds / other)

    @rule(name=NAMES, other=NAMES)
    def copy(self, name: str, other: str) -> None:
        if (self.seeds / name).is_file() and name != other:
            (self.seeds / other).unlink(missing_ok=True)
            shutil.copy2(self.seeds / name, self.seeds / other)

    @rule(name=NAMES, seconds=st.integers(-1000, 1000))
    def touch(self, name: str, seconds: int) -> None:
        if (path := self.seeds / name).is_file():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime + seconds))

    @rule(name=NAMES)
    def swap_two_letters_at_the_same_time(self, name: str) -> None:
        """Same size, same time of change."""
        if (path := self.seeds / name).is_file() and len(content := path.read_bytes()) > 20:
            times = path.stat()
            path.write_bytes(content[:9] + content[10:11] + content[9:10] + content[11:])
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    @rule()
    def open_again(self) -> None:
        self.library.close()
        self.library = Library(self.seeds, self.home / "embeddings", encoder=SmallEncoder())

    @rule()
    def ask_before_a_sync(self) -> None:
        for hit in self.library.retrieve("prosecutor office", 9):
            path = self.seeds / hit.citation.article_id
            assert hit.citation.quote in path.read_bytes().decode("utf-16" if path.read_bytes()[:2] == b"\xff\xfe" else "utf-8")

    @rule()
    def sync(self) -> None:
        self.library.sync()
        with Library(self.seeds, self.home / "fresh", encoder=SmallEncoder()) as fresh:
            fresh.sync()
            assert snapshot(self.library) == snapshot(fresh)
            assert answers(self.library) == answers(fresh)
        shutil.rmtree(self.home / "fresh")

    def teardown(self) -> None:
        if hasattr(self, "library"):
            self.sync()
            self.library.close()
            shutil.rmtree(self.home)


class TestUpdateEqualsRebuild(Folder.TestCase):
    settings = settings(max_examples=8, stateful_step_count=14, deadline=None)


@pytest.mark.exhaustive
class TestManyUpdatesEqualRebuilds(Folder.TestCase):
    settings = settings(max_examples=50, stateful_step_count=14, deadline=None)
