"""What an office file says about itself in the part of its archive that is kept for that."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from zipfile import ZipFile

from qa.reading.content import UnreadableError
from qa.reading.kinds import archive

_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"


def of_office(opened: ZipFile) -> Mapping[str, object]:
    """Return the metadata of a Microsoft Office file."""
    root = _root(opened, "docProps/core.xml")
    if root is None:
        return {}
    keywords = _text(root, f"{_CORE}keywords")
    return {
        "title": _text(root, f"{_DC}title"),
        "author": _text(root, f"{_DC}creator"),
        "date": _text(root, f"{_TERMS}created"),
        "language": _text(root, f"{_DC}language"),
        "tags": keywords.replace(";", ","),
    }


def of_open_document(opened: ZipFile) -> Mapping[str, object]:
    """Return the metadata of an OpenDocument file."""
    root = _root(opened, "meta.xml")
    if root is None:
        return {}
    return {
        "title": _text(root, f"{_DC}title"),
        "author": _text(root, f"{_META}initial-creator") or _text(root, f"{_DC}creator"),
        "date": _text(root, f"{_META}creation-date"),
        "language": _text(root, f"{_DC}language"),
        "tags": ",".join(each.text or "" for each in root.iter(f"{_META}keyword")),
    }


def _root(opened: ZipFile, name: str) -> Any:
    """Return the root of a part, None if there is none or it is damaged: a file is read without it as well."""
    with suppress(UnreadableError):
        return archive.xml(archive.part(opened, name))
    return None


def _text(root: Any, tag: str) -> str:
    found = next(root.iter(tag), None)
    return "" if found is None else found.text or ""
