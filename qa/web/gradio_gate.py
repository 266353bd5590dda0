"""The gate to Gradio: it passes only the routes that the page uses, and words errors as the other routes do."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match

from qa.web.refusal import Refusal, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What Chromium requests when a question is asked, repeated, undone and cleared, in both languages, light and dark.
ROUTES = frozenset(
    {
        ("GET", "/"),
        ("GET", "/config"),
        ("GET", "/favicon.ico"),
        ("GET", "/theme.css"),
        ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/queue/data"),
        ("POST", "/gradio_api/queue/join"),
    }
)
FOLDERS = ("/assets/", "/gradio_api/heartbeat/")
"""Folders that hold only Gradio's own files, and the names of open pages."""


class GradioGate:
    """ASGI application that passes on to Gradio only the routes that the page uses."""

    def __init__(self, app: ASGIApp, others: Sequence[BaseRoute]) -> None:
        """Guard `app`, which gets the requests that match none of the `others`."""
        self.app = app
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request of the page; answer any other with 404 or 405."""
        method, path = scope["method"], scope["path"]
        if (method, path) in ROUTES or (method == "GET" and path.startswith(FOLDERS)):
            await self.app(scope, receive, _with_plain_errors(send))
        elif path in (route for _, route in ROUTES) or any(each.matches(scope)[0] is Match.PARTIAL for each in self.others):
            await refuse(send, Refusal(405, f"this is not there for {method}"))
        else:
            await refuse(send, Refusal(404, "there is nothing here"))


def _with_plain_errors(send: Send) -> Send:
    refused = False

    async def sending(message: Message) -> None:
        nonlocal refused
        if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
            refused = True
            status = HTTPStatus(message["status"])
            await refuse(send, Refusal(status, status.phrase.lower()))
        elif not refused:
            await send(message)

    return sending
