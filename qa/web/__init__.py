"""The web interface: a page for people and HTTP routes for programs; on this machine only, unless it has a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qa.web.options import ServerOptions

if TYPE_CHECKING:
    from qa.library import Library

__all__ = ["ServerOptions", "serve"]


def serve(library: Library, options: ServerOptions, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve the page and the routes until SIGINT or SIGTERM.

    `on_ready` is called from another thread with the page's address, once the server answers. Raise `SettingsError` if other
    machines can reach the host and the password or the names are missing, and if the port cannot be used.
    """
    from qa.web.run import run

    run(library, options, on_ready)
