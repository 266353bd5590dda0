"""Many askers while the articles change; in small. `python -m benchmarks load` does it for longer, with the real encoder."""

import runpy
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
load = runpy.run_path(str(HERE.parent / "benchmarks" / "load.py"))  # By its path: other packages install a `benchmarks`.


@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.exhaustive)])
def test_nothing_breaks_and_no_citation_is_wrong_while_the_articles_change(tmp_path, seconds):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for number in range(20):
        text = f"# Report {number}\n\nOffice {number} opened in Caracas.\n\nGoats climb mountain {number}."
        (seeds / f"{number}.md").write_text(text)
    asked = [f"which office {number} opened in Caracas" for number in range(20)]
    asked += ["goats on a mountain", "number of the remark"]
    command = [sys.executable, str(HERE / "serve_small.py"), str(seeds), str(tmp_path / "index")]
    found = load["run"](command, seeds, asked, askers=8, seconds=seconds)
    assert found.errors == []
    assert found.wrong == 0
    assert found.cited > 15 * seconds
    assert found.changes > seconds
    assert found.shutdown_s < 3
    _, middle, end = load["thirds"](found.memory_mb)
    assert end < middle + 50
