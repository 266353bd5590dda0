"""Nothing leaves the machine: a whole run in a process that may open no socket at all."""

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CALL = re.compile(r"(?:connect|sendto|sendmsg|sendmmsg)\(.*sa_family=(AF_\w+)(.*)")
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace (on Debian: apt-get install strace)")


def called(log: Path) -> list[str]:
    """Return the addresses outside this machine to which a traced process sent anything."""
    found = []
    for line in log.read_text().splitlines():
        match = CALL.search(line)
        if match and match[1] in ("AF_INET", "AF_INET6") and not re.search(r'"127\.|"::1"', match[2]):
            found.append(line)
    return found


@needs_strace
@pytest.mark.exhaustive
@pytest.mark.slow
def test_first_sync_and_answer_make_no_connection(write, tmp_path):
    write("a.md", "The prosecutor opened an office in Caracas.")
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=network", "-o", "log", sys.executable, "-m", "qa"]
    found = subprocess.run(
        [*command, "ask", "Where did the prosecutor open an office?"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stderr
    assert called(tmp_path / "log") == []


@needs_strace
@pytest.mark.exhaustive
def test_server_and_page_make_no_outside_connection(write, tmp_path):
    write("a.md", "The prosecutor opened an office in Caracas.")
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=network", "-o", str(tmp_path / "log"), sys.executable]
    command += [str(HERE / "serve_small.py"), str(tmp_path / "seeds"), str(tmp_path / "embeddings")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as traced:
        address = traced.stdout.readline().strip()
        for path in ("", "config", "readyz", "static-qa/citations.js"):
            assert urllib.request.urlopen(f"{address}{path}", timeout=20).status == 200
        time.sleep(3)  # What calls home does so a little after the start.
        children = Path(f"/proc/{traced.pid}/task/{traced.pid}/children").read_text().split()
        for child in map(int, children):
            os.kill(child, signal.SIGTERM)
        traced.communicate(timeout=20)
    assert called(tmp_path / "log") == []
    assert "AF_INET" in (tmp_path / "log").read_text()  # Its own port: the trace saw something.


@pytest.mark.slow
def test_sync_and_ask_open_no_socket(write, tmp_path):
    write("a.md", "The prosecutor opened an office in Caracas.")
    code = textwrap.dedent("""
        import socket

        def refuse(*rest, **options):
            raise SystemExit(f"a socket was opened: {rest}")

        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
        from qa.cli import main

        raise SystemExit(main(["ask", "Where did the prosecutor open an office?"]))
    """)
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    assert "Caracas" in found.stdout
