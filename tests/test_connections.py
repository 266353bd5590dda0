"""Connections and bodies: who says nothing, or little, or too much, does not keep others from being answered."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

import pytest
from test_api import VOTE, call, post, started
from test_login import PASSWORD

from qa.server.connections import HEAD_S, MOST_CONNECTIONS


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
    with started(tmp_path_factory.mktemp("closed"), "--password", PASSWORD) as (address, _):
        yield address.rstrip("/")


def healthy(server):
    began = time.monotonic()
    status = call(server, "GET", "/healthz")[0]
    return status, time.monotonic() - began < 1


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHos"])
def test_connections_that_say_nothing_shut_out_nobody(closed, first):
    silent = [dialled(closed, first) for _ in range(MOST_CONNECTIONS + 8)]
    try:
        for _ in range(6):
            assert healthy(closed) == (200, True)
            time.sleep(0.5)
        deadline = time.monotonic() + HEAD_S + 5
        while any(map(is_open, silent)) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not any(map(is_open, silent))
    finally:
        for each in silent:
            each.close()


def test_a_request_head_that_trickles_is_cut_off(closed):
    began = time.monotonic()
    with dialled(closed, b"GET /healthz HTTP/1.1\r\nX: ") as slow, contextlib.suppress(OSError):
        while time.monotonic() - began < HEAD_S + 6:
            slow.sendall(b"a")
            time.sleep(0.3)
            if not is_open(slow):
                break
    assert HEAD_S - 1 < time.monotonic() - began < HEAD_S + 4


def test_a_second_request_that_trickles_is_cut_off_too(closed):
    host = "{}:{}".format(*place(closed))
    with dialled(closed, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()) as slow:
        seen = b""
        while b"status" not in seen:
            seen += slow.recv(4096)
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while is_open(slow) and time.monotonic() - began < HEAD_S + 6:
                slow.sendall(b"G")
                time.sleep(0.3)
        assert HEAD_S - 1 < time.monotonic() - began < HEAD_S + 4


def test_open_streams_and_slow_answers_are_not_cut_off(tmp_path):
    with started(tmp_path, "--slow", str(HEAD_S + 2)) as (address, _):
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


def test_what_is_no_request_is_refused_in_one_line(closed):
    with dialled(closed, b"\x00\x01 nonsense\r\n\r\n") as odd:
        odd.settimeout(5)
        got = odd.makefile("rb").read()
    assert got.startswith(b"HTTP/1.1 400")
    assert got.endswith(b'{"error": "this is no HTTP request"}')
