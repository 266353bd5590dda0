"""The connections of the server: silent ones are closed, sooner if others need their place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.web.refusal import Refusal, as_error, refuse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MOST_CONNECTIONS = 512
"""Well under the 1,024 files that a process may have open on most systems."""
MOST_OF_ONE = MOST_CONNECTIONS // 2
"""The limit for one address, so that nobody takes all places; a proxy is one address."""
HEAD_S = 10.0
"""How long the head of a request may take, from the connection or from the end of the last response."""
STALLED_S = 60.0
"""How long a client may leave what was sent to it unread."""
_SLICE_BYTES = 8 * 1024


class Connection(H11Protocol):
    """One connection. It is never closed for others while a request is under way or waits for its answer."""

    since = 0.0
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """The address of the client."""
        return self.client[0] if self.client else ""

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way, or its response."""
        under_way = self.cycle is not None and not self.cycle.response_complete
        return under_way or self.transport.get_write_buffer_size() > 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection; if there are too many, close the one that has been silent for longest."""
        super().connection_made(transport)
        self._wait_for_head()
        if not self._make_place():
            self.app = _full

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        for timer in (self._deadline, self._stalled):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Receive bytes in small pieces; ignore a body without a length, of which each byte may be a chunk of its own."""
        for start in range(0, len(data), _SLICE_BYTES):
            if self.transport.is_closing() or (self.is_busy and _is_chunked(self.headers)):
                return
            super().data_received(data[start : start + _SLICE_BYTES])

    def handle_events(self) -> None:
        """Begin the requests with complete heads."""
        if self.app is not _full:
            self.app = _full if len(self.tasks) >= MOST_CONNECTIONS else self.config.loaded_app
        super().handle_events()
        if self._deadline and self.cycle and not self.cycle.response_complete:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait_for_head()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for a client that does not read, for `STALLED_S` at most."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue: the client reads again."""
        super().resume_writing()
        if self._stalled:
            self._stalled.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # Uvicorn's message is not used.
        """Answer that this is no request, unless an answer has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        headers = [("content-type", "application/json"), ("connection", "close")]
        body = h11.Data(data=as_error("this is no HTTP request"))
        for event in (h11.Response(status_code=400, headers=headers), body, h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait_for_head(self) -> None:
        self.since = self.loop.time()
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(HEAD_S, self._too_late)

    def _too_late(self) -> None:
        if self.transport.get_write_buffer_size():  # The last response is still on its way.
            self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)
            self.transport.close()
        else:
            self.transport.abort()

    def _make_place(self) -> bool:
        """Close silent connections beyond the limits; return False if that does not suffice."""
        everybody = [each for each in self.connections if isinstance(each, Connection)]
        of_one = [each for each in everybody if each.address == self.address]
        for crowd, most in ((of_one, MOST_OF_ONE), (everybody, MOST_CONNECTIONS)):
            if len(crowd) > most and not self._close_longest_silent(crowd):
                return False
        return True

    def _close_longest_silent(self, crowd: list[Connection]) -> bool:
        idle = [each for each in crowd if each is not self and not each.is_busy]
        if idle:
            longest = min(idle, key=lambda each: each.since)
            self.connections.discard(longest)  # Now, not when the loop comes to it: others may come in before.
            longest.transport.abort()
        return bool(idle)


def _is_chunked(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" for name, _ in headers)


async def _full(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    await refuse(send, Refusal(503, "too many are asking at once: try again in a moment", ((b"retry-after", b"10"),)))
