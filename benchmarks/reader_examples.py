"""Make examples to train the reader with: a question, a passage as retrieval finds it, and the answer's span in it, or none.

Beside the questions that a set marks as unanswerable, others are made: about the best wrong passage, about a passage without
the sentence that answers, and with a name, number, opposite or negation exchanged in the question.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from qa import Library

FOUND = 5
"""Passages that are retrieved for a question."""
HELD_OUT, HELD_OUT_OF_FEW = 18, 25
"""Per cent of the articles about which no question is used for training; of sets with unanswerable questions, which have few
articles, more."""
MADE = {"wrong passage": 0.35, "wrong passage of unanswerable": 0.3, "without answer": 0.15, "exchanged": 0.4}
"""How often each kind of unanswerable example is made of a question."""
KEYWORDS, NO_MARK = 0.06, 0.14
"""How often a question is put as keywords only, and how often without its question mark."""
_OPPOSITES = (
    "first last, largest smallest, biggest smallest, most least, more less, more fewer, before after, highest lowest, higher"
    " lower, increase decrease, increased decreased, increases decreases, north south, northern southern, east west, eastern"
    " western, win lose, won lost, oldest youngest, newest oldest, above below, start end, began ended, begin end, born died,"
    " gain lose, gained lost, best worst, early late, earliest latest, longest shortest, support oppose, supported opposed,"
    " accept reject, accepted rejected, allow forbid, allowed forbidden, allowed prohibited, male female, men women, public"
    " private, import export, imports exports, inside outside, internal external, cause prevent, causes prevents, major minor,"
    " majority minority, maximum minimum, common rare, old new, always never, all none, strong weak, stronger weaker, faster"
    " slower, fast slow, hot cold, warm cool, positive negative, active inactive, legal illegal, possible impossible, like"
    " unlike, agree disagree, agreed disagreed, appear disappear, connect disconnect, able unable, complete incomplete, direct"
    " indirect, dependent independent, regular irregular, stable unstable, successful unsuccessful, popular unpopular, upper"
    " lower, left right, open closed, enter leave, entered left, buy sell, bought sold, rise fall, rose fell, rich poor, expand"
    " shrink, add remove, added removed, join leave, joined left, attack defend, attacked defended, create destroy, created"
    " destroyed, convicted acquitted, guilty innocent, father mother, son daughter, king queen, husband wife, urban rural"
)
_PAIRS = [tuple(pair.split()) for pair in _OPPOSITES.split(",")]
OPPOSITE: dict[str, set[str]] = {}
for _one, _other in _PAIRS:
    OPPOSITE.setdefault(_one, set()).add(_other)
    OPPOSITE.setdefault(_other, set()).add(_one)
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'’-]+(?:\s+(?:of|the|de)?\s*[A-Z][\w'’-]+)*")
_NUMBER = re.compile(r"\b\d+\b")
_VERB = re.compile(r" (did|was|is|can|are|were|does) ")
_COMMON = (
    "the a an of in on at to for and or is was are were be been do did does has have had by with from as that this what which"
    " who whom whose when where why how many much it its their his her"
)
_STOP_WORDS = frozenset(_COMMON.split())


class Example(NamedTuple):
    """A question, the title and text of a passage, and where in the text the answer is; None if it is not there."""

    question: str
    title: str
    text: str
    answer: tuple[int, int] | None


class Found(NamedTuple):
    """A question with what was retrieved for it: passages as (title, text, sentences, answer), the answer None if not there."""

    article: str
    question: str
    answerable: bool
    passages: list[tuple[str, str, list[tuple[int, int]], tuple[int, int] | None]]
    about: int
    """The number of the passage that the question is about, or -1."""


def is_held_out(name: str, article: str, *, are_few: bool) -> bool:
    """Return True if questions about an article of a set are left out of the training."""
    number = int(hashlib.sha256(f"{name}/{article}".encode()).hexdigest(), 16) % 100
    return number < (HELD_OUT_OF_FEW if are_few else HELD_OUT)


def found(folder: Path, questions: Path, work: Path) -> Iterator[Found]:
    """Yield each question of a set with the passages that retrieval finds; what was found is kept in `work`."""
    cache = work / f"{folder.name}.jsonl"
    lines = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    done = len(cache.read_text(encoding="utf-8").splitlines()) if cache.exists() else 0
    with Library(folder / "articles", work / f"index-{folder.name}") as library, cache.open("a", encoding="utf-8") as sink:
        library.sync()
        for line in lines[done:]:
            sink.write(json.dumps(_found(library, line)) + "\n")
    for line in cache.read_text(encoding="utf-8").splitlines():
        article, question, answerable, passages, about = json.loads(line)
        yield Found(article, question, answerable, passages, about)


def _found(library: Library, line: dict) -> Found:
    golds = [gold for gold in line["gold"] if "start" in gold]
    paragraph = line.get("paragraph") or (golds[0] if golds else {"article": "", "start": 0, "end": 0})
    passages, about = [], -1
    for number, hit in enumerate(library.retrieve(line["question"], FOUND)):
        passage, start = hit.passage, hit.passage.span.start
        own = [gold for gold in golds if gold["article"] == passage.article_id]
        inside = [gold for gold in own if start <= gold["start"] and gold["end"] <= passage.span.end]
        answer = (inside[0]["start"] - start, inside[0]["end"] - start) if inside else None
        sentences = [(span.start, span.end) for span in passage.inner_sentences]
        passages.append((hit.citation.title, passage.text, sentences, answer))
        overlaps = start < paragraph["end"] and paragraph["start"] < passage.span.end
        if about < 0 and passage.article_id == paragraph["article"] and overlaps:
            about = number
    return Found(paragraph["article"], line["question"], line.get("answerable", True), passages, about)


def examples(questions: Sequence[Found], choose: random.Random) -> Iterator[Example]:
    """Yield the examples made of questions, in order."""
    names: dict[str, set[str]] = {}
    for each in questions:
        names.setdefault(each.article, set()).update(_NAME.findall(each.question))
    for each in questions:
        for example in _of(each, sorted(names[each.article]), choose):
            yield example._replace(question=typed(example.question, choose))


def _of(found: Found, names: Sequence[str], choose: random.Random) -> Iterator[Example]:
    right = next((passage for passage in found.passages if passage[3]), None)
    wrong = [passage for passage in found.passages if not passage[3]]
    if found.answerable:
        if right:
            title, text, sentences, answer = right
            yield Example(found.question, title, text, answer)
            rest = _without(text, sentences, answer)
            if rest and choose.random() < MADE["without answer"]:
                yield Example(found.question, title, rest, None)
            changed = exchanged(found.question, names, choose) if choose.random() < MADE["exchanged"] else None
            if changed:
                yield Example(changed, title, text, None)
        if wrong and choose.random() < MADE["wrong passage"]:
            yield Example(found.question, *wrong[0][:2], None)
    elif found.passages:
        nearest = found.passages[max(found.about, 0)]
        yield Example(found.question, *nearest[:2], None)
        if wrong and wrong[0] is not nearest and choose.random() < MADE["wrong passage of unanswerable"]:
            yield Example(found.question, *wrong[0][:2], None)


def _without(text: str, sentences: Sequence[tuple[int, int]], answer: tuple[int, int] | None) -> str:
    """Return a text without the sentence that answers, or an empty text if too little is left."""
    cut = next(((start, end) for start, end in sentences if answer and start <= answer[0] < end), None)
    return text[: cut[0]] + text[cut[1] :] if cut and len(sentences) > 2 else ""


def exchanged(question: str, names: Sequence[str], choose: random.Random) -> str | None:
    """Return a question with a word, name or number exchanged or a negation added, or None if it has nothing to exchange."""
    ways = [_opposite, _other_name, _other_number, _negated]
    choose.shuffle(ways)
    return next((changed for way in ways if (changed := way(question, names, choose))), None)


def _opposite(question: str, _: Sequence[str], choose: random.Random) -> str | None:
    words = [word for word in re.finditer(r"[a-z]+", question) if word.group() in OPPOSITE]
    if not words:
        return None
    word = choose.choice(words)
    return question[: word.start()] + choose.choice(sorted(OPPOSITE[word.group()])) + question[word.end() :]


def _other_name(question: str, names: Sequence[str], choose: random.Random) -> str | None:
    own, others = list(_NAME.finditer(question)), [name for name in names if name not in question]
    if not own or not others:
        return None
    name = choose.choice(own)
    return question[: name.start()] + choose.choice(others) + question[name.end() :]


def _other_number(question: str, _: Sequence[str], choose: random.Random) -> str | None:
    numbers = list(_NUMBER.finditer(question))
    if not numbers:
        return None
    number = choose.choice(numbers)
    value = int(number.group())
    other = value + choose.choice([-20, -11, -7, -3, -2, 2, 3, 5, 9, 12, 30] if value > 40 else [1, 2, 3])
    return f"{question[: number.start()]}{other}{question[number.end() :]}"


def _negated(question: str, _: Sequence[str], choose: random.Random) -> str | None:
    verb = _VERB.search(question)
    if not verb or choose.random() < 0.5:
        return None
    return f"{question[: verb.end() - 1]} not{question[verb.end() - 1 :]}"


def typed(question: str, choose: random.Random) -> str:
    """Return a question as some people type it: as keywords, or without the question mark."""
    chance = choose.random()
    if chance < KEYWORDS:
        content = [word for word in re.findall(r"\w[\w'’.,-]*\w|\w", question) if word.casefold() not in _STOP_WORDS]
        if len(content) > 1:
            return " ".join(content)
    return question.rstrip("? ") if chance < KEYWORDS + NO_MARK else question
