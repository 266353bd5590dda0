"""Questions to ask next: about other sections of the cited article, and about the other articles found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from qa.results import Hit
from qa.text.span import Span
from qa.text.structure import headings
from qa.types import Article
from qa.web.messages import Words

_FEWEST_WORDS = 2
_MOST_CHARS = 80
_SEARCHED_CHARS = 200_000


def questions(cited: Article, place: int, hits: Sequence[Hit], say: Words) -> dict[str, str]:
    """Return questions to ask next by their subjects: sections of the cited article and other articles, alternately.

    Sections after `place` come first; `say` has the language of the articles.
    """
    sections = _sections(cited)
    # The section that holds the place has just been read.
    after = [name for start, name in sections if start > place] + [name for start, name in sections if start <= place][:-1]
    titles = [hit.citation.title for hit in hits if hit.passage.article_id != cited.id]
    of_sections = [(name, say("said_under", section=name)) for name in after if _is_subject(name)]
    of_titles = [(name, say("said_about", subject=name)) for name in titles if _is_subject(name)]
    return dict(each for pair in zip_longest(of_sections, of_titles) for each in pair if each)


def _sections(article: Article) -> list[tuple[int, str]]:
    """Return the place and the words of each heading of the body, except those that only repeat the title."""
    body = Span(article.body, min(len(article.text), article.body + _SEARCHED_CHARS))
    return [each for each in headings(article.text, body) if each[1].casefold() != article.title.casefold()]


def _is_subject(name: str) -> bool:
    return len(name.split()) >= _FEWEST_WORDS and len(name) <= _MOST_CHARS
