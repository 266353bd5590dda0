"""What a browser would make of the page's HTML, texts that it may be made of, and answers to make it of."""

import time
from html.parser import HTMLParser

from hypothesis import strategies as st

from qa import Answer, Citation, Hit, Passage, Span, Why

HOSTILE = (
    "<script>window.__xss=1</script> <img src=x onerror=alert(1)> ${1+1} {{x}} $a$ "
    "![i](http://e.org/i.png) [l](javascript:1) ]]> &amp; `c`"
)
TAGS = {
    "div",
    "p",
    "span",
    "mark",
    "strong",
    "a",
    "article",
    "header",
    "h3",
    "ul",
    "li",
    "button",
    "details",
    "summary",
    "meter",
    "pre",
    "section",
    "h2",
    "blockquote",
    "cite",
}
MARKDOWN_TAGS = {
    *("p", "span", "mark", "strong", "em", "s", "code", "pre", "a", "small", "br", "hr", "h4", "ul", "ol", "li", "blockquote"),
    *("div", "table", "thead", "tbody", "tr", "th", "td"),
}


class Reader(HTMLParser):
    """What a browser would make of HTML: its tags, its text, the text of its marks, its links."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.text, self.marked, self.open = [], [], "", [], []
        self.attributes = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {(tag, name) for name, _ in attributes}
        if tag not in ("br", "hr"):
            self.open.append(tag)
        if tag == "mark":
            self.marked.append("")
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text
        if "mark" in self.open:
            self.marked[-1] += text


# What HTML can hold: no control characters but line feeds, no surrogates.
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")) | st.sampled_from("\n\n\n#<>&$*_[]()!`{} "), max_size=200)


def hit_in(article, start, end, quote):
    passage = Span(start, end)
    citation = Citation(
        article.id, article.title, article.date, article.source, article.url, quote, (1, 1), quote.of(article.text), "0"
    )
    return Hit(1, 0.9, Passage(article.id, passage, passage.of(article.text), (quote,)), citation, Why(0.8, 0.5, 0.6, 1, 0.9))


def answer_of(hit, **changes):
    return Answer(
        **{
            "question": "?",
            "state": "answer",
            "confidence": 0.95,
            "text": "",
            "citations": (hit.citation,),
            "hits": (hit,),
            **changes,
        }
    )


def comes_true(page, expression):
    """Return True as soon as an expression is true of a page, which forbids Playwright's own way of waiting for one."""
    deadline = time.monotonic() + 15
    while not (is_true := page.evaluate(expression)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(is_true)
