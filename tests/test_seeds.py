"""The articles that come with the project: complete, dated, sourced, and found."""

from pathlib import Path

import pytest

from qa.articles import load, read, scan

SEEDS = Path(__file__).parents[1] / "seeds"
FILES, FAILURES = scan(SEEDS)

QUESTIONS = {
    "Who signed the agreement between the ICC and ILANUD, and when?": ("icc-ilanud-agreement-2024.md", "11 January 2024"),
    "How many Venezuelan officials were convicted?": ("icc-technical-office-caracas.md", "580"),
    "By what vote was the Rome Statute adopted?": ("rome-statute.md", "120"),
    "How many judges does the ICC have?": ("organs-of-the-court.md", "18 judges"),
    "Who was the first person convicted by the ICC?": ("lubanga-first-verdict.txt", "Lubanga"),
    "Where is the seat of ILANUD?": ("ilanud.txt", "San José"),
}


def test_there_are_fourteen():
    assert len(FILES) == 14
    assert not FAILURES


@pytest.mark.parametrize("file", FILES, ids=[file.id for file in FILES])
def test_article_has_title_date_and_a_readable_length(file):
    article = read(file.id, load(file, 10**6))
    assert article.title
    assert len(article.date) == 10
    body = article.text[article.body :]
    assert "Sources" in body
    assert 250 <= len(body.split()) <= 850
    if file.id.endswith(".md"):
        assert article.source
        assert article.url.startswith("http")
        assert article.tags


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_question_finds_its_article_and_its_fact(demo, question):
    article_id, fact = QUESTIONS[question]
    answer = demo.ask(question)
    assert answer.answered
    assert article_id in [citation.article_id for citation in answer.citations]
    assert any(fact in hit.passage.text for hit in answer.hits[:3])


@pytest.mark.slow
@pytest.mark.parametrize(
    "question", ["How long should sourdough bread bake in a cast-iron pot?", "What is the boiling point of ethanol?"]
)
def test_question_of_another_world_is_declined(demo, question):
    assert not demo.ask(question).answered


@pytest.mark.slow
def test_every_citation_of_every_hit_is_exact(demo):
    texts = {file.id: file.path.read_text(encoding="utf-8") for file in FILES}
    for question in QUESTIONS:
        for hit in demo.retrieve(question, 20):
            text = texts[hit.citation.article_id]
            assert hit.citation.span.of(text) == hit.citation.quote
            assert hit.passage.span.of(text) == hit.passage.text
            first, last = hit.citation.lines
            assert hit.citation.quote in "\n".join(text.splitlines()[first - 1 : last])
