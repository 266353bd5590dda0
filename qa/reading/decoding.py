"""Decode bytes to text, whatever their encoding. No byte is trusted."""

from __future__ import annotations

import unicodedata

COMMON_ENCODINGS = ("cp1252", "cp1251", "cp1250")
"""The Windows encodings for Western, Cyrillic and Central European text, the most frequent first."""


def decode(content: bytes) -> str | None:
    """Return the text of a file without its byte order mark, or None if the file is not text."""
    text = _decode(content)
    return None if text is None or "\0" in text else text


def _decode(content: bytes) -> str | None:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                return None
    if b"\0" in content:
        return _decode_bare_utf16(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(content)


def _decode_bare_utf16(content: bytes) -> str | None:
    """Decode UTF-16 without a byte order mark; return None if the bytes do not look like it.

    In Western text nearly every second byte is zero. The limits leave room on both sides: two fifths of one half of the
    bytes must be zero, and at most a twentieth of the other half, so that binary files do not pass for text.
    """
    even, odd = content[::2].count(0), content[1::2].count(0)
    if len(content) % 2 or max(even, odd) < 0.4 * len(content) / 2 or min(even, odd) > 0.05 * len(content):
        return None
    try:
        return content.decode("utf-16-be" if even > odd else "utf-16-le")
    except UnicodeDecodeError:
        return None


def _decode_legacy(content: bytes) -> str | None:
    import charset_normalizer

    matches = charset_normalizer.from_bytes(content)
    best = matches.best()
    if best is None:
        return None
    # If several encodings read equally well, as with short texts, take the most common one.
    rivals = {name for match in matches if match.chaos <= best.chaos for name in match.could_be_from_charset}
    encoding = next((name for name in COMMON_ENCODINGS if name in rivals), best.encoding)
    text = content.decode(encoding, "replace")
    controls = sum(unicodedata.category(char) == "Cc" and char not in "\t\n\r\f" for char in text)
    return None if controls > 0.01 * len(text) else text  # Text has hardly any, binary files have many.


def is_cut_off(content: bytes) -> bool:
    """Return True if UTF-8 text ends inside a character or in zeros, as after an interrupted copy."""
    if content.endswith(b"\0\0\0\0"):
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False
