import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoder import SmallEncoder

from qa import Article, Failure, Passage, Settings, Span
from qa.reading.formats import read
from qa.reading.passages import encoder_text, split
from qa.text.structure import without_markup

TOKENS = SmallEncoder().token_spans


def passages(text: str, **options: int) -> list[Passage]:
    return split(Article("a.md", text, "Title"), TOKENS, 254, Settings(**options))


def texts(text: str, **options: int) -> list[str]:
    return [passage.text for passage in passages(text, **options)]


def words(count: int, name: str = "word") -> str:
    return " ".join([name] * (count - 1) + ["end."])


articles = st.lists(
    st.text(max_size=300)
    | st.sampled_from(["", " ", "# Heading", "Title", "- item", "| a | b |", words(40), "A b. " * 30, "\r\n", "<b"]),
    max_size=12,
).map("\n".join)


@settings(max_examples=300)
@given(articles, st.integers(5, 60), st.integers(1, 5))
def test_any_text_is_cut_into_ordered_spans_within_the_budget(text, limit, join):
    article = read("a.md", text.encode("utf-8", "replace"))
    if isinstance(article, Failure):
        return
    cut = split(article, TOKENS, 254, Settings(passage_tokens=limit, join_tokens=min(limit, join * 10)))
    end = 0
    for passage in cut:
        assert passage.span.of(article.text) == passage.text == passage.text.strip() != ""
        assert passage.span.start >= end
        assert len(TOKENS(encoder_text(passage))) <= limit
        inside = passage.span.start
        for sentence in passage.sentences:
            assert inside <= sentence.start < sentence.end <= passage.span.end
            assert not article.text[inside : sentence.start].strip()
            inside = sentence.end
        assert not article.text[inside : passage.span.end].strip()
        end = passage.span.end


@settings(max_examples=200)
@given(articles)
def test_only_repetitions_of_the_headline_are_left_out(text):
    article = read("a.md", text.encode("utf-8", "replace"))
    if isinstance(article, Failure):
        return
    covered = set()
    for passage in split(article, TOKENS, 254, Settings()):
        covered.update(range(*passage.span))
    rest = "".join(" " if i in covered else char for i, char in enumerate(article.text) if i >= article.body)
    assert {
        re.sub(r"^#{1,6}\s+|\s+#+$", "", line.strip()).strip().casefold()
        for line in re.split(r"[\r\n]|\s{2,}", rest)
        if line.strip()
    } <= {article.title.casefold()}


@given(st.text())
def test_markup_is_blanked_without_moving_anything(text):
    blanked = without_markup(text)
    assert len(blanked) == len(text)
    assert all(after in (before, " ") for before, after in zip(text, blanked, strict=True))


def test_markup_is_blanked_in_bounded_time():
    for hostile in ("[" * 100_000, "<a" * 100_000, "<!--" * 50_000, "](" * 50_000, " " * 200_000, "\r" * 100_000):
        passages(hostile + " end")


def test_paragraph_that_fits_is_never_cut():
    long, short = words(200, "long"), words(100, "short")
    assert texts(f"{long}\n\n{short}\n\n{long}", join_tokens=64) == [long, short, long]


def test_short_neighbours_are_joined_up_to_the_target():
    parts = [words(30, name) for name in ("one", "two", "three", "four")]
    assert texts("\n\n".join(parts), join_tokens=64) == [f"{parts[0]}\n\n{parts[1]}", f"{parts[2]}\n\n{parts[3]}"]


def test_long_paragraph_is_cut_between_sentences():
    sentence = "This sentence has exactly nine tokens in it."
    found = passages(" ".join([sentence] * 40), passage_tokens=100)
    assert len(found) == 4
    assert all(span.of(" ".join([sentence] * 40)) == sentence for passage in found for span in passage.sentences)


def test_endless_sentence_is_cut_between_words():
    found = texts("word " * 500, passage_tokens=100, join_tokens=50)
    assert " ".join(found).split() == ["word"] * 500


def test_heading_is_kept_with_the_text_after_it():
    text = f"{words(20)}\n\n## The vote\n\n{words(20)}\n\nA plain heading\n\n{words(20)}"
    assert texts(text, join_tokens=200) == [words(20), f"## The vote\n\n{words(20)}", f"A plain heading\n\n{words(20)}"]


def test_repeated_headline_is_left_out_of_passages():
    text = "The office opens\n\nIt opens to help.\n\nA. Writer\nThe office opens\n\nThe office opens\n\nThe prosecutor said so."
    article = read("a.txt", text.encode())
    found = [passage.text for passage in split(article, TOKENS, 254, Settings())]
    assert found == ["The office opens\n\nIt opens to help.\n\nA. Writer", "The prosecutor said so."]


def test_unfinished_tag_is_not_in_the_encoder_input():
    (found,) = passages('The progress of the <a href="https://example.org/international/article_')
    assert encoder_text(found).split() == ["The", "progress", "of", "the"]
    assert found.text.endswith("article_")


def test_list_items_are_sentences():
    (found,) = passages("Takeaways:\n• first thing\n• second thing")
    assert [span.of(found.text) for span in found.sentences] == ["Takeaways:", "• first thing", "• second thing"]


TABLE = "| Model | Price |\n|---|---|\n" + "\n".join(f"| Name{n} | {n}.00 |" for n in range(60))


def test_rows_after_a_cut_have_the_header_of_their_table_and_its_lead_in():
    first, *rest = passages(f"Prices in euros:\n\n{TABLE}", passage_tokens=100)
    assert not first.lead
    assert first.text.startswith("Prices in euros:\n\n| Model")
    assert len(rest) > 2
    for passage in rest:
        assert passage.lead == "Prices in euros:\n| Model | Price |\n|---|---|"
        assert (passage.text[:6], passage.text[-2:]) == ("| Name", " |")
        assert [span.of(passage.whole) for span in passage.inner_sentences] == passage.text.splitlines()
        assert len(TOKENS(encoder_text(passage))) <= 100


def test_lead_in_is_kept_with_what_fits_or_goes_with_it_as_its_lead():
    items = [f"- {words(60, name)}" for name in ("one", "two")]
    text = f"{words(60)}\n\nThe following are free:\n\n{items[0]}\n\n{items[1]}"
    assert [(each.lead, each.text) for each in passages(text)] == [
        ("", words(60)),
        ("", f"The following are free:\n\n{items[0]}"),
        ("The following are free:", items[1]),
    ]


def test_code_that_fits_is_in_one_passage_and_cut_code_has_its_fence_as_lead():
    code = "\n\n".join(["make(one, two)"] * 5)
    assert texts(f"Run:\n\n```sh\n{code}\n```", join_tokens=5) == [f"Run:\n\n```sh\n{code}\n```"]
    _, *rest = passages(f"Run:\n\n```sh\n{code * 20}\n```", passage_tokens=100)
    assert {passage.lead for passage in rest} == {"Run:\n```sh"}


def test_passages_have_the_headings_above_them_but_not_the_title_as_lead():
    text = f"# Plans\n\n{words(20)}\n\n## Aurora\n\n{words(70)}\n\n{words(70)}\n\n### Moving in\n\n{words(70)}\n\n{words(70)}"
    leads = ["", "", "## Aurora", "## Aurora", "## Aurora\n### Moving in"]
    assert [passage.lead for passage in passages(text)] == leads
    assert {passage.lead for passage in split(Article("a.txt", text, "Title"), TOKENS, 254, Settings())} == {""}


def test_lead_that_would_take_most_of_the_passage_is_left_out():
    header = " | ".join(["column"] * 60)
    assert {passage.lead for passage in passages(f"| {header} |\n|---|\n" + "| a | b |\n" * 60, passage_tokens=100)} == {""}


@pytest.mark.slow
def test_tokens_of_the_real_encoder_are_counted_exactly(demo):
    encoder = demo.encoder
    text = "Hofmański’s ILANUD—agreement: 2,795 accused, 1,021 jailed. 国际刑事法院 " * 60
    for passage in split(Article("a.md", text, "t"), encoder.token_spans, encoder.budget, Settings()):
        assert len(encoder.token_spans(encoder_text(passage))) <= 230
        assert passage.span.of(text) == passage.text
    assert encoder.token_spans("ab cd")[1] == Span(3, 5)
