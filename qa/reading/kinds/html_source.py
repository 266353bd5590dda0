"""The source of a web page as text: decoded as it says itself, taken out of the file that a browser saved it in."""

from __future__ import annotations

import codecs
import email
import email.policy
import re
from email.message import Message
from typing import NamedTuple

from qa.reading.content import UnreadableError
from qa.reading.kinds import plain

_DECLARED = re.compile(
    rb"""(?:<meta[^<>]{0,200}?\bcharset|<\?xml[^<>]{0,100}?\bencoding)\s*=\s*["']?\s*([a-zA-Z0-9_-]{2,20})""", re.I
)
_HEAD_BYTES = 4_096
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODING = re.compile(
    r"iso-?8859-?\d{1,2}|windows-?(?:125\d|874|31j)|cp(?:125\d|866|932|949)|latin-?\d|koi8-?[ru]|shift[_-]?jis|sjis|euc-?(?:jp|kr)"
    r"|gb(?:k|2312|18030)|big5(?:-?hkscs)?|iso-2022-jp|tis-620|mac-?roman|ks_c_5601-1987"
)
_AS_BROWSERS_READ = {
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
}  # fmt: skip
"""What an encoding is called, and the larger one that is meant."""


class Source(NamedTuple):
    """The HTML of a page, and the address that it was saved from, if that is known."""

    html: str
    url: str = ""


def of_page(content: bytes) -> Source:
    """Return the source of an HTML file."""
    return Source(text(content))


def of_saved_page(content: bytes) -> Source:
    """Return the source of the page in an MHTML file: its first part that is HTML.

    Raise `UnreadableError` if no part of it is HTML.
    """
    try:
        message = email.message_from_bytes(content, policy=email.policy.compat32)
        page = next(
            (part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")), None
        )
    except RecursionError as error:
        raise UnreadableError("damaged: its parts are nested deeper than those of any page") from error
    if page is None:
        raise UnreadableError("no page in it: save it again as a web page in a single file")
    payload = page.get_payload(decode=True)
    html = payload if isinstance(payload, bytes) else b""
    return Source(text(html, str(page.get_param("charset") or "")), _address(page) or _address(message))


def _address(part: Message) -> str:
    address = str(part.get("Snapshot-Content-Location") or part.get("Content-Location") or "").strip()
    return address if address.startswith(("http://", "https://")) else ""


def text(content: bytes, stated: str = "") -> str:
    """Return the text of a page: by its byte order mark, the encoding stated in or beside it, or what its bytes look like.

    Raise `UnreadableError` if the bytes are not text.
    """
    declared = _DECLARED.search(content[:_HEAD_BYTES])
    name = (stated or (declared.group(1).decode() if declared else "")).lower()
    if not content.startswith(_MARKS) and _ENCODING.fullmatch(name) and not _is_utf8(content, name):
        try:
            return content.decode(_AS_BROWSERS_READ.get(name, name), "replace")
        except LookupError:
            pass
    return plain.text(content)


def _is_utf8(content: bytes, name: str) -> bool:
    """Return True for UTF-8 that goes by another name, as on many a page: by chance, text in another encoding never is."""
    if content.isascii():
        return not name.startswith("iso-2022")
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
