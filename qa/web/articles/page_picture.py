"""A page of an article as a picture, as long as its file is the one that was read."""

from __future__ import annotations

from qa.errors import QaError
from qa.library import Library
from qa.reading import folder, worker
from qa.text.span import Span
from qa.types import Failure
from qa.web.guard import log_trouble
from qa.web.page_figures import pages_of

LIMIT_S = 10.0
"""How long a page may take to be drawn: most take a tenth of a second."""


def png(library: Library, article_id: str, number: str, span: Span | None) -> bytes | None:
    """Return a page of an indexed article, by its number from 0, as PNG with a span of the article's text marked.

    None if there is no such page, if its file has changed, or if it cannot be drawn.
    """
    with library.store.snapshot() as snapshot:
        stored = snapshot.article(article_id)
    if stored is None or span is None:
        return None
    page = next((page for page in pages_of(stored.article, span) if str(page.number) == number), None)
    file = folder.find(library.seeds, article_id) if page else None
    if page is None or file is None:
        return None
    part = worker.Part(stored.sha256, page.number, page.text, page.marked)
    settings = library.settings
    try:
        drawn = worker.picture(file, part, limit_bytes=settings.article_bytes, limit_s=min(LIMIT_S, settings.article_s))
    except QaError as error:
        log_trouble(error)
        return None
    return None if isinstance(drawn, Failure) else drawn
