"""Read sets of questions with known answers, and of questions that the articles only nearly answer."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from qa.citation import Citation
from qa.errors import EvaluationError, QuestionError
from qa.retrieval.question import answer_type
from qa.text.span import Span
from qa.types import Article, Passage
from qa.where import EVERYWHERE, Where

ASKED_FOR = ("who", "when", "where", "how many", "what", "why", "how", "other")
"""The kinds of questions by what they ask for."""
_ASKED_BY = {"person": "who", "date": "when", "place": "where", "number": "how many"}
T = TypeVar("T")
_ASKING_WORD = re.compile(r"\b(?:what|which|why|how)\b", re.IGNORECASE)


class Gold(NamedTuple):
    """The place of an answer; `span` is None if only the article is known, `quote` empty if its words were not recorded."""

    article_id: str
    span: Span | None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the places any of which answers it, and the answers in words if the set has them.

    It is asked of the articles that `where` admits. A near miss is not `answerable`: the articles nearly answer it; `about` is
    the article that does, if the set tells.
    """

    id: str
    text: str
    gold: tuple[Gold, ...]
    answers: tuple[str, ...] = ()
    where: Where = EVERYWHERE
    answerable: bool = True
    about: str = ""

    @property
    def asks_for(self) -> str:
        """What it asks for, one of `ASKED_FOR`; by rule and for English, as `answer_type`.

        >>> Question("1", "In which year did it end?", ()).asks_for, Question("2", "Which treaty ended it?", ()).asks_for
        ('when', 'what')
        """
        if kind := answer_type(self.text):
            return _ASKED_BY[kind]
        word = _ASKING_WORD.search(self.text)
        return word.group().lower().replace("which", "what") if word else "other"


def holds(text: Passage | Citation, gold: Iterable[Gold]) -> bool:
    """Return True if a passage or a quote contains one of the places entirely."""
    return any(
        each.article_id == text.article_id
        and (each.span is None or (text.span.start <= each.span.start and each.span.end <= text.span.end))
        for each in gold
    )


def states(text: str, answers: Iterable[str]) -> bool:
    """Return True if a text has one of the answers word for word, in upper or lower case.

    >>> states("There were 1,580 officials.", ["580"]), states("There were 580 officials.", ["580"])
    (False, True)
    """
    text = text.casefold()
    folded = [answer.casefold() for answer in answers]
    return any(
        each in text and re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(each)}(?!\w|[.,]\d)", text) for each in folded if each
    )


def is_right(quote: Citation, question: Question) -> bool:
    """Return True if a quote holds a known place or states an answer; or if only articles are known, and it is from one."""
    placed = [gold for gold in question.gold if gold.span]
    return holds(quote, placed or question.gold) or states(quote.quote, question.answers)


def sample(questions: Sequence[Question], count: int) -> list[Question]:
    """Return about as many of each kind of question as all have, `count` in all, the same every time and in their order."""
    if not 0 < count < len(questions):
        return list(questions)
    by_kind = sorted(range(len(questions)), key=lambda n: (questions[n].answerable, questions[n].asks_for))
    return [questions[n] for n in sorted(by_kind[each * len(questions) // count] for each in range(count))]


# --- questions ---------------------------------------------------------------------------------------------------------


def read(folder: Path, scratch: Path) -> tuple[Path, list[Question]]:
    """Read a set of questions: return its folder of articles, and the questions.

    Either `articles/` with `questions.jsonl`, and `unanswerable.jsonl` if there are near misses apart from those, or a BEIR
    folder (`corpus.jsonl`, `queries.jsonl`, `qrels/`), whose documents are written to `scratch` as articles. A line is
    `{"id", "question", "gold": [{"article", "start", "end"}]}`, offsets in characters, without them if only the article is
    known; `"answers"` has the answers in words, `"where"` a filter; a near miss has `"answerable": false` and no gold.
    Raise `EvaluationError` if the folder holds neither, or for the first line that is none.
    """
    if (folder / "questions.jsonl").is_file():
        near_misses = folder / "unanswerable.jsonl"
        questions = list(_questions(folder / "questions.jsonl", _set_question))
        if near_misses.is_file():
            questions += _questions(near_misses, lambda line: _set_question({"answerable": False, **line}))
        return folder / "articles", questions
    if (folder / "corpus.jsonl").is_file():
        with _one_line_errors(folder):
            return _beir(folder, scratch)
    raise EvaluationError(f"{folder} holds neither questions.jsonl nor corpus.jsonl: see 'qa eval --help'")


@contextmanager
def _one_line_errors(place: Path | str) -> Iterator[None]:
    """Turn errors in a set of questions into an `EvaluationError` of one line that names the place."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{place} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{place} does not hold questions as expected: no JSON, {error.msg} at {error.pos}") from error
    except KeyError as error:
        raise EvaluationError(f"{place} does not hold questions as expected: {error} is missing") from error
    except (TypeError, ValueError, AttributeError, QuestionError) as error:
        raise EvaluationError(f"{place} does not hold questions as expected: {error}") from error


def read_feedback(path: Path, article: Callable[[str], Article | None]) -> list[Question]:
    """Read questions about the library's own articles, as readers of the page judged them; skip those without a known place.

    If the words of a place were recorded, it is moved to where they are now in the article that `article` returns.
    """
    judged = [each for each in _questions(path, _question) if each.gold]
    return [replace(each, gold=tuple(_moved(gold, article) for gold in each.gold)) for each in judged]


def _moved(gold: Gold, article: Callable[[str], Article | None]) -> Gold:
    current = article(gold.article_id)
    if current is None or gold.span is None or not gold.quote or gold.span.of(current.text) == gold.quote:
        return gold
    start = current.text.find(gold.quote)
    return gold if start < 0 else gold._replace(span=Span(start, start + len(gold.quote)))


def _questions(path: Path, question: Callable[[Mapping[str, Any]], Question]) -> Iterator[Question]:
    with _one_line_errors(path), path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                with _one_line_errors(f"{path}, line {number},"):
                    yield question(_of(dict, json.loads(line), "a question"))


def _set_question(line: Mapping[str, Any]) -> Question:
    """Return a question that has gold, or is a near miss."""
    question = _question(line)
    if question.answerable != bool(question.gold):
        raise ValueError('a question has gold, or is "answerable": false')
    return question


def _question(line: Mapping[str, Any]) -> Question:
    answerable = _of(bool, line.get("answerable", True), "answerable")
    return Question(
        id=str(line["id"]),
        text=_of(str, line["question"], "question"),
        gold=tuple(map(_gold, _of(list, line["gold"] if answerable else line.get("gold", []), "gold"))),
        answers=tuple(map(str, _of(list, line.get("answers", []), "answers"))),
        where=Where.of(line.get("where")),
        answerable=answerable,
        about=str(_of(dict, line.get("paragraph") or {}, "paragraph").get("article", "")),
    )


def _gold(place: object) -> Gold:
    known = _of(dict, place, "a place in gold")
    span = Span(int(known["start"]), int(known["end"])) if "start" in known else None
    if span and not 0 <= span.start < span.end:
        raise ValueError(f"a place in gold is from {span.start} to {span.end}: it takes start and end, the lower first")
    return Gold(str(known["article"]), span, str(known.get("quote", "")))


def _of(kind: type[T], value: object, name: str) -> T:
    """Return a value of the JSON, which has to be of this kind."""
    if not isinstance(value, kind):
        words: dict[type, str] = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
        raise TypeError(f"{name} is {value!r}: it takes {words[kind]}")
    return value


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as stream:
        yield from (json.loads(line) for line in stream if line.strip())


def _beir(folder: Path, scratch: Path) -> tuple[Path, list[Question]]:
    scratch.mkdir(parents=True, exist_ok=True)
    for document in _lines(folder / "corpus.jsonl"):
        # A JSON string is a YAML string.
        head = f"---\ntitle: {json.dumps(document['title'])}\n---\n\n" if document.get("title") else ""
        path = scratch / _file_name(document["_id"])
        content = head + document["text"] + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
    gold: dict[str, list[Gold]] = {}
    qrels = folder / "qrels" / "test.tsv"
    with (qrels if qrels.is_file() else next((folder / "qrels").glob("*.tsv"))).open(encoding="utf-8") as stream:
        for query, document, relevance in csv.reader(stream, delimiter="\t"):
            if relevance.isdigit() and int(relevance) > 0:
                gold.setdefault(query, []).append(Gold(_file_name(document), None))
    queries = {str(line["_id"]): str(line["text"]) for line in _lines(folder / "queries.jsonl")}
    return scratch, [Question(id, queries[id], tuple(each)) for id, each in gold.items()]


def _file_name(id: object) -> str:
    return quote(str(id), safe="") + ".txt"
