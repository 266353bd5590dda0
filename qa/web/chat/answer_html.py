"""An answer as the page shows it: HTML, made by pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qa.results import Answer, AnswerState, Hint, Hit, relative_dates
from qa.web import urls
from qa.web.chat import outline_html
from qa.web.chat.export import as_html, as_markdown
from qa.web.chat.passage_html import passage, within
from qa.web.markdown import plain
from qa.web.markup import escape, in_words, noted, outside
from qa.web.messages import ENGLISH, Words
from qa.web.unanswered import advice, filters_in_words, found, period_in_words
from qa.where import EVERYWHERE, Where

# --- the conversation --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands around an answer.

    `where` is the filter that limited the question, `note` says in one line what went wrong before it, and `can_judge` offers
    the reader to say whether the answer is right.
    """

    where: Where = EVERYWHERE
    note: str = ""
    can_judge: bool = True


_PLAIN = Surroundings()


def reply(answer: Answer, turn: int, around: Surroundings = _PLAIN, say: Words = ENGLISH) -> str:
    """Return what the page says to a question: passages with their markers, an overview, or what was found instead."""
    if answer.outline:
        body = _only_these(around.where, say) + outline_html.overview(answer, answer.outline, turn, say)
    elif answer.answered:
        body = _only_these(around.where, say) + _answer(answer, turn, say)
    else:
        body = _unanswered(answer, turn, say) + _advice(answer, around.where, say)
    foot = (
        _period(answer, around.where, say)
        + _missing_files(answer, say)
        + noted(around.note)
        + _tools(answer, turn, around, say)
    )
    head = _about(answer, around.where, say) + _searched(answer, around.where, say)
    return f'<div class="qa-reply {_KINDS[answer.state]}">{head}{body}{foot}</div>'


_KINDS: Mapping[AnswerState, str] = {"answer": "qa-answered", "unsure": "qa-unsure", "nothing": "qa-nothing"}


def _answer(answer: Answer, turn: int, say: Words) -> str:
    hits = answer.shown
    quoted = "".join(_cited_passage(hit, turn, n, say) for n, hit in enumerate(hits[: answer.quoted], 1))
    conflicts = "".join(_conflict(markers, turn, say) for markers in answer.conflicts)
    rest = _also_found(hits[answer.quoted :], turn, answer.quoted + 1, say)
    return f"{_parts(answer, say)}{quoted}{conflicts}{_match(answer.confidence, say)}{rest}"


def _unanswered(answer: Answer, turn: int, say: Words) -> str:
    """Return what was found instead of an answer, with the closest passage in the place of an answer's."""
    closest = "".join(_cited_passage(hit, turn, 1, say) for hit in answer.shown[:1])
    return (
        f'<p class="qa-finding"><strong>{found(answer, say)}</strong></p>{closest}{_also_found(answer.shown[1:], turn, 2, say)}'
    )


def _advice(answer: Answer, where: Where, say: Words) -> str:
    """Return what may help, a line each, with links; empty if nothing is known to."""
    each = "".join(
        f'<li dir="auto">{escape(words.case)} {_linked(hint, words.action, answer)}</li>'
        for hint, words in advice(answer, where, say)
    )
    return f'<ul class="qa-advice">{each}</ul>' if each else ""


def _period(answer: Answer, where: Where, say: Words) -> str:
    """Return a link that asks the question of the articles of the period that it seems to limit itself to, if it does."""
    links = "".join(
        f'<a class="qa-chip qa-again" href="{escape(urls.question(answer.searched or answer.question, _dated(hint, where)))}">'
        f"{escape(period_in_words(hint, say))}</a>"
        for hint in answer.hints
        if hint.kind == "period"
    )
    return f'<p class="qa-chips">{links}</p>' if links else ""


def _dated(hint: Hint, where: Where) -> Where:
    dates = Where.of_query(hint.value)
    return replace(where, after=dates.after, before=dates.before)


def _linked(hint: Hint, action: str, answer: Answer) -> str:
    if hint.kind == "filter":
        return f'<a class="qa-again" href="{escape(urls.question(answer.searched or answer.question))}">{escape(action)}</a>'
    if hint.kind == "article":
        return outside(urls.reading(hint.value, answer.citations[0].span), escape(action))
    return escape(action)


def courtesy(kind: str, examples: Sequence[str] = (), where: Where = EVERYWHERE, say: Words = ENGLISH) -> str:
    """Return what the page says to a greeting, to thanks or to a call for help, with questions to start with."""
    links = "".join(
        f'<a class="qa-chip qa-offer" dir="auto" href="{escape(urls.question(example, where))}">{escape(example)}</a>'
        for example in examples
    )
    chips = f'<p class="qa-chips"><span class="qa-quiet">{say("for_example")}</span> {links}</p>' if links else ""
    return f'<div class="qa-reply qa-courtesy"><p>{say(f"said_{kind}")}</p>{chips}</div>'


def first_passages(hits: Sequence[Hit], turn: int, say: Words = ENGLISH) -> str:
    """Return what the page shows during the search: the first passages, in the places in which those of the answer will be."""
    blocks = "".join(_cited_passage(hit, turn, n, say, linked=False) for n, hit in enumerate(hits, 1))
    state = say("still_ranking" if hits else "looking")
    return f'<div class="qa-reply qa-so-far">{blocks}<p class="qa-quiet">{state}</p></div>'


def error(message: str) -> str:
    """Return what the page says if a question cannot be answered."""
    return f'<div class="qa-reply qa-failed">{noted(message)}</div>'


def overview(counts: Mapping[str, int], pending: int = 0, failed: int = 0, say: Words = ENGLISH) -> str:
    """Return how much is indexed, from the counts of "articles" and "passages", and whether that is up to date."""
    links = "".join(
        f' <a class="qa-opens-dialog" href="#qa-{name}">{say(name)}</a>' for name in ("history", "save", "keyboard")
    )
    if not counts["articles"]:
        return f'<p class="qa-quiet">{say("nothing_indexed")}{links}</p>'
    indexed = {noun: say.counted(counts[f"{noun}s"], noun) for noun in ("article", "passage")}
    missing = [say(name, count=say.number(count)) for name, count in (("pending", pending), ("not_readable", failed)) if count]
    state = ", ".join(
        [say("indexed", articles=indexed["article"], passages=indexed["passage"]), *(missing or [say("in_step")])]
    )
    return f'<p class="qa-quiet">{state}. {say("stays_here")}{links}</p>'


def question(text: str) -> str:
    """Return a question as it is shown in the conversation."""
    return f'<div class="qa-asked" dir="auto">{escape(text.strip())}</div>'


def filter_links(where: Where, say: Words = ENGLISH) -> str:
    """Return the filters that limit the questions, each a link that removes it; empty if there are none."""
    if not where:
        return ""
    each = "".join(
        f'<a class="qa-chip" href="?{escape(rest.query())}" title="{say("remove", filter=escape(label))}">'
        f'{escape(label)}<span class="qa-cross"> ×</span></a>'
        for label, rest in filters_in_words(where, say)
    )
    every = f'<a class="qa-chip qa-every" href="?">{say("everything")}</a>'
    return f'<p class="qa-chips"><span class="qa-quiet">{say("scope")}</span> {each}{every}</p>'


def offers(questions: Mapping[str, str], where: Where = EVERYWHERE, say: Words = ENGLISH) -> str:
    """Return questions to ask next, each a link that shows its subject; empty if there are none."""
    each = "".join(
        f'<a class="qa-chip qa-offer" dir="auto" title="{escape(question)}" href="{escape(urls.question(question, where))}">'
        f"{escape(subject)}</a>"
        for subject, question in questions.items()
    )
    return f'<p class="qa-chips"><span class="qa-quiet">{say("ask_next")}</span> {each}</p>' if each else ""


def _only_these(where: Where, say: Words) -> str:
    labels = ", ".join(label for label, _ in filters_in_words(where, say))
    return f'<p class="qa-quiet">{say("only_these", filters=escape(labels))}</p>' if labels else ""


def _searched(answer: Answer, where: Where, say: Words) -> str:
    """Return what was searched for, if that is not just the question; a corrected one can be asked to the letter."""
    if not answer.is_searched_otherwise or answer.searched.startswith(f"{answer.question} ("):
        return ""
    words, link = escape(" ".join(answer.searched.split())), ""
    if answer.respelled:
        just = say("just", question=escape(" ".join(answer.question.split())))
        link = f' <a class="qa-offer" href="{escape(urls.question(answer.question, where))}">{just}</a>'
    if not (answer.is_follow_up or answer.is_condensed):
        corrected = (
            say("instead", **{name: escape(word) for name, word in each._asdict().items()}) for each in answer.respelled
        )
        words = ", ".join(dict.fromkeys(corrected))
    return f'<p class="qa-quiet qa-searched" dir="auto">{say("searched", question=words)}{link}</p>'


def _about(answer: Answer, where: Where, say: Words) -> str:
    """Return what a follow-up was taken to be about, as a link that asks the question without it."""
    if not answer.about:
        return ""
    # Gradio takes out "aria-label".
    link = (
        f'<a class="qa-chip qa-offer qa-about" dir="auto" href="{escape(urls.question(answer.question, where))}">'
        f'<span class="qa-unseen">{say("without")} </span>{escape(answer.about)}<span class="qa-cross"> ×</span></a>'
    )
    return f'<p class="qa-chips"><span class="qa-quiet">{say("about")}</span> {link}</p>'


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


def _also_found(hits: Sequence[Hit], turn: int, first: int, say: Words) -> str:
    """Return the best sentence of each passage that the answer does not quote."""
    blocks = "".join(
        '<div class="qa-found"><div class="qa-text" dir="auto">'
        f'<p class="qa-lines">{escape(plain.quote(hit.citation))}</p></div>{_source_line(hit, turn, n, say)}</div>'
        for n, hit in enumerate(hits, first)
    )
    return f'<p class="qa-quiet">{say("also_found")}</p>{blocks}' if blocks else ""


def _conflict(markers: Sequence[int], turn: int, say: Words) -> str:
    *first, last = (f'<a href="#src-{turn}-{n}">&#91;{n}&#93;</a>' for n in markers)
    markers_linked = f"{', '.join(first)} {say('and')} {last}"
    return f'<p class="qa-note">{say("differ", markers=markers_linked)}</p>'


def _relative_dates(hit: Hit, say: Words) -> str:
    return "; ".join(f"“{words}”: {say.date(iso)}" for words, iso in relative_dates(hit.citation))


def _cited_passage(hit: Hit, turn: int, n: int, say: Words, *, linked: bool = True) -> str:
    source = _source_line(hit, turn, n, say, linked=linked)
    return f'<div class="qa-cited"><div class="qa-text" dir="auto">{passage(hit)}</div>{source}</div>'


def _source_line(hit: Hit, turn: int, n: int, say: Words, *, linked: bool = True) -> str:
    marker = f'<a class="qa-marker" id="ref-{turn}-{n}" href="#src-{turn}-{n}">&#91;{n}&#93;</a> ' if linked else ""
    title = f'<strong dir="auto">{escape(hit.citation.title)}</strong>'
    facts = [within(hit.citation, say), escape(say.date(hit.citation.date)), escape(hit.citation.source)]
    if hit.also_in:
        facts.append(escape(say("also_in", count=say.counted(len(hit.also_in), "other article"))))
    facts.append(escape(_relative_dates(hit, say)))
    return f'<p class="qa-where">{marker}{title}{"".join(f" · {fact}" for fact in facts if fact)}</p>'


def _missing_files(answer: Answer, say: Words) -> str:
    """Return how many files the answer leaves out; empty if it is from all of the folder."""
    parts = []
    if answer.pending == 1:
        parts.append(say("one_changed"))
    elif answer.pending:
        parts.append(say("changed", files=say.counted(answer.pending, "file")))
    if answer.failed:
        parts.append(say("unread", files=say.counted(answer.failed, "file")))
    return f'<p class="qa-quiet">{" ".join(parts)}</p>' if parts else ""


def _tools(answer: Answer, turn: int, around: Surroundings, say: Words) -> str:
    """Return the buttons of an answer, and, hidden, what they copy and save."""
    buttons = "".join(
        f'<button type="button" class="qa-tool qa-{name}">{say(key)}</button>'
        for name, key in (("copy", "copy_answer"), ("edit", "edit_question"))
    )
    # On its own, a follow-up would be another question.
    address = escape(urls.question(answer.searched or answer.question, around.where))
    link = f'<a class="qa-tool qa-link" href="{address}">{say("copy_link")}</a>'
    judges = "".join(
        f'<button type="button" class="qa-tool qa-judge" value="{verdict}">{say(key)}</button>'
        for verdict, key in (("right", "was_right"), ("wrong", "was_wrong"), ("wrong source", "wrong_source"))
        if around.can_judge
    )
    copied = f'<pre class="qa-copy-source" hidden>{escape(as_markdown(answer))}</pre>'
    saved = f'<div class="qa-to-save" hidden>{as_html(answer)}</div>'
    return f'<p class="qa-tools">{buttons}{link}<span class="qa-judges" id="judges-{turn}">{judges}</span></p>{copied}{saved}'
