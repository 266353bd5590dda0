"""Keep what the doors answer in step with the folder."""

from __future__ import annotations

from qa.errors import QaError
from qa.library import Library


def catch_up(library: Library) -> str:
    """Bring the index in step with the folder; return in one line what went wrong, empty when nothing did.

    Of many who ask at once, one does so, and the others do not wait for it: their answers say that files are pending.
    """
    try:
        if not library.store.generation or library.pending(allow_cached=True):
            library.catch_up(patience_s=0)
    except QaError as error:
        return str(error)
    return ""


def not_ready(library: Library) -> str:
    """Return in one line why questions cannot be answered yet, or any more; empty when they can."""
    try:
        _ = library.encoder
        return "" if library.store.generation else "there is no index yet: the first question makes it"
    except QaError as error:
        return str(error)
