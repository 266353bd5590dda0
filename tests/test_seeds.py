"""The articles that come with the project are complete, dated, sourced, and found."""

from pathlib import Path

import pytest

from qa import Library
from qa.reading.folder import load, scan
from qa.reading.formats import read

SEEDS = Path(__file__).parents[1] / "seeds"
FILES, FAILURES, *_ = scan(SEEDS)

QUESTIONS = {
    "Who signed the agreement between the ICC and ILANUD, and when?": ("icc-ilanud-agreement-2024.md", "11 January 2024"),
    "How many Venezuelan officials were convicted?": ("icc-technical-office-caracas.md", "580"),
    "By what vote was the Rome Statute adopted?": ("rome-statute.md", "120"),
    "How many judges does the ICC have?": ("organs-of-the-court.md", "18 judges"),
    "Who was the first person convicted by the ICC?": ("lubanga-first-verdict.txt", "Lubanga"),
    "Where is the seat of ILANUD?": ("ilanud.txt", "San José"),
}


def test_there_are_fourteen_articles():
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
def test_question_about_another_subject_is_declined(demo, question):
    assert not demo.ask(question).answered


@pytest.mark.slow
def test_articles_that_differ_on_a_date_are_both_quoted(demo, write, seeds, tmp_path):
    """With articles of its own: which of the demo's sentences are quoted depends on the rounding of the processor."""
    write("court.md", "# The appeal\n\nThe appeals judges ruled on 1 March 2024 that the examination of Venezuela could go on.")
    write("paper.md", "# A newspaper\n\nThe appeals judges ruled in March 2023 that the examination of Venezuela could go on.")
    for n in range(6):
        write(f"other/{n}.md", f"# Article {n}\n\nGoats climb mountain number {n} and eat the grass that grows there.")
    with Library(seeds, tmp_path / "index", encoder=demo.encoder) as library:
        answer = library.ask("When did the appeals judges rule that the examination of Venezuela could go on?")
    ((one, other),) = answer.conflicts
    quotes = answer.citations[one - 1].quote + answer.citations[other - 1].quote
    assert "1 March 2024" in quotes
    assert "March 2023" in quotes
    assert f"[{one}]" in answer.text
    assert f"[{other}]" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "facts"),
    [
        (
            "How many votes did Karim Khan get and when was Piotr Hofmański elected President?",
            {"khan-office-of-the-prosecutor.md": "72 votes", "hofmanski-icc-presidency.md": "11 March 2021"},
        ),
        (
            "Who was elected first, Karim Khan or Osvaldo Zavala Giler?",
            {"khan-office-of-the-prosecutor.md": "Karim Khan", "organs-of-the-court.md": "10 February 2023"},
        ),
    ],
)
def test_question_about_two_articles_is_answered_from_both(demo, question, facts):
    answer = demo.ask(question)
    assert answer.quoted == 2
    for article_id, fact in facts.items():
        assert any(
            fact in citation.quote for citation in answer.citations[: answer.quoted] if citation.article_id == article_id
        ), article_id


@pytest.mark.slow
def test_answer_is_made_of_quotes_only(demo):
    for question in QUESTIONS:
        answer = demo.ask(question)
        left = answer.text
        for number, citation in enumerate(answer.citations[: answer.quoted], 1):
            left = left.replace(f"“{citation.quote}” [{number}]", "", 1)
        assert not left.strip()
        assert answer.quoted <= len(answer.citations) <= 3


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
