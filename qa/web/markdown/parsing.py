"""Markdown as tokens. The only door to markdown-it-py: what it finds is shown by renderers of our own, never by its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token as Token

DEEPEST = 40
"""The most levels of lists and quotes in each other: what is deeper would be left out, so that the text is shown as it is."""
MOST_CHARS = 400_000
"""A longer text is not parsed: some hundred pages, for which the parser takes about a second."""
_INLINE_CHARS = 20_000
"""A longer paragraph is shown as it is: some of its markup takes the square of the length."""

_ASIDE = re.compile(r'(?:!!!|\?\?\?\+?)[ \t]+(\w[\w-]*)(?:[ \t]+"([^"]*)")?[ \t]*\Z')
_ALERT = re.compile(r"\[!(\w+)\][ \t]*(?:\n|\Z)")
_UNREAD_TAG = re.compile(r"<(script|style)\b", re.IGNORECASE)
_UNSEEN = {"<!--": "-->", "<script": "</script>", "<style": "</style>"}
"""What begins an element that is not for readers, and what ends it."""
_UNSEEN_OPENING = re.compile("|".join(map(re.escape, _UNSEEN)))

Env = MutableMapping[str, Any]
"""The link definitions of a text, as the parser keeps them."""


def blocks(text: str) -> tuple[list[Token], Env] | None:
    """Return the blocks of a text as tokens, their inline text not parsed yet; None if it is too long or nested too deeply."""
    from markdown_it.rules_block import StateBlock

    parser, env = _parser(), dict[str, Any]()
    if len(text) > MOST_CHARS:
        return None
    source = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    state = StateBlock(source, parser, env, [])
    parser.block.tokenize(state, 0, state.lineMax)
    return None if any(token.level >= DEEPEST - 1 for token in state.tokens) else (_with_alerts(state.tokens), env)


def _with_alerts(tokens: list[Token]) -> list[Token]:
    """Return tokens with the quotes that begin with a label, as GitHub writes it: `[!NOTE]`, as admonitions."""
    open_quotes: list[Token] = []
    for n, token in enumerate(tokens):
        if token.type == "blockquote_open":
            open_quotes.append(token)
            text = tokens[n + 2] if n + 2 < len(tokens) else token
            if text.type == "inline" and (label := _ALERT.match(text.content)):
                token.type, token.info, text.content = "aside_open", label[1], text.content[label.end() :]
        elif token.type == "blockquote_close" and open_quotes.pop().type == "aside_open":
            token.type = "aside_close"
    return tokens


def inline(text: str, env: Env) -> list[Token]:
    """Return the tokens of the inline text of a block; a very long one is one token, its markup as it is."""
    parser, tokens = _parser(), list["Token"]()
    if len(text) > _INLINE_CHARS:
        return literal(text)
    parser.inline.parse(text, parser, env, tokens)
    return _unread(tokens)


def _unread(tokens: list[Token]) -> list[Token]:
    """Return inline tokens, of which the texts in a script or style count as its tag."""
    end = ""
    for token in tokens:
        if end and not token.content.lower().startswith(end):
            if not token.nesting:
                token.type, token.children = "html_inline", None
        elif token.type == "html_inline":
            opened = _UNREAD_TAG.match(token.content)
            end = f"</{opened[1].lower()}" if opened and not end else ""
    return tokens


def literal(text: str) -> list[Token]:
    """Return a text as one token."""
    from markdown_it.token import Token

    return [Token("text", "", 0, content=text)]


def parsed(text: str) -> list[Token] | None:
    """Return all tokens of a text, those of inline text as the `children` of their blocks; None as for `blocks`."""
    found = blocks(text)
    if found is None:
        return None
    tokens, env = found
    for token in tokens:
        if token.type == "inline":
            token.children = inline(token.content, env)
    return tokens


def without_unseen(html: str) -> str:
    """Return HTML without its comments, scripts and styles, and without the tags of all else.

    >>> without_unseen("<!-- a --> <b>see</b> <script>x < y</script>")
    ' see '
    """
    return re.sub(r"<[^<>]*>", "", "".join(_seen(html)))


def _seen(html: str) -> Iterator[str]:
    lower, place = html.lower(), 0
    while opened := _UNSEEN_OPENING.search(lower, place):
        end = lower.find(_UNSEEN[opened.group()], opened.end())
        if end < 0:
            break
        yield html[place : opened.start()]
        place = end + len(_UNSEEN[opened.group()])
    yield html[place:]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    # Where a link leads is judged when it is shown, and until then kept to the letter.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda _: True  # type: ignore[assignment, method-assign]
    before = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "aside", _aside, before)  # type: ignore[arg-type]
    parser.block.ruler.at("html_block", _unseen, before)  # type: ignore[arg-type]
    return parser


def _aside(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take an admonition, as MkDocs writes it: a line `!!! tip "Title"`, and what is indented below it."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    begun = None if state.is_code_block(start) else _ASIDE.match(line)
    if not begun or silent:
        return bool(begun)
    after = last = start + 1
    while after < end and (state.isEmpty(after) or state.sCount[after] - state.blkIndent >= 4):
        after += 1
        last = last if state.isEmpty(after - 1) else after
    token = state.push("aside_open", "div", 1)
    token.info, token.content, token.map = begun[1], begun[2] or "", [start, last]
    outer = state.blkIndent, state.lineMax
    state.blkIndent, state.lineMax = state.blkIndent + 4, last
    state.md.block.tokenize(state, start + 1, last)
    state.blkIndent, state.lineMax = outer
    state.push("aside_close", "div", -1)
    state.line = last
    return True


def _unseen(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take a comment, script or style that ends somewhere; other HTML is text with tags in it, in which Markdown holds."""
    from markdown_it.rules_block import html_block

    place = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("<", place):
        return False
    opened = next((each for each in _UNSEEN if state.src[place : place + 7].lower().startswith(each)), None)
    if not opened:
        return False
    ends: dict[str, int] = state.env.setdefault("ends", {})
    if opened not in ends:
        ends[opened] = state.src.lower().rfind(_UNSEEN[opened])
    return place < ends[opened] and html_block(state, start, end, silent)


def label(aside: Token) -> str:
    """Return what stands above an admonition: its kind, and its title if it has one."""
    return ": ".join(filter(None, [aside.info.capitalize(), aside.content]))


def words(tokens: Sequence[Token], line_end: str = " ") -> str:
    """Return the text of inline tokens, without markup."""
    return "".join(
        line_end
        if each.type in ("softbreak", "hardbreak")
        else words(each.children, line_end)
        if each.children
        else _own_words(each)
        for each in tokens
    )


def _own_words(token: Token) -> str:
    return token.content if token.type in ("text", "text_special", "code_inline") else ""
