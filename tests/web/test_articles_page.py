"""The articles tab in a real Chromium: search, filter, sort, read, sync and add by clicks and keys; light, dark, on a phone."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import HOSTILE
from reader import comes_true
from test_api import started

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def opened(browser):
    """Open a page in a fresh context; at the end no error was thrown, and nothing was asked of anybody else."""
    contexts, errors, requests, home = [], [], [], []

    def opened(address, path="/shelf", width=1280, height=800, **options):
        home.append(address.rstrip("/"))
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB", **options)
        contexts.append(context)
        context.on("request", lambda request: requests.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if path.startswith("/shelf"):  # Gradio's own page tries inline scripts, which are refused.
            page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
        page.goto(home[-1] + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors
    assert [url for url in requests if not url.startswith((*home, "data:"))] == []


@pytest.fixture(scope="module")
def taking(tmp_path_factory):
    """A server that takes articles, a few of them dated: its address, and its folder."""
    folder = tmp_path_factory.mktemp("taking") / "one"
    with started(folder, "--allow-upload") as (address, _):
        for n in range(1, 7):
            head = f"title: Report {n}\ndate: 2023-0{n}-15\nsource: {'AP' if n % 2 else 'DW'}\ntags: [court, n{n}]"
            (folder / "seeds" / f"report{n}.md").write_text(f"---\n{head}\n---\n\nText {n} of a report.")
        yield address, folder / "seeds"


def titles(page):
    return page.locator(".qa-articles tbody .qa-title > :first-child").all_inner_texts()


def listed(page, count):
    from playwright.sync_api import expect

    expect(page.locator("#qa-shelf-count")).to_have_text(f"{count} article{'' if count == 1 else 's'}")


def in_step(page):
    from playwright.sync_api import expect

    expect(page.locator("#qa-sync-said")).to_contain_text("up to date with the folder", timeout=15_000)


@pytest.fixture
def shelf(opened, taking):
    page = opened(taking[0])
    in_step(page)
    return page


def test_search_narrows_while_typing_and_keeps_the_place_in_the_field(shelf):
    from playwright.sync_api import expect

    field = shelf.get_by_role("searchbox", name="Search by title, file or source")
    field.press_sequentially("report 3", delay=60)
    listed(shelf, 1)
    expect(field).to_be_focused()
    expect(field).to_have_value("report 3")
    expect(shelf.locator("#qa-shelf-spoken")).to_have_text("1 article")
    shelf.keyboard.press("Backspace")
    shelf.keyboard.type("4")
    expect(shelf.locator(".qa-articles")).to_contain_text("Report 4")


def test_filters_are_set_by_keyboard_and_removed_by_their_links(shelf):
    from playwright.sync_api import expect

    shelf.locator("#qa-filters summary").focus()
    shelf.keyboard.press("Enter")
    box = shelf.get_by_role("checkbox", name="DW")
    box.focus()
    shelf.keyboard.press("Space")
    listed(shelf, 3)
    expect(shelf.get_by_role("checkbox", name="DW")).to_be_focused()
    expect(shelf.get_by_role("checkbox", name="DW")).to_be_checked()
    shelf.get_by_label("From", exact=True).fill("2023-03")
    shelf.keyboard.press("Enter")
    listed(shelf, 2)
    shelf.get_by_role("link", name="Remove the filter Source: DW").click()
    listed(shelf, 4)
    expect(shelf.locator("#qa-shelf-count")).to_be_focused()
    shelf.get_by_label("From", exact=True).fill("soon")
    shelf.keyboard.press("Tab")
    expect(shelf.locator(".qa-note")).to_have_text("“soon” is not valid for “From” and was ignored.")
    expect(shelf.get_by_label("From", exact=True)).to_have_value("soon")


def test_columns_sort_by_their_heads(shelf):
    from playwright.sync_api import expect

    shelf.get_by_role("link", name="Date").press("Enter")
    head = shelf.get_by_role("columnheader", name="Date")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(shelf.locator("#qa-by-date")).to_be_focused()
    assert titles(shelf)[:2] == ["Report 1", "Report 2"]
    shelf.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert titles(shelf)[:2] == ["Report 6", "Report 5"]


def test_a_bar_of_the_timeline_links_to_its_month(shelf):
    from playwright.sync_api import expect

    shelf.get_by_role("link", name="February 2023: 1 article").press("Enter")
    listed(shelf, 1)
    assert titles(shelf) == ["Report 2"]
    expect(shelf.get_by_role("link", name="February 2023: 1 article")).to_be_focused()
    shelf.get_by_role("link", name="Remove all").click()
    listed(shelf, 7)


def test_the_map_links_to_the_article(shelf):
    dot = shelf.locator(".qa-map").get_by_role("link", name="Report 5")
    dot.focus()
    with shelf.context.expect_page() as opening:
        shelf.keyboard.press("Enter")
    opening.value.get_by_role("heading", name="Report 5", level=1).wait_for()


def test_an_article_can_be_read_and_left_again(opened, served):
    text = (served[1] / "office.md").read_text()
    start = text.index("The prosecutor")
    page = opened(served[0], f"/shelf/articles/office.md?start={start}&end={start + 43}", height=300)
    mark = page.locator("mark")
    assert mark.inner_text() == "The prosecutor opened an office in Caracas."
    page.wait_for_timeout(600)
    assert 0 < mark.bounding_box()["y"] < 300
    page.get_by_role("link", name="Plain text").click()
    assert page.locator("body").inner_text().startswith("---\ntitle: The office in Caracas")


def test_ask_only_these_sets_the_filter_of_questions(opened, served):
    page = opened(served[0], "/shelf?after=2024&source=AP&search=office")
    page.get_by_text("Questions use the filters, not the search words.").wait_for()
    page.evaluate(
        "document.body.classList.remove('qa-page'); document.addEventListener('qa:scope', event => window.scope = event.detail)"
    )
    page.get_by_role("link", name="Ask only these").click()
    assert page.evaluate("window.scope") == "after=2024&source=AP"
    assert page.url.endswith("/shelf?after=2024&source=AP&search=office")


def test_the_tab_loads_when_first_shown_and_sets_the_filter_of_questions(opened, taking):
    from playwright.sync_api import expect

    page = opened(taking[0], "/")
    expect(page.get_by_label("Your question")).to_be_editable()
    assert page.locator("#qa-shelf-content").count() == 0
    page.get_by_role("tab", name="Articles").click()
    in_step(page)
    page.get_by_role("link", name="May 2023: 1 article").press("Enter")
    listed(page, 1)
    page.get_by_role("link", name="Ask only these").click()
    expect(page.locator("#qa-scoped")).to_contain_text("May 2023")
    expect(page.get_by_label("Your question")).to_be_visible()


def test_an_added_article_is_indexed_without_a_reload(shelf, taking, tmp_path):
    from playwright.sync_api import expect

    new, empty = tmp_path / "zeppelin.md", tmp_path / "empty.md"
    new.write_text("A zeppelin landed beside the courthouse.")
    empty.write_text("")
    shelf.get_by_label(re.compile(r"^Add articles \(.md, .txt")).set_input_files([new, empty])
    said = shelf.locator("#qa-upload-said p")
    expect(said).to_have_text(["“zeppelin.md” was added.", "“empty.md” cannot be read: empty"])
    expect(shelf.locator(".qa-articles")).to_contain_text("zeppelin")
    listed(shelf, 8)
    expect(said).to_have_count(2)
    (taking[1] / "zeppelin.md").unlink()
    shelf.get_by_role("button", name="Check for changes").click()
    listed(shelf, 7)
    expect(shelf.locator("#qa-shelf-spoken")).to_have_text("1 removed")


@pytest.mark.exhaustive
def test_a_sync_is_shown_in_a_second_tab(opened, tmp_path):
    from playwright.sync_api import expect

    with started(tmp_path) as (address, _):
        first, second = opened(address), opened(address)
        for n in range(3_000):
            (tmp_path / "seeds" / f"{n}.md").write_text(f"Text number {n}.")
        first.get_by_role("button", name="Check for changes").click()
        second.reload()
        for page in (first, second):
            expect(
                page.get_by_role("progressbar", name=re.compile(r"(Reading|Embedding) .* of 3,000 · .* a second"))
            ).to_be_visible()
        for page in (first, second):
            expect(page.locator("#qa-shelf-count")).to_have_text("3,001 articles", timeout=30_000)
            in_step(page)
            expect(page.locator("#qa-sync-bar")).to_be_hidden()
        first.get_by_role("link", name="Next").click()
        expect(first.locator("#qa-shelf-count")).to_be_focused()
        expect(first.locator(".qa-pager")).to_contain_text("Page 2 of 31")


def test_a_lost_server_is_reported(shelf):
    from playwright.sync_api import expect

    shelf.route("**/shelf?*", lambda route: route.abort())
    shelf.locator("#qa-by-date").click()
    expect(shelf.locator("#qa-shelf-spoken")).to_have_text("The server does not answer.")


def test_a_hostile_article_runs_nothing_in_the_listing(opened, served):
    page = opened(served[0])
    page.locator(".qa-map").wait_for()
    assert " ".join(HOSTILE.split()) in " ".join(page.locator("#qa-shelf").inner_text().split())
    assert page.locator("#qa-shelf :is(img, iframe, script)").count() == 0
    page.goto(served[0] + "shelf/articles/hostile%20%3Cimg%20src=x%20onerror=alert(1)%3E.md")
    assert page.locator(":is(img, iframe, form)").count() == 0
    assert page.evaluate("window.__xss") is None


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "light"),
        (1280, "dark"),
        *(
            pytest.param(width, scheme, marks=pytest.mark.exhaustive)
            for width, scheme in ((390, "dark"), (1280, "light"), (2560, "light"), (2560, "dark"))
        ),
    ],
)
def test_axe_finds_no_problem_in_the_articles_pages(opened, taking, width, scheme):
    page = opened(taking[0], "/shelf?source=AP", width=width, height=844, color_scheme=scheme)
    in_step(page)
    page.locator("#qa-filters summary").click()
    page.locator(".qa-map").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("window.scrollTo(0, 0)")
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()
    page.goto(taking[0] + "shelf/articles/report1.md?start=80&end=90")
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()


def test_an_article_added_in_the_tab_is_counted_and_answers_questions(opened, taking):
    from playwright.sync_api import expect

    page = opened(taking[0], "/")
    page.get_by_role("tab", name="Articles").click()
    in_step(page)
    expect(page.locator("#qa-overview")).to_contain_text("up to date with the folder", timeout=10_000)
    before = page.locator("#qa-overview").inner_text()
    text = "Walruses inspected the lighthouse on Monday."
    page.locator("#qa-upload").set_input_files({"name": "walrus.md", "mimeType": "text/plain", "buffer": text.encode()})
    expect(page.locator("#qa-overview")).not_to_have_text(before, timeout=15_000)
    page.get_by_role("tab", name="Ask").click()
    page.get_by_label("Your question").fill("Walruses inspected the lighthouse")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".qa-cited mark").first).to_have_text(text, timeout=15_000)


HANDBOOK = """# Handbook

The **widget** measures [rain](https://e.org/rain) in `mm`.

> [!WARNING]
> The lid gets hot.

#### Prices

| Model | Price | A remark that is long enough to make the table wider than a phone, whatever the font |
|---|--:|---|
| Gamma | 44.00 | thisisonewordthatisfartoolongforaphonethisisonewordthatisfartoolongforaphone |

1. Open it:
    - never use *glue*.

```
setup(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z)
```

---

> Measure twice.
"""


@pytest.fixture(scope="module")
def handbook(tmp_path_factory):
    """A server over one article with every element of Markdown."""
    folder = tmp_path_factory.mktemp("handbook") / "one"
    with started(folder) as (address, _):
        (folder / "seeds" / "handbook.md").write_text(HANDBOOK)
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_element_of_markdown_fits_the_page_and_passes_axe(opened, handbook, width, scheme):
    start = HANDBOOK.index("| Gamma")
    page = opened(handbook, width=width, height=844, color_scheme=scheme)
    in_step(page)
    page.goto(f"{handbook}shelf/articles/handbook.md?start={start}&end={start + 15}")
    assert page.locator("mark").all_inner_texts() == ["Gamma", "44.00"]
    assert page.locator("h1, h2, h3, h4").all_inner_texts() == ["Handbook", "Prices"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()
    page.locator(".qa-table").focus()
    page.keyboard.press("ArrowRight")
    assert comes_true(page, "document.querySelector('.qa-table').scrollLeft > 0 || innerWidth > 400")
