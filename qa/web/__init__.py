"""The web door: a page for people and HTTP routes for programs; on this machine only, unless it has a password."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.library import Library

__all__ = ["serve"]


def serve(
    library: Library,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    password: str | None = None,
    names: Sequence[str] = (),
    allow_upload: bool = False,
    feedback: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page and the routes until SIGINT or SIGTERM; port 0 takes any free one.

    With a `password`, of at least twelve characters, every request has to bring it (HTTP Basic, any user). `names` are
    those by which others know this server, with the port where it is not the usual one: "qa.example.org", "10.0.0.5:7860";
    requests to other names are refused. With `allow_upload` the page can add articles to the folder; what readers think of
    answers is noted in the file `feedback`. `on_ready` is called from another thread with the page's address, once the server
    answers. Raise `SettingsError` for a host that other machines can reach without both, and for a port that cannot be used.
    """
    from qa.web.run import run

    run(library, host, port, password, names, feedback, on_ready, allow_upload=allow_upload)
