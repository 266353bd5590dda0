"""The refusal of a request: a status, and one line of JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from starlette.types import Send


class Refusal(NamedTuple):
    """A status, the reason in one line, and further headers of the reply."""

    status: int
    reason: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def as_error(reason: str) -> bytes:
    """Return the body of a refusal.

    >>> as_error("there is nothing here")
    b'{"error": "there is nothing here"}'
    """
    return json.dumps({"error": " ".join(reason.split())}).encode()


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer with a refusal, and close the connection."""
    body = as_error(refusal.reason)
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/json"), length, (b"connection", b"close"), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
