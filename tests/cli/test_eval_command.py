"""`qa eval`, from the set of questions to the printed table."""

import json

import pytest


def test_eval_ablation_prints_each_part(run, beir):
    code, out, _ = run("eval", beir, "--ablation")
    assert code == 0
    rows = [line.split("|")[1].strip() for line in out.splitlines() if line.startswith("|")]
    assert rows == ["2 questions", "---", "dense", "late", "BM25", "hybrid", "hybrid, reciprocal ranks", "reranked"]


def test_eval_run_can_be_compared_with_an_earlier_one(run, beir, tmp_path):
    code, out, _ = run("eval", beir, "--json")
    (tmp_path / "run.json").write_text(out)
    found = json.loads(out)
    assert (code, found["questions"], found["measures"]["as set"]["hit@1"]["mean"]) == (0, 2, 1.0)
    assert "MRR@10 +0.0000 against run.json, p = 1.0000" in run("eval", beir, "--against", "run.json")[1]


def test_eval_without_a_set_says_that_it_made_probes(run, write):
    write(
        "a.md",
        "# The office\n\nThe prosecutor opened an office in Caracas.\n\n## What goats like to do\n\nGoats climb on roofs.",
    )
    code, out, _ = run("eval")
    assert code == 0
    assert out.startswith("Probes made from the articles themselves")


@pytest.mark.parametrize("option", ["--out-of-domain", "--foreign"])
def test_eval_measures_the_confidence(run, beir, option):
    code, out, _ = run("eval", beir, "--calibration", option, beir)
    assert code == 0
    assert "| other field |" in out
    assert "Expected calibration error" in out
    assert "pairs of questions asked as one" in out
    found = json.loads(run("eval", beir, "--calibration", "--json")[1])
    assert found["answers"]["supported"] in (0, 1)
    assert {case[1] for case in found["cases"]} == {"answered", "other subject", "paragraph missing"}


@pytest.mark.parametrize("arguments", [["nowhere"], ["--against", "none.json"], ["--answers", "--against", "x"]])
def test_eval_says_what_is_wrong_in_one_line(run, write, arguments):
    write("a.md", "The prosecutor opened an office in Caracas.")
    code, _, err = run("eval", *arguments)
    assert code == 2
    assert err.strip().splitlines()[-1].startswith("qa: ")


def test_eval_measures_the_answers(run, tmp_path):
    folder = tmp_path / "set"
    (folder / "articles").mkdir(parents=True)
    (folder / "articles" / "a.md").write_text("The prosecutor opened an office in Caracas.\n\nGoats climb on roofs.")
    answerable = {"id": 1, "question": "Who opened an office?", "gold": [{"article": "a.md", "start": 4, "end": 14}]}
    near_miss = {"id": 2, "question": "Who closed an office?", "answerable": False}
    lines = map(json.dumps, (answerable, near_miss, answerable | {"id": 3}))
    (folder / "questions.jsonl").write_text("\n".join(lines))
    code, out, _ = run("eval", folder, "--answers")
    assert code == 0
    assert out.startswith("2 answerable questions, 1 near misses")
    found = json.loads(run("eval", folder, "--answers", "--json")[1])
    assert list(found["answers"]) == ["all", "who", "to 10 words"]
    assert [outcome["id"] for outcome in found["outcomes"]] == ["1", "2", "3"]
    assert json.loads(run("eval", folder, "--answers", "--json", "--sample", 2)[1])["questions"] == 2
    assert "no answerable questions" in run("eval", folder, "--answers", "--sample", 1)[2]
