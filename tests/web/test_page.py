"""The page in a real Chromium: ask, read, check the source; hostile articles run nothing; nothing leaves the machine."""

import pytest
from test_api import started

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OFFICE = "The prosecutor opened an office in Caracas."


def ask(page, question, turn=1):
    from playwright.sync_api import expect

    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(f"#judges-{turn}")).to_be_attached(timeout=15_000)
    if page.locator(f"#ref-{turn}-1").count():
        expect(page.locator(f"#src-{turn}-1")).to_be_attached(timeout=15_000)
        expect(page.locator(f"#ref-{turn}-1")).to_be_visible()


def active(page):
    return page.locator("#sources .qa-active")


def test_question_is_answered_with_a_quote_and_its_source(open_page):
    page = open_page()
    ask(page, OFFICE)
    answer = page.locator("#qa-chat .qa-answered")
    assert answer.locator("mark").first.inner_text() == OFFICE
    assert "The office in Caracas · 23 April 2024 · AP" in answer.inner_text()
    assert active(page).locator("h3").inner_text() == "The office in Caracas"
    assert active(page).get_by_role("link", name="Original").get_attribute("href") == "https://example.org/office"
    assert "starred" in answer.inner_text()
    assert "starred [1]. Costs $5 to $6." in active(page).inner_text()


def test_marker_opens_the_source_at_the_quote(open_page):
    page = open_page()
    ask(page, OFFICE)
    marker = page.locator("#ref-1-2")
    quote = page.locator(".qa-found .qa-text").first.text_content()
    marker.click()
    mark = active(page).locator("mark")
    assert mark.text_content() == quote
    assert page.evaluate("document.activeElement.id") == "src-1-2"
    page.locator("#ref-1-1").click()
    assert active(page).locator("mark").text_content() == OFFICE
    page.wait_for_timeout(400)
    box, panel = active(page).locator("mark").bounding_box(), page.locator("#sources").bounding_box()
    assert panel["y"] <= box["y"]
    assert box["y"] + box["height"] <= panel["y"] + panel["height"]


def test_sources_are_reached_and_left_by_keyboard(open_page):
    page = open_page()
    page.get_by_label("Your question").press_sequentially(OFFICE)
    page.keyboard.press("Enter")
    page.locator("#src-1-1").wait_for(state="attached")
    page.locator("#ref-1-1").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "src-1-1"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "ref-1-1"


def test_question_that_the_articles_do_not_answer_says_so(open_page):
    page = open_page()
    ask(page, "quantum chromodynamics lattice")
    said = page.locator("#qa-chat .qa-nothing").inner_text()
    assert said.startswith("I found nothing in these 3 articles that answers this.")
    assert page.locator("#sources .qa-source").count() == 0


def test_empty_question_is_one_clear_line(open_page):
    page = open_page()
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("#qa-notice").get_by_text("the question is empty").wait_for()


def test_example_is_asked_by_a_click(open_page):
    page = open_page()
    page.get_by_role("button", name="What is said about The office in Caracas?").click()
    page.locator("#judges-1").wait_for(state="attached")
    assert "What is said about The office" in page.locator(".qa-asked").inner_text()


def test_conversation_keeps_its_sources_and_can_be_cleared(open_page):
    page = open_page()
    ask(page, OFFICE)
    ask(page, "The treaty was adopted by a vote of 120 to 7", turn=2)
    assert active(page).get_attribute("id") == "src-2-1"
    page.locator("#ref-1-1").click()
    assert active(page).locator("mark").text_content() == OFFICE
    page.get_by_role("button", name="Clear").click()
    page.locator("#src-1-1").wait_for(state="detached")
    ask(page, OFFICE)


def test_hostile_article_and_question_run_nothing(open_page):
    page = open_page()
    hostile = (
        "Hostile goats climb mountains <img src=x onerror='window.__xss=9'> ${window.__xss=9} {{x}} and nothing else happens"
    )
    ask(page, hostile)
    page.wait_for_timeout(500)
    assert page.evaluate("window.__xss") is None
    for place in ("#qa-chat .message-wrap", "#sources"):
        for tag in ("script", "img", "form", "input", "iframe"):
            assert page.locator(f"{place} {tag}").count() == 0, (place, tag)
    assert page.locator("#sources svg, .qa-reply svg, .qa-asked svg").count() == 0
    assert "<script>window.__xss = 1</script>" in page.locator(".qa-cited").first.inner_text()
    assert "onerror=alert(1)" in active(page).locator(".qa-file").inner_text()
    links = page.locator("#sources a, .qa-reply a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert all(
        link.startswith(("#src-", "#ref-", "?q=Hostile+goats", "/shelf/articles/", "https://example.org/office"))
        for link in links
    )


def test_examples_with_hostile_titles_are_shown_literally(open_page):
    page = open_page()
    page.get_by_role("button", name="What is said about <script>window.__xss = 1</script>").wait_for()
    assert page.evaluate("window.__xss") is None
    assert page.locator("#qa-chat :is(script, img, form, input, iframe, a)").count() == 0


def test_back_to_answer_returns_to_the_marker(open_page):
    page = open_page()
    ask(page, OFFICE)
    page.locator("#ref-1-2").click()
    active(page).get_by_role("link", name="[1]", exact=True).click()
    assert page.evaluate("document.activeElement.id") == "src-1-1"
    active(page).get_by_role("link", name="Back to answer").press("Enter")
    assert page.evaluate("document.activeElement.id") == "ref-1-1"


def test_the_panel_shows_only_passages_of_old_turns(open_page):
    page = open_page()
    for turn in range(1, 7):
        ask(page, OFFICE, turn)
    assert "More words that follow" in page.locator("#src-2-1").text_content()
    assert "More words that follow" not in page.locator("#src-1-1").text_content()
    page.locator("#ref-1-1").click()
    assert active(page).get_attribute("id") == "src-1-1"
    assert active(page).locator("mark").text_content() == OFFICE


def test_policy_forbids_inline_scripts(open_page):
    page = open_page()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,x\" onerror=\"window.__inline = 1\">')")
    page.wait_for_timeout(300)
    assert page.evaluate("window.__inline") is None


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.exhaustive)])
def test_phone_has_no_sideways_scroll(open_page, scheme):
    page = open_page(390, 844, scheme)
    ask(page, OFFICE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#ref-1-1").click()
    page.wait_for_timeout(800)
    assert active(page).locator("mark").bounding_box()["y"] < 844


CONTRAST = """
element => {
  const number = color => color.match(/[\\d.]+/g).map(Number);
  const opaque = c => c.length < 4 || c[3] > 0.9;
  const back = e => {
    while (e && !opaque(number(getComputedStyle(e).backgroundColor))) e = e.parentElement;
    return e ? number(getComputedStyle(e).backgroundColor) : [255, 255, 255];
  };
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const [a, b] = [light(number(getComputedStyle(element).color)), light(back(element))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(open_page, scheme):
    page = open_page(scheme=scheme)
    ask(page, OFFICE)
    for what in (
        ".qa-asked",
        ".qa-cited mark",
        ".qa-cited p",
        "#sources .qa-active mark",
        "#sources .qa-active p",
        "#sources .qa-active .qa-where",
        ".qa-cited .qa-where",
        ".qa-quiet .qa-sure",
        "#qa-title h1",
        "#qa-overview p",
        "#qa-box button",
        ".qa-tab.qa-current",
    ):
        assert page.locator(what).first.evaluate(CONTRAST) >= 4.5, what


def test_edited_article_is_found_by_the_next_question(open_page, served):
    page = open_page()
    (served[1] / "new.md").write_text("A zeppelin landed beside the courthouse this morning.")
    ask(page, "A zeppelin landed beside the courthouse this morning")
    assert page.locator(".qa-cited mark").first.inner_text() == "A zeppelin landed beside the courthouse this morning."
    (served[1] / "new.md").write_text("Nothing landed anywhere today, people say.")
    ask(page, "Nothing landed anywhere today, people say", turn=2)
    assert "Nothing landed anywhere today, people say." in page.locator("#qa-chat").inner_text()
    (served[1] / "new.md").unlink()


def test_keys_reach_question_sources_and_help(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, OFFICE)
    page.locator("#ref-1-1").focus()
    page.keyboard.press("/")
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()
    page.keyboard.type("a/j?")  # In the box they are letters.
    assert box.input_value() == "a/j?"
    page.keyboard.press("Escape")
    expect(page.locator("#ref-1-1")).to_be_focused()
    shown = page.locator("#sources .qa-source").count()
    assert shown > 1
    page.keyboard.press("j")
    expect(page.locator("#src-1-2")).to_be_focused()
    for _ in range(shown):
        page.keyboard.press("j")
    expect(page.locator("#sources .qa-source").last).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#sources .qa-source").nth(shown - 2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#ref-1-{shown - 1}")).to_be_focused()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator(f"#ref-1-{shown - 1}")).to_be_focused()
    page.get_by_role("link", name="Keyboard").click()
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_a_follow_up_includes_the_subject_and_can_be_asked_as_typed(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, "By what vote was the treaty adopted?")
    ask(page, "<b>and</b> when was that?", 2)
    expect(page.locator("#qa-chat .qa-about")).to_have_text("Ask without vote, treaty adopted ×")
    page.get_by_role("link", name="Ask without vote, treaty adopted").press("Enter")
    expect(page.locator("#judges-3")).to_be_attached(timeout=15_000)
    expect(page.locator("#qa-chat .qa-about")).to_have_count(1)
    assert page.locator("#qa-chat .qa-asked").last.inner_text() == "<b>and</b> when was that?"


def test_a_greeting_is_answered_kindly_and_the_conversation_keeps_its_subject(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, "By what vote was the treaty adopted?")
    page.get_by_label("Your question").fill("thanks")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#qa-chat .qa-courtesy")).to_have_text("Gladly. Ask another question whenever you like.")
    ask(page, "And when was that?", 3)
    expect(page.locator("#qa-chat .qa-about")).to_have_text("Ask without vote, treaty adopted ×")


def test_a_question_from_a_link_is_standalone_and_the_same_words_typed_are_a_follow_up(open_page):
    from playwright.sync_api import expect

    page = open_page()
    ask(page, "By what vote was the treaty adopted?")
    page.evaluate("""() => {
      const link = Object.assign(document.createElement("a"), { className: "qa-offer", href: "?q=and+when+was+that%3F" });
      document.querySelector("#qa-talk").append(link);
      link.click();
    }""")
    expect(page.locator("#judges-2")).to_be_attached(timeout=15_000)
    expect(page.locator("#qa-chat .qa-about")).to_have_count(0)
    ask(page, "By what vote was the treaty adopted?", 3)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#qa-chat .qa-asked")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#qa-chat .qa-asked")).to_have_count(1)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#qa-chat .qa-about")).to_have_text("Ask without vote, treaty adopted ×")


def test_on_a_phone_the_question_box_stays_visible(open_page):
    page = open_page(width=390, height=700)
    ask(page, OFFICE)
    page.evaluate("window.scrollTo(0, 0)")
    box = page.get_by_label("Your question").bounding_box()
    assert 0 < box["y"] < 700


@pytest.mark.exhaustive
def test_the_page_behind_a_password_is_the_same_page(browser, tmp_path):
    from playwright.sync_api import expect

    with started(tmp_path, "--password", "correct horse battery") as (address, _):
        context = browser.new_context(http_credentials={"username": "any", "password": "correct horse battery"})
        page = context.new_page()
        page.goto(address)
        ask(page, "By what vote was the treaty adopted?")
        expect(page.locator("#qa-chat .qa-reply mark").first).to_have_text("The treaty was adopted by a vote of 120 to 7.")
        context.close()
