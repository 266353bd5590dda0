"""Plain text and Markdown, kept to the letter, with the YAML at their head as metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qa.reading.content import Content, UnreadableError
from qa.reading.decoding import decode

FRONT_MATTER_CHARS = 20_000
"""Longer front matter is not parsed: it is hardly metadata, and would take the YAML parser long."""

_KEY_VALUE = re.compile(r"^([A-Za-z]+)[^\S\n]*:(.+)$", re.MULTILINE)


def text(content: bytes) -> str:
    """Return the text of bytes in whatever encoding. Raise `UnreadableError` if they are no text."""
    decoded = decode(content)
    if decoded is None:
        raise UnreadableError("not text: binary, or in an encoding that cannot be told")
    return decoded


def read(content: bytes) -> Content:
    """Read text with or without front matter."""
    decoded = text(content)
    metadata, body = front_matter(decoded)
    return Content(decoded, body, metadata)


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
        # The base loader makes every value a text: a malformed date is no error, and nothing is merged or multiplied.
        metadata = handler.load(head, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        # A colon in an unquoted title is not YAML, but it is what people write.
        metadata = {key.lower(): value.strip().strip("\"'") for key, value in _KEY_VALUE.findall(head)}
    if not isinstance(metadata, dict) or not metadata:
        return {}, 0
    return {str(key).lower(): value for key, value in metadata.items()}, len(text) - len(body)
