"""Fit the confidence: ask questions whose answers are known, and write `qa/answering/data/confidence.json`.

python -m benchmarks confidence SET [SET ...] --work FOLDER: sets of questions as for `qa eval`, each asked of its own articles,
with and without the passages that answer, and of the next set's ("other field"). Questions about articles that the reader was
trained on are asked without it: it knows more about those than it will about yours. The others decide what it adds. `--prose`
names the sets of which the fraction of wrong answers is told: those most like the folders that people have.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from benchmarks.reader_examples import is_held_out
from qa import Library, Settings
from qa.answering import calibration
from qa.answering.confidence import prior, standardised
from qa.answering.features import Features
from qa.answering.rating import find
from qa.evaluation.confidence_measures import ANSWERED_FRACTION, KINDS, NEAR_MISS, risk
from qa.evaluation.question_sets import Question, sample
from qa.evaluation.runs import cases, questions

PRIOR = {"answered": 0.66, "other field": 0.1, "other subject": 0.07, "paragraph missing": 0.07, NEAR_MISS: 0.1}
"""The fractions that the kinds of questions are assumed to have."""
WORDS_C, READ_C = 0.05, 0.02
"""The inverse strengths of the penalties on the weights: the smaller, the less the fit follows the cases at hand. Stronger ones
than usual fit articles better that were left out."""
ASKED, OTHERS = 700, 120
"""Questions of a set, and of the next set, that are asked."""
FOLDS = 5
TRAINED = ("near_miss", "squad_tuning", "covid_tuning")
"""The sets that the bundled reader was trained on: see docs/reader.md."""
TARGET = Path(__file__).parent.parent / "qa" / "answering" / "data" / "confidence.json"
READ = [n for n, name in enumerate(Features._fields) if name.startswith("read")]
WORDS = [n for n, name in enumerate(Features._fields) if not name.startswith("read")]


class Asked(NamedTuple):
    """A question that was asked: of which set, about which article, its kind, its features, True if the quote was right."""

    set: str
    article: str
    kind: str
    features: list[float]
    right: bool


class Fit(NamedTuple):
    """One linear model of all features, in standard deviations from the mean."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float

    def logits(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of the odds of each case that the quote answers."""
        return standardised(features, self.mean, self.scale) @ self.weights + self.bias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--prose", nargs="+", default=["near_miss", "squad_tuning"])
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    cache = options.work / "asked.json"
    if not cache.exists():
        cache.write_text(json.dumps(asked(options.sets, options.work)))
    rows = [Asked(*row) for row in json.loads(cache.read_text())]
    read = [row for row in rows if not np.isnan(row.features[READ[0]])]
    others = [row for row in rows if np.isnan(row.features[READ[0]])]
    out_of_fold = {"read": np.zeros(len(read)), "not read": np.zeros(len(read))}
    features = np.array([row.features for row in read])
    for train, test in GroupKFold(FOLDS).split(read, groups=[f"{row.set}/{row.article}" for row in read]):
        for name, fit in fits([read[n] for n in train], others).items():
            out_of_fold[name][test] = fit.logits(features[test])
    models = {}
    for name, fit in fits(read, others).items():
        prose = np.array([row.set in options.prose for row in read])
        logits, told = out_of_fold[name][prose], [row for row in read if row.set in options.prose]
        slope, offset = scaled(logits, told)
        models[name] = written(fit, slope, offset, told, slope * logits + offset)
    write({"features": Features._fields} | models)
    for name in models:
        models[name]["anchors"] = anchors(options.sets, options.work, "qa-reader" if name == "read" else "none")
    write({"features": Features._fields} | models)
    print(f"{TARGET}: fitted on {len(read)} cases with the reader, {len(others)} without")


# --- asking ------------------------------------------------------------------------------------------------------------


def asked(sets: Sequence[Path], work: Path) -> list[Asked]:
    """Ask the questions of each set, with the reader only if it was not trained on their articles."""
    rows = []
    for folder, other in zip(sets, (*sets[1:], sets[0]), strict=True):
        for reader in ("qa-reader", "none") if folder.name in TRAINED else ("qa-reader",):
            settings = Settings(reader=reader)
            library, own, _ = questions(Library("seeds", work, settings=settings), folder, settings)
            _, strangers, _ = questions(Library("seeds", work, settings=settings), other, settings)
            are_few = not all(question.answerable for question in own)
            chosen = [question for question in own if is_for(reader, folder.name, question, are_few=are_few)]
            strangers = sample([each for each in strangers if each.answerable], OTHERS) if reader == "qa-reader" else []
            chosen = sample(chosen, ASKED)
            articles = {question.id: article_of(question) for question in [*strangers, *chosen]}
            rows += [
                Asked(folder.name, articles[case.id], case.kind, list(case.features), case.right)
                for case in cases(library, chosen, strangers, report, all_kinds=True)
                if case.features
            ]
    return rows


def is_for(reader: str, name: str, question: Question, *, are_few: bool) -> bool:
    if name not in TRAINED:
        return True
    return is_held_out(name, article_of(question), are_few=are_few) == (reader != "none")


def article_of(question: Question) -> str:
    return question.gold[0].article_id if question.gold else question.about


def report(stage: str, done: int, total: int, article_id: str = "") -> None:  # noqa: ARG001
    if stage == "asking" and done % 100 == 0:
        print(f"{done} of {total}", flush=True)


def anchors(sets: Sequence[Path], work: Path, reader: str) -> tuple[float, float]:
    """Return the lowest median logit of in-domain questions, and the highest of out-of-domain ones, in the sets trained on."""
    settings, medians = Settings(reader=reader), []
    for folder in sets:
        if folder.name in TRAINED:
            library, _, _ = questions(Library("seeds", work, settings=settings), folder, settings)
            with library.search() as search:
                keys = search.snapshot.keys().tolist()
                own = calibration.in_domain_questions(search.snapshot.passages(keys[:: max(1, len(keys) // 120)]).values())
                kinds = (own, calibration.out_of_domain_questions())
                found = calibration.medians(*((find(search, question).features for question in kind) for kind in kinds))
            assert found
            medians.append(found)
    return min(high for high, _ in medians), max(low for _, low in medians)


# --- fitting -----------------------------------------------------------------------------------------------------------


def fits(read: Sequence[Asked], others: Sequence[Asked]) -> dict[str, Fit]:
    """Return the models with and without a reader: first the words decide, of all cases, then the reader is added to that."""
    both = [*read, *others]
    by_words = fitted(matrix(both)[:, WORDS], both, WORDS_C)
    logits = by_words.logits(matrix(read)[:, WORDS])
    with_reader = fitted(np.c_[logits, matrix(read)[:, READ]], read, READ_C)
    share = with_reader.weights[0] / with_reader.scale[0]
    mean, scale, words, all_features = (np.zeros(len(Features._fields)) for _ in range(4))
    mean[WORDS], scale[WORDS], words[WORDS] = by_words.mean, by_words.scale, by_words.weights
    mean[READ], scale[READ], all_features[READ] = with_reader.mean[1:], with_reader.scale[1:], with_reader.weights[1:]
    all_features[WORDS] = share * by_words.weights
    bias = with_reader.bias + share * (by_words.bias - with_reader.mean[0])
    return {"read": Fit(mean, scale, all_features, bias), "not read": Fit(mean, scale, words, by_words.bias)}


def matrix(rows: Sequence[Asked]) -> NDArray[np.float64]:
    return np.array([row.features for row in rows], np.float64)


def fitted(features: NDArray[np.float64], rows: Sequence[Asked], strength: float) -> Fit:
    weight = weights(rows)
    # Unknown features are left out of the mean.
    mean = np.ma.average(np.ma.masked_invalid(features), axis=0, weights=weight).filled(0.0)
    scale = np.nanstd(features, axis=0) + 1e-9
    model = LogisticRegression(C=strength, max_iter=5000)
    model.fit(standardised(features, mean, scale), [row.right for row in rows], sample_weight=weight)
    return Fit(mean, scale, model.coef_[0], float(model.intercept_[0]))


def weights(rows: Sequence[Asked]) -> NDArray[np.float64]:
    """Return the weight of each case: sets weigh by the root of their size, kinds of questions within a set by `PRIOR`."""
    count: dict[tuple[str, str], int] = {}
    for row in rows:
        count[row.set, row.kind] = count.get((row.set, row.kind), 0) + 1
    size = {name: sum(n for (each, _), n in count.items() if each == name) for name, _ in count}
    return np.array([10 * size[row.set] ** 0.5 * PRIOR[row.kind] / count[row.set, row.kind] for row in rows])


def told_weights(rows: Sequence[Asked]) -> NDArray[np.float64]:
    """Return the weight of each case if two questions in three have an answer, and the rest are of all other kinds alike."""
    kinds = [row.kind for row in rows]
    others = {kind for kind in kinds if kind != KINDS[0]}
    share = {kind: (1 - ANSWERED_FRACTION) / len(others) for kind in others} | {KINDS[0]: ANSWERED_FRACTION}
    return np.array([share[kind] / kinds.count(kind) for kind in kinds])


def scaled(logits: NDArray[np.float64], rows: Sequence[Asked]) -> tuple[float, float]:
    """Return slope and offset with which logits are true: the penalties make them too small (Platt 1999)."""
    weight = told_weights(rows) * len(rows)
    model = LogisticRegression(C=1e6).fit(logits[:, None], [row.right for row in rows], sample_weight=weight)
    return float(model.coef_[0][0]), float(model.intercept_[0])


def written(fit: Fit, slope: float, offset: float, rows: Sequence[Asked], logits: NDArray[np.float64]) -> dict:
    confidence = 1 / (1 + np.exp(-logits))
    right, in_domain = (np.array(values) for values in zip(*((row.right, row.kind == KINDS[0]) for row in rows), strict=True))
    return {
        "mean": np.round(fit.mean, 5).tolist(),
        "scale": np.round(fit.scale, 5).tolist(),
        "weights": np.round(slope * fit.weights, 5).tolist(),
        "bias": round(slope * fit.bias + offset, 5),
        "anchors": (1.0, -1.0),
        "risk": [(low, round(wrong, 4)) for low, _, wrong in risk(confidence, right, told_weights(rows), in_domain)],
    }


def write(models: dict) -> None:
    TARGET.write_text(json.dumps(models) + "\n", encoding="utf-8")
    prior.cache_clear()


if __name__ == "__main__":
    main()
