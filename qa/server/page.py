"""The page for people: a conversation beside the articles it cites. The only module that imports gradio."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError  # noqa: A004
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from qa import feedback, reply, suggest
from qa.errors import QaError, QuestionError
from qa.library import Library
from qa.schema import Answer, Hit
from qa.server.freshness import catch_up
from qa.server.guard import log_trouble
from qa.server.metrics import Metrics
from qa.where import Where
from qa.words import ENGLISH, LANGUAGES, Words, preferred

# Gradio reads both when it is imported: no word to its makers, and no file of ours in a folder that others know.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="qa-page-")
atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)

import gradio as gr  # noqa: E402

TURNS_IN_PANEL = 5
"""The sources of older turns are dropped from the panel, to keep the page small."""
TURNS_KEPT = 50
SESSIONS_KEPT = 200
SUGGESTED = 3
SOON_S = 0.1
"""An answer that takes longer is preceded by the first passages found."""

DEMO = (
    "Who signed the agreement between the ICC and ILANUD, and when?",
    "How many Venezuelan officials were convicted?",
    "By what vote was the Rome Statute adopted?",
    "How many judges does the ICC have?",
)
STYLES, SCRIPTS = ("qa.css", "shelf.css"), ("cite.js", "keep.js", "shelf.js")
HEAD = "".join(f'<link rel="stylesheet" href="/static-qa/{name}">' for name in STYLES) + "".join(
    f'<script defer src="/static-qa/{name}"></script>' for name in SCRIPTS
)
EXACTLY = "\u2060"
"""An invisible character before a question that is not to lean on the one before."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, what it was limited to, and what the page shows for it, as HTML; and what it offers to ask next."""

    number: int
    question: str
    where: Where
    exactly: bool
    reply: str = ""
    sources: str = ""
    answer: Answer | None = None
    offered: tuple[tuple[str, str], ...] = ()

    @property
    def searched(self) -> str:
        """What was searched for."""
        return self.answer.searched if self.answer else ""


Turns = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that events read and write."""

    turns: gr.State
    chat: gr.Chatbot
    notice: gr.Markdown
    chips: gr.Markdown
    box: gr.Textbox
    panel: gr.Markdown
    overview: gr.Markdown
    scope: gr.Textbox
    judged: gr.Textbox


def mount(app: FastAPI, library: Library, noted_in: Path | None = None) -> None:
    """Mount the page for `library` at the root of `app`; routes that are there already come first.

    What readers think of answers is noted in the file `noted_in`.
    """
    i18n = gr.I18n(**{language: _table(Words(language)) for language in LANGUAGES})
    demo = _blocks(library, app.state.metrics, i18n, noted_in)
    demo.state_session_capacity = SESSIONS_KEPT
    gr.mount_gradio_app(
        app,
        demo,
        path="/",
        theme=gr.themes.Default(
            primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        head=HEAD,
        i18n=i18n,
        footer_links=[],
        run_history=False,
        max_file_size="1kb",
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        allowed_paths=[],
        mcp_server=False,
        root_path="",
    )
    # A mounted page skips the check that a file named in a request was uploaded, so that any file could be read,
    # unless it takes itself for launched.
    demo.has_launched = True


def examples(library: Library) -> list[str]:
    """Return a few questions to start with; from the titles where the library is not the one that is shipped."""
    known = sorted(library.catalog.known())
    if any("ilanud" in id for id in known):
        return list(DEMO)
    titles = [article.title for id in known[: len(DEMO)] if (article := library.article(id))]
    return [Words(library.settings.language)("said_about", subject=" ".join(title.split())) for title in titles]


def _table(say: Words) -> dict[str, str]:
    return {**say.table(), "heading": f"# {say('title')}", "sources_heading": f"## {say('sources')}"}


# --- components ----------------------------------------------------------------------------------------------------------


def _blocks(library: Library, metrics: Metrics, i18n: gr.I18n, noted_in: Path | None) -> gr.Blocks:
    demo: gr.Blocks = gr.Blocks(
        title=ENGLISH("title"), fill_height=True, fill_width=True, analytics_enabled=False, delete_cache=(3600, 3600)
    )
    with demo:
        with gr.Row(elem_id="qa-head"):
            gr.Markdown(i18n("heading"), elem_id="qa-title")
            overview = _markdown("qa-overview")
        with gr.Tabs(elem_id="qa-tabs"):
            with gr.Tab(i18n("tab_ask"), id="ask"):
                parts = _conversation(library, i18n, overview)
            with gr.Tab(i18n("tab_articles"), id="articles"):
                _markdown("qa-shelf-place", '<div id="qa-shelf"></div>')
        _listen(library, metrics, demo, parts, noted_in)
    demo.queue(max_size=32, default_concurrency_limit=4, api_open=False)
    return demo


def _conversation(library: Library, i18n: gr.I18n, overview: gr.Markdown) -> _Parts:
    turns: gr.State = gr.State(())
    with gr.Row(elem_id="qa-columns"):
        with gr.Column(scale=3, min_width=320, elem_id="qa-talk"):
            chat = _chat(examples(library), i18n)
            notice, chips = _markdown("qa-notice"), _markdown("qa-scoped")
            box = _box(library.settings.question_chars, i18n)
        with gr.Column(scale=2, min_width=320, elem_id="qa-side"):
            gr.Markdown(i18n("sources_heading"), elem_id="qa-sources-title")
            panel = _markdown("sources", i18n("no_sources"))
        # What the page's script tells the server: the filter as a query string, and a judgement as "turn:verdict".
        scope, judged = (gr.Textbox(visible="hidden", elem_id=f"qa-{name}", label=name) for name in ("scope", "judged"))
    return _Parts(turns, chat, notice, chips, box, panel, overview, scope, judged)


def _markdown(id: str, value: Any = "") -> gr.Markdown:
    return gr.Markdown(value, sanitize_html=True, latex_delimiters=[], elem_id=id)


def _chat(questions: list[str], i18n: gr.I18n) -> gr.Chatbot:
    return gr.Chatbot(
        label=i18n("conversation"),
        show_label=False,
        elem_id="qa-chat",
        buttons=[],
        feedback_options=None,
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        autoscroll=False,
        layout="panel",
        placeholder=i18n("welcome"),
        examples=[{"text": question} for question in questions],
    )


def _box(most_chars: int, i18n: gr.I18n) -> gr.Textbox:
    return gr.Textbox(
        label=i18n("your_question"),
        placeholder=i18n("type_a_question"),
        submit_btn=i18n("ask"),
        max_length=most_chars,
        autofocus=True,
        elem_id="qa-box",
    )


# --- events --------------------------------------------------------------------------------------------------------------


def _listen(library: Library, metrics: Metrics, demo: gr.Blocks, parts: _Parts, noted_in: Path | None) -> None:
    turns, chat, notice, box, panel = parts.turns, parts.chat, parts.notice, parts.box, parts.panel

    # The value of the chat is never an input: what a browser sends back as one is not to be trusted.
    def ask(question: str, query: str, earlier: Turns, request: gr.Request) -> Iterator[dict[Any, Any]]:
        say = _words(request)
        try:
            turn = _begun(question, query, earlier)
            if turn.question.strip():
                yield {chat: _messages((*earlier, turn), say), notice: "", box: ""}
            leaning_on = earlier[-1].searched if earlier else ""
            for turn in _answered(library, metrics, turn, leaning_on, say, judged=noted_in is not None):
                now = (*earlier, turn)[-TURNS_KEPT:]
                yield {turns: now, chat: _messages(now, say), panel: _panel(now, say)}
        except QuestionError as error:
            yield {chat: _messages(earlier, say), notice: reply.failed(str(error)), box: question.removeprefix(EXACTLY)}
            return
        yield {parts.overview: _overview(library, say)}
        if offered := _offered(library, turn):
            now = (*now[:-1], replace(turn, offered=offered))
            yield {turns: now, chat: _messages(now, say)}

    def again(query: str, earlier: Turns, request: gr.Request) -> Iterator[dict[Any, Any]]:
        if earlier:
            last = earlier[-1]
            yield from ask(EXACTLY * last.exactly + last.question, query, earlier[:-1], request)

    def taken_back(earlier: Turns, request: gr.Request) -> dict[Any, Any]:
        now, say = earlier[:-1], _words(request)
        return {turns: now, chat: _messages(now, say), panel: _panel(now, say), box: earlier[-1].question if earlier else ""}

    def cleared(request: gr.Request) -> dict[Any, Any]:
        return {turns: (), panel: _panel((), _words(request)), notice: ""}

    def scoped(query: str, request: gr.Request) -> dict[Any, Any]:
        say = _words(request)
        try:
            return {parts.chips: reply.chips(Where.of_query(query), say), notice: ""}
        except QuestionError as error:
            return {parts.chips: reply.chips(Where(path="-"), say), notice: reply.failed(str(error))}

    def judged(value: str, earlier: Turns, request: gr.Request) -> str:
        return _judged(value, earlier, noted_in, _words(request))

    def about(request: gr.Request) -> str:
        return _overview(library, _words(request))

    asking = [box, parts.scope, turns]
    shown = [turns, chat, notice, box, panel, parts.overview]
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    box.submit(ask, asking, shown, **hidden)
    chat.example_select(_chosen_example, None, box, **hidden).then(ask, asking, shown, **hidden)
    chat.option_select(_chosen_option, None, box, **hidden).then(ask, asking, shown, **hidden)
    chat.retry(again, [parts.scope, turns], shown, **hidden)
    chat.undo(taken_back, turns, shown, **hidden)
    chat.clear(cleared, None, [turns, panel, notice], **hidden)
    parts.scope.change(scoped, parts.scope, [parts.chips, notice], **hidden)
    parts.judged.change(judged, [parts.judged, turns], notice, **hidden)
    demo.load(about, None, parts.overview, **hidden)


def _chosen_example(event: gr.SelectData) -> str:
    return str(event.value["text"])


def _chosen_option(event: gr.SelectData) -> str:
    return str(event.value)


def _words(request: gr.Request) -> Words:
    return preferred(request.headers.get("accept-language") or "")


def _begun(question: str, query: str, earlier: Turns) -> Turn:
    where = Where.of_query(query)
    return Turn(earlier[-1].number + 1 if earlier else 1, question.removeprefix(EXACTLY), where, question.startswith(EXACTLY))


_LOOKING = ThreadPoolExecutor(max_workers=8, thread_name_prefix="qa-page")


def _answered(
    library: Library, metrics: Metrics, turn: Turn, earlier: str, say: Words, *, judged: bool
) -> Iterator[Turn]:
    """Yield the turn with its answer, from the articles as they are now; where that takes long, first with what is found so far.

    Raise `QuestionError` for a bad question.
    """
    looking = _LOOKING.submit(_asked, library, metrics, turn, "" if turn.exactly else earlier)
    try:
        try:
            answer, note = looking.result(SOON_S)
        except TimeoutError:
            if found := _found_so_far(library, turn):
                yield replace(turn, reply=reply.found_so_far(found, turn.number, say))
            answer, note = looking.result()
    except QuestionError:
        raise
    except QaError as error:
        yield replace(turn, reply=reply.failed(str(error)))
    except Exception as error:  # Gradio would log its words, which may be those of the question.
        log_trouble(error)
        yield replace(turn, reply=reply.failed(say("went_wrong")))
    else:
        articles = [library.article(hit.passage.article_id) for hit in reply.shown_hits(answer)]
        offered = ((say("just", question=" ".join(turn.question.split())), EXACTLY + turn.question),)
        yield replace(
            turn,
            answer=answer,
            reply=reply.reply(answer, turn.number, note=note, where=turn.where, judged=judged, say=say),
            sources=reply.sources(answer, turn.number, articles, say),
            offered=offered if answer.searched != answer.question else (),
        )


def _asked(library: Library, metrics: Metrics, turn: Turn, earlier: str) -> tuple[Answer, str]:
    note = catch_up(library)
    with metrics.asked("page") as outcome:
        answer = library.ask(turn.question, turn.where, earlier=earlier)
        outcome.answered = answer.answered
    return answer, note


def _found_so_far(library: Library, turn: Turn) -> list[Hit]:
    try:
        return library.glance(turn.question, reply.NEAREST, turn.where) if library.catalog.generation else []
    except QaError:  # The answer will say so.
        return []


def _offered(library: Library, turn: Turn) -> tuple[tuple[str, str], ...]:
    """Return what an answer offers to ask next, label and question: only what the articles answer."""
    answer = turn.answer
    if answer is None or not answer.answered:
        return ()
    first = answer.citations[0]
    article = library.article(first.article_id)
    found: list[tuple[str, str]] = []
    asking = Words(library.settings.language)
    for subject in suggest.subjects(article, first.span.start, answer.hits)[: 2 * SUGGESTED] if article else ():
        question = asking("said_about", subject=subject)
        if len(found) < SUGGESTED and len(question) <= library.settings.question_chars and _is_answered(library, question, turn):
            found.append((question, EXACTLY + question))
    return (*turn.offered, *found) if found else ()


def _is_answered(library: Library, question: str, turn: Turn) -> bool:
    try:
        return library.ask(question, turn.where).answered
    except QaError:
        return False


def _judged(value: str, earlier: Turns, noted_in: Path | None, say: Words) -> str:
    """Note what a reader thinks of an answer; `value` is the number of its turn, and the verdict."""
    number, _, verdict = value.partition(":")
    turn = next((turn for turn in earlier if str(turn.number) == number), None)
    if turn is None or turn.answer is None or verdict not in feedback.VERDICTS or noted_in is None:
        return ""
    try:
        feedback.note(noted_in, turn.answer, feedback.VERDICTS[feedback.VERDICTS.index(verdict)])
    except QaError as error:
        return reply.failed(str(error))
    return f'<p class="qa-quiet">{say("thanks")}</p>'


def _messages(turns: Turns, say: Words) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for turn in turns:
        messages.append({"role": "user", "content": reply.asked(turn.question)})
        if turn.reply:
            messages.append({"role": "assistant", "content": turn.reply})
    if turns and turns[-1].offered and turns[-1].reply:  # Only the last answer's are of use.
        messages[-1]["options"] = [{"value": value, "label": label} for label, value in turns[-1].offered]
    return messages


def _panel(turns: Turns, say: Words) -> str:
    parts = [turn.sources for turn in reversed(turns[-TURNS_IN_PANEL:])]
    return "".join(parts) or f'<p class="qa-quiet">{say("no_sources")}</p>'


def _overview(library: Library, say: Words) -> str:
    try:
        return reply.overview(library.catalog.counts(), library.pending(lately=True), library.failed(), say)
    except QaError as error:
        return reply.failed(str(error))
