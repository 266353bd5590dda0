"""Keep the answers of all interfaces up to date with the folder."""

from __future__ import annotations

from qa.errors import QaError
from qa.library import Library


def catch_up(library: Library) -> str:
    """Bring the index up to date with the folder; return in one line what went wrong, empty if nothing did.

    Of several calls at the same time, one does so, and the others do not wait: their answers say that files are pending.
    """
    try:
        if not library.store.generation or library.pending(allow_cached=True):
            library.catch_up(patience_s=0)
    except QaError as error:
        return str(error)
    return ""


def not_ready(library: Library) -> str:
    """Return in one line why questions cannot be answered; empty if they can."""
    try:
        _ = library.encoder
        return "" if library.store.generation else "there is no index yet: the first question makes it"
    except QaError as error:
        return str(error)
