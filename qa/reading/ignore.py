"""Read `.qaignore` files: patterns, as git has them, of the files and folders that are left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

NAME = ".qaignore"
LIMIT_BYTES = 64_000
_PATTERN_CHARS = 1_000
_MOST_LINES = 1_000
_MOST_DEPTHS = 2
"""How often `**` may stand between the folders of a pattern: the time that matching takes is a power of it."""
_SHOWN_LINES = 3

_STAR = r"\[\^/\]\*"
_EARLIER_STAR = re.compile(rf"{_STAR}((?:(?!{_STAR})(?:\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\\[/()]))*+)(?={_STAR})", re.DOTALL)
"""In a pattern as a regular expression: a star, and what stands between it and the next star of the same name."""
_NESTED_SET = re.compile(r"(?<!\\)\[\^?\]?(?:\\.|[^\]\\])*?(?:\[|--|&&|~~|\|\|)", re.DOTALL)
"""What Python may read otherwise some day."""


class Patterns(NamedTuple):
    """The patterns of one file, the last first: whether each leaves out what it matches, or takes it in again."""

    each: tuple[tuple[bool, re.Pattern[str]], ...]
    complaint: str = ""

    def leave_out(self, path: str) -> bool | None:
        """Return True if a path below the file's folder is left out, None if no pattern is about it; a folder ends in "/".

        The folders above the path must be known not to be left out.
        """
        for leaves_out, regex in self.each:
            match = regex.match(path)
            # `ps_d` is the end of a folder that lies above the path: a pattern for folders is not about the files in them.
            if match and not (match.lastgroup == "ps_d" and match.end() < len(path)):
                return leaves_out
        return None


Rules = tuple[tuple[int, Patterns], ...]
"""The patterns that hold in a folder, those nearest to the root first; with each, the length of the path of its own folder."""


def leave_out(path: str, rules: Rules, *, is_folder: bool) -> bool:
    """Return True if a path below the root is left out: the patterns nearest to it that are about it decide."""
    path += "/" if is_folder else ""
    verdicts = (patterns.leave_out(path[start:]) for start, patterns in reversed(rules))
    return next((verdict for verdict in verdicts if verdict is not None), False)


@lru_cache(maxsize=64)
def patterns(content: bytes) -> Patterns:
    r"""Return the patterns of a `.qaignore` file; the `complaint` says in a few words what of it cannot be used, if anything.

    >>> drafts = patterns(b"*.tmp.md\ndrafts/")
    >>> [drafts.leave_out(path) for path in ("a.tmp.md", "notes/drafts/", "a.md")]
    [True, True, None]
    """
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        text = "\0"
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if "\0" in text or len(lines) > _MOST_LINES:
        return Patterns(
            (), "is not text: it is not used" if "\0" in text else f"has over {_MOST_LINES:,} lines: it is not used"
        )
    by_line = [_pattern(line) for line in lines]
    bad = [n for n, (line, pattern) in enumerate(zip(lines, by_line, strict=True), 1) if _is_said(line) and not pattern]
    return Patterns(tuple(filter(None, reversed(by_line))), _about(bad))


def _is_said(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _about(bad: Sequence[int]) -> str:
    if not bad:
        return ""
    shown = ", ".join(map(str, bad[:_SHOWN_LINES])) + (", …" if len(bad) > _SHOWN_LINES else "")
    return f"line {shown}: no pattern as git has them, or too intricate; the others hold"


def _pattern(line: str) -> tuple[bool, re.Pattern[str]] | None:
    """Return what a line leaves out or takes in again, or None if it is no pattern that can be used."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # Loaded only where there is such a file.

    if len(line) > _PATTERN_CHARS or not _is_said(line):
        return None
    try:
        # `**/` at the end is about folders, where the library takes in the files beside them.
        regex, leaves_out = GitIgnoreSpecPattern.pattern_to_regex(f"{line}*/" if line.endswith("**/") else line)
        regex = "^.+(?P<ps_d>/)" if regex == "(?P<ps_d>/)" else regex
        if not isinstance(regex, str) or leaves_out is None or not _is_simple(regex):
            return None
        return leaves_out, re.compile(_in_linear_time(regex), re.DOTALL)
    except (ValueError, re.error):
        return None


def _is_simple(regex: str) -> bool:
    return regex.removeprefix("^(?:.+/)?").count(".+") <= _MOST_DEPTHS and not _NESTED_SET.search(regex)


def _in_linear_time(regex: str) -> str:
    """Return a pattern's regular expression so that a name is read once: what comes first after a star is where it ends.

    >>> _in_linear_time("^[^/]*a[^/]*b[^/]*c$")
    '^(?>[^/]*?a)(?>[^/]*?b)[^/]*c$'
    """
    return _EARLIER_STAR.sub(r"(?>[^/]*?\1)", regex)
