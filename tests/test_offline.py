"""Nothing leaves the machine: a whole run in a process that may open no socket at all."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.slow


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
