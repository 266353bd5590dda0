"""Read notebooks of Jupyter, of format 3 and 4: their Markdown, their code, and what it printed; each cell by its number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import plain
from qa.reading.kinds.writer import Writer

_LANGUAGE = re.compile(r"[A-Za-z][\w+#.-]{0,30}")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""What makes a terminal change its colours."""
_NAME_ONLY = re.compile(r"<[^<>]*>")
"""What stands for an image where none can be shown, such as "<Figure size 640x480 with 1 Axes>"."""


def read(content: bytes) -> Content:
    """Read the cells of a notebook in their order."""
    try:
        notebook = json.loads(plain.text(content), parse_int=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("damaged: not valid JSON") from error
    cells = list(_cells(notebook))
    if not cells:
        raise UnreadableError("no notebook, or one without cells")
    about = _mapping(_mapping(notebook).get("metadata"))
    language = _language(about)
    writer = Writer()
    for number, cell in enumerate(cells, 1):
        writer.begin("cell", str(number))
        _write(cell, language, writer)
    return writer.content({name: about.get(name) for name in ("title", "authors", "date")})


def _cells(notebook: object) -> Iterator[Mapping[str, Any]]:
    """Yield the cells; format 3 has them in worksheets."""
    sheets = _list(_mapping(notebook).get("worksheets")) or [notebook]
    for sheet in sheets:
        yield from (cell for cell in _list(_mapping(sheet).get("cells")) if isinstance(cell, Mapping))


def _language(about: Mapping[str, Any]) -> str:
    names = (_mapping(about.get("kernelspec")).get("language"), _mapping(about.get("language_info")).get("name"))
    return next((name for name in names if isinstance(name, str) and _LANGUAGE.fullmatch(name)), "")


def _write(cell: Mapping[str, Any], language: str, writer: Writer) -> None:
    kind, source = cell.get("cell_type"), _text(cell.get("source", cell.get("input")))
    if kind == "markdown":
        writer.markdown(source)
    elif kind == "heading":  # of format 3
        level = str(cell.get("level"))
        writer.heading(int(level) if level in "123456" else 1, source)
    elif kind == "code":
        own = cell.get("language")
        writer.code(source, own if isinstance(own, str) and _LANGUAGE.fullmatch(own) else language)
        for output in _list(cell.get("outputs")):
            writer.code(_COLOUR.sub("", _printed(_mapping(output))))
    else:
        writer.code(source)


def _printed(output: Mapping[str, Any]) -> str:
    """Return what an output says in text; an image or a page says nothing."""
    if output.get("output_type") in ("error", "pyerr"):
        return f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
    data = _mapping(output.get("data"))
    printed = _text(output.get("text") or data.get("text/markdown") or data.get("text/plain"))
    return "" if len(data) > 1 and _NAME_ONLY.fullmatch(printed) else printed


def _text(value: object) -> str:
    """Return a text that is kept whole or in lines."""
    return "".join(each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
