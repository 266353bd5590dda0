"""Bytes become an article: decode them, read title and date. Nothing here trusts a file."""

from __future__ import annotations

import datetime
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qa.text.span import Span
from qa.text.structure import heading_text, is_heading, lines
from qa.types import Article, Failure

FRONT_MATTER_CHARS = 20_000
"""Front matter is metadata; what claims to be more is not parsed."""

COMMON_ENCODINGS = ("cp1252", "cp1251", "cp1250")
"""Western, Cyrillic and Central European Windows, by how often they are met."""

_DATED_LINE = re.compile(r"\s*date\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)", re.IGNORECASE)

_ISO_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")

_KEY_VALUE = re.compile(r"^([A-Za-z]+)[^\S\n]*:(.+)$", re.MULTILINE)


_NULLS = ("~", "null", "Null", "NULL")


def is_cut_off(content: bytes) -> bool:
    """Tell whether what would else be UTF-8 ends in the middle of a character, or in zeros, as a copy that broke off does."""
    if content.endswith(b"\0\0\0\0"):
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read(article_id: str, content: bytes) -> Article | Failure:
    """Decode a file and read its metadata: from front matter, else from its first line, else from its name."""
    text = decode(content)
    if text is None:
        return Failure(article_id, "not text: binary, or in an encoding that cannot be told")
    metadata, body = front_matter(text)
    if not text[body:].strip():
        return Failure(article_id, "empty")
    title, date = _headline(text, body)
    return Article(
        id=article_id,
        text=text,
        title=_one_line(metadata.get("title")) or _one_line(title) or _one_line(Path(article_id).stem.replace("_", " ")),
        body=body,
        date=_iso_date(metadata.get("date")) or date,
        source=_one_line(metadata.get("source")),
        url=_one_line(metadata.get("url")),
        tags=_tags(metadata.get("tags")),
    )


def decode(content: bytes) -> str | None:
    """Return the text of a file without its byte order mark, or None when it is none."""
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
    """Decode UTF-16 that has no mark: in Western text, every second byte of it is nearly always zero."""
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
    # Of encodings that read equally well, short texts are in the common one.
    rivals = {name for match in matches if match.chaos <= best.chaos for name in match.could_be_from_charset}
    encoding = next((name for name in COMMON_ENCODINGS if name in rivals), best.encoding)
    text = content.decode(encoding, "replace")
    controls = sum(unicodedata.category(char) == "Cc" and char not in "\t\n\r\f" for char in text)
    return None if controls > 0.01 * len(text) else text


def front_matter(text: str) -> tuple[Mapping[str, Any], int]:
    """Return the metadata at the head of a text and the offset of its body; `({}, 0)` without front matter."""
    if not text.startswith("---"):
        return {}, 0
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    try:
        head, body = handler.split(text)
    except ValueError:
        return {}, 0
    if len(head) > FRONT_MATTER_CHARS:
        return {}, 0
    try:
        # The base loader makes every value a text: what is no date or number is no error, and nothing is merged or multiplied.
        metadata = handler.load(head, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        # A colon in an unquoted title is not YAML, but it is what people write.
        metadata = {key.lower(): value.strip().strip("\"'") for key, value in _KEY_VALUE.findall(head)}
    if not isinstance(metadata, dict) or not metadata:
        return {}, 0
    return {str(key).lower(): value for key, value in metadata.items()}, len(text) - len(body)


def _headline(text: str, body: int) -> tuple[str, str]:
    """Return title and date of the first line, where it is a headline; either may be empty."""
    first = next(line.of(text) for line in lines(text, Span(body, len(text))) if line.of(text)).splitlines()[0].strip()
    dated = _DATED_LINE.match(first)
    if dated:
        return dated.group(2).strip(), _iso_date(dated.group(1))
    return (heading_text(first) if is_heading(first) else ""), ""


def _one_line(value: object) -> str:
    """Return a scalar of the front matter as one line of printable text, anything else, and YAML's null, as nothing."""
    words = value.split() if isinstance(value, str) and value not in _NULLS else []
    return "".join(char for char in " ".join(words) if char.isprintable())


def _tags(value: object) -> tuple[str, ...]:
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(tag for tag in map(_one_line, values) if tag)


def _iso_date(value: object) -> str:
    """Return a date as ISO 8601, as exact as it was stated, or nothing when it is none.

    >>> _iso_date("2024-01-13T08:00:00Z"), _iso_date("2024-13-01"), _iso_date("2024")
    ('2024-01-13', '', '2024')
    """
    found = _ISO_DATE.match(_one_line(value))
    if not found:
        return ""
    year, month, day = (*found.group().split("-"), "01", "01")[:3]
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return ""
    return found.group()
