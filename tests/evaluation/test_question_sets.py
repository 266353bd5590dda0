"""Sets of questions are read as they are meant, and what is wrong in them is said in one line."""

import json

import pytest
from small_encoder import SmallEncoder

from qa import EvaluationError, Library, Span
from qa.evaluation.question_sets import Gold, Question, read, sample
from qa.evaluation.runs import run
from qa.where import Where

ANSWERABLE = {"id": 1, "question": "Who?", "answers": ["Ann"], "gold": [{"article": "a.md", "start": 3, "end": 6}]}
NEAR_MISS = {"id": 2, "question": "Which Ann?", "gold": []}


def write_set(folder, *lines, name="questions.jsonl"):
    (folder / name).write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))


def test_beir_folder_is_read(beir, tmp_path):
    articles, questions = read(beir, tmp_path / "scratch")
    assert [(question.id, question.gold) for question in questions] == [
        ("q1", (Gold("d%2F1.txt", None),)),
        ("q2", (Gold("d%202.txt", None),)),
    ]
    with Library(articles, tmp_path / "e", encoder=SmallEncoder()) as library:
        assert library.retrieve("office in Caracas", 1)[0].citation.title == 'The "office"'


def test_a_line_may_name_only_the_article_limit_the_question_or_have_no_answer(tmp_path):
    limited = {"id": 3, "question": "When?", "gold": [{"article": "b.md"}], "where": {"path": "b*"}}
    about = {"article": "a.md", "start": 0, "end": 9}
    write_set(tmp_path, ANSWERABLE, "", NEAR_MISS | {"answerable": False, "paragraph": about}, limited)
    assert read(tmp_path, tmp_path / "scratch")[1] == [
        Question("1", "Who?", (Gold("a.md", Span(3, 6)),), ("Ann",)),
        Question("2", "Which Ann?", (), answerable=False, about="a.md"),
        Question("3", "When?", (Gold("b.md", None),), where=Where(path="b*")),
    ]


def test_near_misses_may_be_in_a_file_of_their_own(tmp_path):
    write_set(tmp_path, ANSWERABLE)
    write_set(tmp_path, NEAR_MISS, name="unanswerable.jsonl")
    assert [question.answerable for question in read(tmp_path, tmp_path / "scratch")[1]] == [True, False]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", r"a question is \[1\]: it takes an object"),
        ("{bad", "no JSON"),
        ({"id": 1, "gold": []}, "'question' is missing"),
        (NEAR_MISS, 'a question has gold, or is "answerable": false'),
        (ANSWERABLE | {"answerable": False}, 'a question has gold, or is "answerable": false'),
        (ANSWERABLE | {"answerable": "false"}, "answerable is 'false': it takes true or false"),
        (ANSWERABLE | {"answers": "Ann"}, "answers is 'Ann': it takes a list"),
        (ANSWERABLE | {"gold": ["a.md"]}, "a place in gold is 'a.md': it takes an object"),
        (ANSWERABLE | {"gold": [{"article": "a.md", "start": 3}]}, "'end' is missing"),
        (ANSWERABLE | {"gold": [{"article": "a.md", "start": 3, "end": 3}]}, "from 3 to 3"),
        (ANSWERABLE | {"where": {"writer": "x"}}, "where has no 'writer'"),
    ],
)
def test_a_line_that_is_no_question_is_named_with_the_reason(tmp_path, line, reason):
    write_set(tmp_path, ANSWERABLE, line)
    with pytest.raises(EvaluationError, match=rf"questions.jsonl, line 2, does not hold questions as expected: .*{reason}"):
        read(tmp_path, tmp_path / "scratch")


def test_a_folder_without_questions_is_named(tmp_path):
    write_set(tmp_path)
    assert read(tmp_path, tmp_path / "scratch")[1] == []
    with pytest.raises(EvaluationError, match="nowhere holds neither"):
        read(tmp_path / "nowhere", tmp_path / "scratch")


def test_a_question_is_asked_only_of_the_articles_that_it_names(write, library):
    for name in "ab":
        write(f"{name}.md", f"The office in Caracas opened, says {name}.")
    library.sync()
    asked = [Question(name, "office in Caracas", (Gold(f"{name}.md", None),), where=Where(path=f"{name}*")) for name in "ab"]
    assert [outcome.rank for outcome in run(library, asked, lambda *_: None)] == [1, 1]


@pytest.mark.parametrize("count", [1, 7, 30])
def test_a_sample_has_each_kind_in_proportion_and_is_the_same_every_time(count):
    texts = ["Who came?"] * 20 + ["When?"] * 30 + ["Why so?"] * 10
    questions = [Question(str(n), text, (), answerable=n % 2 == 0) for n, text in enumerate(texts)]
    chosen = sample(questions, count)
    assert (len(chosen), chosen) == (count, sample(questions, count))
    for kind in ("who", "when", "why"):
        share = sum(question.asks_for == kind for question in questions) / len(questions)
        assert abs(sum(question.asks_for == kind for question in chosen) - count * share) < 2
    assert [int(question.id) for question in chosen] == sorted(int(question.id) for question in chosen)


def test_a_sample_of_more_than_there_are_is_all():
    questions = [Question(str(n), "Who?", ()) for n in range(3)]
    assert sample(questions, 9) == sample(questions, 0) == questions
