"""Many clients while the articles change, on a small scale. `python -m benchmarks load` runs longer, with the real encoder."""

import runpy
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
load = runpy.run_path(str(HERE.parent / "benchmarks" / "load.py"))  # By its path: other packages install a `benchmarks`.


@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.exhaustive)])
def test_no_error_and_no_wrong_citation_while_the_articles_change(tmp_path, seconds):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for number in range(20):
        text = f"# Report {number}\n\nOffice {number} opened in Caracas.\n\nGoats climb mountain {number}."
        (seeds / f"{number}.md").write_text(text)
    questions = [f"which office {number} opened in Caracas" for number in range(20)]
    questions += ["goats on a mountain", "number of the remark"]
    command = [sys.executable, str(HERE / "serve_small.py"), str(seeds), str(tmp_path / "index")]
    result = load["run"](command, seeds, questions, askers=8, seconds=seconds)
    assert result.errors == []
    assert result.wrong == 0
    assert result.cited > 15 * seconds
    assert result.changes > seconds
    assert result.shutdown_s < 3
    _, middle, end = load["thirds"](result.memory_mb)
    assert end < middle + 50
