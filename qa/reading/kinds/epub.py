"""EPUB books: the chapters in the order of reading, named as the table of contents names them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote
from zipfile import ZipFile

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds.archive import archive, part, xml
from qa.reading.kinds.html_source import text
from qa.reading.kinds.html_walker import tree, walk
from qa.reading.kinds.writer import Writer, one_line
from qa.reading.metadata import iso_date

_OBFUSCATIONS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""What is done to fonts alone: the text is readable without them."""
_NOT_READ = re.compile(
    r"(?:^|\s)(?:pagebreak|noteref|toc|landmarks|page-list|backlink|doc-(?:noteref|pagebreak|toc|backlink))(?=\s|$)"
)
"""What an element is for, if it is not for reading: the ends of printed pages, the marks of notes, lists of chapters."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class _Item(NamedTuple):
    path: str
    type: str
    properties: str


def read(content: bytes) -> Content:
    """Read a book; each chapter begins with a locator."""
    book = archive(content)
    if _is_protected(book):
        raise UnreadableError("protected by DRM: only the shop's own program can open it")
    path = next((each.get("full-path", "") for each in _elements(book, "META-INF/container.xml", "rootfile")), "")
    package = part(book, path)
    if not package:
        raise UnreadableError("damaged: it does not say which files the book is made of")
    root = xml(package)
    items = {each.get("id", ""): _item(path, each) for each in root.iter("{*}item")}
    labels = _labels(book, items.values())
    writer, number = Writer(), 0
    for chapter in _chapters(path, root, items):
        source = text(part(book, chapter))
        if source.strip() and (body := _body(source)) is not None:
            number += 1
            writer.begin("chapter", labels.get(chapter) or _heading(body) or str(number))
            walk(body, writer, skip=_is_not_read)
    return writer.content(_metadata(root))


def _is_protected(book: ZipFile) -> bool:
    methods = [each.get("Algorithm", "") for each in _elements(book, "META-INF/encryption.xml", "EncryptionMethod")]
    return any(method not in _OBFUSCATIONS for method in methods)


def _elements(book: ZipFile, name: str, tag: str) -> Iterator[Any]:
    content = part(book, name)
    return xml(content).iter(f"{{*}}{tag}") if content else iter(())


def _item(package: str, element: Any) -> _Item:
    path = _path(package, element.get("href", ""))
    return _Item(path, element.get("media-type", ""), element.get("properties", ""))


def _path(base: str, address: str) -> str:
    """Return the name in the archive of what an address in one of its parts leads to; of one outside, there is no part."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(address.partition("#")[0])))


def _chapters(package: str, root: Any, items: Mapping[str, _Item]) -> Iterator[str]:
    """Yield the paths of the chapters in the order of reading, each once, the table of contents left out."""
    listed = {_path(package, each.get("href", "")) for each in root.iter("{*}reference") if each.get("type") == "toc"}
    for reference in root.iter("{*}itemref"):
        item = items.get(reference.get("idref", ""))
        if item and item.path not in listed and ("html" in item.type or item.path.endswith(("html", ".htm"))):
            listed.add(item.path)
            if "nav" not in item.properties.split():
                yield item.path


def _body(source: str) -> Any:
    """Return the body of a chapter, or None if there is no text in it, such as in a cover."""
    root = tree(source)
    body = next(root.iter("body"), root)
    return body if any(each.strip() for each in body.itertext()) else None


def _heading(body: Any) -> str:
    return next((words for each in body.iter(*_HEADINGS) if (words := one_line("".join(each.itertext())))), "")


def _is_not_read(element: Any) -> bool:
    return any(_NOT_READ.search(element.get(name, "")) for name in ("epub:type", "role"))


# --- the table of contents, and what the book says about itself ----------------------------------------------------------


def _labels(book: ZipFile, items: Iterable[_Item]) -> Mapping[str, str]:
    """Return the titles of the chapters by path, as in the navigation document, else as in the older NCX."""
    labels: dict[str, str] = {}
    for item in sorted(items, key=lambda item: "nav" not in item.properties.split()):
        content = b""
        if "nav" in item.properties.split() or item.type == "application/x-dtbncx+xml":
            content = part(book, item.path)
        if not content:
            continue
        for address, label in _of_navigation(content) if "nav" in item.properties.split() else _of_ncx(content):
            if label := one_line(label):
                labels.setdefault(_path(item.path, address), label)
    return labels


def _of_navigation(content: bytes) -> Iterator[tuple[str, str]]:
    for nav in tree(text(content)).iter("nav"):
        if "toc" in nav.get("epub:type", "toc").split():
            for link in nav.iter("a"):
                yield link.get("href", ""), "".join(link.itertext())


def _of_ncx(content: bytes) -> Iterator[tuple[str, str]]:
    for point in xml(content).iter("{*}navPoint"):
        target, label = point.find("{*}content"), point.find("{*}navLabel")
        if target is not None and label is not None:
            yield target.get("src", ""), "".join(label.itertext())


def _metadata(root: Any) -> Mapping[str, object]:
    def said(name: str) -> list[str]:
        return [
            words for each in root.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}") if (words := one_line(each.text or ""))
        ]

    dates = root.findall(".//{http://purl.org/dc/elements/1.1/}date")
    dates.sort(key=lambda each: each.get("{http://www.idpf.org/2007/opf}event") != "publication")
    return {
        "title": next(iter(said("title")), ""),
        "author": ", ".join(said("creator")),
        "date": next((date for each in dates if (date := iso_date(each.text))), ""),
        "source": next(iter(said("publisher")), ""),
        "language": next(iter(said("language")), ""),
        "tags": said("subject"),
    }
