"""Read sets of questions with known answers, or make questions from the articles."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from qa.errors import EvaluationError
from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, paragraphs, sentences
from qa.types import Article, Passage

PROBES = 200
"""Most probes that are made: fewer give wider intervals, more take longer to ask."""
PROBE_WORDS = 6
"""Words of a sentence that a probe is made of: with fewer it is ambiguous, with more too easy."""


class Gold(NamedTuple):
    """The place of an answer; `span` is None if only the article is known, `quote` empty if its words were not recorded."""

    article_id: str
    span: Span | None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the places any of which answers it, and the answers in words if the set has them."""

    id: str
    text: str
    gold: tuple[Gold, ...]
    answers: tuple[str, ...] = ()


def holds(passage: Passage, gold: Iterable[Gold]) -> bool:
    """Return True if a passage contains one of the places entirely."""
    return any(
        each.article_id == passage.article_id
        and (each.span is None or (passage.span.start <= each.span.start and each.span.end <= passage.span.end))
        for each in gold
    )


# --- questions ---------------------------------------------------------------------------------------------------------


def read(folder: Path, scratch: Path) -> tuple[Path, list[Question]]:
    """Read a set of questions: return its folder of articles, and the questions.

    Either `articles/` with `questions.jsonl`, lines of `{"id", "question", "gold": [{"article", "start", "end"}]}`, or a
    BEIR folder (`corpus.jsonl`, `queries.jsonl`, `qrels/`), whose documents are written to `scratch` as articles.
    """
    with _one_line_errors(folder):
        if (folder / "questions.jsonl").is_file():
            return folder / "articles", [_question(line) for line in _lines(folder / "questions.jsonl")]
        if (folder / "corpus.jsonl").is_file():
            return _beir(folder, scratch)
    raise EvaluationError(f"{folder} holds neither questions.jsonl nor corpus.jsonl: see 'qa eval --help'")


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Turn errors in a set of questions into an `EvaluationError` of one line."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvaluationError(f"{path} does not hold questions as expected: {error!r}") from error


def read_feedback(path: Path, article: Callable[[str], Article | None]) -> list[Question]:
    """Read questions about the library's own articles, as readers of the page judged them; skip those without a known place.

    If the words of a place were recorded, it is moved to where they are now in the article that `article` returns.
    """
    with _one_line_errors(path):
        questions = [_question(line) for line in _lines(path)]
    return [replace(each, gold=tuple(_moved(gold, article) for gold in each.gold)) for each in questions if each.gold]


def _moved(gold: Gold, article: Callable[[str], Article | None]) -> Gold:
    current = article(gold.article_id)
    if current is None or gold.span is None or not gold.quote or gold.span.of(current.text) == gold.quote:
        return gold
    start = current.text.find(gold.quote)
    return gold if start < 0 else gold._replace(span=Span(start, start + len(gold.quote)))


def _question(line: Mapping[str, Any]) -> Question:
    gold = tuple(
        Gold(
            str(each["article"]),
            Span(int(each["start"]), int(each["end"])) if "start" in each else None,
            str(each.get("quote", "")),
        )
        for each in line["gold"]
    )
    return Question(str(line["id"]), str(line["question"]), gold, tuple(map(str, line.get("answers", ()))))


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)


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


def probes(articles: Sequence[Article], language: str) -> list[Question]:
    """Make questions from the articles themselves: headings, titles, the rare words of a sentence.

    They use the words of the place that answers them: easier than what people ask, but good enough to compare settings.
    """
    frequency = Counter(word for article in articles for word in set(_words(article.text.casefold())))
    pairs = [
        (text, gold)
        for article in articles
        for text, gold in (
            (article.title, Gold(article.id, None)),
            *_headings(article, language),
            *_rare_words(article, frequency, language),
        )
    ]
    random.Random(0).shuffle(pairs)  # noqa: S311  # The same choice every time.
    return [Question(f"probe-{number}", text, (gold,)) for number, (text, gold) in enumerate(pairs[:PROBES], 1)]


def _headings(article: Article, language: str) -> Iterator[tuple[str, Gold]]:
    spans = list(paragraphs(article.text, Span(article.body, len(article.text))))
    for span, following in pairwise(spans):
        heading = span.of(article.text)
        if is_heading(heading) and not is_heading(following.of(article.text)) and len(_words(heading)) > 2:
            yield heading_text(heading), Gold(article.id, sentences(article.text, following, language)[0])


def _rare_words(article: Article, frequency: Mapping[str, int], language: str) -> Iterator[tuple[str, Gold]]:
    body = Span(article.body, len(article.text))
    long = [span for span in sentences(article.text, body, language) if len(_words(span.of(article.text))) >= 2 * PROBE_WORDS]
    for span in random.Random(article.id).sample(long, min(2, len(long))):  # noqa: S311
        words = list(dict.fromkeys(_words(span.of(article.text))))
        rare = set(sorted(words, key=lambda word: (frequency[word.casefold()], word))[:PROBE_WORDS])
        yield " ".join(word for word in words if word in rare), Gold(article.id, span)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
