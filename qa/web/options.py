"""How a server is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Where a server listens, who may use it, and what it writes.

    `port` is a TCP port, 0 for any free one. `password`, of at least twelve characters, has to come with every request (HTTP
    Basic, any user); None asks for none. `names` are those by which others know this server, with the port unless it is the
    usual one: "qa.example.org", "10.0.0.5:7860"; requests to other names are refused. `feedback` is the file to which readers'
    judgements are added, None for nowhere. With `allow_upload`, the page can add articles to the folder.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    password: str | None = field(default=None, repr=False)
    names: tuple[str, ...] = ()
    feedback: Path | None = None
    allow_upload: bool = False
