"""Gradio's event streams, one a page, kept open for so long that no page misses the answer to an event.

Gradio ends a page's stream as soon as it has nothing more to send, and the page opens another with its next event, unless it
still takes the old one for open. The answer to an event that crosses the end of the stream on its way is therefore lost: the
page shows nothing. So a stream stays open for a while, in which the next events are answered on it; and an event that comes
right after its end is confirmed only when the page has noticed the end.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAM, EVENT = "/gradio_api/queue/data", "/gradio_api/queue/join"
LINGER_S = 2.0
"""How long a stream stays open without events: those of one question follow at once, the reader's next ones soon."""
NOTICED_S = 0.3
"""How long a page may take to notice that its stream has ended."""
_END = b'data: {"msg":"close_stream"'


class EventStreams:
    """ASGI middleware in front of Gradio."""

    def __init__(self, app: ASGIApp, *, linger_s: float = LINGER_S, noticed_s: float = NOTICED_S) -> None:
        self.app = app
        self.linger_s = linger_s
        self.noticed_s = noticed_s
        self._waiting: dict[str, asyncio.Event] = {}
        self._arriving: Counter[str] = Counter()
        self._ended_at: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request: streams and events in step with each other, all others as they are."""
        if scope["path"] == STREAM:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            await self._stream(query.get("session_hash", [""])[0], scope, receive, send)
        elif scope["path"] == EVENT:
            await self._event(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _stream(self, session: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Gradio begin its stream again for as long as events come, as one stream for the page."""
        begun, end = False, b""

        async def sending(message: Message) -> None:
            nonlocal begun, end
            body = message.get("body", b"")
            if body.startswith(_END):
                end = body
            elif not end and not (begun and message["type"] == "http.response.start"):
                begun = True
                await send(message)

        while True:
            await self.app(scope, receive, sending)
            if not end:  # The page is gone, or the server ends.
                return
            if not await self._another(session, receive):
                break
            end = b""
        self._ended_at[session] = _now()
        asyncio.get_running_loop().call_later(self.noticed_s, self._ended_at.pop, session, None)
        await send({"type": "http.response.body", "body": end})

    async def _another(self, session: str, receive: Receive) -> bool:
        """Wait for the session's next event; return False if none comes in time, or if the page is gone."""
        if self._arriving[session]:
            return True
        came = self._waiting[session] = asyncio.Event()
        waiting = {asyncio.create_task(came.wait()), asyncio.create_task(_gone(receive))}
        try:
            await asyncio.wait(waiting, timeout=self.linger_s, return_when=asyncio.FIRST_COMPLETED)
            return came.is_set()
        finally:
            self._waiting.pop(session, None)
            for task in waiting:
                task.cancel()

    async def _event(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = await receive()
        session, messages = _session(first.get("body", b"")), [first]

        async def receiving() -> Message:
            return messages.pop() if messages else await receive()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and session in self._ended_at:
                await asyncio.sleep(self._ended_at[session] + self.noticed_s - _now())
            await send(message)

        self._arriving[session] += 1
        if session in self._waiting:
            self._waiting[session].set()
        try:
            await self.app(scope, receiving, sending)
        finally:
            self._arriving -= Counter([session])


async def _gone(receive: Receive) -> None:
    """Return when the page has closed its stream."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _session(body: bytes) -> str:
    try:
        return str(json.loads(body)["session_hash"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _now() -> float:
    return asyncio.get_running_loop().time()
