"""OpenDocument texts and presentations: their elements are given the names that HTML has for them, and read as a page is."""

from __future__ import annotations

from typing import Any, NamedTuple
from zipfile import ZipFile

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import archive, properties
from qa.reading.kinds.html_walker import walk
from qa.reading.kinds.writer import Writer, whole_number

_SPACES = {
    name: f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("office", "text", "table", "drawing", "style", "presentation")
}
_OFFICE, _TEXT, _TABLE, _DRAW, _STYLE, _PRESENTATION = _SPACES.values()
_UNREAD = "template"
"""An element of HTML that nobody sees."""
_NAMES = {
    f"{_TEXT}p": "p",
    f"{_TEXT}list": "ul",
    f"{_TEXT}list-item": "li",
    f"{_TEXT}list-header": "li",
    f"{_TEXT}line-break": "br",
    f"{_TABLE}table": "table",
    f"{_TABLE}table-row": "tr",
    f"{_TABLE}table-cell": "td",
    f"{_TABLE}covered-table-cell": "td",
    **dict.fromkeys((f"{_TEXT}{name}" for name in ("span", "a", "ruby", "ruby-base", "meta")), "span"),
    **dict.fromkeys(
        (
            *(f"{_TEXT}{name}" for name in ("tracked-changes", "hidden-text", "hidden-paragraph", "note", "ruby-text")),
            *(f"{_TEXT}{name}" for name in ("table-of-content", "alphabetical-index", "illustration-index", "table-index")),
            *(f"{_TEXT}{name}" for name in ("object-index", "user-index", "sequence-decls", "page-number")),
            *(f"{_OFFICE}{name}" for name in ("annotation", "forms", "event-listeners", "binary-data")),
            *(f"{{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}}{name}" for name in ("title", "desc")),
        ),
        _UNREAD,
    ),
}
_FURNITURE = frozenset(("date-time", "footer", "header", "page-number", "page", "handout"))
"""Classes of frames that repeat on every slide."""
_ROOT_STYLES = {"Title": "h1", "Quotations": "blockquote"}
_MOST_PARENTS = 20


class _Styles(NamedTuple):
    """What the styles of a document mean: the parent of each, those that hide, and the levels of lists that are numbered."""

    parents: dict[str, str]
    hiding: set[str]
    numbered: set[tuple[str, int]]

    def element(self, style: str) -> str:
        """Return the name that HTML has for a paragraph of a style."""
        for _ in range(_MOST_PARENTS):
            if style in self.hiding:
                return _UNREAD
            if style in _ROOT_STYLES:
                return _ROOT_STYLES[style]
            style = self.parents.get(style, "")
        return "p"


def read_text(content: bytes) -> Content:
    """Read an OpenDocument text, the notes at its end."""
    with archive.archive(content) as opened:
        body, styles = _body(opened, "text")
        metadata = properties.of_open_document(opened)
    _rename(body, styles)
    writer = Writer()
    walk(body, writer)
    return writer.content(metadata)


def read_slides(content: bytes) -> Content:
    """Read an OpenDocument presentation, the speaker's notes after each slide."""
    with archive.archive(content) as opened:
        body, styles = _body(opened, "presentation")
        metadata = properties.of_open_document(opened)
    writer = Writer()
    for number, slide in enumerate(list(body.iter(f"{_DRAW}page")), 1):
        _arrange(slide)
        _rename(slide, styles)
        writer.begin("slide", str(number))
        walk(slide, writer)
    return writer.content(metadata)


def _body(opened: ZipFile, kind: str) -> tuple[Any, _Styles]:
    """Return the element of the content, and the styles. Raise `UnreadableError` if the file is of another kind."""
    content = archive.part(opened, "content.xml")
    root = archive.xml(content) if content else None
    body = None if root is None else next(root.iter(f"{_OFFICE}{kind}"), None)
    if body is None:
        raise UnreadableError("damaged: not an OpenDocument file of its kind")
    styles = archive.part(opened, "styles.xml")
    return body, _styles([archive.xml(styles), root] if styles else [root])


def _styles(roots: list[Any]) -> _Styles:
    parents, hiding, numbered = {}, set(), set()
    for root in roots:
        for style in root.iter(f"{_STYLE}style"):
            parents[style.get(f"{_STYLE}name", "")] = style.get(f"{_STYLE}parent-style-name", "")
        for traits in root.iter(f"{_STYLE}text-properties"):
            if traits.get(f"{_TEXT}display") == "none":
                hiding.add(traits.getparent().get(f"{_STYLE}name", ""))
        for level in root.iter(f"{_TEXT}list-level-style-number"):
            if level.get(f"{_STYLE}num-format"):
                numbered.add((level.getparent().get(f"{_STYLE}name", ""), whole_number(level.get(f"{_TEXT}level"))))
    return _Styles(parents, hiding - {""}, numbered)


def _rename(body: Any, styles: _Styles) -> None:
    """Give every element in `body` the name and the attributes that it would have in HTML."""
    _move_notes(body)
    lists = _numbered_lists(body, styles)
    for element in body.iter("*"):
        tag = element.tag
        element.tag = "ol" if element in lists else _name(element, styles)
        if tag in (f"{_TEXT}s", f"{_TEXT}tab"):
            element.text = " "
        for ours, theirs in (("colspan", f"{_TABLE}number-columns-repeated"), ("value", f"{_TEXT}start-value")):
            if found := element.get(theirs):
                element.set(ours, found)


def _name(element: Any, styles: _Styles) -> str:
    """Return the name that HTML has for an element."""
    tag, style = element.tag, element.get(f"{_TEXT}style-name", "")
    if not tag.startswith("{"):
        return str(tag)  # It has its name.
    if tag == f"{_TEXT}h":
        return f"h{min(max(whole_number(element.get(f'{_TEXT}outline-level')), 1), 6)}"
    if tag == f"{_TEXT}p":
        return styles.element(style)
    if style in styles.hiding or element.get(f"{_TEXT}display") == "none":
        return _UNREAD
    return _NAMES.get(tag, "div" if tag.startswith((_DRAW, _TABLE, f"{_TEXT}section")) else "span")


def _numbered_lists(body: Any, styles: _Styles) -> set[Any]:
    """Return the lists whose items have numbers: a list without a style has that of the list around it."""
    numbered = set()
    for each in body.iter(f"{_TEXT}list"):
        around = [each, *each.iterancestors(f"{_TEXT}list")]
        name = next(filter(None, (one.get(f"{_TEXT}style-name") for one in around)), "")
        if (name, len(around)) in styles.numbered:
            numbered.add(each)
    return numbered


def _move_notes(body: Any) -> None:
    """Move foot notes and end notes to the end, where they do not stand in the middle of a sentence."""
    notes = list(body.iter(f"{_TEXT}note-body"))
    if notes:
        end = body.makeelement("ol", {}, None)
        for note in notes:
            note.tag = "li"
            end.append(note)
        body.append(end)


def _arrange(slide: Any) -> None:
    """Put the title of a slide first and make it a heading; leave out what repeats on every slide."""
    frames = [frame for frame in slide.iter("*") if frame.get(f"{_PRESENTATION}class")]
    for frame in frames:
        kind = frame.get(f"{_PRESENTATION}class")
        if kind in _FURNITURE:
            frame.tag = _UNREAD
        elif kind == "title" and frame.getparent() is slide:
            for each in frame.iter(*(f"{_TEXT}{name}" for name in ("p", "list", "list-item", "h")), f"{_DRAW}text-box"):
                each.tag = "span"
                each.tail = f" {each.tail or ''}"
            frame.tag = "h2"
            slide.insert(0, frame)
