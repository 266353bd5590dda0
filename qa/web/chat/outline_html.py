"""An overview as the page shows it: what it is, and its quotes under their headings. HTML, made by pure functions."""

from __future__ import annotations

from qa.results import Answer, Outline, Section
from qa.web.markdown import plain
from qa.web.markup import escape
from qa.web.messages import Words

_COUNTED = {"contents": "article", "mentions": "article", "dates": "dated sentence"}


def overview(answer: Answer, outline: Outline, turn: int, say: Words) -> str:
    """Return an overview: each quote with its marker, which opens the source."""
    sections = "".join(_section(answer, outline, section, turn, say) for section in outline.sections)
    return f'<p class="qa-quiet">{escape(title(outline, say))}</p>{sections}'


def title(outline: Outline, say: Words) -> str:
    """Return what an overview shows, as text: "Contents of 14 articles"."""
    count = ""
    if noun := _COUNTED.get(outline.kind):
        count = say.counted(outline.total, noun)
        if outline.shown < outline.total:
            count = say("of", done=say.number(outline.shown), total=count)
    name = "dates_about" if outline.kind == "dates" and outline.subject else outline.kind
    return say(name, count=count, subject=" ".join(outline.subject.split()))


def _section(answer: Answer, outline: Outline, section: Section, turn: int, say: Words) -> str:
    heading = _heading(answer, outline, section, say)
    quotes = "".join(
        f'<li dir="auto">{escape(plain.quote(answer.citations[n - 1]))} '
        f'<a class="qa-marker" id="ref-{turn}-{n}" href="#src-{turn}-{n}">&#91;{n}&#93;</a></li>'
        for n in section.markers
    )
    return f'<p class="qa-under" dir="auto">{escape(heading)}</p><ul class="qa-outline">{quotes}</ul>'


def _heading(answer: Answer, outline: Outline, section: Section, say: Words) -> str:
    if outline.kind == "dates":
        return say.date(section.heading)
    is_heading = outline.kind == "summary" and section.markers
    return (
        plain.heading(answer.citations[section.markers[0] - 1].article_id, section.heading) if is_heading else section.heading
    )
