"""What is taken away says where it is from, and is read as what it says."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from reader import HOSTILE, Reader, answer_of, hit_in, texts

from qa import Article, Span
from qa.errors import EvaluationError, FolderError
from qa.evaluation.question_sets import Gold, read_feedback
from qa.web.chat import export, feedback

ARTICLE = Article("r/a.md", "Intro.\n\nIt was *2* of 3.\nMore.", "The vote", 0, "2024-01-13", "AP", "https://example.org/a")


def answer(article=ARTICLE, start=8, end=24, **changes):
    hit = hit_in(article, 0, len(article.text), Span(start, end))
    return answer_of(hit, question="Was it # 2?", citations=(hit.citation,), quoted=1, **changes)


def test_markdown_has_the_quote_its_place_and_the_checksum():
    text = export.as_markdown(answer())
    assert text.startswith("## Was it \\# 2?\n")
    assert "> It was 2 of 3.\n" in text
    assert "The vote, AP, 2024-01-13, r/a.md, line 1, <https://example.org/a>, characters 8-24, SHA-256 `0`" in text


def test_an_export_of_no_answer_says_so_and_what_was_searched_for():
    hit = hit_in(ARTICLE, 0, len(ARTICLE.text), Span(8, 24))
    nothing = answer_of(hit, state="nothing", citations=(), articles=3, searched="Was it # 2? (vote)")
    text = export.as_markdown(nothing)
    assert "Searched for: Was it \\# 2? (vote)" in text
    assert "I found nothing in these 3 articles that answers this." in text
    assert ">" not in text


def test_an_export_of_an_unsure_answer_says_so_above_the_closest_passage():
    unsure = answer(state="unsure")
    for text in (export.as_markdown(unsure), export.as_html(unsure)):
        assert text.index("Not sure. The closest passage:") < text.index("characters 8-24, SHA-256")


@given(texts, texts)
@example(HOSTILE, HOSTILE)
def test_exported_html_holds_only_our_tags_and_every_character(text, title):
    article = Article("a.txt", f"x{text}x", title)
    reader = Reader(export.as_html(answer(article, 0, len(article.text))))
    assert set(reader.tags) <= {"section", "h2", "p", "blockquote", "cite"}
    assert article.text in reader.text
    assert reader.links == []


@given(texts)
@example("1. one\n- two\n+ three\n# four\n> five")
def test_no_line_of_an_exported_quote_is_markup(text):
    for line in export.citation_text(
        answer(Article("a.md", f"x\n{text}", "T"), 0, len(text) + 2).citations[0], "markdown"
    ).splitlines():
        assert line.startswith(">")
        assert not line.removeprefix("> ").lstrip().startswith(("#", "- ", "+ ", "> ", "<", "*", "1."))


@given(texts)
@example("&lt;b&gt; &amp; AT&T &#42;")
@example("A line\n===\nand another\n    code\n\ttab\n--- \n~~~\n```")
@example("1) one\n2. two\n   - three\n<!-- four -->\n[five]: six\n| a | b |\n|---|---|")
def test_a_quote_in_markdown_reads_literally(text):
    quoted = export.citation_text(answer(Article("a.txt", f"x\n{text}", "T"), 0, len(text) + 2).citations[0], "markdown")
    shown = Reader(MarkdownIt("commonmark").enable("table").render(quoted))
    assert set(shown.tags) <= {"blockquote", "p"}
    words = f"x\n{text}".replace("\0", "\ufffd").split()
    assert shown.text.split()[: len(words)] == words


@pytest.mark.parametrize(
    ("date", "written"), [("2024-01-13", "(2024, January 13)"), ("2024", "(2024)"), ("", "(n.d.)"), ("2024-99", "(2024-99)")]
)
def test_apa_dates_are_as_exact_as_the_article(date, written):
    article = Article("a.md", "One two.", "A title.", 0, date, "AP", "https://example.org/a")
    assert export.citation_text(answer(article, 0, 8).citations[0], "apa") == f"A title. {written}. AP. https://example.org/a"


# --- what readers thought


def test_a_right_answer_becomes_a_question_with_its_places(tmp_path):
    path = tmp_path / "feedback.jsonl"
    feedback.note(path, answer(), "right")
    feedback.note(path, answer(), "wrong source")
    (question,) = read_feedback(path, lambda _: ARTICLE)
    assert question.text == "Was it # 2?"
    assert question.gold == (Gold("r/a.md", Span(8, 24), "It was *2* of 3."),)
    assert [json.loads(line)["verdict"] for line in path.read_text().splitlines()] == ["right", "wrong source"]


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps))
@example("[" * 10_000)
@example('{"turn": 1, "verdict": "right"}' + " " * 100)
@example('{"turn": 1, "verdict": ["right"]}')
@example('{"turn": true, "verdict": "right"}')
@example('{"turn": 1e999, "verdict": "right"}')
@example('{"turn": 1}')
def test_values_that_are_not_judgements_are_ignored(value):
    assert feedback.judgement(value) is None


def test_a_noted_place_moves_with_its_words(tmp_path):
    feedback.note(tmp_path / "f.jsonl", answer(), "right")
    moved = Article("r/a.md", f"Now {ARTICLE.text}", "The vote")
    (question,) = read_feedback(tmp_path / "f.jsonl", lambda _: moved)
    assert question.gold[0].span == Span(12, 28)


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "f.jsonl"
    path.write_text('{"id": "cut o')
    feedback.note(path, answer(), "right")
    assert json.loads(path.read_text().splitlines()[1])["verdict"] == "right"
    with pytest.raises(EvaluationError, match=r"f\.jsonl, line 1, does not hold questions"):
        read_feedback(path, lambda _: ARTICLE)


def test_the_feedback_file_has_a_limited_size(tmp_path, monkeypatch):
    monkeypatch.setattr(feedback, "MOST_BYTES", 2_000)
    path = tmp_path / "f.jsonl"
    path.write_text("\n" * 1_900)
    with pytest.raises(FolderError, match="move it away"):
        feedback.note(path, answer(), "right")
    assert path.stat().st_size == 1_900


def test_feedback_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be written"):
        feedback.note(tmp_path / "file" / "f.jsonl", answer(), "right")
