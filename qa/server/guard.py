"""What every request must pass: the right host, an own origin, a small body; and the headers that every reply gets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 64 * 1024
"""Longer request bodies are refused."""

DRAINED_BYTES = 16 * BODY_BYTES
"""So much is read of a body that is too long, and thrown away, before the connection is closed."""

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
}

# Routes of Gradio that the page does not use: files in and out, and calls past the queue.
CLOSED = tuple(
    f"/gradio_api/{name}"
    for name in ("upload", "file", "proxy", "stream", "run", "call", "api", "component_server", "custom_component")
)


class Guard:
    """ASGI middleware. Pure, because Starlette's base class would hold back the page's event streams."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        """Guard `app`, which answers on `port` of this machine."""
        self.app = app
        names = ("127.0.0.1", "localhost", "[::1]")
        self.hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())
        self.origins = {f"http://{host}" for host in self.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if scope["method"] not in ("GET", "HEAD"):
            body = await _read(receive)  # Also of what is refused: a connection closed on unread bytes loses the answer.
            if body is None and refusal is None:
                refusal = (413, f"the request is too long: the limit is {BODY_BYTES:,} bytes")
            receive = _replay(body or [], receive)
        if refusal:
            await _refuse(send, *refusal)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        host, origin = _only(scope["headers"], b"host"), _only(scope["headers"], b"origin")
        if host is None or host.lower() not in self.hosts:
            return 421, "this host is not served here: use the address that 'qa serve' printed"
        if scope["method"] not in ("GET", "HEAD") and origin != "" and origin not in self.origins:
            return 403, "requests from other sites are refused"
        if scope["path"].startswith(CLOSED):
            return 404, "there is nothing here"
        return None


def _only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """Return a header's value, empty when it is not there, None when it is there twice."""
    values = [value.decode("latin-1") for key, value in headers if key == name]
    return None if len(values) > 1 else "".join(values)


async def _read(receive: Receive) -> list[Message] | None:
    """Return the messages of a request body; None when it is too long, and then at most a little of it is read."""
    messages: list[Message] = []
    size = 0
    while size <= DRAINED_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= BODY_BYTES:
            messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages if size <= BODY_BYTES else None
    return None


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replayed() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replayed


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(key, value) for key, value in message.get("headers", []) if key.lower() not in HEADERS]
            message = {**message, "headers": [*kept, *HEADERS.items()]}
        await send(message)

    return sending


async def _refuse(send: Send, status: int, reason: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": reason}).encode()})
