"""An answer and its sources as the page shows them: HTML, made by pure functions.

What was quoted is in one `<mark>`. Links lead from each marker to its source and back; the page's script follows them, fills
the clipboard from the elements that are hidden, and works on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from qa.dates import pointed_at
from qa.export import STYLES, as_html, as_markdown, cited
from qa.render import escape, in_words, marked, noted, reading_address, web_address
from qa.schema import Answer, Article, Citation, Hit, Span, Why
from qa.text import headings
from qa.where import Where
from qa.words import ENGLISH, Words

NEAREST = 3
"""Passages shown where the articles do not answer."""

SHOWN_CHARS = 200_000
"""So much the sources of one answer show together; of an article longer than its share, the surroundings of the passage."""

EVERYWHERE = Where()


# --- the conversation --------------------------------------------------------------------------------------------------


def reply(
    answer: Answer, turn: int, *, note: str = "", where: Where = EVERYWHERE, judged: bool = True, say: Words = ENGLISH
) -> str:
    """Return what the page says to a question: the passages with their markers, or that the articles do not say.

    With `judged`, readers may say whether it is right.
    """
    hits = shown_hits(answer)
    if answer.answered:
        cited_ones = "".join(_cited_passage(hit, turn, n, say) for n, hit in enumerate(hits[: answer.quoted], 1))
        rest = _found(hits[answer.quoted :], turn, answer.quoted + 1, say)
        conflicts = "".join(_conflict(markers, turn, say) for markers in answer.conflicts)
        body = f"{_parts(answer, say)}{cited_ones}{conflicts}{_match(answer.confidence, say)}{rest}"
    else:
        blocks = "".join(_cited_passage(hit, turn, n, say) for n, hit in enumerate(hits, 1))
        nearest = f'<p class="qa-quiet">{say("closest")}</p>{blocks}' if hits else ""
        nobody = f'<p class="qa-quiet">{say("none_admitted")}</p>' if where and not hits else ""
        body = f'<p class="qa-silent"><strong>{say("silent")}</strong></p>{nearest}{nobody}'
    kind = "qa-answered" if answer.answered else "qa-unanswered"
    head = _searched(answer, say) + _only_these(where, say)
    tools = _tools(answer, where, say, judged=judged)
    return f'<div class="qa-reply {kind}">{head}{body}{_behind(answer, say)}{noted(note)}{tools}</div>'


def found_so_far(hits: Sequence[Hit], turn: int, say: Words = ENGLISH) -> str:
    """Return what the page shows while it still looks: the first passages found, in the places that an answer's have."""
    blocks = "".join(_cited_passage(hit, turn, n, say, linked=False) for n, hit in enumerate(hits, 1))
    state = say("looking_closer" if hits else "looking")
    return f'<div class="qa-reply qa-so-far">{blocks}<p class="qa-quiet">{state}</p></div>'


def failed(message: str) -> str:
    """Return what the page says when a question cannot be answered."""
    return f'<div class="qa-reply qa-failed">{noted(message)}</div>'


def overview(counts: Mapping[str, int], pending: int = 0, failed: int = 0, say: Words = ENGLISH) -> str:
    """Return how much is indexed, from the counts of "articles" and "passages", and whether that is all there is."""
    links = "".join(f' <a class="qa-door" href="#qa-{name}">{say(name)}</a>' for name in ("history", "save", "keyboard"))
    if not counts["articles"]:
        return f'<p class="qa-quiet">{say("nothing_indexed")}{links}</p>'
    held = {noun: say.counted(counts[f"{noun}s"], noun) for noun in ("article", "passage")}
    behind = [say(name, count=say.number(count)) for name, count in (("pending", pending), ("not_readable", failed)) if count]
    state = ", ".join([say("indexed", articles=held["article"], passages=held["passage"]), *(behind or [say("in_step")])])
    return f'<p class="qa-quiet">{state}. {say("stays_here")}{links}</p>'


def asked(question: str) -> str:
    """Return the question as it is shown in the conversation."""
    return f'<div class="qa-asked" dir="auto">{escape(question.strip())}</div>'


def shown_hits(answer: Answer) -> list[Hit]:
    """Return the hits that the reply quotes: those of the citations, or the nearest ones when there is no answer."""
    if not answer.answered:
        return list(answer.hits[:NEAREST])
    of = {hit.citation: hit for hit in reversed(answer.hits)}
    return [of[citation] for citation in answer.citations if citation in of]


def link(question: str, where: Where = EVERYWHERE) -> str:
    """Return the query string that, opened, asks a question once more.

    >>> link("Who?", Where(after="2024"))
    '?q=Who%3F&after=2024'
    """
    return "?" + "&".join(filter(None, [urlencode({"q": question.strip()}, errors="replace"), where.query()]))


def chips(where: Where, say: Words = ENGLISH) -> str:
    """Return the filters that questions are limited by, each with a link that leaves it out; nothing where there are none."""
    if not where:
        return ""
    each = "".join(
        f'<a class="qa-chip" href="?{escape(rest.query())}" title="{say("remove", filter=escape(label))}">'
        f'{escape(label)}<span class="qa-cross"> ×</span></a>'
        for label, rest in _filters(where, say)
    )
    every = f'<a class="qa-chip qa-every" href="?">{say("everything")}</a>'
    return f'<p class="qa-chips"><span class="qa-quiet">{say("scope")}</span> {each}{every}</p>'


def offers(questions: Mapping[str, str], where: Where = EVERYWHERE, say: Words = ENGLISH) -> str:
    """Return questions that one may ask next, each as a link that shows its subject; nothing where there are none."""
    each = "".join(
        f'<a class="qa-chip qa-offer" dir="auto" title="{escape(question)}" href="{escape(link(question, where))}">'
        f"{escape(subject)}</a>"
        for subject, question in questions.items()
    )
    return f'<p class="qa-chips"><span class="qa-quiet">{say("ask_next")}</span> {each}</p>' if each else ""


_FILTERS = {"after": "since", "before": "until", "source": "of_source", "tag": "tagged", "path": "at_path"}


def _filters(where: Where, say: Words) -> list[tuple[str, Where]]:
    """Return each single filter in words, and what is left without it."""
    return [
        (say(_FILTERS[name], value=say.date(value) if name in ("after", "before") else value), rest)
        for name, value, rest in where.parts()
    ]


def _only_these(where: Where, say: Words) -> str:
    labels = ", ".join(label for label, _ in _filters(where, say))
    return f'<p class="qa-quiet">{say("only_these", filters=escape(labels))}</p>' if labels else ""


def _searched(answer: Answer, say: Words) -> str:
    """Return what was searched for, where that is not just the question."""
    if not answer.leaning:
        return ""
    words = escape(" ".join(answer.searched.split()))
    return f'<p class="qa-quiet qa-searched" dir="auto">{say("searched", question=words)}</p>'


def _parts(answer: Answer, say: Words) -> str:
    if not answer.parts:
        return ""
    each = "".join(f'<li dir="auto">{escape(part)}</li>' for part in answer.parts)
    return f'<div class="qa-quiet">{say("in_parts")}<ul>{each}</ul></div>'


def _match(confidence: float, say: Words) -> str:
    sure, means = in_words(confidence), say(f"{in_words(confidence)}_means")
    word = f'<span class="qa-sure qa-{sure}">{say(sure)}</span>'
    return (
        f'<details class="qa-match"><summary class="qa-quiet" title="{means}">{say("match", sure=word)}</summary>'
        f'<p class="qa-quiet">{means}</p></details>'
    )


def _found(hits: Sequence[Hit], turn: int, first: int, say: Words) -> str:
    """Return passages that the answer does not quote: of each its best sentence only."""
    blocks = "".join(
        f'<div class="qa-found"><div class="qa-text" dir="auto"><p>{escape(hit.citation.quote)}</p></div>'
        f"{_where(hit, turn, n, say)}</div>"
        for n, hit in enumerate(hits, first)
    )
    return f'<p class="qa-quiet">{say("also_found")}</p>{blocks}' if blocks else ""


def _conflict(markers: Sequence[int], turn: int, say: Words) -> str:
    *first, last = (f'<a href="#src-{turn}-{n}">&#91;{n}&#93;</a>' for n in markers)
    markers_linked = f"{', '.join(first)} {say('and')} {last}"
    return f'<p class="qa-note">{say("differ", markers=markers_linked)}</p>'


def differing(markers: Sequence[int]) -> str:
    """Return the sentence that says which quotes give different dates or figures.

    >>> differing((1, 3))
    'The articles differ: compare [1] and [3].'
    """
    *first, last = (f"[{marker}]" for marker in markers)
    return ENGLISH("differ", markers=f"{', '.join(first)} and {last}")


def resolved(citation: Citation, say: Words = ENGLISH) -> str:
    """Return what the dates in a quote that it only points at come to, by the date of the article; else nothing.

    The quote itself stays as it is written.
    """
    found = pointed_at(citation.quote, citation.date)
    return "; ".join(f"“{each.span.of(citation.quote)}”: {say.date(each.iso)}" for each in found)


def _cited_passage(hit: Hit, turn: int, n: int, say: Words, *, linked: bool = True) -> str:
    passage = hit.passage
    text = marked(passage.text, Span(0, len(passage.text)), quote=_quote_in(hit))
    where = _where(hit, turn, n, say, linked=linked)
    return f'<div class="qa-cited"><div class="qa-text" dir="auto">{text}</div>{where}</div>'


def _where(hit: Hit, turn: int, n: int, say: Words, *, linked: bool = True) -> str:
    marker = f'<a class="qa-marker" id="ref-{turn}-{n}" href="#src-{turn}-{n}">&#91;{n}&#93;</a> ' if linked else ""
    title = f'<strong dir="auto">{escape(hit.citation.title)}</strong>'
    facts = [say.date(hit.citation.date), hit.citation.source]
    if hit.also_in:
        facts.append(say("also_in", count=say.counted(len(hit.also_in), "other article")))
    facts.append(resolved(hit.citation, say))
    return f'<p class="qa-where">{marker}{title}{"".join(f" · {escape(fact)}" for fact in facts if fact)}</p>'


def _quote_in(hit: Hit) -> Span | None:
    """Return where the quote stands in the passage's text."""
    span = hit.citation.span.shifted(-hit.passage.span.start)
    return span if span.start >= 0 and span.of(hit.passage.text) == hit.citation.quote else None


def _behind(answer: Answer, say: Words) -> str:
    """Return by how much an answer may be behind the folder: nothing where it is in step."""
    parts = []
    if answer.pending == 1:
        parts.append(say("one_changed"))
    elif answer.pending:
        parts.append(say("changed", files=say.counted(answer.pending, "file")))
    if answer.failed:
        parts.append(say("unread", files=say.counted(answer.failed, "file")))
    return f'<p class="qa-quiet">{" ".join(parts)}</p>' if parts else ""


def _tools(answer: Answer, where: Where, say: Words, *, judged: bool) -> str:
    """Return what can be done with an answer, and, hidden, what is copied and saved."""
    buttons = "".join(
        f'<button type="button" class="qa-tool qa-{name}">{say(key)}</button>'
        for name, key in (("copy", "copy_answer"), ("edit", "edit_question"))
    )
    # By itself a question that leans on the one before would be another.
    address = escape(link(answer.searched or answer.question, where))
    here = f'<a class="qa-tool qa-link" href="{address}">{say("copy_link")}</a>'
    judges = "".join(
        f'<button type="button" class="qa-tool qa-judge" value="{verdict}">{say(key)}</button>'
        for verdict, key in (("right", "was_right"), ("wrong", "was_wrong"), ("wrong source", "wrong_source"))
        if judged
    )
    kept = f'<pre class="qa-take" hidden>{escape(as_markdown(answer))}</pre><div class="qa-keep" hidden>{as_html(answer)}</div>'
    return f'<p class="qa-tools">{buttons}{here}<span class="qa-judges">{judges}</span></p>{kept}'


# --- the source panel --------------------------------------------------------------------------------------------------


def sources(answer: Answer, turn: int, articles: Sequence[Article | None], say: Words = ENGLISH) -> str:
    """Return the panel's part for one turn: an article for each hit shown, in that order, with its quote marked.

    `articles` holds the article of each hit. Where its text is not the one that was quoted, only the passage is shown.
    """
    hits = shown_hits(answer)
    return "".join(
        _source(hit, article, turn, n, len(hits), say) for n, (hit, article) in enumerate(zip(hits, articles, strict=True), 1)
    )


def _source(hit: Hit, article: Article | None, turn: int, n: int, count: int, say: Words) -> str:
    citation = hit.citation
    head = f'<h3 dir="auto">{escape(citation.title)}</h3>{_about(hit, article, say)}{_why(hit, say)}{_copies(citation, say)}'
    back = f'<p class="qa-back"><a href="#ref-{turn}-{n}">{say("back")}</a></p>'
    text = f'<div class="qa-text qa-article" dir="auto">{_source_text(hit, article, SHOWN_CHARS // count, say)}</div>'
    tabs = _tabs(turn, n, count, say)
    return f'<article class="qa-source" id="src-{turn}-{n}" tabindex="-1">{tabs}<header>{head}</header>{text}{back}</article>'


def _tabs(turn: int, n: int, count: int, say: Words) -> str:
    links = [
        f'<a class="qa-tab{" qa-current" if i == n else ""}" href="#src-{turn}-{i}">&#91;{i}&#93;</a>'
        for i in range(1, count + 1)
    ]
    if n > 1:
        links.append(f'<a class="qa-step" href="#src-{turn}-{n - 1}">{say("previous")}</a>')
    if n < count:
        links.append(f'<a class="qa-step" href="#src-{turn}-{n + 1}">{say("next")}</a>')
    return f'<p class="qa-tabs">{" ".join(links)}</p>'


def _about(hit: Hit, article: Article | None, say: Words) -> str:
    citation = hit.citation
    first, last = citation.lines
    place = say("line", line=first) if first == last else say("lines", first=first, last=last)
    facts = [escape(fact) for fact in (say.date(citation.date), citation.source) if fact]
    if address := web_address(citation.url):
        facts.append(_outside(escape(address), say("original")))
    inside = escape(reading_address(citation.article_id))
    start, end = citation.span
    files = f"{_outside(f'{inside}?start={start}&amp;end={end}', say('whole_article'))} · "
    files += _outside(f"{inside}?raw=1", say("plain_text"))
    section = _section(article, hit.passage.span.start) if article and _is_as_quoted(hit, article) else ""
    rows = [" · ".join(facts), f'<span class="qa-file">{escape(citation.article_id)}</span>, {place} · {files}']
    rows.insert(1, say("section", section=escape(section)) if section else "")
    return "".join(f'<p class="qa-where">{row}</p>' for row in rows if row)


def _outside(address: str, label: str) -> str:
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{label}</a>'


def _section(article: Article, start: int) -> str:
    """Return the last heading before a place in the body of an article, or at it."""
    body = Span(article.body, min(len(article.text), start + SHOWN_CHARS))
    before = [name for place, name in headings(article.text, body) if place <= start]
    return before[-1] if before else ""


def _why(hit: Hit, say: Words) -> str:
    why = hit.why
    words = say("why_words", words=escape(", ".join(why.words))) if why.words else say("why_no_words")
    bars = [("why_meaning", why.dense), ("why_lexical", why.lexical), ("why_closer", why.closeness)]
    meters = "".join(f"<li>{say(name)} {_meter(value, say(name))}</li>" for name, value in bars if value is not None)
    rows = f"<li>{words}</li>{meters}<li>{_order(why, hit.rank, say)}</li>"
    return f'<details class="qa-why"><summary>{say("why")}</summary><ul>{rows}</ul></details>'


def _order(why: Why, rank: int, say: Words) -> str:
    if why.closeness is None:
        return say("no_closer_look", rank=rank)
    return say("why_order", first=why.fused_rank, rank=rank)


def _meter(value: float, label: str) -> str:
    share = min(1.0, max(0.0, value))
    return f'<meter min="0" max="1" value="{share:.2f}" title="{label}">{share:.0%}</meter>'


def _copies(citation: Citation, say: Words) -> str:
    """Return buttons that copy a citation in one style or another, each with what it copies."""
    names = {"plain": say("style_plain"), "apa": "APA", "markdown": "Markdown"}
    each = "".join(
        f'<button type="button" class="qa-tool qa-copy">{names[style]}</button>'
        f'<span class="qa-take" hidden>{escape(cited(citation, style))}</span>'
        for style in STYLES
    )
    return f'<p class="qa-tools"><span class="qa-quiet">{say("copy_citation")}</span> {each}</p>'


def _is_as_quoted(hit: Hit, article: Article) -> bool:
    citation, passage = hit.citation, hit.passage
    return citation.span.of(article.text) == citation.quote and passage.span.of(article.text) == passage.text


def _source_text(hit: Hit, article: Article | None, most_chars: int, say: Words) -> str:
    passage = hit.passage
    if article is None or not _is_as_quoted(hit, article):
        return marked(passage.text, Span(0, len(passage.text)), quote=_quote_in(hit))
    shown = _window(article, passage.span, most_chars)
    cut = f'<p class="qa-quiet">{say("part_of_long")}</p>' if shown.end - shown.start >= most_chars else ""
    return cut + marked(article.text, shown, passage=passage.span, quote=hit.citation.span)


def _window(article: Article, passage: Span, most_chars: int) -> Span:
    """Return the body of an article, or of a long one as much as may be shown around the passage."""
    start, end = min(article.body, passage.start), len(article.text)
    if end - start < most_chars:
        return Span(start, end)
    start = max(start, passage.start - most_chars // 2)
    return Span(start, min(end, max(passage.end, start + most_chars)))
