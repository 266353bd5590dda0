"""Take the port, build the application, and run it until a signal ends it."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from qa.errors import SettingsError
from qa.web import urls

if TYPE_CHECKING:
    import uvicorn

    from qa.library import Library
    from qa.web.options import ServerOptions

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST_PASSWORD = 12
GRACE_S = 3
"""How long open streams may continue after a signal."""


def run(library: Library, options: ServerOptions, on_ready: Callable[[str], None] | None) -> None:
    """See `qa.web.serve`."""
    _check_closed(options)
    with closing(_listen(options.host, options.port)) as listener:
        server = _server(library, replace(options, port=listener.getsockname()[1]))
        if on_ready:
            arguments = (server, listener, _address(options, listener), on_ready)
            threading.Thread(target=_announce, args=arguments, daemon=True).start()
        with _returning_at_signals(), _ending_quietly(server):
            server.run(sockets=[listener])


def _check_closed(options: ServerOptions) -> None:
    host, is_public = options.host, options.host not in LOOPBACK
    if is_public and options.password is None:
        raise SettingsError(f"host {host!r} is refused without a password: give one with --password-file")
    if is_public and not options.names:
        raise SettingsError(f"host {host!r} is refused without a name: say with --name how others call this server")
    if options.password is not None and len(options.password) < SHORTEST_PASSWORD:
        raise SettingsError(f"the password is too short: it takes at least {SHORTEST_PASSWORD} characters")


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise SettingsError(f"port {port} does not exist: give one from 0 to 65535 with --port")
    address = "127.0.0.1" if host == "localhost" else host
    try:
        return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    except socket.gaierror as error:
        raise SettingsError(f"host {host!r} is no address of this machine: give one such as 0.0.0.0") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(f"port {port} is in use: give another with --port") from error
        raise SettingsError(f"port {port} cannot be used: {error.strerror or error}") from error


def _server(library: Library, options: ServerOptions) -> uvicorn.Server:
    import uvicorn

    from qa.web import api
    from qa.web.chat import gradio_page
    from qa.web.connections import Connection

    app = api.application(library, options)
    gradio_page.mount(app, library, options)
    config = uvicorn.Config(
        app,
        http=Connection,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


def _address(options: ServerOptions, listener: socket.socket) -> str:
    """Return the address of the page: on this machine its own, otherwise with the first of the names."""
    number, port = listener.getsockname()[:2]
    own = f"[{number}]:{port}" if ":" in number else f"{number}:{port}"
    return f"http://{own if options.host in LOOPBACK else options.names[0]}/"


def _announce(server: uvicorn.Server, listener: socket.socket, address: str, on_ready: Callable[[str], None]) -> None:
    host, port = listener.getsockname()[:2]
    while not server.should_exit:
        if server.started and _answers(host, port):
            on_ready(address)
            return
        time.sleep(0.05)


def _answers(host: str, port: int) -> bool:
    """Return True if a request gets a reply, be it a refusal: a server for others has another name."""
    with closing(HTTPConnection(host, port, timeout=5)) as connection:
        try:
            connection.request("GET", urls.HEALTH)
            return connection.getresponse().status in (200, 421)
        except (OSError, HTTPException):
            return False


@contextmanager
def _returning_at_signals() -> Iterator[None]:
    """Let a signal end only the server: when uvicorn is done, it raises the signal again for the handlers before its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _ending_quietly(server: uvicorn.Server) -> Iterator[None]:
    """Keep uvicorn from reporting each open page as an error when a signal has ended the server."""

    def wanted(_: logging.LogRecord) -> bool:
        return not (server.should_exit and server.started)

    log = logging.getLogger("uvicorn.error")
    log.addFilter(wanted)
    try:
        yield
    finally:
        log.removeFilter(wanted)
