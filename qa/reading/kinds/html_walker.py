"""Write an HTML tree as Markdown. However deep it is nested, it is read element by element."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from qa.reading.content import UnreadableError
from qa.reading.kinds.html_table import Table, is_table
from qa.reading.kinds.writer import Writer, one_line, whole_number


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNREAD = _names(
    "script style template noscript svg head iframe object embed applet canvas audio video map datalist select option button"
    " textarea input rt rp annotation annotation-xml dialog"
)
"""Elements that hold no text of the page, or controls instead of text."""
_BLOCKS = _names(
    "address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form h1 h2"
    " h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre search section summary table tbody td tfoot th thead tr ul"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = _names("ul ol menu dir")
_UNSEEN = _names(
    "sr-only visually-hidden visuallyhidden screen-reader-text linenos lineno headerlink anchorjs-link mw-editsection"
    " katex-html footnote-back footnote-backref mw-cite-backlink"
)
"""Classes of text for screen readers alone, and of marks that go with a heading, a line or a foot note."""
_UNSEEN_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_NOTE_MARK = re.compile(r"[\s\[(]*(?:\d{1,3}|[a-z*†‡])[\s\])]*", re.IGNORECASE)
_LANGUAGE = re.compile(r"(?:^|\s)(?:language-|lang-|brush:\s*|highlight-(?:source-)?)([a-zA-Z0-9+#]{1,20})(?=\s|$)")
_UNSEEN_CHARS = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_SUPERSCRIPTS = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_SPACE = re.compile(r"\s+")
_EMPTY_LINE = re.compile(r"\n(?: ?\n)+")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_FILE_NAME = re.compile(r"\.[a-zA-Z]{3,4}\s*$")
_WRAPPER = re.compile(r"</?(div|span|font|center|section|b|i|em|strong|a)(?=[\s/>])[^<>]*+>", re.IGNORECASE)
_DEEPEST_LIST = 5
_MARK_PARTS = 6
"""The mark of a foot note has fewer elements and texts: more are not looked at."""
_SAYING_WORDS = 3
"""Image texts of fewer words are names, such as "Logo"."""


def tree(html: str) -> Any:
    """Return the root element of a page. Nothing is fetched, and no entity is put in but the characters that HTML names.

    Raise `UnreadableError` if there is no element, or too many within each other.
    """
    root, is_whole = _parsed(html)
    if not is_whole:
        # What is nested beyond all limits is cut off: elements that mean nothing are what makes it so deep.
        root, is_whole = _parsed(_WRAPPER.sub(lambda tag: "<p>" if tag[1].lower() in ("div", "section") else "", html))
    if root is None:
        raise UnreadableError("empty")
    if not is_whole:
        raise UnreadableError("damaged: its elements are nested deeper than those of any page")
    return root


def _parsed(html: str) -> tuple[Any, bool]:
    from lxml import etree
    from lxml.html import HTMLParser

    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None, True
    return root, not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log)


def walk(root: Any, writer: Writer, *, skip: Callable[[Any], bool] = lambda _: False) -> None:
    """Write the headings, paragraphs, lists, tables, code and quotes in an element; leave out what nobody sees.

    Elements for which `skip` is True are left out as well, with all that is in them.
    """
    from lxml import etree

    page = _Page(writer)
    is_left_out = False
    events = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in events:
        if event == "start":
            if is_left_out := is_unseen(element) or skip(element):
                events.skip_subtree()
            else:
                page.start(element)
            continue
        if event == "end" and not is_left_out:
            page.end(element)
        is_left_out = False
        if element is not root:
            page.text(element.tail)
    page.flush()


def is_unseen(element: Any) -> bool:
    """Return True if nobody sees an element of a page, or if it is a control or the mark of a foot note."""
    tag = element.tag
    if tag in UNREAD:
        return not (tag == "dialog" and "open" in element.attrib)
    if tag in ("html", "body", "main", "article"):  # They are hidden until a script has run, or behind a banner.
        return False
    if element.get("hidden") is not None or not _UNSEEN.isdisjoint(element.get("class", "").split()):
        return True
    if tag in ("a", "sup"):
        return _is_note_mark(element)
    return bool(_UNSEEN_STYLE.search(element.get("style", "")))


def _is_note_mark(element: Any) -> bool:
    """Return True for a link to a foot note or back, or to the heading that it stands in."""
    inner = list(islice(element.iterdescendants(), _MARK_PARTS))
    link = next((each for each in (element, *inner) if each.tag == "a"), None)
    if link is None or "#" not in link.get("href", ""):
        return False
    text = "".join(islice(element.itertext(), _MARK_PARTS))
    if element.tag == "sup" or any(each.tag == "sup" for each in inner):
        return bool(_NOTE_MARK.fullmatch(text))
    return text.strip() in ("¶", "#", "§", "↩", "↩︎", "^", "↑")


class _Page:
    """What is known while the elements of a page go by: the text of the block at hand, and what it is part of."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._texts: list[str] = []
        self._alts: list[str] = []
        self._heading = 0
        self._quotes = 0
        self._lists: list[int | None] = []
        self._number: int | None = None
        self._is_item = False
        self._terms: list[str] = []
        self._is_term = False
        self._code: list[str] | None = None
        self._table: Table | None = None

    def text(self, text: str | None) -> None:
        if not text:
            return
        if self._code is not None:
            self._code.append(text)
        else:
            self._texts.append(_SPACE.sub(" ", text.translate(_UNSEEN_CHARS)))

    def start(self, element: Any) -> None:
        tag = element.tag
        if tag in _BLOCKS and self._code is None:
            self.flush()
            self._open(tag, element)
        elif self._code and (tag in _BLOCKS or (tag == "code" and element.getprevious() is not None)):
            if not self._code[-1].endswith("\n"):
                self._code.append("\n")
        elif tag == "br":
            (self._texts if self._code is None else self._code).append("\n")
        elif tag == "img":
            self._image(one_line(element.get("alt") or ""), element.get("class", ""))
        self.text(_inline(element) if self._code is None else element.text)

    def end(self, element: Any) -> None:
        tag = element.tag
        if self._code is not None:
            if tag == "pre":
                self._write_code(element)
        elif tag in _BLOCKS:
            self.flush()
            self._close(tag)
        elif "-" in tag:  # An element of the page's own making: whether it stands apart is not known.
            self._texts.append(" ")

    def flush(self) -> None:
        """Write the block at hand."""
        text = "".join(self._texts)
        self._texts.clear()
        if not text.strip():
            return
        for block in _EMPTY_LINE.split(text):
            if line := one_line(block):
                self._write(line)
        alts, self._alts = self._alts, []
        for alt in alts:
            if alt not in text:
                self._write(alt)

    def _write(self, line: str) -> None:
        if self._table:
            self._table.add(line)
        elif self._is_term:
            self._terms.append(line)
        elif self._heading:
            self._writer.heading(self._heading, line)
        elif self._is_item:
            terms, self._terms = self._terms, []
            self._item(f"{', '.join(terms).rstrip(':')}: {line}" if terms else line)
        elif self._quotes:
            self._writer.quote(line)
        else:
            self._writer.paragraph(line)

    def _item(self, line: str) -> None:
        depth = min(max(len(self._lists) - 1, 0), _DEEPEST_LIST)
        self._writer.item(line, depth=depth, number=self._number)
        self._is_item, self._number = False, None

    def _open(self, tag: str, element: Any) -> None:
        if tag in _LISTS:
            self._lists.append(whole_number(element.get("start"), 1) if tag == "ol" else None)
        elif tag == "li":
            self._open_item(element)
        elif tag == "dd":
            self._is_item = bool(self._terms)
        elif tag == "pre":
            self._code = []
        elif tag == "table" and not self._table and is_table(element):
            self._table = Table()
        elif self._table:
            self._table.open(tag, element)
        else:
            self._heading = _HEADINGS.get(tag, self._heading)
            self._quotes += tag == "blockquote"
            self._is_term = tag == "dt" or self._is_term

    def _open_item(self, element: Any) -> None:
        if self._table:
            self._table.begin_item()
            return
        self._is_item, self._number = True, None
        if self._lists and (number := self._lists[-1]) is not None:
            self._number = whole_number(element.get("value"), number)
            self._lists[-1] = self._number + 1

    def _close(self, tag: str) -> None:
        if tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag in _HEADINGS:
            self._heading = 0
        elif tag == "table" and self._table:
            table, self._table = self._table, None
            table.write(self._writer)
        elif tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "dt":
            self._is_term = False
        elif tag == "dl" and self._terms:
            terms, self._terms = self._terms, []
            self._item(", ".join(terms))
        elif tag in ("li", "dd"):
            self._is_item = False

    def _write_code(self, element: Any) -> None:
        code, self._code, self._is_item = "".join(self._code or ()), None, False
        self._writer.code(code, _code_language(element))

    def _image(self, alt: str, classes: str) -> None:
        if "math" in classes:
            self.text(alt.removeprefix("{\\displaystyle").removesuffix("}"))
        elif len(_WORDS.findall(alt)) >= _SAYING_WORDS and not _FILE_NAME.search(alt):
            self._alts.append(alt)


def _inline(element: Any) -> str:
    """Return the text at the start of an element, with the marks of short code, and raised figures."""
    text = element.text or ""
    if element.tag == "code" and text.strip() and "`" not in text and next(element.iterchildren(), None) is None:
        return f"`{text}`"
    if element.tag == "sup" and text.strip().translate(_SUPERSCRIPTS) != text.strip():
        return text.translate(_SUPERSCRIPTS)
    return f" {text}" if "-" in element.tag else text


def _code_language(element: Any) -> str:
    """Return the language of code as its own class, that of the element in it, or that of one around it says."""
    around = [element, next(element.iterchildren("code"), None), *islice(element.iterancestors(), 2)]
    classes = [each.get("class", "") for each in around if each is not None]
    found = next((match for each in classes if (match := _LANGUAGE.search(each))), None)
    if found:
        return "" if found[1] in ("default", "none", "plaintext", "text") else found[1].lower()
    names = " ".join(each for each in classes if "sourceCode" in each).split()
    return next((name for name in names if name != "sourceCode" and name.isalnum()), "")
