import json
import subprocess
import sys
from pathlib import Path

import pytest
from reader import answer_of, hit_in

import qa
from qa import Article, Library, Span
from qa.cli import main
from qa.results import Hint

OFFICE = "The prosecutor opened an office in Caracas."


@pytest.fixture
def office(write):
    return write("a.md", f"---\ntitle: The office\ndate: 2024-04-23\n---\n{OFFICE}")


def test_sync_reports_what_it_did(run, office):
    code, out, _ = run("sync")
    assert code == 0
    assert out.startswith("Articles: 1 added. 1 passages, 1 embedded, 0 reused, ")
    assert run("sync")[1].startswith("Articles: 1 unchanged. 1 passages, 0 embedded")


def test_sync_names_what_it_could_not_read(run, office, write):
    write("empty.md", "")
    assert "Not indexed: empty.md: empty\n" in run("sync")[1]


def test_sync_and_status_say_what_is_left_out(run, office, write):
    for name in ("a.mp4", "b.mp4", "box.zip", "old.doc", "me.jpg", "LICENCE", ".hidden.md"):
        write(name, "Text.")
    kinds = "2 MP4, 1 DOC (save as .docx), 1 JPG (pictures are not read), 1 ZIP (unpack it), 1 without an ending"
    others = f"6 files of other kinds are not read: {kinds}"
    hidden = "1 hidden or ignored file or folder is left out"
    assert run("sync")[1].endswith(f"\n{others}.\n{hidden}.\n")
    status = run("status")[1]
    assert f"left out     {others}\nleft out     {hidden}\n" in status
    assert "others" not in status
    found = json.loads(run("status", "--json")[1])
    assert (found["others"]["MP4"], found["hidden"]) == (2, 1)


def test_ask_quotes_and_cites(run, office):
    code, out, err = run("ask", OFFICE)
    assert code == 0
    assert out == f"“{OFFICE}” [1]\n\n[1] The office, 2024-04-23, a.md, line 5\n"
    assert "1 added" in err


def test_quotes_are_printed_without_markup_and_exact_in_json(run, write):
    said = "The **prosecutor** opened an [office](https://e.org/o) in Caracas."
    write("a.md", said)
    assert run("ask", OFFICE)[1].startswith(f"“{OFFICE}” [1]\n")
    assert OFFICE in run("retrieve", OFFICE)[1]
    assert json.loads(run("ask", OFFICE, "--json")[1])["citations"][0]["quote"] == said


def test_ask_says_what_it_corrected_unless_the_question_is_exact(run, office, monkeypatch):
    monkeypatch.setattr("qa.retrieval.search.Search._is_word", lambda search, text: False)
    code, out, err = run("ask", "the prosecuter opened an office in Caracas")
    assert (code, OFFICE in out) == (0, True)
    assert 'Searched for "prosecutor" instead of "prosecuter"; --exact takes it as it is.' in err
    assert json.loads(run("ask", "prosecuter office", "--json")[1])["respelled"] == [
        {"typed": "prosecuter", "searched": "prosecutor"}
    ]
    assert "instead of" not in run("ask", "the prosecuter opened an office in Caracas", "--exact")[2]


def test_ask_says_when_the_articles_do_not(run, office):
    code, out, _ = run("ask", "goats climb mountains")
    assert code == 1
    assert out == "I found nothing in this article that answers this.\n"


def test_ask_shows_the_closest_passage_if_unsure_and_what_may_help(run, office, monkeypatch):
    article = Article("a.md", "It was on Thursday. It was late.", "T", date="2024-01-13")
    hit = hit_in(article, 0, 32, Span(0, 19))
    hints = (Hint("filter", "after=2024"), Hint("article", "a.md"))
    answer = answer_of(hit, state="unsure", citations=(hit.citation,), hints=hints)
    monkeypatch.setattr(Library, "ask", lambda *_, exact: answer)
    code, out, _ = run("ask", OFFICE, "--after", "2024")
    assert code == 1
    assert out.startswith("Not sure. The closest passage:\n\nIt was on Thursday. It was late.\n\n[1] T, ")
    assert "\n\nOnly some articles were searched (since 2024). Ask all articles\nOpen the closest article: T\n" in out


def test_ask_offers_the_period_that_a_question_names(run, office, write):
    write("b.md", "---\ndate: 2022-03-01\nauthor: Ann\n---\n\nGoats climb mountains in spring.")
    tip = "\nTip: --after 2022-03 --before 2022-03 asks only articles from March 2022.\n"
    assert run("ask", f"{OFFICE[:-1]} in March 2022?")[1].endswith(tip)
    assert run("ask", "goats climb mountains in March 2022")[1].endswith(tip)
    assert json.loads(run("ask", "goats in March 2022", "--json")[1])["hints"][0] == {
        "kind": "period", "value": "after=2022-03&before=2022-03",
    }  # fmt: skip
    hits = json.loads(run("retrieve", "goats", "--author", "ann", "--kind", "md", "--kind", "pdf", "--json")[1])
    assert [hit["passage"]["article_id"] for hit in hits] == ["b.md"]
    assert run("retrieve", "goats", "--kind", "pdf")[0] == 1


def test_ask_answers_a_greeting_kindly(run, office):
    assert run("ask", "Hello!")[:2] == (0, "Hello. Ask anything about the articles, and their own words answer.\n")


def test_ask_dates_what_a_quote_points_at_and_names_quotes_that_differ(run, office, monkeypatch):
    article = Article("a.md", "It was on Thursday.", "T", date="2024-01-13")
    hit = hit_in(article, 0, 19, Span(0, 19))
    answer = answer_of(hit, citations=(hit.citation,) * 3, quoted=2, conflicts=((1, 2),))
    monkeypatch.setattr(Library, "ask", lambda *_, exact: answer)
    _, out, _ = run("ask", OFFICE)
    assert "(“Thursday”: 11 January 2024)\n" in out
    assert out.endswith("\n\nThe articles differ: compare [1] and [2].\n")


def test_json_is_the_same_as_the_library_gives(run, office, seeds, tmp_path):
    for name in ("ask", "retrieve"):
        code, out, _ = run(name, OFFICE, "--json")
        assert code == 0
        found = json.loads(out)
        hit = (found["hits"] if name == "ask" else found)[0]
        assert hit["citation"]["quote"] == hit["passage"]["text"] == OFFICE
        span = hit["citation"]["span"]
        assert office.read_text()[span["start"] : span["end"]] == OFFICE
    assert json.loads(run("sync", "--json")[1])["unchanged"] == 1
    assert json.loads(run("status", "--json")[1])["articles"] == 1


def test_retrieve_lists_passages(run, office):
    code, out, _ = run("retrieve", "office in caracas", "-k", "1")
    assert code == 0
    assert out.startswith("1. The office (a.md, score 0.")


def test_filters_and_why_not_are_options(run, office, write):
    write("b.md", "Goats climb on roofs.")
    assert run("retrieve", OFFICE, "--before", "2023")[0] == 1
    assert run("retrieve", OFFICE, "--after", "2024", "--path", "a*")[0] == 0
    assert run("retrieve", OFFICE, "-k", "1", "--why-not", "b.md")[1].startswith("b.md: its best passage has sentence score")
    assert run("ask", OFFICE, "--after", "soon")[0] == 2


def test_status_names_pending_and_failed_files(run, office, write):
    run("sync")
    write("b.md", "New.")
    write("empty.md", "")
    run("sync")
    write("c.md", "Newer.")
    out = run("status")[1]
    assert "pending      1\n" in out
    assert "not indexed  empty.md: empty\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", ""], "the question is empty"),
        (["retrieve", "office", "-k", "0"], "k is 0"),
        (["ask", "x" * 100_000], "100,000 characters"),
        (["sync", "--seeds", "nowhere"], "nowhere/ cannot be read (No such file or directory)"),
        (["sync", "--settings", "none.toml"], "none.toml cannot be read"),
    ],
)
def test_error_is_one_line_and_exit_code_2(run, office, arguments, message):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    last = err.strip().splitlines()[-1]
    assert last.startswith("qa: ")
    assert message in last


def test_empty_folder_is_one_line(run, seeds):
    code, _, err = run("ask", "anything")
    assert code == 2
    assert err.startswith("qa: seeds/ holds no articles")


def test_control_characters_of_articles_do_not_reach_the_terminal(run, write):
    write("a.md", f"\x1b[31m{OFFICE}\x07")
    _, out, _ = run("ask", OFFICE)
    assert "Caracas" in out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_python_and_shell_have_the_same_names(run):
    for name in ("sync", "ask", "retrieve", "status"):
        assert callable(getattr(Library, name))
        with pytest.raises(SystemExit):
            run(name, "--help")


@pytest.mark.slow
def test_the_command_runs_from_a_shell(office, tmp_path):
    command = [sys.executable, "-m", "qa.cli", "ask", "Where did the prosecutor open an office?"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[0] == f"“{OFFICE}” [1]"


def test_version_is_printed():
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert qa.__version__


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_one_line(tmp_path, write):
    write("a.md", "The office opened.")
    command = [sys.executable, str(Path(__file__).parents[1] / "sync_small.py"), "sync"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "qa: the output cannot be written: No space left on device"


def test_ask_says_what_was_searched_for_instead_of_a_long_question(run, write):
    write("a.md", "The prosecutor opened an office in Caracas.")
    letter = "I really do not know where to begin with this story of mine. " * 25 + "Which office did the prosecutor open?"
    _, _, err = run("ask", letter)
    assert "The question is long; searched for: " in err


def test_overview_is_printed_under_its_headings(run, office):
    code, out, _ = run("ask", "what is this about?")
    assert code == 0
    assert out == f"Contents; articles: 1\n\nThe office\n  “{OFFICE}” [1] a.md, line 5\n"
    outline = json.loads(run("ask", "what is this about?", "--json")[1])["outline"]
    assert outline == {"kind": "contents", "subject": "", "total": 1, "sections": [{"heading": "The office", "markers": [1]}]}
