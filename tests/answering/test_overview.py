"""Overviews: what is taken for a request of one, what they quote, and what they never do."""

import pytest

from qa import Library, Where
from qa.answering.requests import recognise

OFFICE = """---
title: The office in Caracas
date: 2024-04-23
---

# The office in Caracas

The office in Caracas was opened by the prosecutor on 23 April 2024.
It is small.

## Staff

- Ann Lee is its first director.

Nobody else works there.

## Closing

It closed on 1 December 2025. The prosecutor said so in 2025.

## Sources

- The prosecutor, 23 April 2024: <https://example.org/office>
- A statement of May 2024 by Ann Lee.
"""
VOTE = """---
title: The vote in Rome
date: 1998-07-17
---

The treaty was adopted in Rome on 17 July 1998. Ann Lee voted for it.

Who was against? Ann Lee knows. The prosecutor Ann Lee came in March 2024.
"""


@pytest.fixture
def both(library, write):
    write("office.md", OFFICE)
    write("vote.md", VOTE)
    return library


def quotes(answer):
    return [each.quote for each in answer.citations]


@pytest.mark.parametrize(
    ("text", "kind", "topic"),
    [
        ("what is this about", "contents", ""),
        ("What are these articles about?", "contents", ""),
        ("List all articles", "contents", ""),
        ("¿De qué tratan estos artículos?", "contents", ""),
        ("Summarise the Caracas article", "summary", "Caracas"),
        ("Can you summarize the article about the Rome Statute?", "summary", "Rome Statute"),
        ("What is the Caracas article about?", "summary", "Caracas"),
        ("Resume el artículo de Caracas", "summary", "Caracas"),
        ("What happened on 27 June 2023?", "dates", ""),
        ("¿Qué pasó en 2023?", "dates", ""),
        ("2023", "dates", ""),
        ("Give me all dates related to Lubanga", "dates", "Lubanga"),
        ("timeline of the Venezuela investigation", "dates", "Venezuela investigation"),
        ("Tell me about Duterte", "mentions", "Duterte"),
        ("Explain complementarity to a 10 year old", "mentions", "complementarity"),
        ("Háblame de Duterte", "mentions", "Duterte"),
        ("Caracas", "mentions", "Caracas"),
    ],
)
def test_request_for_an_overview_is_recognised(text, kind, topic):
    request = recognise(text)
    assert (request.kind, request.topic) == (kind, topic)


@pytest.mark.parametrize(
    "question",
    [
        "What happened to the suspect after the trial in 2012?",
        "What happened in Venezuela in 2023?",
        "What are the dates of the Spanish Inquisition?",
        "Which articles are about Putin?",
        "What documents are required?",
        "Explain why the office closed",
        "Who is the president of the ICC?",
        "List the judges sanctioned by the US",
        "Tell me about him",
    ],
)
def test_question_is_not_taken_for_a_request(question):
    assert recognise(question) is None


def test_contents_are_the_first_sentence_of_each_article(both):
    answer = both.ask("What are these articles about?")
    assert quotes(answer) == [
        "The office in Caracas was opened by the prosecutor on 23 April 2024.",
        "The treaty was adopted in Rome on 17 July 1998.",
    ]
    assert answer.answered
    assert answer.outline.sections == (("The office in Caracas", (1,)), ("The vote in Rome", (2,)))


def test_contents_of_many_articles_say_how_many_there_are(library, write):
    for n in range(25):
        write(f"{n:02}.md", f"Article number {n} says something of its own.")
    outline = library.ask("what is this about?").outline
    assert (outline.shown, outline.total) == (20, 25)


def test_summary_has_the_first_sentence_of_each_section_in_reading_order(both):
    answer = both.ask("Summarise the Caracas article")
    assert quotes(answer) == [
        "The office in Caracas was opened by the prosecutor on 23 April 2024.",
        "Ann Lee is its first director.",
        "Nobody else works there.",
        "The prosecutor said so in 2025.",
    ]
    assert [each.heading for each in answer.outline.sections] == ["The office in Caracas", "Staff", "Closing"]


def test_summary_is_as_long_as_asked(both):
    assert len(both.ask("Summarise the Caracas article in two sentences").citations) == 2
    assert len(both.ask("Summarise the Caracas article in one sentence").citations) == 1


def test_section_is_summarised_by_its_heading(both):
    assert quotes(both.ask("What is said under “Staff”?")) == ["Ann Lee is its first director.", "Nobody else works there."]


def test_events_of_a_period_are_its_dated_sentences_by_date(both):
    answer = both.ask("What happened between 1998 and 2024?")
    assert [each.heading for each in answer.outline.sections] == ["1998-07-17", "2024-03", "2024-04-23"]
    assert quotes(both.ask("What happened on 1 December 2025?")) == ["It closed on 1 December 2025."]
    assert both.ask("What happened in 1950?").outline is None


def test_timeline_of_a_topic_is_of_that_topic(both):
    answer = both.ask("timeline of Rome")
    assert {each.article_id for each in answer.citations} == {"vote.md"}
    assert both.ask("timeline of Atlantis").outline is None


def test_topic_alone_is_answered_by_what_is_said_about_it(both):
    answer = both.ask("Ann Lee")
    assert answer.outline.kind == "mentions"
    assert all("Ann Lee" in each for each in quotes(answer))
    assert "Ann Lee is its first director." in quotes(answer)


@pytest.mark.parametrize(
    "question", ["Tell me about Atlantis", "Summarise Atlantis", "else", "Ann Lee's pay", "the", "\U00013460"]
)
def test_topic_that_the_articles_do_not_hold_has_no_overview(both, question):
    assert both.ask(question).outline is None


@pytest.mark.parametrize(
    "question", ["what is this about", "Summarise Caracas", "What happened in 2024?", "dates of Ann Lee", "Caracas"]
)
def test_overview_quotes_statements_exactly_where_they_stand(both, question):
    answer = both.ask(question)
    for citation, hit in zip(answer.citations, answer.shown, strict=True):
        assert citation.verify(both.seeds).standing == "exact"
        assert hit.citation == citation
        assert "://" not in citation.quote
        assert not citation.quote.startswith(("#", "-"))
        assert "statement of May" not in citation.quote
    assert sorted(n for each in answer.outline.sections for n in each.markers) == list(range(1, len(answer.citations) + 1))


@pytest.mark.parametrize(
    "question", ["what is this about", "What happened since 1990?", "timeline of Caracas", "Tell me about Ann Lee"]
)
def test_filter_holds_for_an_overview(both, question):
    answer = both.ask(question, Where(after="2024"))
    assert {each.article_id for each in answer.citations} == {"office.md"}
    assert both.ask("Summarise the vote", Where(after="2024")).outline is None


def test_overview_quotes_files_as_they_are_now(both, write, seeds):
    both.sync()
    write("office.md", OFFICE.replace("It closed on 1", "Alas, it closed on 1"))
    (seeds / "vote.md").unlink()
    assert {each.article_id for each in both.ask("what is this about?").citations} == {"office.md"}
    assert both.ask("Summarise the vote").outline is None
    for citation in both.ask("Summarise Caracas").citations:
        assert citation.verify(seeds).standing == "exact"


def test_request_in_so_many_words_is_no_follow_up(both):
    question = "What are these articles about?"
    assert both.ask(question, earlier="Who is the director of the office?").searched == question


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("what is this about", "The Rome Statute is the treaty on which the International Criminal Court (ICC) is founded."),
        ("Summarise the Rome Statute in three sentences", "The Rome Statute is the treaty on which the International"),
        ("what happened in 2023?", "Russia put Karim Khan on its wanted list in May 2023."),
        ("What happened on 27 June 2023?", "On 27 June 2023, Pre-Trial Chamber I authorised the Prosecutor to resume"),
        ("Give me all dates related to Lubanga", "On 14 March 2012 Trial Chamber I found Thomas Lubanga guilty"),
        ("timeline of the Venezuela investigation", "Venezuela ratified the Rome Statute on 7 June 2000."),
        ("Tell me about Duterte", "Rodrigo Duterte was arrested only four days after the warrant against him."),
        ("complementarity", "Complementarity means that the International Criminal Court (ICC) supplements national courts"),
        ("Caracas", "confirmed that a technical office was opening in Caracas, Venezuela."),
    ],
)
def test_overviews_of_the_demo_articles(demo: Library, question, quoted):
    answer = demo.ask(question)
    assert any(quoted in each for each in quotes(answer))
    assert answer.outline is not None


@pytest.mark.slow
@pytest.mark.parametrize("question", ["Tell me about Karim Khan's pay", "hello", "help", "putin warrant"])
def test_what_is_no_topic_of_the_demo_articles_has_no_overview(demo: Library, question):
    assert demo.ask(question).outline is None
