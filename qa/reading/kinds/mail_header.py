"""Read the headers of mail: whose it is, about what, when; in whatever encoding, cut to a length that can be parsed."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses, parseaddr, parsedate_to_datetime
from typing import NamedTuple, TypeVar

from qa.reading.decoding import decode
from qa.reading.kinds.writer import one_line

MOST_HEADER_CHARS = 10_000
"""So much of a header is read: the parsers of the standard library take the square of the length, or more."""
MOST_RECIPIENTS = 20
"""So many recipients are named, and the others counted."""
BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, RecursionError)
"""What the standard library may raise about a malformed mail."""

_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
"""Codecs of Python that no mail is in; some take the square of the length."""

T = TypeVar("T")


class _Bounded(Compat32):
    """Keeps so much of each header as is read, as text; the standard library's newer policies parse it all, at any cost."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        content = value[:MOST_HEADER_CHARS].encode("utf-8", "surrogateescape")
        return name, decoded(content, "")


BOUNDED = _Bounded()


class Head(NamedTuple):
    """What the headers say: each empty if they do not; `date` is ISO 8601."""

    subject: str
    sender: str
    recipients: str
    date: str


def head(message: Message) -> Head:
    """Return what the headers of a message say."""
    name, address = _sender(message)
    sender = f"{name} ({address})" if name and address else name or address
    return Head(_words(_raw(message, "subject")), sender, _recipients(message), _date(message))


def metadata(message: Message) -> dict[str, str]:
    """Return title, author and date of a message; a date that cannot be read is given as it is."""
    return {
        "title": _words(_raw(message, "subject")),
        "author": next(filter(None, _sender(message)), ""),
        "date": _date(message) or _raw(message, "date"),
    }


def filename(part: Message) -> str:
    """Return the name of an attachment, empty if it has none."""
    return one_line(_words(asked(lambda: part.get_filename("")) or ""))


def asked(question: Callable[[], T]) -> T | None:
    """Return the answer of the standard library, or None if it stumbles."""
    try:
        return question()
    except BROKEN:
        return None


def decoded(content: bytes, charset: str | None) -> str:
    """Return bytes as text, whatever their charset is said to be."""
    try:
        name = codecs.lookup(charset or "ascii").name
        if name not in {"ascii", *_NO_CHARSETS}:
            # Programs call Windows' Western encoding by the name of the smaller one.
            return content.decode("cp1252" if name == "iso8859-1" else name, "replace")
    except BROKEN:
        pass
    return content.decode("ascii") if content.isascii() else decode(content) or content.decode("latin-1")


def _raw(message: Message, name: str) -> str:
    return one_line(str(message.get(name, "")))


def _words(header: str) -> str:
    """Return a header with its encoded words as text."""
    try:
        parts = decode_header(header)
    except BROKEN:
        return header
    return one_line("".join(part if isinstance(part, str) else _part(part, charset) for part, charset in parts))


def _part(content: bytes, charset: str | None) -> str:
    return decoded(content, charset) if charset else content.decode("raw_unicode_escape", "replace")


def _sender(message: Message) -> tuple[str, str]:
    name, address = asked(lambda: parseaddr(_raw(message, "from"))) or ("", "")
    return _words(name), one_line(address)


def _recipients(message: Message) -> str:
    pairs = asked(lambda: getaddresses([_raw(message, "to")])) or []
    names = [each for name, address in pairs if (each := _words(name) or one_line(address))]
    others = len(names) - MOST_RECIPIENTS
    return ", ".join(names[:MOST_RECIPIENTS]) + (f" and {others} others" if others > 0 else "")


def _date(message: Message) -> str:
    sent = asked(lambda: parsedate_to_datetime(_raw(message, "date")))
    return sent.date().isoformat() if sent else ""
