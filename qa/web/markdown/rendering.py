"""Markdown as HTML, from tokens: only the tags and attributes written here, and all text escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from qa.web.markdown import parsing
from qa.web.markdown.marking import FIRST, SENTINELS
from qa.web.markup import escape, web_address

if TYPE_CHECKING:
    from qa.web.markdown.parsing import Token

PASSAGE, LEAD, QUOTE, ANSWER = range(4)
"""Which sentinels stand for what."""

_SAME_TAG: Mapping[str, str] = {
    "paragraph": "p",
    "bullet_list": "ul",
    "list_item": "li",
    "blockquote": "blockquote",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "em": "em",
    "strong": "strong",
    "s": "s",
}
_TABLE = '<div class="qa-table" tabindex="0"><table>'  # By keyboard, only what takes the focus can be scrolled.
_SEVERE = ("warning", "caution", "danger", "error", "important", "attention", "bug", "failure")


class Headings(NamedTuple):
    """How headings are shown: as those from level `top` on, without gaps, or as strong paragraphs if it is 0.

    The first is left out if it says no more than `title`, which is shown already.
    """

    top: int = 0
    title: str = ""


NO_HEADINGS = Headings()


def html(tokens: Sequence[Token], headings: Headings = NO_HEADINGS) -> str:
    """Return tokens, of which the sentinels tell what is marked, as HTML in one line."""
    renderer = _Renderer(headings)
    if _repeats(tokens, headings.title):
        renderer.leave_out(tokens[1].content)
        tokens = tokens[3:]
    return "".join(renderer.pieces(_without_empty_heads(tokens))).replace("<p></p>", "")  # What is left of HTML.


def _repeats(tokens: Sequence[Token], title: str) -> bool:
    """Return True if tokens begin with a heading that is the title, and is not quoted."""
    if not title or len(tokens) < 3 or tokens[0].type != "heading_open" or chr(FIRST + 2 * QUOTE) in tokens[1].content:
        return False
    return _folded(SENTINELS.sub("", parsing.words(tokens[1].children or ()))) == _folded(title)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _without_empty_heads(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens without the heads of tables that have none: the parser knows no table without a head."""
    head: list[Token] = []
    for token in tokens:
        if head or token.type == "thead_open":
            head.append(token)
            if token.type == "thead_close":
                yield from head if any(each.content for each in head) else ()
                head = []
        else:
            yield token


class _Renderer:
    def __init__(self, headings: Headings) -> None:
        self._top = headings.top
        self._levels: list[int] = []
        """The levels, as written, of the headings that the text stands under."""
        self._marks: frozenset[int] = frozenset()
        self._run: list[tuple[frozenset[int], str]] = []
        """Text not yet put out, so that what is marked alike is in one element."""
        self._links: list[tuple[Token, str]] = []
        """The links that the text is in, and what ends them."""
        self._special: Mapping[str, Callable[[Token], str]] = {
            "paragraph_open": lambda token: "" if token.hidden else "<p>",
            "paragraph_close": lambda token: "" if token.hidden else "</p>",
            "heading_open": self._heading,
            "heading_close": self._heading_end,
            "ordered_list_open": _numbered,
            "ordered_list_close": lambda _: "</ol>",
            "table_open": lambda _: _TABLE,
            "table_close": lambda _: "</table></div>",
            "th_open": lambda token: f'<th scope="col"{_aligned(token)}>',
            "th_close": lambda _: "</th>",
            "td_open": lambda token: f"<td{_aligned(token)}>",
            "td_close": lambda _: "</td>",
            "aside_open": _aside,
            "aside_close": lambda _: "</div>",
            "link_open": self._link,
            "link_close": self._link_end,
            "hr": lambda _: "<hr>",
            "hardbreak": lambda _: "<br>",
        }

    def pieces(self, tokens: Iterable[Token]) -> Iterator[str]:
        """Yield the HTML of tokens, in order."""
        for token in tokens:
            yield from self._piece(token)
        yield from self._flushed()

    def _piece(self, token: Token) -> Iterator[str]:
        if token.type in ("inline", "image"):
            for child in token.children or ():
                yield from self._piece(child)
            self._leave_out_target(token)
            yield from self._flushed() if token.type == "inline" else ()
        elif token.type in ("text", "text_special"):
            self._text(token.content)
        elif token.type == "softbreak":
            self._text(" ")
        elif token.type == "html_inline":
            yield from self._tag(token)
        elif token.type == "html_block":
            self._text(parsing.without_unseen(token.content).strip())
            text = "".join(self._flushed())
            yield f"<p>{text}</p>" if text else ""
        elif token.type in ("code_inline", "fence", "code_block"):
            yield from self._code(token)
        else:
            yield from self._flushed()
            yield self._opened(token)

    def _opened(self, token: Token) -> str:
        if special := self._special.get(token.type):
            return special(token)
        name, _, end = token.type.rpartition("_")
        tag = _SAME_TAG.get(name, "")
        return f"<{'/' if end == 'close' else ''}{tag}>" if tag else ""

    def _text(self, text: str) -> None:
        end = 0
        for sentinel in SENTINELS.finditer(text):
            self._add(text[end : sentinel.start()])
            self._toggle(sentinel.group())
            end = sentinel.end()
        self._add(text[end:])

    def _toggle(self, sentinel: str) -> None:
        which, is_end = divmod(ord(sentinel) - FIRST, 2)
        self._marks = self._marks - {which} if is_end else self._marks | {which}

    def _add(self, text: str) -> None:
        if text:
            self._run.append((self._marks, escape(text)))

    def _flushed(self) -> Iterator[str]:
        """Yield the text that waits, each run of a kind in its element."""
        run, self._run = self._run, []
        for marks, pieces in groupby(run, key=lambda piece: piece[0] - {ANSWER}):
            text = "".join(
                f"<strong>{''.join(html for _, html in group)}</strong>" if is_answer else "".join(html for _, html in group)
                for is_answer, group in groupby(pieces, key=lambda piece: ANSWER in piece[0] and QUOTE in piece[0])
            )
            yield _in_element(text, marks)

    def _code(self, token: Token) -> Iterator[str]:
        yield from self._flushed()
        self.leave_out(token.info)
        self._text(token.content.removesuffix("\n"))
        code = f"<code>{''.join(self._flushed())}</code>"
        yield code if token.type == "code_inline" else f'<pre tabindex="0">{code}</pre>'

    def leave_out(self, unseen: str) -> None:
        """Let marks begin or end in what is not shown."""
        for sentinel in SENTINELS.findall(unseen):
            self._toggle(sentinel)

    def _tag(self, token: Token) -> Iterator[str]:
        """Leave out a tag of HTML, but for a line break."""
        self.leave_out(token.content)
        if token.content.lower().startswith("<br"):
            yield from self._flushed()
            yield "<br>"

    def _heading(self, token: Token) -> str:
        level = int(token.tag.removeprefix("h"))
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self._levels.append(level)
        return f'<{self._heading_tag()} class="qa-heading">{"" if self._top else "<strong>"}'

    def _heading_end(self, _: Token) -> str:
        return f"{'' if self._top else '</strong>'}</{self._heading_tag()}>"

    def _heading_tag(self) -> str:
        return f"h{min(6, self._top + len(self._levels) - 1)}" if self._top else "p"

    def _link(self, token: Token) -> str:
        """Begin a link to a web address, whose host is shown after it; of any other only the text is shown."""
        address = web_address(SENTINELS.sub("", str(token.attrs.get("href", ""))))
        if not address:
            self._links.append((token, ""))
            return ""
        is_shown = token.markup == "autolink"
        host = "" if is_shown else f' <small class="qa-host">{escape(urlsplit(address).hostname or "")}</small>'
        self._links.append((token, f"</a>{host}"))
        return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer nofollow">'

    def _link_end(self, _: Token) -> str:
        token, html = self._links.pop()
        self._leave_out_target(token)
        return html

    def _leave_out_target(self, token: Token) -> None:
        """Leave out where a link or an image leads, which in the source comes after its text."""
        self.leave_out("".join(str(token.attrs.get(name, "")) for name in ("href", "src", "title")))


def _in_element(text: str, marks: frozenset[int]) -> str:
    if QUOTE in marks:
        return f"<mark>{text}</mark>"
    if LEAD in marks:
        return f'<mark class="qa-lead">{text}</mark>'
    return f'<span class="qa-passage">{text}</span>' if PASSAGE in marks else text


def _numbered(token: Token) -> str:
    start = token.attrs.get("start", 1)
    return f'<ol start="{int(start)}">' if start != 1 else "<ol>"


def _aligned(token: Token) -> str:
    align = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f' class="qa-{align}"' if align in ("right", "center") else ""


def _aside(token: Token) -> str:
    label = SENTINELS.sub("", parsing.label(token))
    severe = " qa-severe" if token.info.lower() in _SEVERE else ""
    return f'<div class="qa-aside{severe}"><p class="qa-label">{escape(label)}</p>'
