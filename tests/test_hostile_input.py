"""Bad input gets a clear reason, in bounded time: articles, folders, questions, filters, settings."""

import os
import time
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoder import SmallEncoder

from qa import Library, QuestionError, Settings, SettingsError, Where
from qa.reading import formats, passages
from qa.types import Article, Failure

LONG = 200_000
"""The length of the longest articles here; in use, the setting `article_bytes` limits it."""
SECONDS = 20
"""The time limit for each of them, generous enough for a slow and busy machine."""

PATHOLOGICAL = {
    "one word": "a" * LONG,
    "one line of words": "word " * (LONG // 5),
    "no sentence ends": "Word, and " * (LONG // 10),
    "all sentence ends": "." * LONG,
    "all line ends": "a\n" * (LONG // 2),
    "all paragraphs": "a\n\n" * (LONG // 3),
    "open brackets": "[" * LONG,
    "brackets in brackets": "[" * (LONG // 2) + "](" * (LONG // 4),
    "open links": "[a](" * (LONG // 4),
    "open tags": "<a " * (LONG // 3),
    "stars": "*" * LONG,
    "stars and words": "*a " * (LONG // 3),
    "backticks": "`" * LONG,
    "headings": "# a\n" * (LONG // 4),
    "quotes in quotes": "> " * (LONG // 2) + "a",
    "lists in lists": "- " * (LONG // 2) + "a",
    "spaces": "a" + " " * LONG + "b",
    "rule after rule": "---\n" * (LONG // 4),
    "front matter without an end": "---\ntitle: " + "a" * LONG,
    "aliases in aliases": "---\na: &a [x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20))
    + "title: *u\ntags: *u\n---\nText.",
    "maps in maps": "---\n" + "{a: " * 3000 + "\n---\nText.",
    "a tag of YAML": "---\ntitle: !!python/object/apply:os.system ['touch owned']\n---\nText.",
    "dates": "on 1 January 2020 " * (LONG // 18),
    "figures": "1,000,000.5 %, " * (LONG // 15),
    "marks upon marks": "e" + "\u0301" * LONG,
    "right to left": "\u202e\u2067" * (LONG // 2) + "a",
    "not a character": "\ud7ff\ufffe\uffff" * (LONG // 3),
}


QUICK = ("one word", "open brackets", "front matter without an end", "aliases in aliases", "a tag of YAML", "marks upon marks")
"""One of each kind of trouble: words, markup, front matter, code, characters."""


@pytest.mark.parametrize(
    "text",
    [pytest.param(text, id=name, marks=() if name in QUICK else pytest.mark.exhaustive) for name, text in PATHOLOGICAL.items()],
)
def test_any_article_takes_bounded_time(text, library, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("a.md", text)
    write("b.md", "The prosecutor opened an office in Caracas.")
    started = time.monotonic()
    report = library.sync()
    assert library.retrieve("who opened an office in Caracas", 1)[0].citation.article_id == "b.md"
    assert library.ask("word a text in 2020").hits
    assert time.monotonic() - started < SECONDS
    assert report.added + len(report.failed) == 2
    assert not (tmp_path / "owned").exists()


MARKUP = st.text(
    alphabet=st.sampled_from(list("ab.# \n-*_`[]()<>!|:&;{}$\\\"'0123456789é\u0301\r\t\x0b\x85\u2028")), max_size=400
)


@settings(max_examples=300, deadline=None)
@given(MARKUP | st.binary(max_size=400) | MARKUP.map(lambda text: f"---\n{text}\n---\n{text}"))
def test_any_file_is_an_article_with_exact_spans_or_a_failure(content):
    read = formats.read("a.md", content if isinstance(content, bytes) else content.encode())
    if isinstance(read, Failure):
        assert "\n" not in read.reason
        return
    assert isinstance(read, Article)
    encoder = SmallEncoder()
    for passage in passages.split(read, encoder.token_spans, encoder.budget, Settings()):
        assert passage.span.of(read.text) == passage.text
        assert all(span.of(read.text).strip() for span in passage.sentences)


@pytest.fixture
def deep(seeds, monkeypatch):
    """Make 10,000 nested folders: the path to the last one is too long to be used."""
    monkeypatch.chdir(seeds)
    for _ in range(10_000):
        os.mkdir("deep")  # noqa: PTH102  # There is no path to go by.
        os.chdir("deep")
    yield
    for _ in range(10_000):
        os.chdir("..")
        os.rmdir("deep")  # noqa: PTH106


@pytest.mark.usefixtures("deep")
def test_too_deep_folder_is_reported_and_the_rest_is_read(library, write):
    write("a.md", "The prosecutor opened an office in Caracas.")
    report = library.sync()
    assert report.added == 1
    assert ["name too long" in failure.reason for failure in report.failed] == [True]


def test_circular_links_and_links_to_devices_are_not_followed(library, write, seeds):
    write("a.md", "The prosecutor opened an office in Caracas.")
    (seeds / "round.md").symlink_to("round.md")
    (seeds / "itself").symlink_to(seeds, target_is_directory=True)
    (seeds / "zero.md").symlink_to("/dev/zero")
    (seeds / "terminal.txt").symlink_to("/dev/stdin")
    report = library.sync()
    assert report.added == 1
    assert {failure.article_id for failure in report.failed} == {"itself", "round.md", "terminal.txt", "zero.md"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")
def test_a_device_is_not_read(library, write, seeds):
    write("a.md", "The prosecutor opened an office in Caracas.")
    try:
        os.mknod(seeds / "zero.md", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices cannot be made here")
    assert [failure.reason for failure in library.sync().failed] == ["not a plain file"]


@contextmanager
def refused_in_one_line(kind):
    """Assert that the block works, or fails with an error of one line."""
    try:
        yield
    except kind as error:
        said = str(error)
    else:
        return
    assert "\n" not in said


texts = st.text(max_size=20)
values = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.lists(texts, max_size=3)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["after", "before", "source", "tags", "path", "x"]), values, max_size=4) | values)
def test_any_filter_works_or_is_refused_in_one_line(value):
    with refused_in_one_line(QuestionError):
        Where.of(value).admits(Article("a/b.md", "", "", 0, "2024-01", "AP", "", ("x",)))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*Settings.__dataclass_fields__, "x", ""]), values, max_size=4))
def test_any_settings_work_or_are_refused_in_one_line(value):
    with refused_in_one_line(SettingsError):
        Settings.of(value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f'encoder = "{text}"\n'.encode("utf-8", "replace")))
def test_any_settings_file_works_or_is_refused_in_one_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("settings") / "qa.toml"
    path.write_bytes(content)
    try:
        Settings.load(path)
    except SettingsError as error:
        said = str(error)
    else:
        return
    assert "\n" not in said.replace(str(path), "")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    (folder / "seeds").mkdir()
    for number in range(20):
        (folder / "seeds" / f"{number}.md").write_text(f"Office {number} opened in Caracas. The vote was {number} to 7.")
    with Library(folder / "seeds", folder / "embeddings", encoder=SmallEncoder()) as library:
        library.sync()
        yield library


SYNTAX = "office vote?!'\"(){}[]*:^~\\/+-&| AND OR NOT\u202e\u0301\x00\ud800"
QUESTIONS = texts | st.text(st.sampled_from(SYNTAX), max_size=60)


@settings(max_examples=300, deadline=None)
@given(QUESTIONS)
def test_any_question_is_answered_or_refused_in_one_line(opened, question):
    try:
        answer = opened.ask(question)
    except QuestionError as error:
        said = str(error)
    else:
        for hit in answer.hits:
            assert hit.citation.span.of(opened.article(hit.citation.article_id).text) == hit.citation.quote
        return
    assert "\n" not in said
