"""The README shows what really happens."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_code_runs(code, tmp_path, monkeypatch, capsys, compiled_encoder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    shutil.copytree(compiled_encoder, tmp_path / "embeddings" / "encoder")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.slow
def test_answer_in_the_readme_is_the_answer_given(demo):
    question = re.search(r'\$ qa ask "(.*?)"\n(“.*?”) \[1\]', README)
    answer = demo.ask(question.group(1))
    assert answer.text.startswith(question.group(2))


def test_every_file_named_in_the_readme_exists():
    for path in re.findall(r"\]\(((?:qa|embeddings)/[^)]*)\)", README):
        assert (ROOT / path).exists(), path
