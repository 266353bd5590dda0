"""The progress bar knows every stage, and never stops the work."""

import ast
from pathlib import Path
from typing import get_args

import qa
from qa.cli.progress import STAGE_NAMES, _Unfailing, bar
from qa.types import Stage


def stages_sent():
    """The stages that the package names when it calls its progress."""
    for path in Path(qa.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "progress" and node.args:
                yield ast.literal_eval(node.args[0])


def test_every_stage_has_a_name():
    assert set(STAGE_NAMES) == set(get_args(Stage)) == set(stages_sent())


def test_bar_shows_a_stage_once_there_is_anything_to_do(capsys):
    with bar() as progress:
        progress("reading", 0, 0)
        assert capsys.readouterr().err == ""
        progress("reading", 0, 2)
        progress("reading", 2, 2)
    assert "Reading articles" in capsys.readouterr().err


class FullDisk:
    def write(self, text):
        raise OSError("no space left on device")

    flush = write


def test_a_stream_that_cannot_be_written_does_not_stop_the_work():
    stream = _Unfailing(FullDisk())
    assert stream.write("half") == 4
