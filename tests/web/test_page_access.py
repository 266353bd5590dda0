"""WCAG 2.2 AA in every state of the page, light and dark, by axe-core; and a walk through it by keyboard only."""

import pytest
from test_page import OFFICE, ask
from test_page_tools import scope

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}}).response["violations"]
    return [(each["id"], node["html"][:160], node["failureSummary"][:200]) for each in found for node in each["nodes"]]


def checked(page, state):
    page.wait_for_timeout(300)
    assert violations(page) == [], state


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.exhaustive)])
def test_axe_finds_nothing_in_any_state(open_page, scheme):
    page = open_page(scheme=scheme)
    checked(page, "at the start")
    for name in ("Keyboard", "History", "Save"):
        page.get_by_role("link", name=name).click()
        checked(page, name)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("#qa-notice").get_by_text("the question is empty").wait_for()
    checked(page, "refused")
    ask(page, OFFICE)
    checked(page, "answered")
    page.locator(".qa-match summary").click()
    page.locator("#sources .qa-active .qa-why summary").click()
    checked(page, "explained")
    for name in ("History", "Save"):
        page.get_by_role("link", name=name).click()
        checked(page, f"{name}, filled")
        page.keyboard.press("Escape")
    scope(page, "after=1990&source=AP")
    page.locator(".qa-chip").first.wait_for()
    ask(page, "quantum chromodynamics lattice", 2)
    checked(page, "declined, with a filter")


def test_axe_finds_nothing_on_a_phone(open_page):
    page = open_page(390, 844)
    ask(page, OFFICE)
    assert violations(page) == []


def focus(page):
    return page.evaluate("(e => e.id || e.className || e.tagName)(document.activeElement)")


def test_everything_is_reached_by_keyboard_and_focus_is_never_lost(open_page):
    page = open_page()
    page.keyboard.type(OFFICE)  # The box has the focus from the start.
    page.keyboard.press("Enter")
    page.locator("#ref-1-1").wait_for()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(
            "(e => e.textContent.trim().slice(0, 40) || e.getAttribute('aria-label') || e.id)(document.activeElement)"
        ))  # fmt: skip
        assert focus(page) != "BODY" or "Ask" in reached
    for what in ("Copy with citations", "Edit question", "Copy link", "Right answer", "[1]", "Why this passage", "APA", "Next"):
        assert what in reached, (what, reached)


def test_new_answers_are_announced(open_page):
    page = open_page()
    ask(page, OFFICE)
    log = page.locator("#qa-chat [role=log]")
    assert log.get_attribute("aria-live") == "polite"
    assert log.locator(".qa-reply").count() == 1
    assert page.locator("#qa-notice").get_attribute("role") == "status"
