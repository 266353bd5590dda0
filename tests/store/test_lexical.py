import math
import re
from collections import Counter

import pytest

from qa.store.lexical import Lexical

TEXTS = [
    (1, "The office", "The prosecutor opened an office in Caracas. The office is small."),
    (2, "The vote", "The treaty was adopted by a vote of 120 to 7."),
    (3, "Goats", "Goats like to climb on roofs, and the prosecutor likes goats."),
    (5, "Office hours", "Offices open at nine. Señor Durán opens them; nobody else does."),
]


def built(texts=TEXTS, folder=None, **options):
    lexical = Lexical(folder, options.get("language", "en"), options.get("title_weight", 0.5))
    lexical.update([], texts, "a.1", rebuild=True)
    return lexical


def search(lexical, question, k=10, only=None):
    return lexical.search(lexical.terms(question), k, only)


def test_scores_are_bm25_divided_by_the_highest_possible():
    """Against the formula of Robertson and Zaragoza, k1 = 1.2, b = 0.75, without titles; Tantivy stores lengths in a byte."""
    texts = [(key, "", text) for key, _, text in TEXTS]
    lexical = built(texts, language="xx", title_weight=0)
    terms = {key: re.findall(r"\w+", text.lower()) for key, _, text in texts}
    # One more document, without words, carries the state.
    average = sum(map(len, terms.values())) / len(texts)
    question = ["prosecutor", "goats", "caracas"]

    def idf(word):
        frequency = sum(word in each for each in terms.values())
        return math.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))

    def bm25(key):
        counts = Counter(terms[key])
        length = 1.2 * (0.25 + 0.75 * len(terms[key]) / average)
        return sum(2.2 * idf(word) * counts[word] / (counts[word] + length) for word in question)

    most = 2.2 * sum(map(idf, question))
    expected = {key: bm25(key) / most for key in terms if bm25(key)}
    found = dict(search(lexical, " ".join(question)))
    assert found == pytest.approx(expected, rel=0.02)
    assert sorted(found, key=found.get) == sorted(expected, key=expected.get)


def test_words_match_other_forms_and_missing_accents():
    lexical = built()
    assert search(lexical, "opening offices")[0][0] in (1, 5)
    assert [key for key, _ in search(lexical, "duran")] == [5]


def test_title_counts_less_than_text():
    lexical = built([(1, "Zebra", "Nothing here."), (2, "Nothing", "A zebra here.")])
    assert [key for key, _ in search(lexical, "zebra")] == [2, 1]


def test_stop_words_find_nothing():
    assert search(built(), "the of and") == []
    assert search(built(), "?!") == []


def test_restricted_search_gives_the_scores_of_the_full_ranking():
    lexical = built()
    full = search(lexical, "prosecutor opened office goats")
    assert search(lexical, "prosecutor opened office goats", only=[2, 3, 5]) == [pair for pair in full if pair[0] in (2, 3, 5)]
    assert search(lexical, "prosecutor", only=[]) == []


def test_ties_are_broken_by_key():
    lexical = built([(key, "", "same words here") for key in (9, 4, 7)])
    assert [key for key, _ in search(lexical, "same words")] == [4, 7, 9]


def test_update_on_disk_equals_a_fresh_build_after_reopening(tmp_path):
    lexical = built(folder=tmp_path / "lexical")
    lexical.update([2], [(7, "New", "A brand new vote.")], "a.2", rebuild=False)
    again = Lexical(tmp_path / "lexical", "en", 0.5)
    assert again.generation == "a.2"
    assert list(again.keys()) == [1, 3, 5, 7]
    assert len(again) == 4
    fresh = built([text for text in TEXTS if text[0] != 2] + [(7, "New", "A brand new vote.")])
    again.update([], [text for text in TEXTS if text[0] != 2] + [(7, "New", "A brand new vote.")], "a.3", rebuild=True)
    for question in ("vote", "office goats", "prosecutor new"):
        assert search(again, question) == search(fresh, question)


def test_terms_have_spans_and_idf():
    question = "Who opened offices?"
    found = built().terms(question)
    assert [word.span.of(question) for word in found] == ["Who", "opened", "offices"]
    assert found[1].idf > 0
    assert built().terms("the")[0].forms == ()


def test_files_that_are_no_index_are_refused(tmp_path):
    built(folder=tmp_path)
    next(tmp_path.glob("*.term")).write_text("rubbish")
    with pytest.raises(ValueError, match="a file is damaged"):
        Lexical(tmp_path, "en", 0.5)


def test_words_are_given_as_they_are_written_with_their_passages():
    lexical = built()
    assert lexical.words("office") == {"office": 2, "offices": 1}
    assert lexical.words("dur") == {"durán": 1}
    assert lexical.words("xyz") == {}


def test_a_word_is_unknown_if_neither_text_nor_title_holds_it_in_any_form():
    terms = built([(1, "Zebras", "The office is small.")]).terms("the zebra officer offices giraffe")
    assert [term.unknown for term in terms] == [False, False, False, False, True]
