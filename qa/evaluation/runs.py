"""Run a library on questions: with its settings, or one part of retrieval after another."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from qa.answering import rating
from qa.answering.confidence import threshold
from qa.answering.quotes import CITATIONS
from qa.citation import Citation
from qa.errors import EvaluationError
from qa.evaluation import confidence_measures, measures, probes, question_sets
from qa.evaluation.answer_measures import Asked
from qa.evaluation.confidence_measures import NEAR_MISS, Answered, Calibration, Case, Paired, words_in_common
from qa.evaluation.measures import DEPTH, Outcome
from qa.evaluation.question_sets import Question, holds, is_right, states
from qa.library import Library
from qa.reading.passages import encoder_text
from qa.results import Answer
from qa.retrieval.question import parts
from qa.retrieval.ranking import Scope
from qa.settings import Settings
from qa.text.span import Span
from qa.types import Passage, Progress

ABLATION = {
    "late": {"lexical_weight": 0.0, "rerank": "none"},
    "BM25": {"lexical_weight": 1.0, "rerank": "none"},
    "hybrid": {"rerank": "none"},
    "hybrid, reciprocal ranks": {"rerank": "none", "fusion": "rrf"},
    "reranked": {},
}
"""The parts of retrieval, each with the settings that leave the others out. "dense" is measured before them."""
PAIRS = 100
"""Most pairs of questions that are asked as one, so that they take less time than the questions themselves."""


def questions(library: Library, folder: Path | None, settings: Settings) -> tuple[Library, list[Question], bool]:
    """Return the library to ask, the questions, and True if they are probes made from its own articles.

    A set in `folder` gets an index of its own, kept below the library's so that it is built once, and the library's encoder.
    If `folder` is a file, its questions are about the library's own articles.
    """
    if folder is None:
        library.catch_up()
        articles = filter(None, (library.article(each.id) for each in library.articles()))
        return library, probes.probes(list(articles), settings.language), True
    if folder.is_file():
        library.catch_up()
        return library, question_sets.read_feedback(folder, library.article), False
    name = f"{folder.name}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"
    home = library.embeddings / "eval" / name
    seeds, questions = question_sets.read(folder, home / "articles")
    return Library(seeds, home / "index", settings=settings, encoder=library.encoder), questions, False


def run(library: Library, question_set: Sequence[Question], progress: Progress) -> list[Outcome]:
    """Measure a library with its settings, without syncing between the questions."""

    def retrieve(question: Question) -> list[Passage]:
        return [hit.passage for hit in library.retrieve(question.text, DEPTH, question.where)]

    return _measure(retrieve, question_set, progress)


def ablation(library: Library, question_set: Sequence[Question], progress: Progress) -> Iterator[tuple[str, list[Outcome]]]:
    """Measure the parts of retrieval one after another: one vector a passage, sentence vectors, words, both, reranked."""
    yield "dense", _measure(_whole_passages(library, progress), question_set, progress)
    for name, changes in ABLATION.items():
        settings = replace(library.settings, **changes)  # type: ignore[arg-type]
        with Library(library.seeds, library.embeddings, settings=settings, encoder=library.encoder) as part:
            yield name, run(part, question_set, progress)


def _measure(
    retrieve: Callable[[Question], Sequence[Passage]], question_set: Sequence[Question], progress: Progress
) -> list[Outcome]:
    if not question_set:
        raise EvaluationError("there are no questions: nothing was measured")
    retrieve(question_set[0])  # Loads what is loaded once.
    return measures.evaluate(retrieve, _counted(question_set, progress))


def _counted(question_set: Sequence[Question], progress: Progress) -> Iterator[Question]:
    for number, question in enumerate(question_set):
        progress("asking", number, len(question_set))
        yield question
    progress("asking", len(question_set), len(question_set))


def _whole_passages(library: Library, progress: Progress) -> Callable[[Question], list[Passage]]:
    """Return a function that retrieves by the usual recipe: one mean vector for each passage, compared with all of them."""
    passages = list(_passages(library).values())
    rows = []
    for start in range(0, len(passages), 256):
        progress("embedding", start, len(passages))
        batch = passages[start : start + 256]
        spans = [[Span(0, len(passage.whole))] for passage in batch]
        rows += [each.sentences for each in library.encoder.encode_texts([encoder_text(passage) for passage in batch], spans)]
    progress("embedding", len(passages), len(passages))
    matrix = np.concatenate(rows) if rows else np.empty((0, library.encoder.dimension), np.float32)

    articles = library.articles()

    def retrieve(question: Question) -> list[Passage]:
        admitted = {each.id for each in articles if question.where.admits(each)}
        scores = matrix @ library.encoder.encode_question(question.text).vector
        ranked = (passages[i] for i in np.argsort(-scores, kind="stable"))
        return list(islice((passage for passage in ranked if passage.article_id in admitted), DEPTH))

    return retrieve


def _passages(library: Library) -> dict[int, Passage]:
    with library.store.snapshot() as snapshot:
        return snapshot.passages([int(key) for key in snapshot.keys().tolist()])


# --- answers --------------------------------------------------------------------------------------------------------------


def asked(library: Library, question_set: Sequence[Question], progress: Progress) -> list[Asked]:
    """Ask each question as a reader would. Raise `EvaluationError` if none is answerable."""
    if not any(question.answerable for question in question_set):
        raise EvaluationError("there are no answerable questions: nothing was measured")
    library.ask(question_set[0].text, question_set[0].where)  # Loads what is loaded once.
    results = []
    for question in _counted(question_set, progress):
        started = time.perf_counter()
        answer = library.ask(question.text, question.where)
        results.append(Asked.of(question, answer, 1000 * (time.perf_counter() - started)))
    return results


# --- confidence and answers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfidenceRun:
    """The measures of the confidence and of the answers; `questions` and `out_of_domain` count the questions asked."""

    questions: int
    out_of_domain: int
    calibration: Calibration
    threshold: float
    answers: dict[str, float]
    pairs: dict[str, float]
    cases: list[Case]


def confidence(
    library: Library, question_set: Sequence[Question], out_of_domain: Sequence[Question], progress: Progress
) -> ConfidenceRun:
    """Measure the confidence, the answers, and the answers to two questions asked as one."""
    measured_cases = cases(library, question_set, out_of_domain, progress)
    answerable = [question for question in question_set if question.answerable]
    return ConfidenceRun(
        questions=len(question_set),
        out_of_domain=len(out_of_domain),
        calibration=confidence_measures.measure(measured_cases),
        threshold=threshold(library.settings.wrong_share, is_read=library.settings.reader != "none"),
        answers=confidence_measures.of_answers(answers(library, answerable, progress)),
        pairs=confidence_measures.of_pairs(pairs(library, answerable, progress)),
        cases=measured_cases,
    )


def cases(
    library: Library,
    question_set: Sequence[Question],
    out_of_domain: Sequence[Question],
    progress: Progress,
    *,
    all_kinds: bool = False,
) -> list[Case]:
    """Ask the questions of a folder with and without the passages that answer them; then those of another folder.

    Every second question is asked of the whole folder; the others once without their article, and once without only the
    passages with the answer: those of the known places, and any other that holds the answer word for word. With
    `all_kinds`, every question is asked in all three ways. Near misses are asked of the whole folder.
    """
    library.catch_up()
    passages = _passages(library)
    total = len(question_set) + len(out_of_domain)
    results = []
    for number, question in enumerate(question_set):
        progress("asking", number, total)
        if not question.answerable:
            results.append(_case(library, question, NEAR_MISS, Scope(question.where)))
            continue
        if all_kinds or number % 2 == 0:
            results.append(_case(library, question, "answered", Scope(question.where)))
        if all_kinds or number % 2:
            without = (_keys_of_its_articles(question, passages), _keys_that_answer(question, passages))
            for kind, exclude in zip(("other subject", "paragraph missing"), without, strict=True):
                results.append(_case(library, question, kind, Scope(question.where, exclude)))
    for number, question in enumerate(out_of_domain, len(question_set)):
        progress("asking", number, total)
        results.append(_case(library, question, "other field", Scope()))
    progress("asking", total, total)
    return results


def _keys_of_its_articles(question: Question, passages: Mapping[int, Passage]) -> set[int]:
    articles = {gold.article_id for gold in question.gold}
    return {key for key, passage in passages.items() if passage.article_id in articles}


def _keys_that_answer(question: Question, passages: Mapping[int, Passage]) -> set[int]:
    return {key for key, passage in passages.items() if _answers(passage, question)}


def _case(library: Library, question: Question, kind: str, scope: Scope) -> Case:
    with library.search() as search:
        rated = rating.find(search, question.text, scope)
    right = kind == "answered" and any(is_right(hit.citation, question) for hit in rated.hits[:1])
    return Case(question.id, kind, right, rated.confidence, rated.features)


def _answers(passage: Passage, question: Question) -> bool:
    overlaps = any(
        gold.article_id == passage.article_id
        and (gold.span is None or (passage.span.start < gold.span.end and gold.span.start < passage.span.end))
        for gold in question.gold
    )
    return overlaps or states(passage.text, question.answers)


def answers(library: Library, question_set: Sequence[Question], progress: Progress) -> list[Answered | None]:
    """Ask each question and measure its answer against the known ones; None if the library declined to answer."""
    results: list[Answered | None] = []
    for question in _counted(question_set, progress):
        answer = library.ask(question.text, question.where)
        results.append(_answered(library, question, answer) if answer.answered else None)
    return results


def _answered(library: Library, question: Question, answer: Answer) -> Answered:
    quoted = answer.citations[: answer.quoted]
    shortest = min((citation.quote for citation in quoted), key=len)
    matches = [words_in_common(shortest, answer) for answer in question.answers] or [(False, 0.0)]
    supported = [_is_supported(library, citation) for citation in quoted]
    correct = [holds(hit.passage, question.gold) for hit in answer.shown[: answer.quoted]]
    return Answered(
        exact=any(exact for exact, _ in matches),
        f1=max(f1 for _, f1 in matches),
        supported=sum(supported) / len(supported),
        precision=sum(correct) / max(1, len(correct)),
        recall=any(correct),
        quotes=len(quoted),
    )


def _is_supported(library: Library, citation: Citation) -> bool:
    article = library.article(citation.article_id)
    return article is not None and citation.span.of(article.text) == citation.quote


def pairs(library: Library, question_set: Sequence[Question], progress: Progress) -> list[Paired]:
    """Ask pairs of questions about different articles as one, joined by "and": a hundred pairs at most."""
    joined = _joined(question_set)
    joined = joined[:: -(-len(joined) // PAIRS) or 1]
    results = []
    for number, (text, *both) in enumerate(joined):
        progress("asking", number, len(joined))
        results.append(_paired(library.ask(text), both))
    progress("asking", len(joined), len(joined))
    return results


def _joined(question_set: Sequence[Question]) -> list[tuple[str, Question, Question]]:
    """Return pairs of questions about different articles, each with the text that asks both and is split again."""
    joined = [
        (f"{one.text.rstrip(' ?')} and {other.text[0].lower()}{other.text[1:]}", one, other)
        for one, other in zip(question_set, question_set[len(question_set) // 2 :], strict=False)
        if not (one.where or other.where)
        and {gold.article_id for gold in one.gold}.isdisjoint(gold.article_id for gold in other.gold)
    ]
    return [each for each in joined if len(parts(each[0])) == 2]


def _paired(answer: Answer, both: Sequence[Question]) -> Paired:
    shown = [hit.passage for hit in answer.shown] if answer.answered else []
    quoted, cited = (
        all(any(holds(passage, question.gold) for passage in passages) for question in both)
        for passages in (shown[: answer.quoted], shown[:CITATIONS])
    )
    return Paired(answer.answered, bool(answer.parts), quoted, cited)
