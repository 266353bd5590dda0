"""Questions that an article invites: of its own sections, and of the articles found beside it."""

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
_LOOKED_AT_CHARS = 200_000


def questions(cited: Article, place: int, hits: Sequence[Hit], say: Words) -> dict[str, str]:
    """Return what one may ask next by its subject: sections of the cited article and other articles found, in turns.

    Sections after `place` come first; `say` is the language of the articles.
    """
    sections = _sections(cited)
    # The section that holds the place has just been read.
    after = [name for start, name in sections if start > place] + [name for start, name in sections if start <= place][:-1]
    titles = [hit.citation.title for hit in hits if hit.passage.article_id != cited.id]
    of_sections = [(name, say("said_under", section=name)) for name in after if _is_subject(name)]
    of_titles = [(name, say("said_about", subject=name)) for name in titles if _is_subject(name)]
    return dict(each for pair in zip_longest(of_sections, of_titles) for each in pair if each)


def _sections(article: Article) -> list[tuple[int, str]]:
    """Return where each heading of the body stands, and its words; one that only repeats the title is none."""
    body = Span(article.body, min(len(article.text), article.body + _LOOKED_AT_CHARS))
    return [each for each in headings(article.text, body) if each[1].casefold() != article.title.casefold()]


def _is_subject(name: str) -> bool:
    return len(name.split()) >= _FEWEST_WORDS and len(name) <= _MOST_CHARS
