"""Fusion, reranking, filters, near-duplicates, and why a passage ranks where it does."""

import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_encoder import SmallEncoder

from qa import Article, Library, QuestionError, Settings, Span, Where
from qa.retrieval import maxsim
from qa.retrieval.fusion import convex, reciprocal_rank
from qa.retrieval.maxsim import COMMON_IDF, MaxSim
from qa.retrieval.rerank import RerankInput
from qa.store.base import Query, Term
from qa.text.near_duplicates import Shingled

QUESTION = "Which thing3 did the prosecutor open with thing5?"


@pytest.fixture
def many(seeds, write):
    """Forty articles with dates, sources, tags and folders, about things in changing company."""
    for n in range(40):
        things = " ".join(f"thing{(n * step) % 9}" for step in (1, 2, 5))
        body = "\n\n".join(
            f"## Part {part}\n\nThe prosecutor did open {things} number{n}part{part} today." for part in range(3)
        )
        head = {"title": f"Article {n}", "date": f"20{10 + n % 10}-0{1 + n % 9}-15", "source": "AP" if n % 2 else "Reuters"}
        lines = "\n".join(f"{name}: {json.dumps(value)}" for name, value in head.items())
        write(f"{'old' if n < 20 else 'new'}/{n}.md", f"---\n{lines}\ntags: [t{n % 3}, all]\n---\n{body}")
    return seeds


@pytest.fixture
def opened(many, tmp_path):
    def opened(**settings):
        return Library(many, tmp_path / "e", encoder=SmallEncoder(), settings=Settings(**settings))

    return opened


def places(hits):
    return [(hit.passage.article_id, hit.passage.span, round(hit.score, 5)) for hit in hits]


FULL = {"candidates": 1000, "rerank_depth": 1000}


@pytest.mark.parametrize("settings", [{"rerank": "none"}, {}, {"lexical_weight": 0.0}, {"lexical_weight": 1.0}])
@pytest.mark.parametrize(
    "where",
    [
        {"after": "2015"},
        {"before": "2013-04"},
        {"source": "ap"},
        {"tags": ["T1", "T2"]},
        {"path": "new/*"},
        {"after": "2012", "before": "2016-12-31", "source": ["AP"], "tags": "t0", "path": "*/*.md"},
    ],
)
def test_filter_equals_filtering_the_full_ranking(opened, settings, where):
    with opened(**FULL, **settings) as library:
        library.sync()
        admits = Where.of(where).admits
        admitted = {each.id for each in library.articles() if admits(each)}
        full = [place for place in places(library.retrieve(QUESTION, 1000)) if place[0] in admitted]
        assert 0 < len(full) < 120
        assert places(library.retrieve(QUESTION, 1000, where)) == full


def test_filter_that_admits_nothing_finds_nothing(opened):
    with opened() as library:
        assert library.retrieve(QUESTION, where={"after": "2099"}) == []
        assert not library.ask(QUESTION, where={"path": "nowhere/*"}).answered


@pytest.mark.parametrize(
    "where", [{"since": "2024"}, {"after": "yesterday"}, {"tags": 3}, {"path": 7}, "2024", {"before": 2024}]
)
def test_bad_filter_is_one_line(opened, where):
    with opened() as library, pytest.raises(QuestionError, match="where") as caught:
        library.retrieve(QUESTION, where=where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("where", "date", "passes"),
    [
        ({"after": "2024"}, "2024-01-01", True),
        ({"after": "2024"}, "2023-12-31", False),
        ({"after": "2024-06"}, "2024", True),
        ({"before": "2024"}, "2024-12-31", True),
        ({"before": "2024"}, "2025-01-01", False),
        ({"before": "2024-05-31"}, "2024-05", True),
        ({"after": "2024-05-31"}, "2024-05", True),
        ({"after": "2024-06-01"}, "2024-05", False),
        ({"before": "2024-04"}, "2024", True),
        ({"after": "2000"}, "", False),
        ({}, "", True),
    ],
)
def test_partial_dates_pass_if_any_of_their_days_does(where, date, passes):
    assert Where.of(where).admits(Article("a.md", "", "", date=date)) is passes


def test_kind_and_author_admit_by_the_end_of_the_name_and_in_any_case():
    article = Article("a/b.PDF", "", "", author="Ann Lee")
    assert Where(kind=("md", "pdf"), author=("ann lee",)).admits(article)
    assert not Where(kind=("md",)).admits(article)
    assert not Where(author=("Ann",)).admits(article)


def test_candidates_give_the_ranking_of_a_full_scan(opened):
    with opened() as some, opened(candidates=1000) as all_of_them:
        some.sync()
        for n in range(9):
            question = f"Which thing{n} did the prosecutor open with thing{(n * 4) % 9}?"
            assert places(some.retrieve(question, 10)) == places(all_of_them.retrieve(question, 10))


def test_same_question_gets_the_same_hits(opened):
    with opened() as library, opened() as other:
        assert places(library.retrieve(QUESTION, 20)) == places(library.retrieve(QUESTION, 20))
        assert places(library.retrieve(QUESTION, 20)) == places(other.retrieve(QUESTION, 20))


def test_hit_says_why(opened):
    with opened() as library:
        for hit in library.retrieve(QUESTION, 5):
            assert hit.why.fused == pytest.approx((hit.why.dense + hit.why.lexical) / 2)
            assert hit.score == pytest.approx(0.8 * hit.why.rerank_score + 0.2 * hit.why.fused)
            assert {"prosecutor", "open"} <= set(hit.why.words)
            assert not hit.why.cut_short


def test_time_budget_ends_reranking_and_the_hits_say_so(opened):
    with opened() as library:
        library.sync()
        first = [place[:2] for place in places(Library.retrieve(library, QUESTION, 5))]
    with opened(budget_ms=1e-6) as hurried, opened(rerank="none") as unreranked:
        hits = hurried.retrieve(QUESTION, 5)
        assert all(hit.why.rerank_score is None and hit.why.cut_short for hit in hits)
        assert [place[:2] for place in places(hits)] == [place[:2] for place in places(unreranked.retrieve(QUESTION, 5))]
        assert not any(hit.why.cut_short for hit in unreranked.retrieve(QUESTION, 5))
    assert len(first) == 5


def test_passages_beyond_the_depth_rank_after_reranked_ones(opened):
    with opened(rerank_depth=3) as library:
        hits = library.retrieve(QUESTION, 20)
        assert [hit.why.rerank_score is None for hit in hits] == [False] * 3 + [True] * 17
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)


def test_reciprocal_ranks_can_be_chosen(opened):
    with opened(fusion="rrf", rerank="none") as library:
        assert len(library.retrieve(QUESTION, 5)) == 5


def test_hits_never_share_text(opened):
    with opened() as library:
        hits = library.retrieve(QUESTION, 50)
        taken = [(hit.passage.article_id, i) for hit in hits for i in range(*hit.passage.span)]
        assert len(taken) == len(set(taken))


def test_near_duplicates_are_one_hit_that_names_the_other_articles(library, write):
    text = "The prosecutor opened an office in Caracas on Monday, said the court in a short statement to the press"
    write("a.md", f"{text}.")
    write("b.md", f"{text} today.")
    write("c.md", "Goats climb on roofs in spring.")
    write("d.md", f"{text}.")
    hits = library.retrieve("office in Caracas", 5)
    assert [(hit.passage.article_id, sorted(hit.also_in)) for hit in hits] == [("a.md", ["b.md", "d.md"]), ("c.md", [])]
    assert "near-duplicate" in library.why_not("office in Caracas", "b.md")


def test_why_not_says_at_which_stage_an_article_was_lost(opened, many):
    with opened(rerank_depth=3) as library:
        first = library.retrieve(QUESTION, 1)[0].passage.article_id
        assert library.why_not(QUESTION, first) == f"{first} is hit 1"
        assert "not in the index: there is no such file" in library.why_not(QUESTION, "none.md")
        assert "left out by the filter" in library.why_not(QUESTION, "new/25.md", where={"path": "old/*"})
        assert "only the first 3 are reranked" in library.why_not("thing3 thing6 number1part1", "new/36.md")
        (many / "empty.md").write_text("")
        library.sync()
        assert library.why_not(QUESTION, "empty.md") == "empty.md is not in the index: empty"
    with opened() as library:
        last = library.retrieve(QUESTION, 30)[-1].passage.article_id
        if last not in [hit.passage.article_id for hit in library.retrieve(QUESTION, 2)]:
            assert "2 were asked for" in library.why_not(QUESTION, last, k=2)


def test_reader_without_a_lexical_index_on_disk_ranks_the_same(opened, tmp_path):
    with opened() as library:
        library.sync()
        expected = places(library.retrieve(QUESTION, 20))
    for path in (tmp_path / "e" / "lexical").iterdir():
        path.write_bytes(b"")
    with opened() as reader:
        assert places(reader.retrieve(QUESTION, 20)) == expected
        reader.sync()
    with opened() as again:
        assert places(again.retrieve(QUESTION, 20)) == expected


@given(st.dictionaries(st.integers(0, 50), st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=1), st.floats(0, 1))
def test_fusion_agrees_with_its_formula(scores, weight):
    dense, lexical = {k: a for k, (a, _) in scores.items()}, {k: b for k, (_, b) in scores.items()}
    fused = convex(dense, lexical, weight)
    assert fused == {k: (1 - weight) * dense[k] + weight * lexical[k] for k in scores}
    ranks = reciprocal_rank(dense, lexical, weight)
    assert ranks.keys() == scores.keys()
    assert all(0 <= value <= 1 + 1e-9 for value in ranks.values())


def test_first_in_both_rankings_is_one():
    assert reciprocal_rank({1: 0.9, 2: 0.5}, {1: 0.8, 2: 0.1}, 0.3)[1] == pytest.approx(1)


def query(encoder, text, *terms):
    encoded = encoder.encode_question(text)
    return Query(text, encoded.vector, encoded.tokens, terms)


def test_rerank_score_is_late_interaction_in_sentence_neighbours_and_passage():
    """Against a direct computation, word by word."""
    encoder, text, title = SmallEncoder(), "Goats climb. The office opened here. It rains.", "Office"
    sentences = [Span(0, 12), Span(13, 36), Span(37, 46)]
    asked = "Who opened goats"
    terms = [Term(Span(0, 3), (), 0.0), Term(Span(4, 10), ("open",), 2.0), Term(Span(11, 16), ("goat",), 3.0)]
    (found,) = MaxSim(encoder, 1e6).rerank(query(encoder, asked, *terms), [RerankInput(text, sentences, title)], float("inf"))

    def best(word, *texts):
        return max(
            float(encoder._vector(word) @ encoder._vector(token.of(t))) for t in texts for token in encoder.token_spans(t)
        )

    shares = np.array([COMMON_IDF, 2.0, 3.0]) / (COMMON_IDF + 5)
    parts = [span.of(text) for span in sentences]
    expected = []
    for i, part in enumerate(parts):
        around = parts[max(0, i - 1) : i + 2]
        fit = [(best(w, part, title) + best(w, *around, title) + best(w, text, title)) / 3 for w in asked.split()]
        expected.append(float(shares @ fit))
    assert found.score == pytest.approx(max(expected), abs=2e-2)
    first = int(np.argmax(expected))
    assert found.quote[0] == first
    assert len(found.quote) == 2  # Each of the two words is in a sentence of its own.
    places = [parts[first : first + 1], parts[max(0, first - 1) : first + 2], [text], [parts[n] for n in found.quote]]
    by_hand = [float(shares @ [best(word, *place, title) for word in asked.split()]) for place in places]
    match = found.match
    assert np.stack([*match.places, match.quote]) @ match.weights == pytest.approx(by_hand, abs=2e-2)


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("When did the office open?", "Opening was here on 3 May 2020."),
        ("Why did the office open?", "The office opened here, said Ann."),
    ],
)
def test_sentence_with_the_date_asked_for_is_quoted_before_a_slightly_better_one(question, quoted, write, library, monkeypatch):
    monkeypatch.setattr(maxsim, "PREFERRED", 0.5)
    monkeypatch.setattr(maxsim, "GAIN", 0.0)
    write("a.md", "The office opened here, said Ann. Opening was here on 3 May 2020.")
    library.sync()
    assert library.retrieve(question)[0].citation.quote == quoted


def test_token_vectors_are_cached_up_to_the_limit():
    class Counting(SmallEncoder):
        passages = 0

        def encode_texts(self, texts, sentences):
            self.passages += len(texts)
            return super().encode_texts(texts, sentences)

    inputs = [RerankInput(f"Text number {n}.", [Span(0, 14)], "") for n in range(1, 9)]
    caching, encoder = MaxSim(encoder := Counting(), 1e6), encoder
    question = query(encoder, "text")
    caching.rerank(question, inputs, float("inf"))
    first = encoder.passages
    caching.rerank(question, inputs, float("inf"))
    assert encoder.passages == first
    forgetful, encoder = MaxSim(encoder := Counting(), 1), encoder
    forgetful.rerank(question, inputs, time.perf_counter() + 60)
    first = encoder.passages
    forgetful.rerank(question, inputs, float("inf"))
    assert encoder.passages >= first + len(inputs)


def test_tokens_stored_on_disk_are_not_encoded_again(seeds, tmp_path, write, encoder):
    for number in range(6):
        write(f"{number}.md", f"# Title {number}\n\nThe office number {number} opened. It is small.")
    found = {}
    for name, room in (("kept", 1.0), ("none", 1e-9)):
        with Library(seeds, tmp_path / name, encoder=encoder, settings=Settings(token_store_mb=room)) as library:
            library.sync()
            encoder.encoded.clear()
            found[name] = [(hit.citation.quote, hit.score) for hit in library.retrieve("Which office opened?", 6)]
            assert bool(encoder.encoded) == (name == "none")
    assert found["kept"] == found["none"]


@pytest.mark.slow
def test_cross_encoder_can_rerank(opened, tmp_path):
    from sentence_transformers import CrossEncoder

    from qa.encoding import loading

    model = CrossEncoder(str(loading.model_folder(loading.BUNDLED)), num_labels=1, local_files_only=True)
    model.save_pretrained(str(tmp_path / "cross"))
    with opened(rerank=str(tmp_path / "cross"), rerank_depth=4) as library:
        hits = library.retrieve(QUESTION, 3)
        assert all(0 <= hit.why.rerank_score <= 1 for hit in hits)


@given(st.text(max_size=200))
def test_every_text_is_a_near_duplicate_of_itself(text):
    assert Shingled(text).is_near_duplicate(Shingled(text.upper() if text.isascii() else text))


def test_texts_with_other_words_are_not_near_duplicates():
    assert not Shingled("The vote was 120 to 7 in Rome.").is_near_duplicate(Shingled("The vote was 72 to 3 in New York."))


def test_texts_with_different_figures_are_not_near_duplicates():
    told = "Of the officials who were accused since 2017, 580 had been convicted when the report was written."
    assert not Shingled(told).is_near_duplicate(Shingled(told.replace("580", "590")))


@pytest.mark.parametrize("date", ["٢٠٢٤", "２０２４-01", "2024-٠١"])
def test_date_in_digits_other_than_ascii_is_refused(date):
    with pytest.raises(QuestionError, match="it takes a date"):
        Where(after=date)
