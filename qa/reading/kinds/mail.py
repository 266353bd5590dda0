"""Read mail: a message, or a mailbox of them. Attachments are named, not opened; nothing is fetched."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import Message
from itertools import chain

from qa.reading.content import Content, UnreadableError
from qa.reading.kinds import html_walker, mail_header, prose
from qa.reading.kinds.mail_header import BOUNDED, BROKEN, Head, asked, decoded
from qa.reading.kinds.writer import Writer
from qa.text.dates import written_out

_SEPARATOR = re.compile(rb"\A\s*From [^\n]*(?:\n|\Z)|^From [^\n]*\d:\d\d[^\n]*(?:\n|\Z)", re.MULTILINE)
"""The line above each message of a mailbox. Unless it is the first, it has a time: a line of text may begin with "From" too."""
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNTITLED = "(no subject)"
_HEADERS = ("from", "to", "subject", "date", "message-id")


def read_message(content: bytes) -> Content:
    """Read a message as an article: its subject is the title, its sender the author."""
    message = _parsed(content)
    if not any(name in message for name in _HEADERS):
        raise UnreadableError("no mail: it begins with none of From, To, Subject and Date")
    if _is_encrypted(message):
        raise UnreadableError("encrypted: save it decrypted")
    writer = Writer()
    _write(message, writer, untitled="")
    return writer.content(mail_header.metadata(message))


def read_mailbox(content: bytes) -> Content:
    """Read each message as a section, in the order of the file."""
    writer, count, encrypted = Writer(), 0, 0
    for count, each in enumerate(_messages(content), 1):  # At last it is how many there are.
        message = _parsed(each)
        encrypted += _is_encrypted(message)
        writer.begin("message", str(count))
        _write(message, writer, untitled=_UNTITLED)
    if not count:
        raise UnreadableError("no mailbox: its first line does not begin with From" if content.strip() else "empty")
    found = writer.content()
    return found._replace(notes=(f"{encrypted:,} of {count:,} messages are encrypted",)) if encrypted else found


def _messages(content: bytes) -> Iterator[bytes]:
    marks = [mark.span() for mark in _SEPARATOR.finditer(content)]
    if marks and marks[0][0] == 0:
        for (_, start), (end, _) in zip(marks, [*marks[1:], (len(content),) * 2], strict=True):
            yield _ESCAPED.sub(rb"\1", content[start:end])


def _parsed(content: bytes) -> Message:
    try:
        return email.message_from_bytes(content, policy=BOUNDED)
    except RecursionError as error:
        raise UnreadableError("damaged: its parts lie in each other too deep for a mail") from error
    except BROKEN as error:
        raise UnreadableError("damaged: its parts make no sense") from error


def _is_encrypted(message: Message) -> bool:
    kind = message.get_content_type()
    is_signed_only = asked(lambda: message.get_param("smime-type")) == "signed-data"
    return kind == "multipart/encrypted" or (kind.endswith("pkcs7-mime") and not is_signed_only)


def _write(message: Message, writer: Writer, untitled: str) -> None:
    """Write a message, under `untitled` if it has no subject, and below it each message that it forwards as an attachment."""
    waiting, level = [message], 1
    while waiting:
        message = waiting.pop()
        head = mail_header.head(message)
        writer.heading(level, head.subject or untitled)
        writer.paragraph(_line(head))
        writer.outer_level = level
        forwarded: list[Message] = []
        names = []
        for part, is_shown in _parts(message):
            kind = part.get_content_type()
            if kind == "message/rfc822" and part.is_multipart():
                forwarded += part.get_payload()  # type: ignore[arg-type]  # Of this kind, it is a list of messages.
            elif kind in _WRITTEN and (part is message or not _is_attached(part)):
                if is_shown:
                    _WRITTEN[kind](_text(part), writer)
            else:
                names.append(mail_header.filename(part) or kind)
        if names:
            writer.paragraph(f"Attachments: {', '.join(names)}.")
        waiting += reversed(forwarded)
        writer.outer_level, level, untitled = 0, 2, _UNTITLED


def _line(head: Head) -> str:
    """Return who wrote to whom and when as a sentence: without its full stop it would be a heading."""
    names = " ".join(f"{word} {names}" for word, names in (("From", head.sender), ("to", head.recipients)) if names)
    line = ", ".join(filter(None, [names, written_out(head.date)]))
    return line and f"{line}."


def _parts(message: Message) -> Iterator[tuple[Message, bool]]:
    """Yield the parts of a message that hold no others, each with False if another part says the same in its place."""
    waiting = [(message, True)]
    while waiting:
        part, is_shown = waiting.pop()
        if not part.is_multipart() or part.get_content_maintype() == "message":
            yield part, is_shown
            continue
        parts: list[Message] = part.get_payload()  # type: ignore[assignment]  # If it is multipart, it is a list.
        chosen = _chosen(parts) if part.get_content_type() == "multipart/alternative" else None
        waiting += [(each, is_shown and chosen in (None, each)) for each in reversed(parts)]


def _chosen(parts: list[Message]) -> Message | None:
    """Return the part of an alternative that is read: plain text, else the last one, which is the richest."""
    plain = (
        part for part in parts if part.get_content_type() == "text/plain" and not _is_attached(part) and _text(part).strip()
    )
    rich = (part for part in reversed(parts) if part.is_multipart() or part.get_content_type() == "text/html")
    return next(chain(plain, rich), None)


def _is_attached(part: Message) -> bool:
    return asked(part.get_content_disposition) == "attachment" or bool(mail_header.filename(part))


def _text(part: Message) -> str:
    payload = asked(lambda: part.get_payload(decode=True))
    return decoded(payload, asked(part.get_content_charset)) if isinstance(payload, bytes) else ""


def _write_html(text: str, writer: Writer) -> None:
    try:
        root = html_walker.tree(text)
    except UnreadableError:
        writer.code(text)  # Whatever is wrong with it, the others of a mailbox can be read.
    else:
        html_walker.walk(root, writer)


_WRITTEN = {"text/plain": prose.write, "text/html": _write_html}
"""The kinds of parts that are read; others are named as attachments are."""
