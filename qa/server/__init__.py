"""The web door: a page for people and HTTP routes for programs, on this machine only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.library import Library

__all__ = ["serve"]


def serve(
    library: Library, *, host: str = "127.0.0.1", port: int = 7860, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve the page and the routes until SIGINT or SIGTERM; port 0 takes any free one.

    `on_ready` is called from another thread with the page's address, once the server answers. Raise `SettingsError`
    for a host that other machines can reach, and for a port that cannot be used.
    """
    from qa.server.run import run

    run(library, host, port, on_ready)
