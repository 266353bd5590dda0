"""The page for people: a conversation beside the articles it cites. The only module that imports gradio."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount

from qa.errors import QuestionError
from qa.library import Library
from qa.web.chat import answer_html
from qa.web.chat.conversation import Conversation, Submission, Turns, messages, new_turn, panel, searched_before
from qa.web.chat.event_streams import EventStreams
from qa.web.gradio_gate import GradioGate
from qa.web.guard import log_trouble
from qa.web.markup import script, style
from qa.web.messages import ENGLISH, Words, preferred
from qa.web.options import ServerOptions
from qa.web.sessions import Sessions
from qa.web.strings import LANGUAGES
from qa.where import Where

# Gradio reads both when it is imported: it sends nothing to its makers, and writes no file to a folder that others know.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="qa-page-")
atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)

import gradio as gr  # noqa: E402
from gradio import queueing  # noqa: E402

MOST_SESSIONS = 200
STYLES, SCRIPTS = ("page.css", "articles.css"), ("citations.js", "page.js", "articles.js")
HEAD = "".join([*map(style, STYLES), *map(script, SCRIPTS)])
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

Changes = dict[Any, Any]
"""Components with their new values."""


class _QuietTraceback:
    """Stands in for `traceback` in Gradio's queue, so that errors are logged without the words of a question.

    No setting does that: `gr.Error(print_exception=False)` does not reach errors that come before a handler is called.
    """

    @staticmethod
    def print_exc() -> None:
        if error := sys.exception():
            log_trouble(error)


setattr(queueing, "traceback", _QuietTraceback)  # noqa: B010  # An attribute that a type checker does not see.


def mount(app: FastAPI, library: Library, options: ServerOptions) -> None:
    """Mount the page for `library` at the root of `app`; routes that are there already come first."""
    tables = {name: Words(name).table() for name in LANGUAGES}
    for table in tables.values():
        table |= {"heading": f"# {table['title']}", "sources_heading": f"## {table['sources']}"}
    i18n = gr.I18n(**tables)
    demo = _blocks(Conversation(library, app.state.metrics, options.feedback), i18n)
    demo.state_session_capacity = MOST_SESSIONS
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
    *others, mounted = app.routes
    assert isinstance(mounted, Mount)
    mounted.app = GradioGate(EventStreams(mounted.app), others)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that events read and write; `session` is the key under which the turns are stored.

    The last four are how the page's scripts speak to the server: the filter as a query string, the question that a script asks
    as standalone, a judgement as `feedback.judgement` reads it, and that a sync has ended.
    """

    session: gr.State
    chat: gr.Chatbot
    notice: gr.Markdown
    offers: gr.Markdown
    filters: gr.Markdown
    box: gr.Textbox
    panel: gr.Markdown
    overview: gr.Markdown
    scope: gr.Textbox
    standalone: gr.Textbox
    judged: gr.Textbox
    news: gr.Textbox


def _blocks(conversation: Conversation, i18n: gr.I18n) -> gr.Blocks:
    demo: gr.Blocks = gr.Blocks(
        title=ENGLISH("title"), fill_height=True, fill_width=True, analytics_enabled=False, delete_cache=(3600, 3600)
    )
    sessions = Sessions()
    with demo:
        with gr.Row(elem_id="qa-head"):
            _markdown("qa-title", i18n("heading"))
            overview = _markdown("qa-overview")
        with gr.Tabs(elem_id="qa-tabs"):
            with gr.Tab(i18n("tab_ask"), id="ask"):
                parts = _conversation_columns(conversation, sessions, i18n, overview)
            with gr.Tab(i18n("tab_articles"), id="articles"):
                _markdown("qa-shelf-place", '<div id="qa-shelf"></div>')
        _listen(demo, parts, _Events(conversation, sessions, parts))
    demo.queue(max_size=32, default_concurrency_limit=4, api_open=False)
    return demo


def _conversation_columns(conversation: Conversation, sessions: Sessions, i18n: gr.I18n, overview: gr.Markdown) -> _Parts:
    session: gr.State = gr.State("", delete_callback=sessions.forget)
    with gr.Row(elem_id="qa-columns"):
        with gr.Column(scale=3, min_width=320, elem_id="qa-talk"):
            chat = _chat(conversation.examples(), i18n)
            notice, offers, filters = (_markdown(f"qa-{name}") for name in ("notice", "offers", "scoped"))
            box = _box(conversation.library.settings.question_chars, i18n)
        with gr.Column(scale=2, min_width=320, elem_id="qa-side"):
            _markdown("qa-sources-title", i18n("sources_heading"))
            sources = _markdown("sources", i18n("no_sources"))
        names = ("scope", "standalone", "judged", "news")
        from_scripts = [gr.Textbox(visible="hidden", elem_id=f"qa-{name}", label=name) for name in names]
    return _Parts(session, chat, notice, offers, filters, box, sources, overview, *from_scripts)


def _markdown(id: str, value: Any = "") -> gr.Markdown:
    return gr.Markdown(value, sanitize_html=True, latex_delimiters=[], elem_id=id)


def _chat(questions: list[str], i18n: gr.I18n) -> gr.Chatbot:
    placeholder: Any = i18n("welcome")
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
        placeholder=placeholder,
        examples=[{"text": question} for question in questions],
    )


def _box(most_chars: int, i18n: gr.I18n) -> gr.Textbox:
    label: Any = i18n("ask")
    return gr.Textbox(
        label=i18n("your_question"),
        placeholder=i18n("type_a_question"),
        submit_btn=label,
        max_length=most_chars,
        autofocus=True,
        elem_id="qa-box",
    )


# --- events --------------------------------------------------------------------------------------------------------------


class _Events:
    """The handlers of events. They never read the value of the chat: what a browser sends back as that is not to be trusted."""

    def __init__(self, conversation: Conversation, sessions: Sessions, parts: _Parts) -> None:
        self.conversation = conversation
        self.sessions = sessions
        self.parts = parts

    def ask(self, question: str, standalone: str, query: str, key: str, request: gr.Request) -> Iterator[Changes]:
        """Show the question, and the answer as it comes; a question that `standalone` holds too is never a follow-up."""
        submission = Submission(question, query, question == standalone)
        yield from self._answer(submission, key, self.sessions.turns(key), _words(request))

    def again(self, query: str, key: str, request: gr.Request) -> Iterator[Changes]:
        """Ask the last question once more, in its own place."""
        if earlier := self.sessions.turns(key):
            submission = Submission(earlier[-1].question, query, earlier[-1].standalone)
            yield from self._answer(submission, key, earlier[:-1], _words(request))

    def _answer(self, submission: Submission, key: str, earlier: Turns, say: Words) -> Iterator[Changes]:
        parts = self.parts
        try:
            turn = new_turn(submission, earlier)
            search = self.conversation.search(turn, searched_before(earlier))
            emptied = {parts.notice: "", parts.box: "", parts.standalone: "", parts.offers: ""}
            for state in self.conversation.states(turn, search, say):
                key, turns = self.sessions.save(key, (*earlier, state))
                yield {parts.session: key, parts.chat: messages(turns)} | emptied
                emptied = {}  # By now the next question may be typed.
        except QuestionError as error:
            sorry = {parts.notice: answer_html.error(str(error)), parts.box: submission.question, parts.standalone: ""}
            key, turns = self.sessions.save(key, earlier)
            yield {parts.session: key, parts.chat: messages(turns)} | sorry

    def sources(self, key: str, request: gr.Request) -> str:
        """Show the sources. A handler of its own: the last value of one that yields is sent twice, and sources are long."""
        return panel(self.sessions.turns(key), _words(request))

    def afterwards(self, key: str, request: gr.Request) -> Changes:
        """Offer questions to ask next. A handler of its own: during `ask` no other question is accepted."""
        say, turns = _words(request), self.sessions.turns(key)
        offers = self.conversation.offers(turns[-1], say) if turns else ""
        return {self.parts.offers: offers, self.parts.overview: self.conversation.overview(say)}

    def undo(self, key: str, request: gr.Request) -> Changes:
        """Put the last question back into the box."""
        earlier = self.sessions.turns(key)
        redrawn = self._redrawn(key, earlier[:-1], _words(request))
        return redrawn | {self.parts.notice: "", self.parts.offers: "", self.parts.box: earlier[-1].question if earlier else ""}

    def clear(self, key: str, request: gr.Request) -> Changes:
        """Begin a new conversation."""
        return self._redrawn(key, (), _words(request)) | {self.parts.offers: "", self.parts.notice: ""}

    def show_filters(self, query: str, request: gr.Request) -> Changes:
        """Show the filters of the next questions."""
        try:
            return {self.parts.filters: answer_html.filter_links(Where.of_query(query), _words(request)), self.parts.notice: ""}
        except QuestionError as error:
            return {self.parts.filters: "", self.parts.notice: answer_html.error(str(error))}

    def judge(self, value: str, key: str, request: gr.Request) -> str:
        """Note a reader's judgement of an answer."""
        return self.conversation.judge(value, self.sessions.turns(key), _words(request))

    def overview(self, request: gr.Request) -> str:
        """Say how much is indexed."""
        return self.conversation.overview(_words(request))

    def _redrawn(self, key: str, turns: Turns, say: Words) -> Changes:
        key, turns = self.sessions.save(key, turns)
        return {self.parts.session: key, self.parts.chat: messages(turns), self.parts.panel: panel(turns, say)}


def _listen(demo: gr.Blocks, parts: _Parts, events: _Events) -> None:
    chat, box = parts.chat, parts.box
    inputs = [box, parts.standalone, parts.scope, parts.session]
    outputs = [parts.session, chat, parts.notice, parts.offers, box, parts.standalone]
    # Each gets a value each time: for one that is left out, Gradio makes a new component, and keeps the old one in memory.
    redrawn = [parts.session, chat, parts.notice, parts.offers, parts.panel]
    for answered in (
        box.submit(events.ask, inputs, outputs, **HIDDEN),
        chat.example_select(_chosen_example, None, box, **HIDDEN).then(events.ask, inputs, outputs, **HIDDEN),
        chat.retry(events.again, [parts.scope, parts.session], outputs, **HIDDEN),
    ):
        with_sources = answered.then(events.sources, parts.session, parts.panel, **HIDDEN)
        with_sources.then(events.afterwards, parts.session, [parts.offers, parts.overview], **HIDDEN)
    for shortened in (
        chat.undo(events.undo, parts.session, [*redrawn, box], **HIDDEN),
        chat.clear(events.clear, parts.session, redrawn, **HIDDEN),
    ):  # The sources of an answer that was under way may have come after it.
        shortened.then(events.sources, parts.session, parts.panel, **HIDDEN)
    parts.scope.change(events.show_filters, parts.scope, [parts.filters, parts.notice], **HIDDEN)
    parts.judged.change(events.judge, [parts.judged, parts.session], parts.notice, **HIDDEN)
    parts.news.change(events.overview, None, parts.overview, **HIDDEN)
    demo.load(events.overview, None, parts.overview, **HIDDEN)


def _chosen_example(event: gr.SelectData) -> str:
    return str(event.value["text"])


def _words(request: gr.Request) -> Words:
    return preferred(request.headers.get("accept-language") or "")
