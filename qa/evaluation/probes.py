"""Make questions from the articles themselves, where nobody has written any down."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from qa.evaluation.question_sets import Gold, Question
from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, paragraphs, sentences
from qa.types import Article

PROBES = 200
"""Most probes that are made: fewer give wider intervals, more take longer to ask."""
PROBE_WORDS = 6
"""Words of a sentence that a probe is made of: with fewer it is ambiguous, with more too easy."""


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
