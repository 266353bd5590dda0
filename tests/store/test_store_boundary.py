"""The store is exchangeable: another one serves everything above it."""

import pytest
from fake_store import FakeStore
from small_encoder import SmallEncoder

from qa import Library, doctor
from qa.web.articles import article_map

ARTICLES = {
    "office.md": "---\ntitle: The office\ndate: 2024-04-23\n---\n\nThe prosecutor opened an office in Caracas.",
    "vote.md": "---\ntitle: The vote\ndate: 1998-07-17\n---\n\nThe treaty was adopted by a vote of 120 to 7.",
    "goats.md": "Goats climb mountains. They eat grass.",
}


@pytest.fixture
def libraries(seeds, write, tmp_path):
    """Libraries of the same articles with a local store, and with one of dictionaries."""
    for name, text in ARTICLES.items():
        write(name, text)
    with (
        Library(seeds, tmp_path / "local", encoder=SmallEncoder()) as local,
        Library(seeds, tmp_path / "fake", encoder=SmallEncoder(), store=FakeStore()) as fake,
    ):
        yield local, fake


def test_another_store_syncs_answers_and_explains(libraries, write, seeds):
    _, library = libraries
    assert library.sync().added == 3
    assert library.sync().unchanged == 3
    hit = library.retrieve("Who opened an office in Caracas?", 1)[0]
    assert hit.citation.verify(seeds).standing == "exact"
    assert library.ask("By what vote was the treaty adopted?").hits[0].citation.article_id == "vote.md"
    assert library.retrieve("office", 3, {"before": "2000"})[0].citation.article_id == "vote.md"
    assert library.why_not("office in Caracas", "goats.md", k=1).startswith("goats.md: its best passage")
    write("office.md", "The prosecutor closed the office in Caracas.")
    assert library.changed_files() == {"office.md": "changed"}
    assert library.sync().changed == 1
    assert library.retrieve("office in Caracas", 1)[0].citation.quote == "The prosecutor closed the office in Caracas."
    (seeds / "office.md").unlink()
    assert library.sync().removed == 1
    assert {hit.citation.article_id for hit in library.retrieve("office", 9)} == {"vote.md", "goats.md"}


def test_stores_agree_on_their_content_and_the_nearest_sentences(libraries):
    local, fake = libraries
    for library in libraries:
        library.sync()
    assert local.articles() == fake.articles()
    assert local.status().passages == fake.status().passages
    for question in ("opened an office", "adopted by a vote", "goats"):
        found = [[hit.citation for hit in library.retrieve(question, 1)] for library in libraries]
        assert found[0] == found[1]
        assert local.retrieve(question, 1)[0].why.dense == pytest.approx(fake.retrieve(question, 1)[0].why.dense, abs=0.01)


def test_upper_layers_accept_another_store(libraries):
    _, library = libraries
    library.sync()
    assert doctor.examine(library).healthy
    assert article_map.places(library.store, list(ARTICLES)).keys() == ARTICLES.keys()
