"""Web pages: what is the article of a page, and what the page around it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from itertools import islice, takewhile
from typing import Any

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import html_head
from qa.reading.kinds.html_source import Source, of_page, of_saved_page
from qa.reading.kinds.html_walker import is_unseen, tree, walk
from qa.reading.kinds.writer import Writer, one_line

_WORD = re.compile(r"\w+")
_CONVERTED = re.compile(
    r"pandoc|LibreOffice|OpenOffice|Microsoft Word|Google Docs|Asciidoctor|LaTeX|groff|Texinfo", re.IGNORECASE
)
"""Generators of pages that are all article."""
_AROUND_TAGS = frozenset(("nav", "aside", "footer"))
_AROUND_ROLES = frozenset(("navigation", "search", "dialog", "alertdialog", "contentinfo", "complementary", "menu", "menubar"))
_AROUND_NAME = re.compile(
    r"(?:cookies?|consent|newsletter|shar(?:e|ing)|breadcrumbs?|related|comments?|advert[a-z]{0,10}|ads?|promo|tags|byline)(?:[-_].*)?"
    r"|sidebar|sphinxsidebar|navbox|toc|catlinks|pagination|siteSub|noprint|skip-link|mw-jump-link",
    re.IGNORECASE,
)
"""Classes of parts around an article, and identifiers of such."""
_CONTAINERS = frozenset(("div", "section", "ul", "ol", "p", "header", "form", "table", "a"))
_PROBE_WORDS = 8
"""Paragraphs of so many words are hardly said twice in a page: they tell in which element the article lies."""
_HTML_NAMES = {"item": "li", "row": "tr", "cell": "td", "quote": "blockquote", "lb": "br", "ref": "a", "hi": "b"}
_MOST_ELEMENTS = 120_000
"""A page of more is hardly an article with something around it, and would take long to judge."""


def read(content: bytes) -> Content:
    """Read a web page."""
    return _content(of_page(content))


def read_saved(content: bytes) -> Content:
    """Read a web page that a browser saved with all that belongs to it, as MHTML."""
    return _content(of_saved_page(content))


def _content(source: Source) -> Content:
    root = tree(source.html)
    content = _article(root).content(html_head.metadata(root, _said(root, source.url)))
    if not content.text and next(root.iter("script"), None) is not None:
        raise UnreadableError("no text but what its scripts would put there: save the page from a browser, as MHTML")
    return content


def _said(root: Any, url: str) -> Mapping[str, Any]:
    """Return what trafilatura takes for the metadata of a page; empty if it fails."""
    from trafilatura.metadata import extract_metadata
    from trafilatura.settings import set_date_params

    # An encyclopedia tells when an article was begun, which says nothing about what is in it now.
    dates = {**set_date_params(extensive=False), "original_date": "MediaWiki" not in html_head.generator(root)}
    try:
        return extract_metadata(copy.deepcopy(root), url or None, dates).as_dict()
    except Exception:  # It was made for the web's pages, and raises what it will for others.
        return {}


# --- the article ---------------------------------------------------------------------------------------------------------


def _article(root: Any) -> Writer:
    """Return the article of a page, written: the page but for what is around it, unless there is more around than that."""
    body = next(root.iter("body"), root)
    whole = _written(body, skip=_is_around)
    if _CONVERTED.search(html_head.generator(root)) or sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        return whole
    main = _main_content(root)
    if main is None:
        return whole
    article = _written(main)
    count, of_whole = _words(article), _words(whole)
    if count < 0.2 * of_whole or (count < 0.8 * of_whole and not _has_surroundings(body)):
        return whole  # Part of the article was taken for surroundings.
    place = _place(body, main)
    there = whole if place is body else _written(place, heading=_heading_before(place, root), skip=_is_around)
    # Where the article stands apart, the page has more of it: the kind of code, numbers of items, texts of images.
    return there if 0.95 * count <= _words(there) <= 1.2 * count + 10 else article


def _written(element: Any, *, heading: str = "", skip: Callable[[Any], bool] = lambda _: False) -> Writer:
    writer = Writer()
    writer.heading(1, heading)
    walk(element, writer, skip=skip)
    return writer


def _words(written: Writer) -> int:
    return len(_WORD.findall(written.content().text))


def _heading_before(place: Any, root: Any) -> str:
    """Return the title of a page if it is a heading outside of the article's place."""
    title = html_head.title_of(root)
    heading = next((each for each in root.iter("h1") if html_head.heading_text(each) == title), None)
    return title if heading is not None and place not in heading.iterancestors() else ""


def _is_around(element: Any) -> bool:
    """Return True for what is around the article by its element, role or class."""
    if element.tag in ("html", "body", "main", "article"):
        return False
    if element.tag in _AROUND_TAGS or element.get("role") in _AROUND_ROLES:
        return True
    names = f"{element.get('class', '')} {element.get('id', '')}"[:200] if element.tag in _CONTAINERS else ""
    return any(map(_AROUND_NAME.fullmatch, names.split()))


def _has_surroundings(body: Any) -> bool:
    """Return True if the page has parts around the article, or a list of links as in a menu."""
    if any(_is_around(element) for element in body.iterdescendants("nav", "aside", "footer", "div", "section", "ul")):
        return True
    for items in body.iterdescendants("ul", "ol"):
        first = list(islice(items.iterchildren("li"), 5))
        if len(first) > 3 and all(len(item) == 1 and item[0].tag == "a" and not (item.text or "").strip() for item in first):
            return True
    return False


def _main_content(root: Any) -> Any:
    """Return what trafilatura takes for the article of a page, as HTML elements, or None if it finds no article."""
    from trafilatura import bare_extraction

    page = copy.deepcopy(root)
    for element in [each for each in next(page.iter("body"), page).iterdescendants() if is_unseen(each)]:
        if element.getparent() is not None:
            element.drop_tree()
    for cell in page.iter("td", "th"):  # What it would repeat for each row and column is no help in finding the article.
        for name in ("colspan", "rowspan"):
            cell.attrib.pop(name, None)
    try:
        document: Any = bare_extraction(page, favor_recall=True, include_comments=False, include_tables=True)
    except Exception:  # It was made for the web's pages, and raises what it will for others.
        return None
    if document is None or document.body is None:
        return None
    for element in document.body.iter():
        element.tag = _html_name(element)
    return document.body


def _html_name(element: Any) -> str:
    """Return the HTML name of an element of trafilatura's."""
    tag, rend = str(element.tag), element.get("rend", "")
    if tag == "head":
        return rend if re.fullmatch("h[1-6]", rend) else "h2"
    if tag == "list":
        return rend if rend in ("ol", "dl") else "ul"
    if tag == "item" and rend[:2] in ("dt", "dd"):
        return str(rend[:2])
    if tag == "code" and (element.getparent().tag in ("body", "div") or "\n" in (element.text or "").strip()):
        return "pre"
    return _HTML_NAMES.get(tag, tag)


def _place(body: Any, main: Any) -> Any:
    """Return the innermost element of a page that holds all long paragraphs of its main content."""
    probes = {probe for each in main.iter("p", "li") if (probe := _probe(each))}
    shared: list[Any] = []
    for each in body.iter("p", "li", "div"):
        if _probe(each) in probes:
            path = list(each.iterancestors())[::-1]
            shared = [one for one, other in takewhile(lambda pair: pair[0] is pair[1], zip(shared or path, path, strict=False))]
    return shared[-1] if shared and shared[-1].tag != "html" else body


def _probe(element: Any) -> str:
    """Return how a paragraph begins; empty if it is short."""
    words = one_line("".join(islice(element.itertext(), _PROBE_WORDS))).split(" ")
    return " ".join(words[:_PROBE_WORDS]) if len(words) >= _PROBE_WORDS else ""
