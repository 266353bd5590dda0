"""PowerPoint presentations: slide by slide in their order, each with its title, its shapes, and the speaker's notes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, NamedTuple
from zipfile import ZipFile

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import archive, properties
from qa.reading.kinds.writer import Writer, whole_number

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MAIN = "ppt/presentation.xml"
_TITLES = frozenset(("title", "ctrTitle"))
_LISTS = frozenset(("body", "obj"))
_FURNITURE = frozenset(("dt", "ftr", "hdr", "sldNum", "sldImg"))
"""Placeholders for what repeats on every slide."""
_DEEPEST = 8
"""The deepest level that lists have in PowerPoint."""
_BULLETS = (f"{_A}buChar", f"{_A}buBlip")
_OWN_TITLES = frozenset(
    ("powerpoint presentation", "powerpoint-präsentation", "presentación de powerpoint", "présentation powerpoint")
)
"""What the program itself calls a presentation whose author gave it no title."""


class _Relation(NamedTuple):
    """What a part refers to: the last word of the relation's type, and the name of the other part."""

    kind: str
    name: str


def read(content: bytes) -> Content:
    """Read a presentation, hidden slides as well; titles are headings, and notes are paragraphs after their slide."""
    writer = Writer()
    with archive.archive(content) as opened:
        metadata = dict(properties.of_office(opened))
        for number, name in enumerate(_slide_names(opened), 1):
            writer.begin("slide", str(number))
            _write_slide(opened, name, writer)
    if str(metadata.get("title", "")).lower() in _OWN_TITLES:
        del metadata["title"]
    return writer.content(metadata)


def _slide_names(opened: ZipFile) -> list[str]:
    """Return the names of the slides' parts in the order of the presentation, each once."""
    main = archive.part(opened, _MAIN)
    if not main:
        raise UnreadableError("damaged: not a PowerPoint presentation")
    relations = _relations(opened, _MAIN)
    ids = [each.get(f"{_R}id", "") for each in archive.xml(main).iter(f"{_P}sldId")]
    return list(dict.fromkeys(relations[each].name for each in ids if each in relations))


def _relations(opened: ZipFile, name: str) -> dict[str, _Relation]:
    """Return what a part refers to within the archive, by id."""
    folder, base = posixpath.split(name)
    content = archive.part(opened, f"{folder}/_rels/{base}.rels")
    return {
        each.get("Id", ""): _Relation(
            posixpath.basename(each.get("Type", "")),
            posixpath.normpath(f"/{folder}/{target}").lstrip("/")
            if not (target := each.get("Target", "")).startswith("/")
            else target.lstrip("/"),
        )
        for each in (archive.xml(content) if content else ())
        if each.get("TargetMode") != "External"
    }


def _write_slide(opened: ZipFile, name: str, writer: Writer) -> None:
    content = archive.part(opened, name)
    if not content:
        return
    relations = _relations(opened, name)
    # The title first: where it lies among the shapes says only what covers what.
    for shape in sorted(_shapes(archive.xml(content)), key=lambda shape: _placeholder(shape) not in _TITLES):
        if shape.tag == f"{_P}sp":
            _write_text(shape, writer)
        else:
            _write_frame(opened, shape, relations, writer)
    for notes in (each.name for each in relations.values() if each.kind == "notesSlide"):
        _write_notes(archive.part(opened, notes), writer)


def _write_notes(content: bytes, writer: Writer) -> None:
    for shape in _shapes(archive.xml(content)) if content else ():
        if _placeholder(shape) == "body":
            for paragraph in shape.iter(f"{_A}p"):
                writer.paragraph(_text(paragraph))


def _shapes(root: Any) -> Iterator[Any]:
    """Yield the shapes and frames of a slide, those in groups as well, in their order."""
    for older in list(root.iter(_FALLBACK)):  # What programs show that do not know the newer form, which is there too.
        older.getparent().remove(older)
    yield from root.iter(f"{_P}sp", f"{_P}graphicFrame")


def _placeholder(shape: Any) -> str:
    """Return what a shape holds the place of, such as "title" or "body"; empty if it stands for itself."""
    found = next(shape.iter(f"{_P}ph"), None)
    return "" if found is None else str(found.get("type", "obj"))


def _write_text(shape: Any, writer: Writer) -> None:
    kind = _placeholder(shape)
    if kind in _TITLES:
        writer.heading(2, " ".join(map(_text, shape.iter(f"{_A}p"))))
    elif kind not in _FURNITURE:
        numbers: dict[int, int] = {}
        for paragraph in shape.iter(f"{_A}p"):
            _write_paragraph(paragraph, writer, numbers, is_list=kind in _LISTS)


def _write_paragraph(paragraph: Any, writer: Writer, numbers: dict[int, int], *, is_list: bool) -> None:
    """Write a paragraph, as an item if it has a bullet or a number; `numbers` are the last of each level."""
    traits = paragraph.find(f"{_A}pPr")
    level = 0 if traits is None else min(whole_number(traits.get("lvl")), _DEEPEST)
    marks = {} if traits is None else {each.tag: each for each in traits.iterchildren("*")}
    text = _text(paragraph)
    if not text.strip():
        return
    for deeper in [each for each in numbers if each > level]:
        del numbers[deeper]
    if f"{_A}buAutoNum" in marks:
        first = max(whole_number(marks[f"{_A}buAutoNum"].get("startAt")), 1)
        numbers[level] = numbers.get(level, first - 1) + 1
        writer.item(text, depth=level, number=numbers[level])
    elif any(bullet in marks for bullet in _BULLETS) or (is_list and f"{_A}buNone" not in marks):
        writer.item(text, depth=level)
    else:
        writer.paragraph(text)


def _write_frame(opened: ZipFile, frame: Any, relations: dict[str, _Relation], writer: Writer) -> None:
    """Write the tables of a frame, and the words of a diagram, which have a part of their own."""
    for table in frame.iter(f"{_A}tbl"):
        writer.table(
            [[" ".join(map(_text, cell.iter(f"{_A}p"))) for cell in row.iter(f"{_A}tc")] for row in table.iter(f"{_A}tr")]
        )
    for reference in frame.iter("{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"):
        diagram = relations.get(reference.get(f"{_R}dm", ""))
        content = archive.part(opened, diagram.name) if diagram else b""
        for paragraph in archive.xml(content).iter(f"{_A}p") if content else ():
            writer.item(_text(paragraph))


def _text(paragraph: Any) -> str:
    """Return the text of a paragraph, without the number of the slide."""
    texts = paragraph.iter(f"{_A}t", f"{_A}br", f"{_MATH}t")
    seen = (each for each in texts if each.getparent().get("type") != "slidenum")
    return "".join(" " if each.tag == f"{_A}br" else each.text or "" for each in seen)
