import math
from collections import Counter

import pytest

from qa import EvaluationError, Passage, Span
from qa.evaluation.confidence_measures import measure, of_pairs
from qa.evaluation.measures import Outcome, compare, evaluate, measures
from qa.evaluation.probes import probes
from qa.evaluation.question_sets import Gold, Question
from qa.evaluation.runs import cases, pairs


def passage(article_id, start, end):
    return Passage(article_id, Span(start, end), "", ())


def found(question):
    return PASSAGES[question.text]


QUESTIONS = [Question(str(n), f"question {n}", (Gold("a.md", Span(100, 110)), Gold("b.md", None))) for n in range(4)]
PASSAGES = {
    "question 0": [passage("a.md", 50, 150)],
    "question 1": [passage("a.md", 0, 105), passage("c.md", 0, 10), passage("a.md", 100, 110)],
    "question 2": [passage("c.md", 0, 1500)] * 4 + [passage("b.md", 7, 9)],
    "question 3": [passage("c.md", 0, 10)] * 10 + [passage("b.md", 0, 10)],
}


def test_measures_equal_those_computed_by_hand():
    outcomes = evaluate(found, QUESTIONS)
    assert [outcome.rank for outcome in outcomes] == [1, 3, 5, 0]
    assert [outcome.within_chars for outcome in outcomes] == [True, True, False, True]
    means = {name: each.mean for name, each in measures(outcomes).items()}
    assert means == pytest.approx(
        {
            "MRR@10": (1 + 1 / 3 + 1 / 5) / 4,
            "hit@1": 1 / 4,
            "hit@3": 2 / 4,
            "hit@5": 3 / 4,
            "hit@10": 3 / 4,
            "nDCG@10": (1 + 1 / 2 + 1 / math.log2(6)) / 4,
            "hit@2000chars": 3 / 4,
        }
    )


def test_answer_beyond_the_shown_characters_does_not_count():
    question = Question("1", "?", (Gold("a.md", Span(2500, 2600)),))
    (outcome,) = evaluate(lambda _: [passage("a.md", 1000, 4000)], [question])
    assert (outcome.rank, outcome.within_chars) == (1, True)
    (outcome,) = evaluate(lambda _: [passage("a.md", 0, 4000)], [question])
    assert (outcome.rank, outcome.within_chars) == (1, False)


def test_near_misses_do_not_count_as_not_found():
    near_miss = Question("x", "question 3", (), answerable=False)
    assert [outcome.id for outcome in evaluate(found, [near_miss, *QUESTIONS])] == [question.id for question in QUESTIONS]


def test_interval_holds_the_mean_and_narrows_with_questions():
    few = [Outcome(str(n), n % 2, False, 1.0) for n in range(20)]
    many = [Outcome(str(n), n % 2, False, 1.0) for n in range(2000)]
    narrow, wide = measures(many)["hit@1"], measures(few)["hit@1"]
    assert narrow.low <= narrow.mean <= narrow.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 2000), rel=0.1)


@pytest.mark.parametrize(("retrieve", "questions"), [(lambda _: [], QUESTIONS), (found, [])])
def test_nothing_to_measure_is_an_error_not_a_zero(retrieve, questions):
    with pytest.raises(EvaluationError, match="nothing was measured"):
        evaluate(retrieve, questions)


def test_runs_are_compared_question_by_question():
    good = [Outcome(str(n), 1, True, 1.0) for n in range(100)]
    bad = [Outcome(str(n), 1 if n % 10 else 2, True, 1.0) for n in range(100)]
    difference, chance = compare(good, bad)
    assert difference == pytest.approx(0.05)
    assert chance < 0.01
    assert compare(good, good) == (0.0, 1.0)
    with pytest.raises(EvaluationError, match="no question in common"):
        compare(good, [Outcome("x", 1, True, 1.0)])


def test_probes_use_the_words_of_the_place_that_answers_them(write, library):
    write("a.md", "---\ntitle: The court\n---\n## The seat of the court\n\nIt sits in The Hague by the sea. " + "A word. " * 30)
    write("b.md", "Goats climb every single roof in the whole old village during warm spring evenings, singing.")
    library.sync()
    articles = [library.article(id) for id in ("a.md", "b.md")]
    made_probes = probes(articles, "en")
    assert made_probes == probes(articles, "en")
    heading = next(probe for probe in made_probes if probe.text == "The seat of the court")
    ((article_id, span, _),) = heading.gold
    assert (article_id, span.of(articles[0].text)) == ("a.md", "It sits in The Hague by the sea.")
    assert any(len(probe.text.split()) == 6 and probe.gold[0].article_id == "b.md" for probe in made_probes)


TOWNS = ["Caracas", "Nairobi", "Lima", "Oslo", "Quito", "Hanoi", "Accra", "Riga"]


def test_questions_are_also_asked_without_the_passages_that_answer_them(write, library):
    for town in TOWNS:
        write(f"{town}.md", f"The office in {town} opened.\n\n" + "Nothing else of note was ever said about it. " * 12)
    write("other.md", "Somebody mentioned the office in Caracas once more. " * 3)
    library.sync()
    question_set = [
        Question(town, f"Which office opened in {town}?", (Gold(f"{town}.md", Span(0, 20)),), (f"office in {town}",))
        for town in TOWNS
    ]
    results = cases(library, question_set, [Question("x", "goats?", ())], lambda *_: None, all_kinds=True)
    assert [case.kind for case in results[:3]] == ["answered", "other subject", "paragraph missing"]
    assert (len(results), results[-1].kind) == (3 * len(TOWNS) + 1, "other field")
    assert [case.right for case in results if case.kind == "answered"] == [True] * len(TOWNS)
    assert not any(case.right for case in results if case.kind != "answered")
    for whole, reduced in zip(results[0:-1:3], results[2:-1:3], strict=True):
        assert whole.confidence > reduced.confidence
    near_miss = Question("y", "Which office closed in Lima?", (), answerable=False)
    halves = cases(library, [*question_set, near_miss], [], lambda *_: None)
    kinds = {"answered": 4, "other subject": 4, "paragraph missing": 4, "near miss": 1}
    assert Counter(case.kind for case in halves) == kinds
    assert measure(halves).auroc.keys() == kinds.keys() - {"answered"}


def test_two_questions_are_asked_as_one(write, library):
    for town in TOWNS:
        write(
            f"{town}.md", f"The office in {town} opened in spring.\n\n" + "Nothing else of note was ever said about it. " * 12
        )
    library.sync()
    question_set = [
        Question(town, f"When was the office in {town} opened?", (Gold(f"{town}.md", Span(0, 20)),)) for town in TOWNS
    ]
    results = pairs(library, question_set, lambda *_: None)
    assert len(results) == len(TOWNS) // 2
    assert pairs(library, [*question_set[:1], *question_set[:1]], lambda *_: None) == []
    for each in results:
        assert each.answered >= each.cited >= each.quoted
    assert of_pairs(results)["asked"] == len(results)
    assert of_pairs([])["cited"] == 0
