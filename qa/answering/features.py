"""Describe in numbers how well the first passage goes with the question: what the confidence is computed from."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from qa.encoding.base import Reading
from qa.results import TokenMatch
from qa.retrieval.question import answer_type, dates_or_figures
from qa.text.span import Span

COMPARED = 19
"""Passages that the features compare, the first among them. The model was fitted with as many: to change it is to fit again."""
_WORD_FLOOR = 0.05
"""The least cosine of a word, so that its logarithm is bounded."""
_SPREAD_FLOOR = 0.05
"""Added to a standard deviation, so that the first of passages that hardly differ does not stand out."""
_RERANKED, _FUSED = 0.8, 0.1
"""The weights of the default settings: `rerank_weight`, and both halves of the rest."""
_NAME = re.compile(r"(?<![.?!:“\"] )(?<!^)\b[A-Z]\w+")
_UNKNOWN = float("nan")


class QuestionWord(NamedTuple):
    """A word of the question that is not a stop word: the forms it is indexed by, its IDF, and its tokens by number.

    Names and numbers are `particular`.
    """

    forms: frozenset[str]
    idf: float
    particular: bool
    tokens: tuple[int, ...]


class ComparedPassage(NamedTuple):
    """A passage whose tokens were compared with the question's."""

    dense: float
    lexical: float
    match: TokenMatch


class FirstPassage(NamedTuple):
    """The first passage: the forms of the words in it and in its title, its best sentence and the forms of its words.

    `quote` is the span of what is quoted of it; `readings` are the reader's, of this passage first and of the next ones.
    """

    passage: Collection[str]
    title: Collection[str]
    sentence: str
    in_sentence: Collection[str]
    quote: Span
    readings: Sequence[Reading] = ()


class Features(NamedTuple):
    """The features of the first passage, compared with the question and with the other passages.

    "The sentence" is the passage's best one. A text holds a word if it has it literally; a word's nearness to a text is
    the mean cosine of its tokens. Titles count as text. A feature is NaN if it does not apply: there are too few passages to
    compare with, or no reader. None grows with the length of the question.
    """

    dense: float
    """The cosine of the sentence."""
    ahead_of_sixth: float
    """The passage's margin over the sixth, on one scale for all settings; NaN with fewer than six."""
    held_sentence: float
    """The fraction of the IDF of the question's words, without stop words, that the sentence holds."""
    missing_particular: float
    """The fraction of names and numbers that the passage does not hold; NaN if there are none."""
    explained: float
    """The fraction of the sentence's words that the question has."""
    near_sentence: float
    """The mean logarithm of the words' nearness to the sentence, weighted by IDF."""
    stands_out: float
    """By how many standard deviations the tokens are nearer than in the passages on average; NaN with fewer than six."""
    holds_asked: float
    """1 if the sentence holds a date, figure or name as asked for, else 0; NaN if the question does not tell."""
    read: float
    """The reader's margin on the passage; NaN without a reader."""
    read_best: float
    """The reader's highest margin on the first passages; NaN without a reader."""
    read_quoted: float
    """1 if what the reader takes for the answer stands in the quote, else 0; NaN without a reader."""

    @property
    def is_read(self) -> bool:
        """True if a reader has read the passage."""
        return not math.isnan(self.read)


def features(
    compared: Sequence[ComparedPassage], question: str, words: Sequence[QuestionWord], first: FirstPassage
) -> Features:
    """Return the features of the first of the passages `compared`, the others of which are in order, best first.

    `words` are the words of the question that are not stop words.
    """
    weights = compared[0].match.weights.astype(np.float64)
    near = np.stack([each.match.places for each in compared[:COMPARED]]).astype(np.float64)  # (passages, places, tokens)
    top, mean, spread = near[0], near.mean(axis=0), near.std(axis=0)
    score = [_score(each) for each in compared[:COMPARED]]
    words = list(words) or [QuestionWord(frozenset(), 1.0, particular=False, tokens=())]
    idf = np.array([word.idf for word in words])
    idf_weights = idf / idf.sum()
    here, here_sentence = {*first.passage, *first.title}, {*first.in_sentence, *first.title}
    missing = np.array([word.forms.isdisjoint(here) for word in words if word.particular])
    held_sentence = np.array([not word.forms.isdisjoint(here_sentence) for word in words])
    by_word = np.array([top[0][list(word.tokens)].mean() if word.tokens else 0.0 for word in words])
    asked = frozenset().union(*(word.forms for word in words))
    read = first.readings[0] if first.readings else None
    return Features(
        dense=compared[0].dense,
        ahead_of_sixth=score[0] - score[5] if len(score) > 5 else _UNKNOWN,
        held_sentence=float(idf_weights @ held_sentence),
        missing_particular=float(missing.mean()) if len(missing) else _UNKNOWN,
        explained=len(asked.intersection(first.in_sentence)) / max(1, len(first.in_sentence)),
        near_sentence=float(idf_weights @ np.log(np.clip(by_word, _WORD_FLOOR, 1))),
        stands_out=float(weights @ ((top[2] - mean[2]) / (spread[2] + _SPREAD_FLOOR))) if len(score) > 5 else _UNKNOWN,
        holds_asked=_holds_asked(question, first.sentence),
        read=read.margin if read else _UNKNOWN,
        read_best=max(each.margin for each in first.readings) if first.readings else _UNKNOWN,
        read_quoted=float(first.quote.start <= read.span.start < first.quote.end) if read else _UNKNOWN,
    )


def _holds_asked(question: str, sentence: str) -> float:
    """Return 1 if a sentence holds a date, figure or name, as asked for, beyond the question's, else 0; NaN if unknown."""
    kind = answer_type(question)
    if not kind:
        return _UNKNOWN
    if kind in ("date", "number"):
        return float(bool(dates_or_figures(kind, sentence) - dates_or_figures(kind, question)))
    own = {word.casefold() for word in re.findall(r"\w+", question)}
    return float(any(name.casefold() not in own for name in _NAME.findall(sentence)))


def _score(compared: ComparedPassage) -> float:
    """Return the score that the default settings of fusion and reranking would give, whatever the settings are."""
    reranked = float((compared.match.places @ compared.match.weights).mean())
    return _RERANKED * reranked + _FUSED * compared.dense + _FUSED * compared.lexical
