"""Answers and sources as the page shows them."""

from dataclasses import replace
from typing import get_args

from hypothesis import example, given
from reader import HOSTILE, MARKDOWN_TAGS, TAGS, Reader, answer_of, hit_in, texts

from qa import Answer, Article, Span, Where, Why
from qa.citation import Lead
from qa.results import AnswerState, Hint, Outline, Respelling, Section
from qa.types import Locator, LocatorKind
from qa.web import urls
from qa.web.chat import answer_html, outline_html, source_html
from qa.web.chat.export import citation_text
from qa.web.messages import Words
from qa.web.nouns import PARTS


@given(texts, texts, texts)
@example(HOSTILE, HOSTILE, HOSTILE)
def test_reply_and_sources_of_hostile_articles_hold_our_tags_only(text, title, url):
    article = Article(f"{title}.md", "x " + text, title, 0, title, title, url)
    hit = hit_in(article, 0, len(article.text), Span(0, 1))
    for state in get_args(AnswerState):
        citations = () if state == "nothing" else (hit.citation,)
        answer = answer_of(hit, state=state, citations=citations, pending=2, quoted=len(text) % 2, parts=(text, title))
        for html in (
            answer_html.reply(answer, 1, answer_html.Surroundings(note=text)),
            source_html.sources(answer, 1, [article] * len(answer.shown)),
            answer_html.error(text),
            answer_html.question(text),
        ):
            reader = Reader(html)
            assert set(reader.tags) <= TAGS | MARKDOWN_TAGS
            assert all(
                link.startswith(("#src-1-1", "#ref-1-1", "?q=", "/shelf/articles/", "http://", "https://"))
                for link in reader.links
            )


def test_article_that_changed_shows_the_passage_only():
    article = Article("a.md", "One. Two. Three.", "T")
    hit = hit_in(article, 0, 9, Span(5, 9))
    changed = Article("a.md", "Something else entirely.", "T")
    assert "Something" not in Reader(source_html.sources(answer_of(hit), 1, [changed])).text
    assert Reader(source_html.sources(answer_of(hit), 1, [changed])).marked == ["Two."]
    assert Reader(source_html.sources(answer_of(hit), 1, [article])).marked == ["Two."]


def test_an_unsure_reply_shows_the_closest_passage_and_what_may_help():
    where = Where(after="2025")
    hints = (Hint("filter", where.query()), Hint("language", "en"), Hint("article", "a b.md"))
    first, second = (hit_in(Article("a b.md", "One. Two.", "T"), 0, 9, Span(*span)) for span in ((0, 4), (5, 9)))
    citations = (first.citation, second.citation)
    answer = answer_of(first, question="Who?", state="unsure", hits=(first, second), citations=citations, hints=hints)
    reader = Reader(answer_html.reply(answer, 3, answer_html.Surroundings(where=where)))
    assert reader.text.startswith("Not sure. The closest passage:One. Two.[1] T")
    assert reader.marked == ["One."]
    assert "Also found:Two.[2] T" in reader.text
    assert "Only some articles were searched (since 2025). Ask all articles" in reader.text
    assert "The articles seem to be in English: ask in English." in reader.text
    assert {"?q=Who%3F", "/shelf/articles/a%20b.md?start=0&end=4"} <= {*reader.links}


def test_a_period_is_offered_beside_an_answer_and_without_one():
    hit = hit_in(Article("a.md", "One. Two.", "T"), 0, 9, Span(0, 4))
    for state, citations in (("answer", (hit.citation,)), ("nothing", ())):
        answer = answer_of(hit, question="Who?", state=state, citations=citations, hints=(Hint("period", "after=2021"),))
        reader = Reader(answer_html.reply(answer, 3, answer_html.Surroundings(where=Where(author=("Ann",), kind=("pdf",)))))
        assert "Only articles since 2021" in reader.text
        assert "?q=Who%3F&after=2021&author=Ann&kind=pdf" in reader.links
        month = replace(answer, hints=(Hint("period", "after=2023-03&before=2023-03"),))
        assert "Solo artículos de marzo de 2023" in Reader(answer_html.reply(month, 3, say=Words("es"))).text


def test_authors_and_kinds_are_filters_that_can_be_removed():
    reader = Reader(answer_html.filter_links(Where(author=("Ann <i>",), kind=("pdf",))))
    assert "author: Ann <i> ×kind: pdf ×" in reader.text
    assert {"?kind=pdf", "?author=Ann+%3Ci%3E"} <= {*reader.links}


def test_a_reply_that_found_nothing_shows_no_passage():
    hit = hit_in(Article("a.md", "One. Two.", "T"), 0, 9, Span(0, 4))
    for articles, said in ((14, "these 14 articles"), (1, "this article")):
        text = Reader(answer_html.reply(answer_of(hit, state="nothing", citations=(), articles=articles), 3)).text
        assert text.startswith(f"I found nothing in {said} that answers this.")
        assert "One." not in text.partition("Wrong source")[0]
    spanish = answer_html.reply(answer_of(hit, state="nothing", citations=(), articles=1400), 3, say=Words("es"))
    assert "No encontré nada que responda a esto en estos 1.400 artículos." in Reader(spanish).text


def test_a_correction_is_shown_once_in_the_language_of_the_reader_and_as_text():
    hit = hit_in(Article("a.md", "One. Two.", "T"), 0, 9, Span(0, 4))
    pair = Respelling("<i>twoo", "two")
    answer = replace(answer_of(hit), question="<i>twoo <i>twoo", searched="two two", respelled=(pair, pair))
    assert Reader(answer_html.reply(answer, 1)).text.startswith("Searched for: “two” instead of “<i>twoo”\n".strip())
    assert "Se buscó: «two» en lugar de «&#60;i&#62;twoo» <a" in answer_html.reply(answer, 1, say=Words("es"))


def test_quotes_are_separate_from_other_passages_found():
    article = Article("a.md", "It was on Thursday. It was in 2020.", "T", date="2024-01-13")
    first, second = hit_in(article, 0, 19, Span(0, 19)), hit_in(article, 20, 35, Span(20, 35))
    citations = (first.citation, second.citation)
    both = answer_of(first, hits=(first, second), citations=citations, quoted=2, conflicts=((1, 2),))
    text = Reader(answer_html.reply(both, 1)).text
    assert "The articles differ: compare [1] and [2]." in text
    assert "Also found" not in text
    assert "“Thursday”: 11 January 2024" in text
    one = Reader(answer_html.reply(answer_of(first, hits=(first, second), citations=citations, quoted=1), 1))
    assert one.text.index("on Thursday") < one.text.index("Also found:") < one.text.index("in 2020")
    assert one.marked == ["It was on Thursday."]


def test_very_long_article_is_shown_in_part():
    article = Article("a.md", "word " * 100_000 + "Needle here. " + "word " * 100_000, "T")
    start = article.text.index("Needle")
    hit = hit_in(article, start, start + 12, Span(start, start + 12))
    html = source_html.sources(answer_of(hit), 1, [article])
    assert Reader(html).marked == ["Needle here."]
    assert len(html) < 1_500_000


def test_replies_say_how_many_files_are_not_indexed():
    counts = {"articles": 2, "passages": 9}
    assert "2 articles, 9 passages indexed, up to date with the folder." in answer_html.overview(counts)
    assert "indexed, 1 pending, 3 unreadable." in answer_html.overview(counts, 1, 3)
    behind = answer_html.reply(Answer("q", "nothing", 0.0, "", (), (), pending=1, failed=2), 1)
    assert "One file changed and is not indexed yet. 2 files could not be read." in behind
    assert "indexed yet" not in answer_html.reply(Answer("q", "nothing", 0.0, "", (), ()), 1)


def answer(**changes):
    article = Article("a.md", "# The vote\n\nOne. Two was 2.", "T", 0, "2024-01-13", "AP", "https://example.org/a")
    hit = hit_in(article, 12, 27, Span(17, 27))
    return article, answer_of(hit, question="Was it 2?", citations=(hit.citation,), quoted=1, **changes)


def test_a_link_repeats_the_question_with_its_filter():
    where = Where(after="2024", tags=("a & b",))
    link = urls.question(" Who? ", where)
    assert link == "?q=Who%3F&after=2024&tag=a+%26+b"
    assert Where.of_query(link) == where


def test_each_filter_link_removes_its_own_filter():
    where = Where(after="2024-03", source=("AP", "<b>"), tags=("icc",), path="x/*")
    reader = Reader(answer_html.filter_links(where))
    left = [Where.of_query(link) for link in reader.links]
    assert left == [
        where.without("after"), where.without("source", "AP"), where.without("source", "<b>"), where.without("tags", "icc"),
        where.without("path"), Where(),
    ]  # fmt: skip
    assert "since March 2024" in reader.text
    assert "source: <b>" in reader.text
    assert answer_html.filter_links(Where()) == ""


def test_a_source_shows_its_section_and_why_it_was_found():
    article, found = answer()
    text = Reader(source_html.sources(found, 1, [article])).text
    assert "Section: The vote" in text
    assert "Why this passage" in text
    assert "Number 1 by meaning and words; number 1 after the second ranking." in text


def test_a_source_links_to_its_place_in_the_whole_article():
    article, found = answer()
    links = Reader(source_html.sources(found, 1, [article])).links
    assert "/shelf/articles/a.md?start=17&end=27" in links
    assert "https://example.org/a" in links


def test_the_page_can_be_spanish():
    article, found = answer()
    say = Words("es")
    text = Reader(answer_html.reply(found, 1, say=say)).text + Reader(source_html.sources(found, 1, [article], say)).text
    assert "13 de enero de 2024" in text
    assert "Por qué este pasaje" in text
    for english in ("Match:", "Copy with", "Back to", "Section:", "January"):
        assert english not in text.replace("January 13", "")  # APA is English.


def test_conflicting_quotes_are_linked():
    _, found = answer(conflicts=((1, 1),))
    assert Reader(answer_html.reply(found, 4)).links.count("#src-4-1") == 3


def test_first_passages_are_laid_out_like_the_answer():
    _, found = answer()
    early, late = (Reader(html) for html in (answer_html.first_passages(found.hits, 1), answer_html.reply(found, 1)))
    assert early.tags[: early.tags.index("p") + 1] == late.tags[: late.tags.index("p") + 1]
    assert early.marked == late.marked
    assert early.links == []


def test_offers_are_links_with_a_question():
    reader = Reader(answer_html.offers({"<b>": "What <b>?", "Ann": "Who?"}, Where(after="2024")))
    assert reader.links == ["?q=What+%3Cb%3E%3F&after=2024", "?q=Who%3F&after=2024"]
    assert reader.text == "Ask next <b>Ann"
    assert answer_html.offers({}) == ""


def test_the_link_of_a_follow_up_holds_its_whole_question():
    _, found = answer(searched="Was it 2? (vote)")
    assert "?q=Was+it+2%3F+%28vote%29" in Reader(answer_html.reply(found, 1)).links


@given(texts, texts)
@example(HOSTILE, HOSTILE)
def test_overview_says_what_it_is_and_links_each_quote_under_its_heading(text, heading):
    article = Article("a.md", "x " + text, "T")
    hit = replace(hit_in(article, 0, len(article.text), Span(0, 1)), why=Why(0, 0, 0, 0, None))
    outline = Outline("contents", "", 25, (Section(heading, (1,)),))
    answer = answer_of(hit, outline=outline, confidence=1.0)
    reader, panel = Reader(answer_html.reply(answer, 2)), Reader(source_html.sources(answer, 2, [article]))
    assert set(reader.tags) <= TAGS
    assert reader.text.startswith("Contents of 1 of 25 articles")
    assert "#src-2-1" in reader.links
    assert "Match:" not in reader.text
    assert "Why this passage" not in panel.text


def test_overview_is_named_in_the_language_of_the_page():
    dates = Outline("dates", "Lubanga", 7, (Section("2024-01-13", tuple(range(1, 8))),))
    assert outline_html.title(dates, Words("en")) == "7 dated sentences about “Lubanga”, by date"
    assert outline_html.title(dates, Words("es")) == "7 frases con fecha sobre «Lubanga», por fecha"
    about = Outline("mentions", "Caracas", 3, (Section("One", (1,)), Section("Two", (2, 3))))
    assert outline_html.title(about, Words("en")) == "About “Caracas”, from 2 of 3 articles"
    assert (
        outline_html.title(replace(about, kind="summary"), Words("es")) == "Primeras frases de «Caracas», sección por sección"
    )


def test_a_follow_up_shows_its_subject_as_a_link_that_asks_without_it():
    hit = hit_in(Article("a.md", "One. Two.", "T"), 0, 9, Span(0, 4))
    answer = answer_of(hit, question="When?", searched="When? (<b>Khan</b>)", about="<b>Khan</b>")
    html = answer_html.reply(answer, 1)
    assert Reader(html).text.startswith("About: Ask without <b>Khan</b> ×")
    assert "?q=When%3F" in Reader(html).links
    assert "qa-searched" not in html
    replaced = answer_of(hit, question="What about Khan?", searched="Who is Khan?", about="Khan")
    text = Reader(answer_html.reply(replaced, 1, say=Words("es"))).text
    assert text.startswith("Sobre: Preguntar sin Khan ×Se buscó: Who is Khan?")


def test_a_call_for_help_says_what_can_be_asked_and_links_questions():
    reader = Reader(answer_html.courtesy("help", ["Who won?"], Where(tags=("a",)), Words("en")))
    assert "the answer quotes the sentences that say it" in reader.text
    assert reader.links == ["?q=Who+won%3F&tag=a"]


TABLE = "| Model | Price |\n|---|---|\n| Alpha | 1 |\n| Gamma | 44.00 |"


def leaned(article, quoted, lead, passage):
    """Return a hit whose quote is understood with a lead; all three are given as text of the article."""
    places = [Span(article.text.index(each), article.text.index(each) + len(each)) for each in (quoted, lead, passage)]
    hit = hit_in(article, *places[2], places[0])
    return replace(hit, citation=replace(hit.citation, lead=Lead(places[1], lead)))


def test_a_row_is_shown_and_copied_under_the_header_of_its_table():
    article = Article("a.md", f"Prices.\n\n{TABLE}", "T")
    row = "| Gamma | 44.00 |"
    for lead in (TABLE.partition("\n| A")[0], "| Model | Price |"):
        hit = leaned(article, row, lead, row)
        reader = Reader(answer_html.reply(answer_of(hit, quoted=1), 1))
        assert reader.tags[1:8] == ["div", "div", "div", "table", "thead", "tr", "th"]
        assert reader.marked == ["Model", "Price", "Gamma", "44.00"]
        assert citation_text(hit.citation, "markdown").startswith("> Model \\| Price\n> Gamma \\| 44.00\n")
    inside = Reader(source_html.sources(answer_of(leaned(article, row, lead, TABLE)), 1, [article]))
    assert inside.marked == ["Model", "Price", "Gamma", "44.00"]


def test_an_item_is_shown_under_its_lead_in_which_is_paler():
    article = Article("a.md", "The vote needs:\n\n- time\n- two **ships**", "T")
    hit = leaned(article, "- two **ships**", "The vote needs:", "- two **ships**")
    html = answer_html.reply(answer_of(hit, quoted=1), 1)
    assert Reader(html).marked == ["The vote needs:", "two ", "ships"]
    assert html.count('<mark class="qa-lead">') == 1


def test_a_passage_that_goes_on_with_a_table_has_its_header_unmarked():
    article = Article("a.md", TABLE, "T")
    row = Span(TABLE.index("| Gamma"), len(TABLE))
    hit = hit_in(article, *row, row)
    hit = replace(hit, passage=replace(hit.passage, lead="| Model | Price |"))
    reader = Reader(answer_html.reply(answer_of(hit, quoted=1), 1))
    assert reader.text.startswith("ModelPriceGamma44.00")
    assert reader.marked == ["Gamma", "44.00"]


def test_a_source_names_its_page_and_sections_in_the_language_of_the_reader():
    article, found = answer()
    citation = replace(found.citations[0], locators=(Locator(0, "page", "12"),), section=("One", "**Two**"))
    hit = replace(found.hits[0], citation=citation)
    found = replace(found, hits=(hit,), citations=(citation,))
    text = Reader(source_html.sources(found, 1, [article])).text
    assert "Section: One › Twoa.md, page 12 · Whole article" in text
    assert "The vote" not in text.partition("Whole article")[0]
    assert "a.md, página 12" in Reader(source_html.sources(found, 1, [article], Words("es"))).text
    assert "T · page 12 · 13 January 2024" in Reader(answer_html.reply(found, 1)).text
    assert set(get_args(LocatorKind)) <= PARTS.keys()
