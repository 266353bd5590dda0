"""The page for people: a conversation beside the articles it cites. The only module that imports gradio."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI

from qa import render
from qa.errors import QaError, QuestionError
from qa.library import Library
from qa.server.freshness import catch_up
from qa.server.guard import log_trouble
from qa.server.metrics import Metrics

# Gradio reads both when it is imported: no word to its makers, and no file of ours in a folder that others know.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="qa-page-")
atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)

import gradio as gr  # noqa: E402

TITLE = "Ask the articles"
TURNS_IN_PANEL = 5
"""The sources of older turns are dropped from the panel, to keep the page small."""
TURNS_KEPT = 50
SESSIONS_KEPT = 200

DEMO = (
    "Who signed the agreement between the ICC and ILANUD, and when?",
    "How many Venezuelan officials were convicted?",
    "By what vote was the Rome Statute adopted?",
    "How many judges does the ICC have?",
)
HEAD = '<link rel="stylesheet" href="/static-qa/qa.css"><script defer src="/static-qa/cite.js"></script>'
EXACTLY = "\u2060"
"""An invisible character before a question that is not to lean on the one before."""
PLACEHOLDER = "Answers are quoted word for word from the articles, each with its source."
NO_SOURCES = '<p class="qa-quiet">The articles that an answer quotes are shown here, with the quoted words highlighted.</p>'


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, and what the page shows for it, as HTML; what was searched for, and what it offers to ask next."""

    number: int
    asked: str
    reply: str = ""
    sources: str = ""
    searched: str = ""
    options: tuple[str, ...] = ()


Turns = tuple[Turn, ...]


def mount(app: FastAPI, library: Library) -> None:
    """Mount the page for `library` at the root of `app`; routes that are there already come first."""
    demo = _blocks(library, app.state.metrics)
    demo.state_session_capacity = SESSIONS_KEPT
    gr.mount_gradio_app(
        app,
        demo,
        path="/",
        theme=gr.themes.Default(
            primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        head=HEAD,
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
    return [f"What is said about {' '.join(title.split())}?" for title in titles]


def _blocks(library: Library, metrics: Metrics) -> gr.Blocks:
    demo: gr.Blocks = gr.Blocks(
        title=TITLE, fill_height=True, fill_width=True, analytics_enabled=False, delete_cache=(3600, 3600)
    )
    with demo:
        turns: gr.State = gr.State(())
        with gr.Row(elem_id="qa-head"):
            gr.Markdown(f"# {TITLE}", elem_id="qa-title")
            overview = gr.Markdown(sanitize_html=True, latex_delimiters=[], elem_id="qa-overview")
        with gr.Row(elem_id="qa-columns"):
            with gr.Column(scale=3, min_width=320, elem_id="qa-talk"):
                chat = _chat(examples(library))
                notice = gr.Markdown(sanitize_html=True, latex_delimiters=[], elem_id="qa-notice")
                box = _box(library.settings.question_chars)
            with gr.Column(scale=2, min_width=320, elem_id="qa-side"):
                gr.Markdown("## Sources", elem_id="qa-sources-title")
                panel = gr.Markdown(NO_SOURCES, sanitize_html=True, latex_delimiters=[], elem_id="sources")
        _listen(library, metrics, demo, turns, chat, notice, box, panel, overview)
    demo.queue(max_size=32, default_concurrency_limit=4, api_open=False)
    return demo


def _chat(questions: list[str]) -> gr.Chatbot:
    return gr.Chatbot(
        label="Conversation",
        show_label=False,
        elem_id="qa-chat",
        buttons=[],
        feedback_options=None,
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        autoscroll=False,
        layout="panel",
        placeholder=PLACEHOLDER,
        examples=[{"text": question} for question in questions],
    )


def _box(most_chars: int) -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        placeholder="Type a question about the articles",
        submit_btn="Ask",
        max_length=most_chars,
        autofocus=True,
        elem_id="qa-box",
    )


def _listen(
    library: Library,
    metrics: Metrics,
    demo: gr.Blocks,
    turns: gr.State,
    chat: gr.Chatbot,
    notice: gr.Markdown,
    box: gr.Textbox,
    panel: gr.Markdown,
    overview: gr.Markdown,
) -> None:
    # The value of the chat is never an input: what a browser sends back as one is not to be trusted.
    def ask(question: str, earlier: Turns) -> Iterator[dict[Any, Any]]:
        leaning_on = "" if question.startswith(EXACTLY) else earlier[-1].searched if earlier else ""
        question = question.removeprefix(EXACTLY)
        turn = Turn(earlier[-1].number + 1 if earlier else 1, render.asked(question))
        if question.strip():
            yield {chat: _messages((*earlier, turn)), notice: "", box: ""}
        try:
            turn = answered(library, metrics, turn, question, leaning_on)
        except QuestionError as error:
            yield {chat: _messages(earlier), notice: render.failed(str(error)), box: question}
            return
        now = (*earlier, turn)[-TURNS_KEPT:]
        yield {turns: now, chat: _messages(now), panel: _panel(now), overview: _overview(library)}

    def about() -> str:
        return _overview(library)

    def chosen(event: gr.SelectData) -> str:
        return str(event.value["text"])

    def chosen_option(event: gr.SelectData) -> str:
        return str(event.value)

    def cleared() -> dict[Any, Any]:
        return {turns: (), panel: NO_SOURCES, notice: ""}

    shown: list[Any] = [turns, chat, notice, box, panel, overview]
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    box.submit(ask, [box, turns], shown, **hidden)
    chat.example_select(chosen, None, box, **hidden).then(ask, [box, turns], shown, **hidden)
    chat.option_select(chosen_option, None, box, **hidden).then(ask, [box, turns], shown, **hidden)
    chat.clear(cleared, None, [turns, panel, notice], **hidden)
    demo.load(about, None, overview, **hidden)


def answered(library: Library, metrics: Metrics, turn: Turn, question: str, earlier: str = "") -> Turn:
    """Return the turn with its answer, from the articles as they are now. Raise `QuestionError` for a bad question.

    `earlier` is what was searched for before, on which the question may lean.
    """
    note = catch_up(library)
    try:
        with metrics.asked("page") as outcome:
            answer = library.ask(question, earlier=earlier)
            outcome.answered = answer.answered
    except QuestionError:
        raise
    except QaError as error:
        return replace(turn, reply=render.failed(str(error)))
    except Exception as error:  # Gradio would log its words, which may be those of the question.
        log_trouble(error)
        return replace(turn, reply=render.failed("Something went wrong here: the server's log says where."))
    articles = [library.article(hit.passage.article_id) for hit in render.shown_hits(answer)]
    return replace(
        turn,
        reply=render.reply(answer, turn.number, note=note),
        sources=render.sources(answer, turn.number, articles),
        searched=answer.searched,
        options=(answer.question,) if answer.searched != answer.question else (),
    )


def _messages(turns: Turns) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for turn in turns:
        messages.append({"role": "user", "content": turn.asked})
        if turn.reply:
            messages.append({"role": "assistant", "content": turn.reply})
    if turns and turns[-1].options and turns[-1].reply:  # Only the last answer's are of use.
        labels = [f"Search for just “{' '.join(option.split())}”" for option in turns[-1].options]
        values = [f"{EXACTLY}{option}" for option in turns[-1].options]
        messages[-1]["options"] = [{"value": value, "label": label} for value, label in zip(values, labels, strict=True)]
    return messages


def _panel(turns: Turns) -> str:
    parts = [turn.sources for turn in reversed(turns[-TURNS_IN_PANEL:])]
    return "".join(parts) or NO_SOURCES


def _overview(library: Library) -> str:
    try:
        return render.overview(library.catalog.counts(), library.pending(lately=True), library.failed())
    except QaError as error:
        return render.failed(str(error))
