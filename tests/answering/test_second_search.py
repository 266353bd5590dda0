import pytest

from qa import Library, Settings
from qa.answering import answer as answering
from qa.answering import second_search
from tests.small_encoder import SmallEncoder

ARTICLES = {
    "the_glass_pier.md": (
        "The Glass Pier (film)",
        "The Glass Pier is a drama film of 1961 that Mona Ferrel directed in Lisbon.",
    ),
    "mona_ferrel.md": ("Mona Ferrel", "Mona Ferrel was born in Odense and began as an editor. She retired in 1980."),
    "ada_quint.md": ("Ada Quint", "Ada Quint was born in Bergen and wrote about the sea."),
    "genocide.md": ("Genocide", "The word is newer than what it means, and lawyers argue about it."),
    "lisbon_trams.md": ("Trams of Lisbon", "The trams of Lisbon have run on electricity since 1901."),
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library that answers every question."""
    monkeypatch.setattr(answering, "threshold", lambda share, is_read: 0.0)
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for name, (title, text) in ARTICLES.items():
        (seeds / name).write_text(f"---\ntitle: {title}\n---\n\n{text}\n", encoding="utf-8")
    with Library(seeds, tmp_path / "embeddings", settings=Settings(), encoder=SmallEncoder()) as library:
        yield library


def quoted(answer):
    return [citation.article_id for citation in answer.citations[: answer.quoted]]


def test_article_that_the_first_quote_names_is_quoted_as_well(library):
    answer = library.ask("In which town was the one who directed the film The Glass Pier born?")
    assert quoted(answer) == ["the_glass_pier.md", "mona_ferrel.md"]
    assert "was born in Odense" in answer.text
    assert answer.parts == ()


def test_both_articles_that_a_question_names_are_quoted(library):
    assert set(quoted(library.ask("Is Ada Quint as old as Mona Ferrel?"))) == {"mona_ferrel.md", "ada_quint.md"}


def test_question_that_one_passage_answers_has_one_quote(library):
    assert quoted(library.ask("Where was Ada Quint born?")) == ["ada_quint.md"]
    assert quoted(library.ask("Who directed the drama film The Glass Pier in 1961?")) == ["the_glass_pier.md"]


def test_hits_stay_distinct_and_ranked_after_a_second_search(library):
    answer = library.ask("In which town was the one who directed the film The Glass Pier born?")
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
    assert len({hit.citation for hit in answer.hits}) == len(answer.hits)
    assert answer.shown[0].citation == answer.citations[0]


@pytest.mark.parametrize(
    ("title", "subject"),
    [("Oslo, Norway", "Oslo"), ("Emma (2020 film)", "Emma"), ("Jean-Luc Picard", "Jean-Luc Picard"), ("ILO: a history", "ILO")],
)
def test_subject_is_the_title_up_to_its_addition(title, subject):
    assert second_search.subject(title) == subject


def test_names_are_compared_to_the_letter(library):
    with library.search() as search:
        evidence = search.evidence(search.query("Genocide The Glass Pier"), 5, 5)
        one, *_ = [each for each in second_search._linkable(search, evidence.compared) if each.subject == "Genocide"]
        other, *_ = [each for each in second_search._linkable(search, evidence.compared) if each.subject == "The Glass Pier"]
    assert second_search.is_linked("Genocide in The Glass Pier", one, other)
    assert not second_search.is_linked("Is there genocide in The Glass Pier?", one, other)
