import math

import numpy as np
import pytest

from qa import Library, Span
from qa.answering import calibration
from qa.answering.confidence import Adjustment, confidence, prior, threshold
from qa.answering.features import ComparedPassage, Features, FirstPassage, QuestionWord, features
from qa.encoding.base import Reading
from qa.evaluation.confidence_measures import Case, auroc, measure, words_in_common
from qa.results import TokenMatch
from qa.store.base import Calibration


def compared(near, dense=0.5):
    places = np.array(near, np.float32)[:3]
    match = TokenMatch(*places, places[0], np.array([0.25, 0.75], np.float32), np.empty((0, 2), np.int64))
    return ComparedPassage(dense, 0.5, match)


WORDS = [
    QuestionWord(frozenset({"offic"}), 2.0, particular=False, tokens=(0,)),
    QuestionWord(frozenset({"caraca"}), 6.0, particular=True, tokens=(1,)),
]


SENTENCE = "In May 2020 the office moved."


def first_passage(passage=("offic", "x"), in_sentence=("offic", "y"), readings=()):
    return FirstPassage(passage, (), SENTENCE, in_sentence, Span(10, 39), readings)


def test_features_equal_those_computed_by_hand():
    first = compared([[0.8, 0.4], [0.8, 0.6], [0.8, 0.8]])
    other = compared([[0.4, 0.4], [0.4, 0.4], [0.4, 0.4]])
    found = features([first, *[other] * 5], "When did the office in Caracas open?", WORDS, first_passage())
    assert found.ahead_of_sixth == pytest.approx(0.8 * (0.25 * 0.8 + 0.75 * 0.6) - 0.8 * 0.4, abs=1e-6)
    assert (found.held_sentence, found.missing_particular, found.explained) == (0.25, 1, 0.5)
    assert found.near_sentence == pytest.approx(0.25 * math.log(0.8) + 0.75 * math.log(0.4), abs=1e-6)
    assert found.holds_asked == 1
    alone = features([first], "Why?", WORDS, first_passage())
    assert math.isnan(alone.ahead_of_sixth)
    assert math.isnan(alone.stands_out)
    assert math.isnan(alone.holds_asked)
    assert not alone.is_read


def test_the_date_figure_or_name_asked_for_is_not_one_of_the_question():
    first = compared([[0.8, 0.4]] * 3)
    asked = ("What moved in May 2020?", "When in May 2020 did it move?", "How many moved?", "Who moved?")
    held = [features([first], question, WORDS, first_passage()).holds_asked for question in asked]
    assert str(held) == "[nan, 0.0, 1.0, 1.0]"


def test_no_feature_grows_with_the_length_of_the_question():
    first = compared([[0.8, 0.4]] * 3)
    once, often = (features([first], "Why?", WORDS * n, first_passage()) for n in (1, 20))
    assert often == pytest.approx(once, nan_ok=True)


def test_what_the_reader_says_raises_or_lowers_the_confidence():
    first = compared([[0.8, 0.4]] * 3)
    inside, outside = Span(12, 15), Span(0, 3)

    def sure(margin, span):
        readings = [Reading(span, margin), Reading(outside, -9.0)]
        found = features([first], "Why?", WORDS, first_passage(readings=readings))
        assert (found.read, found.read_best, found.is_read) == (margin, max(margin, -9.0), True)
        return confidence(found)

    assert sure(-12, outside) < sure(-4, outside) < sure(-4, inside) < sure(4, inside)


def test_question_of_stop_words_has_features():
    found = features([compared([[0.8, 0.4]] * 3)], "who is it", [], first_passage((), ()))
    assert 0 <= confidence(found) <= 1


def test_lead_over_the_other_passages_raises_the_confidence():
    first, second, third = (
        compared([[0.8, 0.6]] * 4),
        compared([[0.7, 0.55]] * 4),
        compared([[0.2, 0.1]] * 4),
    )

    def sure(*others):
        return confidence(features([first, *others], "Why?", WORDS, first_passage()))

    assert sure(*[second] * 6) < sure(*[third] * 6)


@pytest.mark.parametrize("is_read", [True, False])
def test_bundled_models_have_a_weight_for_each_feature(is_read):
    model = prior(is_read=is_read)
    assert model.weights.shape == (len(Features._fields),)
    own, foreign = model.anchors
    assert own > foreign
    assert is_read or not any(model.weights[n] for n, name in enumerate(Features._fields) if name.startswith("read"))


@pytest.mark.parametrize("is_read", [True, False])
def test_stricter_setting_needs_more_confidence(is_read):
    levels = [threshold(share, is_read=is_read) for share in (0.2, 0.15, 0.1, 0.02)]
    assert 0 < levels[0] <= levels[1] <= levels[2] <= levels[3] <= 1


# --- fitted to a library -----------------------------------------------------------------------------------------------


def calibrated(*logits):
    return Calibration("small-1", 100, logits)


def test_library_like_those_of_the_fit_is_not_adjusted():
    own, foreign = prior(is_read=False).anchors
    assert calibration.adjustment(calibrated(own + 1, foreign - 3), is_read=False) == Adjustment(1.0, 0.0)


def test_scale_is_stretched_if_all_questions_get_similar_logits():
    own, foreign = prior(is_read=False).anchors
    adjustment = calibration.adjustment(calibrated(2.0, 1.0), is_read=False)
    assert adjustment.slope * 2.0 + adjustment.offset == pytest.approx(own)
    assert adjustment.slope * 1.0 + adjustment.offset == pytest.approx(foreign)


def test_nothing_is_adjusted_without_a_calibration():
    for stored in (None, calibrated(1.0, 1.0)):
        assert calibration.adjustment(stored, is_read=True) == Adjustment()


def test_in_domain_questions_are_words_of_the_passages_and_reproducible(library, write):
    write("a.md", "The prosecutor opened a small technical office in Caracas after the fourth visit. Short one.")
    library.sync()
    keys = library.store.catalog.keys().tolist()
    passages = list(library.store.catalog.passages(keys).values())
    (question,) = calibration.in_domain_questions(passages)
    assert set(question.split()) <= set(passages[0].text.replace(".", "").split())
    assert calibration.in_domain_questions(passages) == [question]


def test_confidence_is_fitted_once_and_again_after_the_library_doubles(seeds, write, tmp_path, encoder):
    def article(n):
        words = [f"word{n}x{i}" for i in range(12)]
        write(f"{n}.md", f"# Title {n}\n\nThe {' '.join(words)} happened once in a quiet village.\n")

    for n in range(12):
        article(n)
    stages = []

    def progress(stage, done, total, article_id=""):
        stages.append(stage)

    with Library(seeds, tmp_path / "embeddings", encoder=encoder) as library:
        library.sync(progress)
        assert "calibrating" in stages
        stored = library.store.catalog.meta()["calibration"]
        article(12)
        library.sync()
        assert library.store.catalog.meta()["calibration"] == stored
        for n in range(13, 40):
            article(n)
        library.sync()
        assert library.store.catalog.meta()["calibration"] != stored


# --- measures --------------------------------------------------------------------------------------------------------


def test_auroc_is_the_fraction_of_pairs_in_order():
    higher, lower = np.array([0.9, 0.5, 0.4]), np.array([0.5, 0.1])
    pairs = [(a > b) + (a == b) / 2 for a in higher for b in lower]
    assert auroc(higher, lower) == pytest.approx(sum(pairs) / 6)


def test_calibration_of_a_perfect_and_of_an_overconfident_model():
    own = [Case(str(n), "answered", True, 1.0, None) for n in range(10)]
    others = [Case(str(n), kind, False, 0.0, None) for kind in ("other field", "paragraph missing") for n in range(10)]
    perfect = measure([*own, *others])
    assert (perfect.error, perfect.right_at_coverage) == (0, 1)
    assert perfect.auroc == {"other field": 1, "paragraph missing": 1}
    assert perfect.answered_at_coverage == {"other field": 0, "paragraph missing": 0}
    overconfident = measure([case._replace(confidence=0.99) for case in [*own, *others]])
    assert overconfident.error == pytest.approx(0.99 - 2 / 3)
    assert overconfident.auroc["other field"] == 0.5


def test_words_in_common_leave_articles_and_punctuation_out():
    assert words_in_common("The 580!", "580") == (True, 1.0)
    assert words_in_common("", "580") == (False, 0.0)
