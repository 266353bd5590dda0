"""Rich text: striprtf takes out the text, in which marks were put before for what it does not tell, such as headings."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds.writer import Writer

_ROW, _CELL_END, _ROW_END, _LEVEL, _NOTE, _NOTE_END = _ALL_MARKS = "\ue000\ue001\ue002\ue003\ue004\ue005"
"""Characters without a meaning of their own, that striprtf passes on."""
_MARKS = {"trowd": _ROW, "cell": _CELL_END, "nestcell": " ", "row": _ROW_END}
_TOKEN = re.compile(
    r"\\\*\s*+\\footnote(?![a-z])|\\[^a-z]|[{}]"
    r"|\\(?P<word>trowd|cell|nestcell|row|footnote|fldinst)(?![a-z])|\\outlinelevel(?P<level>\d)(?!\d)"
)
_FONT = re.compile(r"\\f(\d{1,5})(?!\d)[^;]{0,300}?\\fcharset(\d{1,3})")
_NOTES = re.compile(f"{_NOTE}([^{_NOTE}{_NOTE_END}]*+){_NOTE_END}")
_STRAY = re.compile(f"[{_ALL_MARKS}]")
_HEADING = re.compile(rf"\s*+{_LEVEL}(\d)(.*)")
_ITEM = re.compile(r"\s*+(?:[•◦▪‣·–*-]|(\d{1,3})[.)])\t(.*)")
_SAID = re.compile(r"\{\\(title|author|keywords)\s([^{}]{0,1000})\}")
_MADE = re.compile(r"\{\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")
_HEAD_CHARS = 200_000
"""What a file says about itself stands before its text, after its fonts and styles."""


def read(content: bytes) -> Content:
    """Read rich text, its foot notes at the end."""
    text = content.decode("latin-1")
    if not text.lstrip().startswith("{\\rtf"):
        raise UnreadableError("damaged: not rich text")
    plain = _plain(_marked(text))
    writer = Writer()
    _write(_NOTES.sub("", plain), writer)
    for number, note in enumerate(_NOTES.findall(plain), 1):
        writer.item(_STRAY.sub(" ", note), number=number)
    return writer.content(_metadata(text))


def _plain(text: str) -> str:
    from striprtf.striprtf import font_table_group, rtf_to_text

    # It takes the square of the length of a font table, and only wants to know the character set of each font.
    fonts = font_table_group(text)  # type: ignore[no-untyped-call]
    entries = "".join(f"{{\\f{number}\\fcharset{charset} x;}}" for number, charset in _FONT.findall(fonts))
    if fonts:
        text = text.replace(fonts, f"{{\\fonttbl{entries}}}", 1)
    try:
        plain: str = rtf_to_text(text, errors="replace")  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError, LookupError, TypeError) as error:
        raise UnreadableError("damaged: not whole rich text") from error
    # Characters beyond the first 65,536 are written as two halves.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _marked(text: str) -> str:
    """Return rich text with marks where rows, cells, headings and notes begin or end.

    A line break, which means nothing in rich text, keeps striprtf from looking for the address of a link far away: that would
    take the square of the length, and the link would be written as commands.
    """
    depth = 0
    notes: list[int] = []

    def mark(token: re.Match[str]) -> str:
        nonlocal depth
        found, word = token.group(), token["word"]
        depth += (found == "{") - (found == "}")
        if found == "}" and notes and depth < notes[-1]:
            notes.pop()
            return f"{_NOTE_END}{found}"
        if found.endswith("footnote"):
            notes.append(depth)
            return _NOTE
        if token["level"]:
            return f"{_LEVEL}{token['level']}"
        if word:
            return _MARKS.get(word, f"{found}\n")
        return found

    return _TOKEN.sub(mark, text)


def _write(text: str, writer: Writer) -> None:
    """Write what lies between the marks of a row as a table, and all else by lines."""
    *parts, rest = text.split(_ROW_END)
    rows: list[list[str]] = []
    for part in parts:
        before, mark, row = part.partition(_ROW)
        if not mark:
            before, row = "", part
        if before.strip():
            writer.table(rows)
            rows = []
            _write_lines(before, writer)
        rows.append([_STRAY.sub(" ", cell) for cell in row.split(_CELL_END)[:-1]])
    writer.table(rows)
    _write_lines(rest, writer)


def _write_lines(text: str, writer: Writer) -> None:
    for line in text.split("\n"):
        if heading := _HEADING.match(line):
            writer.heading(int(heading[1]) + 1, _STRAY.sub("", heading[2]))
        elif item := _ITEM.match(line):
            writer.item(_STRAY.sub("", item[2]), number=int(item[1]) if item[1] else None)
        else:
            writer.paragraph(_STRAY.sub("", line))


def _metadata(text: str) -> Mapping[str, object]:
    head = text[:_HEAD_CHARS]
    said = {name: _plain(f"{{\\rtf1\\ansi {value}}}") for name, value in reversed(_SAID.findall(head))}
    made = _MADE.search(head)
    return {
        "title": said.get("title"),
        "author": said.get("author"),
        "tags": said.get("keywords"),
        "date": f"{made[1]}-{int(made[2]):02}-{int(made[3]):02}" if made else "",
    }
