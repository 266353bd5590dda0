"""Open the ZIP archives and the XML that office files and books are made of, without trusting either."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

from qa.reading.content import UnreadableError

MOST_BYTES = 200_000_000
"""The most that a file may unpack to: a document of that size has more text than anybody reads."""
MOST_PARTS = 20_000
_OLE = b"\xd0\xcf\x11\xe0"
"""How a file of an Office before 2007 begins, and the envelope of an encrypted one of today."""
_ENVELOPE = "EncryptedPackage".encode("utf-16-le")
ENCRYPTED = "encrypted: save it without a password"


def is_old_office(content: bytes) -> bool:
    """Return True if a file is of an Office before 2007. Raise `UnreadableError` if it is an encrypted one of today."""
    if content.startswith(_OLE) and _ENVELOPE in content:
        raise UnreadableError(ENCRYPTED)
    return content.startswith(_OLE)


def archive(content: bytes) -> zipfile.ZipFile:
    """Return the opened archive. Raise `UnreadableError` if it is damaged, encrypted, or unpacks to too much."""
    if is_old_office(content):
        raise UnreadableError("old Office format: save it as .docx, .pptx or .xlsx")
    try:
        opened = zipfile.ZipFile(io.BytesIO(content))
        parts = opened.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise UnreadableError("damaged: not a whole ZIP archive, as its kind is") from error
    if any(each.flag_bits & 1 for each in parts):
        raise UnreadableError(ENCRYPTED)
    if sum(each.file_size for each in parts) > MOST_BYTES or len(parts) > MOST_PARTS:
        raise UnreadableError(f"unpacks to more than {MOST_BYTES // 1_000_000} MB")
    if b"encryption-data" in part(opened, "META-INF/manifest.xml"):  # OpenDocument encrypts its parts, not the archive.
        raise UnreadableError(ENCRYPTED)
    return opened


def part(opened: zipfile.ZipFile, name: str) -> bytes:
    """Return the content of a part, empty if the archive has no such part. Raise `UnreadableError` if it is damaged."""
    try:
        return opened.read(name)
    except KeyError:
        return b""
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableError(f"damaged: its part {name.rpartition('/')[2]} cannot be unpacked") from error


def xml(content: bytes) -> Any:
    """Return the root element of an XML document; nothing that it names is fetched, and no entity of its own is put in.

    Raise `UnreadableError` if it is not well-formed, or nested or large beyond any document.
    """
    from lxml import etree

    limits = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    parser = etree.XMLParser(**limits, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError("damaged: its XML is not well-formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        etree.strip_elements(root, etree.Entity, with_tail=False)
    return root
