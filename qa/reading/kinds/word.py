"""Word documents: mammoth turns them into HTML, which is then read as a page is."""

from __future__ import annotations

import io
import re
from typing import Any
from zipfile import ZipFile

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import archive, html_walker, properties
from qa.reading.kinds.writer import Writer

_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|word/(?:_rels/)?(?:document|styles|numbering|footnotes|endnotes)[^/]*"
)
"""What the text is made of: neither pictures, which would only cost time, nor comments."""
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Quote'] => blockquote:fresh
p[style-name='Intense Quote'] => blockquote:fresh
p[style-name='Block Text'] => blockquote:fresh
p[style-name='Quotations'] => blockquote:fresh
p[style-name='TOC Heading'] => !
p[style-name^='toc '] => !
"""
_BODY_LEVEL = 9
_MOST_PARENTS = 20
_MATHS = {"den": "/", "sup": "^", "sub": "_"}
"""What stands before a part of a formula when it is written on one line."""


def read(content: bytes) -> Content:
    """Read a Word document, its foot notes at the end; no comments, no deleted or hidden text."""
    with archive.archive(content) as opened:
        if not any(name.startswith("word/document") for name in opened.namelist()):
            raise UnreadableError("damaged: not a Word document")
        metadata = properties.of_office(opened)
        html = _html(_prepared(opened))
    writer = Writer()
    if html:
        html_walker.walk(html_walker.tree(html), writer, skip=_is_way_back)
    return writer.content(metadata)


def _html(document: io.BytesIO) -> str:
    from mammoth import convert_to_html
    from mammoth.images import img_element

    images = img_element(lambda _: {})  # type: ignore[no-untyped-call]  # Their alternative text is left.
    options = {"style_map": _STYLES, "include_embedded_style_map": False, "convert_image": images}
    try:
        return str(convert_to_html(document, **options).value)  # type: ignore[no-untyped-call]
    except MemoryError:
        raise
    except Exception as error:  # It trusts that a document is what its programs write.
        raise UnreadableError("damaged: not a whole Word document") from error


def _is_way_back(element: Any) -> bool:
    """Return True for the link from a foot note to its mark."""
    return element.tag == "a" and str(element.get("href", "")).startswith(("#footnote-ref", "#endnote-ref"))


def _prepared(opened: ZipFile) -> io.BytesIO:
    """Return a copy of a document that has only its text, without entities, and with what mammoth would lose."""
    from lxml import etree

    copied = io.BytesIO()
    with ZipFile(copied, "w") as copy:
        for name in filter(_PARTS.fullmatch, dict.fromkeys(opened.namelist())):
            root = archive.xml(archive.part(opened, name))
            if "styles" in name:
                _name_headings(root)
            elif name.startswith("word/"):
                _remove_hidden(root)
                _write_out_formulas(root)
            copy.writestr(name, etree.tostring(root))
    copied.seek(0)
    return copied


def _name_headings(styles: Any) -> None:
    """Call every style with a level of the outline a heading of that level, whatever its author calls it."""
    found = {_value(each, "styleId"): each for each in styles.iter("{*}style") if _value(each, "type") == "paragraph"}
    levels = {name: _level(name, found) for name in found}
    for name, level in levels.items():
        title = found[name].find("{*}name")
        if level < _BODY_LEVEL and title is not None:
            title.set(f"{_space(title)}val", f"heading {min(level + 1, 6)}")


def _level(name: str, styles: dict[str, Any]) -> int:
    """Return the level in the outline of a style, its own or that of the style it is based on."""
    for _ in range(_MOST_PARENTS):
        if name not in styles:
            break
        own = styles[name].find("{*}pPr/{*}outlineLvl")
        if own is not None:
            value = _value(own, "val")
            return int(value) if value.isdecimal() and len(value) == 1 else _BODY_LEVEL
        based = styles[name].find("{*}basedOn")
        name = "" if based is None else _value(based, "val")
    return _BODY_LEVEL


def _remove_hidden(root: Any) -> None:
    for mark in list(root.iter("{*}vanish")):
        run = mark.getparent().getparent()
        if _value(mark, "val") not in ("0", "false", "off") and run is not None and run.tag == f"{_space(mark)}r":
            around = run.getparent()
            if around is not None:
                around.remove(run)


def _write_out_formulas(root: Any) -> None:
    """Put the characters of each formula in its place."""
    space = _space(root)
    for formula in [*root.iter("{*}oMathPara"), *root.iter("{*}oMath")]:
        around = formula.getparent()
        if around is None or (formula.tag.endswith("}oMath") and around.tag.endswith("}oMathPara")):
            continue
        run = around.makeelement(f"{space}r", {}, None)
        text = run.makeelement(f"{space}t", {}, None)
        text.text = "".join(map(_formula_part, formula.iter("*")))
        run.append(text)
        around.replace(formula, run)


def _formula_part(element: Any) -> str:
    name = element.tag.rpartition("}")[2]
    return _MATHS.get(name, (element.text or "") if name == "t" else "")


def _space(element: Any) -> str:
    """Return the name space of an element in braces: that of Word has two forms."""
    return str(element.tag).rpartition("}")[0] + "}"


def _value(element: Any, name: str) -> str:
    return str(element.get(f"{_space(element)}{name}", ""))
