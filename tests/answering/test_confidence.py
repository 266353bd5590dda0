import math

import numpy as np
import pytest

from qa import Library
from qa.answering import calibration
from qa.answering.confidence import Adjustment, ComparedPassage, Features, QuestionWord, confidence, features, prior, threshold
from qa.evaluation.confidence_measures import Case, auroc, measure, words_in_common
from qa.results import TokenMatch
from qa.store.base import Calibration


def compared(article_id, near, dense=0.5):
    places = np.array(near, np.float32)[:3]
    match = TokenMatch(*places, places[0], np.array([0.25, 0.75], np.float32), np.empty((0, 2), np.int64))
    return ComparedPassage(article_id, dense, 0.5, match)


WORDS = [
    QuestionWord(frozenset({"offic"}), 2.0, particular=False, tokens=(0,)),
    QuestionWord(frozenset({"caraca"}), 6.0, particular=True, tokens=(1,)),
]


def test_features_equal_those_computed_by_hand():
    first = compared("a.md", [[0.8, 0.4], [0.8, 0.6], [0.8, 0.8]])
    second = compared("a.md", [[0.4, 0.4], [0.4, 0.4], [0.4, 0.4]])
    third = compared("b.md", [[0.0, 0.4], [0.0, 0.4], [0.0, 0.4]])
    found = features([first, second, third], WORDS, passage={"offic", "x"}, sentence={"offic", "y"}, title=set())
    assert found.score == pytest.approx(0.8 * (0.25 * 0.8 + 0.75 * 0.6) + 0.1, abs=1e-6)
    assert found.ahead_of_article == pytest.approx(0.8 * (0.65 - 0.3), abs=1e-6)
    assert math.isnan(found.ahead_of_sixth)
    assert math.isnan(found.stands_out)
    assert (found.words, found.held, found.held_sentence) == (2, 0.25, 0.25)
    assert (found.missing, found.missing_most, found.missing_particular, found.explained) == (6, 6, 1, 0.5)
    assert found.near_sentence == pytest.approx(0.25 * math.log(0.8) + 0.75 * math.log(0.4), abs=1e-6)
    assert found.near_around == pytest.approx(0.25 * 0.8 + 0.75 * 0.6, abs=1e-6)


def test_coverage_never_drops_when_text_is_added():
    first = compared("a.md", [[0.8, 0.4]] * 3)
    less = features([first], WORDS, passage={"offic"}, sentence=set(), title=set())
    more = features([first], WORDS, passage={"offic", "caraca"}, sentence={"caraca"}, title=set())
    assert more.held > less.held
    assert more.missing < less.missing
    assert confidence(more) > confidence(less)


def test_question_of_stop_words_has_features():
    found = features([compared("a.md", [[0.8, 0.4]] * 3)], [], passage=set(), sentence=set(), title=set())
    assert 0 <= confidence(found) <= 1


def test_lead_over_other_articles_raises_the_confidence():
    first, second = compared("a.md", [[0.8, 0.6]] * 4), compared("b.md", [[0.7, 0.55]] * 4)
    third = compared("b.md", [[0.2, 0.1]] * 4)

    def sure(*others):
        return confidence(features([first, *others], WORDS, passage={"offic", "caraca"}, sentence={"offic"}, title=set()))

    assert sure(*[second] * 6) < sure(*[third] * 6)


def test_bundled_model_has_a_weight_for_each_feature():
    assert prior().weights.shape == (4, len(Features._fields))
    own, foreign = prior().anchors
    assert own > foreign


def test_stricter_setting_needs_more_confidence():
    assert 0 < threshold(0.2) <= threshold(0.1) <= threshold(0.02) <= 1


# --- fitted to a library -----------------------------------------------------------------------------------------------


def calibrated(*logits):
    return Calibration("small-1", 100, logits)


def test_library_like_those_of_the_fit_is_not_adjusted():
    own, foreign = prior().anchors
    assert calibration.adjustment(calibrated(own + 1, foreign - 3)) == Adjustment(1.0, 0.0)


def test_scale_is_stretched_if_all_questions_get_similar_logits():
    own, foreign = prior().anchors
    adjustment = calibration.adjustment(calibrated(2.0, 1.0))
    assert adjustment.slope * 2.0 + adjustment.offset == pytest.approx(own)
    assert adjustment.slope * 1.0 + adjustment.offset == pytest.approx(foreign)


def test_nothing_is_adjusted_without_a_calibration():
    assert calibration.adjustment(None) == calibration.adjustment(calibrated(1.0, 1.0)) == Adjustment()


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
