"""Describe in numbers how well the first passage goes with the question: what the confidence is computed from."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from qa.answering.agreement import holds_asked, in_order, opposed, polarity_differs
from qa.encoding.base import Reading
from qa.results import TokenMatch
from qa.retrieval.question import answer_type
from qa.store.base import Term
from qa.text.span import Span

COMPARED = 19
"""Passages that the features compare, the first among them. The model was fitted with as many: to change it is to fit again."""
_WORD_FLOOR = 0.05
"""The least cosine of a word, so that its logarithm is bounded."""
_NEAR_ENOUGH = 0.6
"""A token with this cosine is taken as present; a higher one says no more."""
_ABOVE_ALL_COSINES = 1.05
"""A token's weight is this less its mean cosine: a little more than 1, so that no weight is zero."""
_SPREAD_FLOOR = 0.05
"""Added to a standard deviation, so that the first of passages that hardly differ does not stand out."""
_RERANKED, _FUSED = 0.8, 0.1
"""The weights of the default settings: `rerank_weight`, and both halves of the rest."""
_SHORT = 2
"""Questions with as few words that are not stop words are names or keywords rather than questions."""
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

    article_id: str
    dense: float
    lexical: float
    match: TokenMatch


class FirstPassage(NamedTuple):
    """The first passage in words: the forms in it and in its title, and its best sentence as text and terms.

    `readings` are the reader's, of this passage first and of the next ones; `quote` is the span of what is quoted of it.
    """

    passage: Collection[str]
    title: Collection[str]
    sentence: str
    terms: Sequence[Term]
    quote: Span
    readings: Sequence[Reading] = ()


class AskedQuestion(NamedTuple):
    """A question as text, as terms, and its words that are not stop words."""

    text: str
    terms: Sequence[Term]
    words: Sequence[QuestionWord]


class Features(NamedTuple):
    """The features of the first passage, compared with the question and with the other passages.

    "The sentence" is the passage's best one. A text holds a word if it has it literally; a word's nearness to a text is
    the mean cosine of its tokens. Titles count as text. A feature is NaN if it does not apply: there are too few passages to
    compare with, or no reader. None grows with the length of the question.
    """

    score: float
    """The passage's score on one scale for all settings."""
    dense: float
    """The cosine of its best sentence."""
    ahead_of_sixth: float
    """Its margin over the sixth passage; NaN with fewer than six."""
    ahead_of_article: float
    """Its margin over the first passage of another article; NaN if there is none."""
    held: float
    """The fraction of the IDF of the question's words, without stop words, that the passage holds."""
    held_sentence: float
    """The fraction of these words' IDF that the sentence holds."""
    missing: float
    """The IDF of the words that the passage does not hold, on average over all words."""
    missing_most: float
    """The IDF of the rarest word that the passage does not hold."""
    missing_particular: float
    """The fraction of names and numbers that the passage does not hold; NaN if there are none."""
    explained: float
    """The fraction of the sentence's words that the question has."""
    near_sentence: float
    """The mean logarithm of the words' nearness to the sentence, weighted by IDF."""
    near_around: float
    """The mean nearness of the words to the sentence and its neighbours, weighted by IDF."""
    near_least: float
    """The nearness to the passage of the word that is the least near."""
    near_telling: float
    """The mean nearness of the tokens to the sentence, at most 0.6 each, weighted by their distance from all passages."""
    stands_out: float
    """By how many standard deviations the tokens are nearer than in the passages on average; NaN with fewer than six."""
    polarity: float
    """1 if just one of question and sentence is negated, else 0."""
    opposed: float
    """The number of words, at most 2, in place of which the sentence has their opposite."""
    in_order: float
    """The fraction of neighbouring words of the question that are neighbours in the sentence; NaN if it has no two."""
    holds_asked: float
    """1 if the sentence holds a date, figure or name as asked for, else 0; NaN if the question does not tell."""
    is_short: float
    """1 if the question has no more than two words that are not stop words, else 0."""
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


def features(compared: Sequence[ComparedPassage], question: AskedQuestion, first: FirstPassage) -> Features:
    """Return the features of the first of the passages `compared`, the others of which are in order, best first."""
    weights = compared[0].match.weights.astype(np.float64)
    near = np.stack([each.match.places for each in compared[:COMPARED]]).astype(np.float64)  # (passages, places, tokens)
    top, mean, spread = near[0], near.mean(axis=0), near.std(axis=0)
    score = [_score(each) for each in compared[:COMPARED]]
    other = next((s for s, each in zip(score, compared, strict=False) if each.article_id != compared[0].article_id), _UNKNOWN)
    words = list(question.words) or [QuestionWord(frozenset(), 1.0, particular=False, tokens=())]
    idf = np.array([word.idf for word in words])
    idf_weights = idf / idf.sum()
    in_sentence = frozenset(form for term in first.terms for form in term.forms)
    here, here_sentence = {*first.passage, *first.title}, {*in_sentence, *first.title}
    held = np.array([not word.forms.isdisjoint(here) for word in words])
    held_sentence = np.array([not word.forms.isdisjoint(here_sentence) for word in words])
    particular = np.array([word.particular for word in words])
    by_word = np.array([[place[list(word.tokens)].mean() if word.tokens else 0.0 for word in words] for place in top])
    telling = weights * (_ABOVE_ALL_COSINES - mean[0])
    question_forms = frozenset().union(*(word.forms for word in words))
    read = first.readings[0] if first.readings else None
    return Features(
        score=score[0],
        dense=compared[0].dense,
        ahead_of_sixth=score[0] - score[5] if len(score) > 5 else _UNKNOWN,
        ahead_of_article=score[0] - other,
        held=float(idf_weights @ held),
        held_sentence=float(idf_weights @ held_sentence),
        missing=float((idf * ~held).mean()),
        missing_most=float((idf * ~held).max()),
        missing_particular=float((~held)[particular].mean()) if particular.any() else _UNKNOWN,
        explained=len(question_forms.intersection(in_sentence)) / max(1, len(in_sentence)),
        near_sentence=float(idf_weights @ np.log(np.clip(by_word[0], _WORD_FLOOR, 1))),
        near_around=float(idf_weights @ by_word[1]),
        near_least=float(by_word[2].min()),
        near_telling=float(telling @ np.minimum(top[0], _NEAR_ENOUGH) / max(1e-9, float(telling.sum()))),
        stands_out=float(weights @ ((top[2] - mean[2]) / (spread[2] + _SPREAD_FLOOR))) if len(score) > 5 else _UNKNOWN,
        polarity=float(polarity_differs(question.text, first.sentence)),
        opposed=float(min(2, opposed(question.text, first.sentence))),
        in_order=in_order(question.terms, first.terms),
        holds_asked=holds_asked(answer_type(question.text), question.text, first.sentence),
        is_short=float(len(question.words) <= _SHORT),
        read=read.margin if read else _UNKNOWN,
        read_best=max(each.margin for each in first.readings) if first.readings else _UNKNOWN,
        read_quoted=float(first.quote.start <= read.span.start < first.quote.end) if read else _UNKNOWN,
    )


def _score(compared: ComparedPassage) -> float:
    """Return the score that the default settings of fusion and reranking would give, whatever the settings are."""
    reranked = float((compared.match.places @ compared.match.weights).mean())
    return _RERANKED * reranked + _FUSED * compared.dense + _FUSED * compared.lexical
