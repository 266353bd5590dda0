"""Connections and bodies: who says nothing, or little, or too much, does not keep others from being answered."""

import contextlib
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from test_api import VOTE, call, post, started
from test_login import PASSWORD

from qa.web.connections import MOST_CONNECTIONS

PATIENCE_S = 2.0
"""How long heads and bodies of requests may take here; in use it is ten seconds."""
IMPATIENT = ("--patience", str(PATIENCE_S))


def place(address):
    parts = urlsplit(address)
    return parts.hostname, parts.port


def dialled(address, first=b""):
    found = socket.create_connection(place(address), timeout=5)
    found.sendall(first)
    return found


def is_open(connection):
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    with started(tmp_path_factory.mktemp("closed"), "--password", PASSWORD, *IMPATIENT) as (address, _):
        yield address.rstrip("/")


def healthy(server):
    began = time.monotonic()
    status = call(server, "GET", "/healthz")[0]
    return status, time.monotonic() - began < 1


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHos"])
def test_silent_connections_shut_out_nobody(closed, first):
    silent = [dialled(closed, first) for _ in range(MOST_CONNECTIONS + 8)]
    try:
        for _ in range(6):
            assert healthy(closed) == (200, True)
            time.sleep(0.5)
        deadline = time.monotonic() + PATIENCE_S + 5
        while any(map(is_open, silent)) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not any(map(is_open, silent))
    finally:
        for each in silent:
            each.close()


def test_a_request_head_that_trickles_is_cut_off(closed):
    began = time.monotonic()
    with dialled(closed, b"GET /healthz HTTP/1.1\r\nX: ") as slow, contextlib.suppress(OSError):
        while time.monotonic() - began < PATIENCE_S + 6:
            slow.sendall(b"a")
            time.sleep(0.3)
            if not is_open(slow):
                break
    assert PATIENCE_S - 1 < time.monotonic() - began < PATIENCE_S + 4


def test_a_second_request_that_trickles_is_cut_off_too(closed):
    host = "{}:{}".format(*place(closed))
    with dialled(closed, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()) as slow:
        seen = b""
        while b"status" not in seen:
            seen += slow.recv(4096)
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while is_open(slow) and time.monotonic() - began < PATIENCE_S + 6:
                slow.sendall(b"G")
                time.sleep(0.3)
        assert PATIENCE_S - 1 < time.monotonic() - began < PATIENCE_S + 4


@pytest.mark.exhaustive
def test_open_streams_and_slow_answers_are_not_cut_off(tmp_path):
    with started(tmp_path, "--slow", str(PATIENCE_S + 2), *IMPATIENT) as (address, _):
        server = address.rstrip("/")
        host = "{}:{}".format(*place(server))
        with dialled(server, f"GET /gradio_api/heartbeat/open HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()) as stream:
            assert stream.recv(4096).startswith(b"HTTP/1.1 200")
            with contextlib.ExitStack() as crowd:
                for _ in range(MOST_CONNECTIONS):
                    crowd.enter_context(dialled(server))
                status, answer = post(server, "/api/v1/ask", {"question": VOTE})
            assert (status, answer["answered"]) == (200, True)
            assert is_open(stream)


def test_bytes_that_are_not_http_are_refused_in_one_line(closed):
    with dialled(closed, b"\x00\x01 nonsense\r\n\r\n") as odd:
        odd.settimeout(5)
        got = odd.makefile("rb").read()
    assert got.startswith(b"HTTP/1.1 400")
    assert got.endswith(b'{"error": "this is no HTTP request"}')


# --- bodies


def head(server, method, path, *lines):
    host = "{}:{}".format(*place(server))
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", *lines, "", ""]).encode()


def replied(connection, within_s):
    """Return all that comes until the connection is closed, and after how many seconds."""
    began = time.monotonic()
    connection.settimeout(within_s)
    with contextlib.suppress(ConnectionResetError):
        got = b"".join(iter(lambda: connection.recv(65_536), b""))
        return got, time.monotonic() - began
    return b"", time.monotonic() - began


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with started(tmp_path_factory.mktemp("opened"), "--allow-upload", *IMPATIENT) as (address, process):
        yield address.rstrip("/"), process


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/ask"), ("PUT", "/shelf/articles/a.md"), ("GET", "/healthz")])
def test_a_body_without_a_length_is_refused_at_once(opened, method, path):
    server, _ = opened
    with dialled(server, head(server, method, path, "Transfer-Encoding: chunked") + b"1\r\na\r\n") as odd:
        got, took_s = replied(odd, 5)
    assert got.startswith(b"HTTP/1.1 411")
    assert got.endswith(b'{"error": "the request does not say how long it is: send a Content-Length"}')
    assert took_s < 2


def test_a_body_in_a_million_chunks_delays_nobody(opened):
    server, _ = opened

    def flood():
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            first = head(server, "PUT", "/shelf/articles/a.md", "Transfer-Encoding: chunked")
            with dialled(server, first) as odd, contextlib.suppress(OSError):
                for _ in range(200):
                    odd.sendall(b"1\r\na\r\n" * 10_000)

    flooding = threading.Thread(target=flood)
    flooding.start()
    while flooding.is_alive():
        assert healthy(server) == (200, True)
        time.sleep(0.1)
    flooding.join()


@pytest.mark.parametrize(("path", "limit"), [("/api/v1/ask", 64 * 1024), ("/shelf/articles/a.md", 20_000_000)])
def test_a_body_announced_as_too_long_is_refused_unread(opened, path, limit):
    server, _ = opened
    method = "PUT" if "shelf" in path else "POST"
    for length in (limit + 1, 10**15):
        with dialled(server, head(server, method, path, f"Content-Length: {length}")) as long:
            got, took_s = replied(long, 5)
        assert got.startswith(b"HTTP/1.1 413")
        assert took_s < 2.5


def test_a_client_that_expects_100_continue_is_refused_at_once(opened):
    server, _ = opened
    lines = ("Content-Length: 99999999", "Expect: 100-continue")
    with dialled(server, head(server, "PUT", "/shelf/articles/a.md", *lines)) as polite:
        got, took_s = replied(polite, 5)
    assert got.startswith(b"HTTP/1.1 413")
    assert took_s < 0.5


def test_a_body_that_never_arrives_times_out(opened):
    server, _ = opened
    with dialled(server, head(server, "POST", "/api/v1/ask", "Content-Length: 100") + b'{"') as slow:
        got, took_s = replied(slow, PATIENCE_S + 5)
    assert got.startswith(b"HTTP/1.1 408")
    assert PATIENCE_S - 1 < took_s < PATIENCE_S + 4


def test_a_refused_request_does_not_wait_for_its_body(closed):
    with dialled(closed, head(closed, "POST", "/api/v1/ask", "Content-Length: 100") + b'{"') as stranger:
        got, took_s = replied(stranger, 5)
    assert got.startswith(b"HTTP/1.1 401")
    assert took_s < 2.5


def memory_mb(process):
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096 / 1e6


def test_stalled_uploads_take_no_memory_and_delay_nobody(opened):
    server, process = opened
    before = memory_mb(process)
    with contextlib.ExitStack() as held:
        for number in range(40):
            one = held.enter_context(dialled(server))
            one.sendall(head(server, "PUT", f"/shelf/articles/held{number}.md", "Content-Length: 19900000"))
            with contextlib.suppress(OSError):
                one.sendall(b"a" * 2_000_000)
                one.sendall(b"a" * 17_000_000)
        for _ in range(5):
            assert healthy(server) == (200, True)
            time.sleep(0.3)
        assert memory_mb(process) < before + 60
