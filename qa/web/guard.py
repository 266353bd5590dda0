"""What every request must pass: the right host and origin, the password, a small body; and the headers of every reply."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

from qa.web import urls
from qa.web.body import BODY_BYTES, Body, closing
from qa.web.head import is_foreign, only, trusted
from qa.web.login import Login
from qa.web.refusal import Refusal, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qa.web.options import ServerOptions

LOG = logging.getLogger("qa.web")

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
WITHOUT_PASSWORD = (urls.HEALTH,)
"""Routes that need no password: they say only that the server is there."""


class Guard:
    """ASGI middleware. It is written without Starlette's base class, which would hold back the page's event streams."""

    def __init__(self, app: ASGIApp, options: ServerOptions, article_bytes: int) -> None:
        """Guard `app`; `article_bytes` is the limit of an upload, if uploads are allowed."""
        self.app = app
        self.login = Login(options.password) if options.password else None
        self.upload_bytes = article_bytes if options.allow_upload else 0
        here = ("127.0.0.1", "localhost", "[::1]")
        self.hosts = {f"{name}:{options.port}" for name in here} | (set(here) if options.port == 80 else set())
        self.origins = {f"http://{host}" for host in self.hosts}
        names = {name.lower() for name in options.names}
        # Under another name there may be something in between that encrypts.
        self.origins |= {f"{scheme}://{name}" for name in names for scheme in ("http", "https")}
        self.hosts |= names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(scope, receive)
        send = closing(send, body)
        is_upload = self.upload_bytes > 0 and _is_upload(scope)
        refusal = self._refusal(scope) or body.refusal(self.upload_bytes if is_upload else BODY_BYTES)
        if refusal is None and not is_upload:  # An upload is read by what writes it to the disk, and never held here.
            refusal = await body.read()
        if refusal:
            await refuse(send, refusal)
        else:
            await self._pass_on({**scope, "headers": trusted(scope["headers"])}, body.receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await _as_get(self.app, scope, receive, sending)
        except Exception as error:  # Its message may quote a question or an article: only its place is logged.
            log_trouble(error)
            if not begun:
                await refuse(send, Refusal(500, "something went wrong here: the server's log says where"))

    def _refusal(self, scope: Scope) -> Refusal | None:
        host, origin = only(scope["headers"], b"host"), only(scope["headers"], b"origin")
        if host is None or host.lower() not in self.hosts:
            return Refusal(421, "this host is not served here: use the address that 'qa serve' printed")
        if is_foreign(scope, self.origins):
            return Refusal(403, "requests from other sites are refused")
        if self.login and scope["path"] not in WITHOUT_PASSWORD and (refusal := _login_refusal(self.login, scope)):
            return refusal
        if _is_upload(scope) and origin not in self.origins:  # A request that writes files has to name its origin.
            return Refusal(403, "requests from other sites are refused")
        return None


async def _as_get(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer HEAD like GET, but without the body; a stream ends as soon as it begins."""
    if scope["method"] != "HEAD":
        await app(scope, receive, send)
        return

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    await app({**scope, "method": "GET"}, receive, sending)


def log_trouble(error: BaseException) -> None:
    """Log the kind and the place of an error, without its message."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s at %s:%s", type(error).__name__, place.filename, place.lineno)


def _login_refusal(login: Login, scope: Scope) -> Refusal | None:
    address = str((scope.get("client") or ("",))[0])
    if wait := login.wait_s(address):
        headers = ((b"retry-after", str(wait).encode()),)
        return Refusal(429, f"too many wrong passwords: try again in {wait} s", headers)
    if login.admits(address, only(scope["headers"], b"authorization") or ""):
        return None
    return Refusal(401, "a password is needed", ((b"www-authenticate", b'Basic realm="qa", charset="UTF-8"'),))


def _is_upload(scope: Scope) -> bool:
    return scope["method"] == "PUT" and str(scope["path"]).startswith(urls.READING)


def _is_set_here(name: bytes) -> bool:
    # No other site may read anything, whatever Gradio allows.
    return name in HEADERS or name.startswith(b"access-control-")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [(key, value) for key, value in message.get("headers", []) if not _is_set_here(key.lower())]
            message = {**message, "headers": [*others, *HEADERS.items()]}
        await send(message)

    return sending
