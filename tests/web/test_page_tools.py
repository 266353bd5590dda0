"""What a reader does with answers, in a real Chromium: tools, filters, history, addresses, languages, print, size."""

import json
from pathlib import Path

import pytest
from test_api import started
from test_page import OFFICE, active, ask

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VOTE = "The treaty was adopted by a vote of 120 to 7"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def clipboard(page):
    return page.evaluate("navigator.clipboard.readText()")


def scope(page, query):
    page.evaluate(f"document.dispatchEvent(new CustomEvent('qa:scope', {{ detail: {json.dumps(query)} }}))")


def tool(page, name):
    return page.locator("#qa-chat").get_by_role("button", name=name, exact=True)


# --- the answer


def test_the_confidence_is_a_word_that_explains_itself(open_page):
    page = open_page()
    ask(page, OFFICE)
    match = page.locator(".qa-match")
    assert match.locator("summary").inner_text() == "Match: strong"
    meaning = "At least nine in ten answers that look like this one are right."
    assert match.locator("summary").get_attribute("title") == meaning
    match.locator("summary").press("Enter")
    assert match.get_by_text(meaning).is_visible()


def test_first_passages_are_there_before_a_slow_answer_and_stay_in_place(browser, tmp_path):
    from playwright.sync_api import expect

    with started(tmp_path, "--slow", "2") as (address, _):
        page = browser.new_page(locale="en-US")
        page.goto(address)
        page.get_by_label("Your question").fill(VOTE)
        page.get_by_role("button", name="Ask", exact=True).click()
        early = page.locator(".qa-so-far .qa-cited mark").first
        expect(early).to_be_visible(timeout=1500)
        expect(page.locator(".qa-so-far")).to_contain_text("First passages found; still looking for the best answer…")
        before = page.locator(".qa-cited .qa-text").first.bounding_box()
        expect(page.locator("#ref-1-1")).to_be_visible(timeout=10_000)
        assert page.locator(".qa-so-far").count() == 0
        assert page.locator(".qa-cited .qa-text").first.bounding_box() == before
        page.close()


def test_an_answer_is_copied_with_its_citations(open_page):
    page = open_page(**CLIPBOARD)
    ask(page, OFFICE)
    tool(page, "Copy with citations").click()
    page.get_by_text("Copied").wait_for()
    copied = clipboard(page)
    assert copied.startswith(f"## {OFFICE}\n\n> {OFFICE}\n>\n> — [1] The office in Caracas, AP, 2024-04-23, office.md, line ")
    assert "SHA-256 `" in copied


@pytest.mark.parametrize(
    ("style", "start"),
    [
        ("Plain", f"“{OFFICE}” The office in Caracas, AP, 2024-04-23, office.md, line "),
        pytest.param("APA", "The office in Caracas. (2024, April 23). AP. https://ex", marks=pytest.mark.exhaustive),
        pytest.param("Markdown", f"> {OFFICE}\n>\n> — The office in Caracas", marks=pytest.mark.exhaustive),
    ],
)
def test_a_citation_is_copied_in_the_style_asked_for(open_page, style, start):
    page = open_page(**CLIPBOARD)
    ask(page, OFFICE)
    active(page).get_by_role("button", name=style, exact=True).click()
    page.get_by_text("Copied").wait_for()
    assert clipboard(page).startswith(start)


def test_a_question_can_be_edited_repeated_and_undone(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, OFFICE)
    ask(page, VOTE, 2)
    box = page.get_by_label("Your question")
    tool(page, "Edit question").first.click()
    expect(box).to_have_value(OFFICE)
    expect(box).to_be_focused()
    box.fill("")
    events = []
    page.on("requestfinished", lambda request: events.append(request) if "/queue/join" in request.url else None)
    page.get_by_role("button", name="Retry").click()
    for _ in range(100):
        if len(events) < 3:  # The answer, its sources, and what to ask next.
            page.wait_for_timeout(50)
    expect(page.locator("#qa-chat .qa-asked")).to_have_count(2)
    expect(page.locator("#ref-2-1")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#qa-chat .qa-asked")).to_have_count(1)
    expect(box).to_have_value(VOTE)
    expect(page.locator("#src-2-1")).to_have_count(0)


def test_an_answer_offers_only_questions_that_are_answered(browser, tmp_path):
    from playwright.sync_api import expect

    with started(tmp_path) as (address, _):
        coal = "Coal engines burn wood daily"
        text = f"The fleet has nine ships.\n\n## {coal}\n\n{coal}, it is said under oath.\n"
        (tmp_path / "seeds" / "fleet.md").write_text(text)
        page = browser.new_page(locale="en-US")
        page.goto(address)
        ask(page, "How many ships has the fleet?")
        page.get_by_role("link", name="Coal engines burn wood daily").click()
        expect(page.locator("#ref-2-1")).to_be_visible()
        assert page.locator(".qa-reply").last.get_attribute("class") == "qa-reply qa-answered"
        page.close()


def test_a_judgement_is_noted_as_a_question_for_evaluation(open_page, served):
    page = open_page()
    ask(page, OFFICE)
    noted = served[1].parent / "feedback.jsonl"
    before = noted.read_text().splitlines() if noted.exists() else []
    tool(page, "Right answer").click()
    page.get_by_text("Saved on this computer.").wait_for()
    assert tool(page, "Right answer").get_attribute("aria-pressed") == "true"
    tool(page, "Wrong source").click()
    page.wait_for_timeout(500)
    lines = [json.loads(line) for line in noted.read_text().splitlines()[len(before) :]]
    assert [line["verdict"] for line in lines] == ["right", "wrong source"]
    assert lines[0]["question"] == OFFICE
    assert lines[0]["gold"][0]["quote"] == OFFICE
    assert lines[1]["gold"] == []


@pytest.mark.exhaustive
def test_without_a_feedback_file_no_judgements_are_asked_for(browser, tmp_path):
    with started(tmp_path) as (address, _):
        page = browser.new_page(locale="en-US")
        page.goto(address)
        ask(page, VOTE)
        assert page.locator(".qa-judge").count() == 0
        page.close()


# --- the source


def test_a_source_says_why_it_was_found_and_where_it_stands(open_page):
    page = open_page()
    ask(page, OFFICE)
    source = active(page)
    assert "Section: Opening" in source.inner_text()
    source.get_by_text("Why this passage").click()
    assert "Words it shares with the question: " in source.locator(".qa-why").inner_text()
    assert source.locator("meter").count() >= 2
    source.get_by_role("link", name="Next", exact=True).click()
    assert active(page).get_attribute("id") == "src-1-2"
    active(page).get_by_role("link", name="Previous", exact=True).click()
    assert active(page).get_attribute("id") == "src-1-1"


# --- the address


def test_the_address_repeats_the_question_with_its_filter_and_its_open_citation(open_page):
    from playwright.sync_api import expect

    page = open_page(at="?after=1990&source=AP")
    expect(page.locator(".qa-chip")).to_have_count(3)
    ask(page, OFFICE)
    assert page.url.endswith("/?q=The+prosecutor+opened+an+office+in+Caracas.&after=1990&source=AP")
    page.locator("#ref-1-2").click()
    assert page.url.endswith("&source=AP#citation-2")
    quote = active(page).locator("mark").text_content()
    again = open_page(at="/".join(page.url.split("/")[3:]))
    expect(again.locator("#src-1-2")).to_be_focused(timeout=15_000)
    assert active(again).locator("mark").text_content() == quote
    assert "Limited to: since 1990, source: AP" in again.locator(".qa-reply").inner_text()


def test_a_hostile_address_is_a_question_and_nothing_else(open_page):
    from playwright.sync_api import expect

    page = open_page(
        at="?q=%3Cimg%20src%3Dx%20onerror%3D%22window.__xss%3D1%22%3E%20goats&after=%3Cscript%3E&tag=%3Cb%3E#citation-1"
    )
    expect(page.locator("#qa-notice")).to_contain_text("where has after '<script>'")
    page.wait_for_timeout(500)
    assert page.evaluate("window.__xss") is None
    assert page.locator("#qa-talk :is(img, script, b)").count() == 0


def test_a_link_to_the_question_is_copied(open_page):
    page = open_page(**CLIPBOARD)
    ask(page, OFFICE)
    page.locator("a.qa-link").click()
    page.get_by_text("Copied").wait_for()
    assert clipboard(page) == page.url
    assert "?q=The+prosecutor+opened" in page.url


# --- filters


def test_a_filter_limits_questions_until_it_is_removed(open_page):
    from playwright.sync_api import expect

    page = open_page()
    scope(page, "before=2000&q=not+a+filter")
    expect(page.locator("#qa-scoped")).to_have_text("Only until 2000 ×Ask all articles")
    expect(page.get_by_label("Your question")).to_be_focused()
    ask(page, OFFICE)
    expect(page.locator(".qa-nothing")).to_contain_text("I found nothing in this article")
    page.get_by_title("Remove the filter until 2000").click()
    expect(page.locator(".qa-chip")).to_have_count(0)
    ask(page, OFFICE, 2)
    assert page.locator(".qa-cited mark").last.inner_text() == OFFICE


def test_a_question_asked_of_some_articles_can_be_asked_of_all_by_a_click(open_page):
    from playwright.sync_api import expect

    page = open_page()
    scope(page, "before=2000")
    ask(page, OFFICE)
    expect(page.locator(".qa-advice")).to_have_text("Only some articles were searched (until 2000). Ask all articles")
    page.locator(".qa-advice").get_by_role("link", name="Ask all articles").click()
    expect(page.locator(".qa-answered mark")).to_have_text(OFFICE, timeout=15_000)
    expect(page.locator(".qa-chip")).to_have_count(0)


def test_a_period_in_a_question_becomes_a_filter_by_a_click(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, f"{OFFICE[:-1]} since 2020?")
    expect(page.locator("#qa-scoped .qa-chip")).to_have_count(0)
    page.get_by_role("link", name="Only articles since 2020").click()
    expect(page.locator("#qa-scoped")).to_have_text("Only since 2020 ×Ask all articles")
    expect(page.locator("#judges-2")).to_be_attached()
    expect(page.locator(".qa-reply").last).to_contain_text("Limited to: since 2020")
    assert page.get_by_role("link", name="Only articles since 2020").count() == 1


# --- history and saving


def test_the_history_repeats_questions_and_can_be_turned_off(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, OFFICE)
    ask(page, VOTE, 2)
    page.reload()
    expect(page.locator("#qa-box textarea")).to_be_editable()
    expect(page.locator("#ref-1-1")).to_be_visible(timeout=15_000)  # The address repeats the last one.
    page.get_by_role("link", name="History").click()
    dialog = page.get_by_role("dialog", name="History")
    assert dialog.get_by_role("link").all_inner_texts() == [VOTE, OFFICE]
    dialog.get_by_role("link", name=OFFICE).click()
    expect(page.locator("#ref-2-1")).to_be_visible(timeout=15_000)
    assert page.locator(".qa-asked").last.inner_text() == OFFICE
    page.get_by_role("link", name="History").click()
    dialog.get_by_label("Remember questions in this browser").uncheck()
    expect(dialog).to_contain_text("No questions are saved.")
    dialog.get_by_role("button", name="Close").click()
    ask(page, VOTE, 3)
    page.get_by_role("link", name="History").click()
    expect(dialog).to_contain_text("No questions are saved.")
    assert page.evaluate("localStorage.getItem('qa:history')") is None


def test_a_conversation_is_saved_as_one_file(open_page, tmp_path):
    page = open_page()
    page.get_by_role("link", name="Save").click()
    dialog = page.get_by_role("dialog", name="Save this conversation")
    assert "There is nothing to save yet." in dialog.inner_text()
    page.keyboard.press("Escape")
    ask(page, OFFICE)
    ask(page, "Hostile goats climb mountains <img src=x onerror='window.__xss=9'> and nothing else happens", 2)
    page.get_by_role("link", name="Save").click()
    files = {}
    for name in ("Markdown", "HTML"):
        with page.expect_download() as download:
            dialog.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / name)
        files[name] = Path(tmp_path / name).read_text()
    assert f"> {OFFICE}" in files["Markdown"]
    assert "SHA-256 `" in files["Markdown"]
    assert files["HTML"].startswith("<!doctype html>")
    assert f'<blockquote dir="auto"><p>{OFFICE}</p></blockquote>' in files["HTML"]
    assert "<img" not in files["HTML"]
    assert "<script" not in files["HTML"]
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src' in files["HTML"]


# --- languages, sizes, paper


def test_the_page_is_in_the_language_of_the_browser(open_page):
    from playwright.sync_api import expect

    page = open_page(locale="es-MX")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pregunta a los artículos")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_label("Tu pregunta").fill(OFFICE)
    page.get_by_role("button", name="Preguntar", exact=True).click()
    expect(page.locator("#src-1-1")).to_be_visible()
    text = page.locator(".gradio-container").inner_text()
    for spanish in (
        "3 artículos",
        "Coincidencia: fuerte",
        "23 de abril de 2024",
        "Por qué este pasaje",
        "Artículos",
        "Fuentes",
    ):
        assert spanish in text, spanish
    for english in ("Match", "Sources", "Copy", "Original article", "Back to", "Keyboard", "indexed", "Articles"):
        assert english not in text, english


@pytest.mark.parametrize(
    ("width", "height"),
    [(390, 844), (1024, 700), *(pytest.param(*size, marks=pytest.mark.exhaustive) for size in ((640, 400), (2560, 1300)))],
)
def test_nothing_is_cut_off_from_a_phone_to_a_wide_screen(open_page, width, height):
    """640 by 400 is a screen of 1,280 by 800 at 200 %."""
    page = open_page(width, height)
    ask(page, OFFICE)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_label("Your question").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    main = page.locator("main").bounding_box()
    assert abs(main["x"] - (width - main["x"] - main["width"])) < 2, "it stands in the middle"
    line = page.locator(".qa-cited .qa-text").first.bounding_box()
    assert line["width"] <= 760


@pytest.mark.exhaustive
def test_right_to_left_text_is_set_from_right_to_left(browser, tmp_path):
    with started(tmp_path) as (address, _):
        (tmp_path / "seeds" / "hebrew.txt").write_text("המשפט נפתח בהאג ביום שני.")
        page = browser.new_page(locale="en-US")
        page.goto(address)
        ask(page, "המשפט נפתח בהאג")
        text = page.locator(".qa-cited .qa-text").first
        assert text.evaluate("element => getComputedStyle(element).direction") == "rtl"
        page.close()


def test_printing_shows_the_conversation_and_its_sources(open_page):
    page = open_page()
    ask(page, OFFICE)
    page.emulate_media(media="print")
    assert page.locator("#sources .qa-source").evaluate_all("all => all.every(each => each.checkVisibility())")
    assert page.locator(".qa-cited mark").first.is_visible()
    for gone in ("#qa-box", ".qa-tools", ".qa-opens-dialog"):
        assert not page.locator(gone).first.is_visible(), gone


def test_with_reduced_motion_nothing_moves(open_page):
    page = open_page(reduced_motion="reduce")
    ask(page, OFFICE)
    slow = "all => all.filter(e => parseFloat(getComputedStyle(e).transitionDuration) > .02).length"
    assert page.locator(".gradio-container *").evaluate_all(slow) == 0


def test_a_high_contrast_page_marks_quotes_by_more_than_colour(open_page):
    page = open_page(contrast="more")
    ask(page, OFFICE)
    assert page.locator(".qa-cited mark").first.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_a_filter_without_matches_says_so_and_stays_in_the_address(open_page):
    from playwright.sync_api import expect

    page = open_page(at="?q=goats&tag=nothing")
    expect(page.locator(".qa-reply")).to_contain_text("No article matches the filter.", timeout=15_000)
    assert page.url.endswith("/?q=goats&tag=nothing")
