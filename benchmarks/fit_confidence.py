"""Fit the confidence: ask questions whose answers are known, and write `qa/answering/data/confidence.json`.

python benchmarks/fit_confidence.py DIR OTHER [--held-out FOLDER]: two sets of questions, as for `qa eval`. Only the
questions about one half of the articles of DIR are used for fitting, with the questions of OTHER asked of DIR and those of DIR
asked of OTHER; those about the other half are written to FOLDER, beside a link to the articles, for
`qa eval FOLDER --calibration --out-of-domain OTHER`.
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from qa import Library, Settings
from qa.answering import calibration
from qa.answering.answer import find
from qa.answering.confidence import CLASSES, Features, prior, standardised
from qa.evaluation.confidence_measures import Case, risk
from qa.evaluation.question_sets import Question
from qa.evaluation.runs import cases, questions

PRIOR = {"answered": 0.66, "other field": 0.14, "other subject": 0.1, "paragraph missing": 0.1}
"""The fractions that the kinds of questions are assumed to have."""
OTHER_WEIGHT = 0.5
"""The weight of a case of OTHER beside one of DIR: a higher one fits questions like those of OTHER at the cost of DIR's."""
REGULARISATION = 0.05
"""The inverse strength of the penalty on the weights: the smaller, the less the fit follows the cases at hand."""
TARGET = Path(__file__).parent.parent / "qa" / "answering" / "data" / "confidence.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--embeddings", default="embeddings")
    parser.add_argument("--cases", type=Path, help="keep the cases here, or take them from here")
    options = parser.parse_args()
    settings = Settings()
    base = Library("seeds", options.embeddings, settings=settings)
    library, own_questions, _ = questions(base, options.folder, settings)
    other, other_questions, _ = questions(base, options.other, settings)
    # Near misses are of none of the classes.
    other_questions = [question for question in other_questions if question.answerable]
    fitted = [question for question in own_questions if question.answerable and is_for_fitting(question)]
    if options.held_out:
        write_held_out(options.folder, options.held_out, {question.id for question in fitted})
    if options.cases and options.cases.exists():
        own_cases, other_cases = (
            [Case(*case[:4], Features(*case[4])) for case in part] for part in json.loads(options.cases.read_text())
        )
    else:
        own_cases = cases(library, fitted[::2], other_questions[::2], report, all_kinds=True)
        other_cases = cases(other, other_questions[1::2], fitted[1::2], report, all_kinds=True)
        if options.cases:
            options.cases.write_text(json.dumps([own_cases, other_cases]))
    model = fit(own_cases, other_cases)
    write(model)
    in_domain, out_of_domain = zip(median_logits(library), median_logits(other), strict=True)
    write(model | {"anchors": (min(in_domain), max(out_of_domain))})
    print(f"{TARGET}: fitted on {len(own_cases)} and {len(other_cases)} cases")


def write(model: dict) -> None:
    TARGET.write_text(json.dumps(model) + "\n", encoding="utf-8")
    prior.cache_clear()


def median_logits(library: Library) -> tuple[float, float]:
    with library.search() as search:
        keys = search.snapshot.keys().tolist()
        in_domain = calibration.in_domain_questions(search.snapshot.passages(keys[:: len(keys) // 200]).values())
        kinds = (in_domain, calibration.out_of_domain_questions())
        medians = calibration.medians(*((find(search, question).features for question in kind) for kind in kinds))
    assert medians
    return medians


def is_for_fitting(question: Question) -> bool:
    return zlib.crc32(question.gold[0].article_id.encode()) % 2 == 0


def write_held_out(folder: Path, held_out: Path, fitted: set[str]) -> None:
    held_out.mkdir(parents=True, exist_ok=True)
    if not (held_out / "articles").exists():
        (held_out / "articles").symlink_to((folder / "articles").resolve(), target_is_directory=True)
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    held_out_lines = [line for line in lines if json.loads(line)["id"] not in fitted]
    (held_out / "questions.jsonl").write_text("\n".join(held_out_lines) + "\n", encoding="utf-8")


def report(stage: str, done: int, total: int) -> None:
    if stage == "asking" and done % 100 == 0:
        print(f"{done} of {total}", flush=True)


def fit(own: list[Case], other: list[Case]) -> dict:
    """Return a fitted softmax regression. A question not answered within the first three hits counts as missing."""
    all_cases = [case for case in [*own, *other] if case.features]
    weight = np.array([*weights(own), *(OTHER_WEIGHT * weights(other))])
    features = np.array([case.features for case in all_cases])
    kinds = [CLASSES.index(case.kind) if case.right or case.kind != "answered" else len(CLASSES) - 1 for case in all_cases]
    # Unknown features are left out of the mean.
    mean = np.ma.average(np.ma.masked_invalid(features), axis=0, weights=weight).filled(0.0)
    scale = np.nanstd(features, axis=0)
    standard = standardised(features, mean, scale)
    model = LogisticRegression(C=REGULARISATION, max_iter=5000).fit(standard, kinds, sample_weight=weight)
    confidence = model.predict_proba(standard)[:, 0]
    right = np.array([case.right for case in all_cases])
    in_domain = np.array([case.kind == "answered" for case in all_cases])
    return {
        "features": Features._fields,
        "classes": CLASSES,
        **{
            name: np.round(value, 5).tolist()
            for name, value in (("mean", mean), ("scale", scale), ("weights", model.coef_), ("bias", model.intercept_))
        },
        "anchors": (1.0, -1.0),
        "risk": [(low, round(wrong, 4)) for low, _, wrong in risk(confidence, right, weight, in_domain)],
    }


def weights(one_set: list[Case]) -> np.ndarray:
    """Return the weight of each case, so that the kinds have the fractions of `PRIOR`."""
    kinds = [case.kind for case in one_set if case.features]
    return np.array([len(kinds) * PRIOR[kind] / kinds.count(kind) for kind in kinds])


if __name__ == "__main__":
    main()
