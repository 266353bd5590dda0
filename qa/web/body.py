"""The body of a request: its limits of length and time, and how a refused one is discarded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qa.web.refusal import Refusal

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

BODY_BYTES = 64 * 1024
"""Longer request bodies are refused, except uploads."""
BODY_S = 10.0
"""How long a body may take to arrive, except uploads."""
DRAINED_BYTES = 16 * BODY_BYTES
DRAIN_S = 1.0
"""How much of a refused body is read, and for how long: closed on unread bytes, a connection would lose the answer."""

TOO_SLOW = Refusal(408, "the request took too long to come")


class Body:
    """The body of one request, as it comes from `receive`.

    A body in chunks, without a length in its head, is refused: browsers, curl and httpx send the length of all that the page
    and the routes accept.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        head = dict(scope["headers"])
        self._receive = receive
        self._whole: Message | None = None
        self.is_chunked = b"transfer-encoding" in head
        self.length = int(head.get(b"content-length", b"0"))
        self.is_unread = self.is_chunked or self.length > 0
        self._is_held_back = b"expect" in head

    def refusal(self, limit: int) -> Refusal | None:
        """Return why the body is refused by its head; None if it is not."""
        if self.is_chunked:
            return Refusal(411, "the request does not say how long it is: send a Content-Length")
        if self.length > limit:
            return Refusal(413, f"the request is too long: the limit is {limit:,} bytes")
        return None

    async def receive(self) -> Message:
        """Return the next message of the request."""
        if message := self._whole:
            self._whole = None
            return message
        message = await self._receive()
        self._is_held_back = False
        self.is_unread = self.is_unread and message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def read(self) -> Refusal | None:
        """Read the whole body, so that `receive` has it in one piece; return why it is refused, if it is."""
        content = bytearray()
        try:
            async with asyncio.timeout(BODY_S):
                while self.is_unread:
                    content += (await self.receive()).get("body", b"")
        except TimeoutError:
            return TOO_SLOW
        if len(content) < self.length:
            return Refusal(400, "the request broke off")
        if content:
            self._whole = {"type": "http.request", "body": bytes(content), "more_body": False}
        return None

    async def drain(self) -> None:
        """Read some of what is left, and discard it."""
        size = 0
        try:
            async with asyncio.timeout(DRAIN_S):
                # A client that waits for "100 Continue" has sent nothing yet.
                while self.is_unread and not self._is_held_back and size < DRAINED_BYTES:
                    size += len((await self.receive()).get("body", b""))
        except TimeoutError:
            pass


def closing(send: Send, body: Body) -> Send:
    """Return a `send` that ends the connection if it answers before the whole body was read."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and body.is_unread:
            await body.drain()
            rest = [(key, value) for key, value in message.get("headers", []) if key.lower() != b"connection"]
            message = {**message, "headers": [*rest, (b"connection", b"close")]}
        await send(message)

    return sending
