"""The turns of the conversation in the page, with the answers as HTML, and the questions to ask next. No gradio here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from qa.answering.quotes import CITATIONS
from qa.errors import QaError, QuestionError
from qa.library import Library
from qa.results import Answer, Hit
from qa.web.chat import answer_html, feedback, follow_ups, source_html
from qa.web.freshness import catch_up
from qa.web.guard import log_trouble
from qa.web.messages import Words
from qa.web.metrics import Metrics
from qa.where import Where

WHOLE_TURNS = 5
"""The sources of older turns are their passages only, to keep the page small."""
MOST_OFFERS = 3
SOON_S = 0.1
"""The first passages are shown if the answer takes longer."""
EXAMPLES = ".examples"
"""A file beside the articles, but not one of them: questions to start with, one a line."""
SHOWN_EXAMPLES, EXAMPLE_CHARS = 4, 200


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, its filter, and what the page shows for it, as HTML.

    A `standalone` question is searched for to the letter: it is no follow-up, and its spelling stays. `sources` shows whole
    articles, and is empty in older turns; `passages` shows only the passages of the hits.
    """

    number: int
    question: str
    where: Where
    standalone: bool
    reply: str = ""
    sources: str = ""
    passages: str = ""
    answer: Answer | None = None

    @property
    def searched(self) -> str:
        """What was searched for; empty without an answer."""
        return self.answer.searched if self.answer else ""


Turns = tuple[Turn, ...]
Search = Future[tuple[Answer, str]]
"""An answer, and in one line what went wrong with the sync before it."""


class Submission(NamedTuple):
    """What the page sends: a question, the filter as a query string, and whether to search for it to the letter."""

    question: str
    query: str
    standalone: bool


def searched_before(earlier: Turns) -> str:
    """Return what was searched for last; a greeting and the like does not end what the conversation is about."""
    return next((turn.searched for turn in reversed(earlier) if turn.searched), "")


def new_turn(submission: Submission, earlier: Turns) -> Turn:
    """Return the next turn, without an answer. Raise `QuestionError` if the query is not a filter."""
    number = earlier[-1].number + 1 if earlier else 1
    return Turn(number, submission.question, Where.of_query(submission.query), submission.standalone)


class Conversation:
    """What all conversations share. Safe to use from many threads."""

    def __init__(self, library: Library, metrics: Metrics, feedback_path: Path | None) -> None:
        """Ask `library`; readers' judgements are added to the file `feedback_path`, if it is given."""
        self.library = library
        self.metrics = metrics
        self.feedback_path = feedback_path
        self._library_words = Words(library.settings.language)
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="qa-page")

    def examples(self) -> list[str]:
        """Return a few questions to start with: those in the file `.examples` of the folder, or else about the first titles."""
        try:
            lines = (self.library.seeds / EXAMPLES).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            lines = []
        if given := [line.strip()[:EXAMPLE_CHARS] for line in lines if line.strip()]:
            return given[:SHOWN_EXAMPLES]
        titles = [each.title for each in self.library.articles()[:SHOWN_EXAMPLES]]
        return [self._library_words("said_about", subject=" ".join(title.split())) for title in titles]

    def search(self, turn: Turn, earlier: str) -> Search:
        """Begin to search for the answer, in the articles as they are now.

        `earlier` is what was searched for before, which a follow-up takes up.
        """
        return self._pool.submit(self._ask, turn, "" if turn.standalone else earlier)

    def states(self, turn: Turn, search: Search, say: Words) -> Iterator[Turn]:
        """Yield the turn with its answer; if that takes long, first without passages and then with the first passages.

        Raise `QuestionError` for a bad question.
        """
        try:
            try:
                answer, note = search.result(SOON_S)
            except NotYet:
                yield replace(turn, reply=answer_html.first_passages((), turn.number, say))
                if hits := self._first_passages(turn):
                    yield replace(turn, reply=answer_html.first_passages(hits, turn.number, say))
                answer, note = search.result()
        except QuestionError:
            raise
        except QaError as error:
            yield replace(turn, reply=answer_html.error(str(error)))
        except Exception as error:  # Gradio would log its message, which may quote the question.
            log_trouble(error)
            yield replace(turn, reply=answer_html.error(say("went_wrong")))
        else:
            yield self._with_answer(turn, answer, note, say)

    def _ask(self, turn: Turn, earlier: str) -> tuple[Answer, str]:
        note = catch_up(self.library)
        with self.metrics.question("page") as outcome:
            answer = self.library.ask(turn.question, turn.where, earlier=earlier, exact=turn.standalone)
            outcome.answered = answer.answered
        return answer, note

    def _first_passages(self, turn: Turn) -> list[Hit]:
        try:
            if self.library.store.generation:
                return self.library.retrieve(turn.question, CITATIONS, turn.where, rerank=False)
        except QaError:  # The answer will say so.
            pass
        return []

    def _with_answer(self, turn: Turn, answer: Answer, note: str, say: Words) -> Turn:
        if answer.courtesy:
            examples = self.examples() if answer.courtesy == "help" else []
            return replace(turn, answer=answer, reply=answer_html.courtesy(answer.courtesy, examples, turn.where, say))
        articles = [self.library.article(hit.passage.article_id) for hit in answer.shown]
        around = answer_html.Surroundings(where=turn.where, note=note, can_judge=self.feedback_path is not None)
        return replace(
            turn,
            answer=answer,
            reply=answer_html.reply(answer, turn.number, around, say),
            sources=source_html.sources(answer, turn.number, articles, say),
            passages=source_html.sources(answer, turn.number, [None] * len(articles), say),
        )

    def offers(self, turn: Turn, say: Words) -> str:
        """Return questions to ask next, as HTML: only those that the articles answer."""
        answer = turn.answer
        if answer is None or not answer.answered or (article := self.library.article(answer.citations[0].article_id)) is None:
            return ""
        questions = follow_ups.questions(article, answer.citations[0].span.start, answer.hits, self._library_words)
        first = islice(questions.items(), 2 * MOST_OFFERS)
        answerable = ((subject, question) for subject, question in first if self._is_answered(question, turn.where))
        return answer_html.offers(dict(islice(answerable, MOST_OFFERS)), turn.where, say)

    def _is_answered(self, question: str, where: Where) -> bool:
        try:
            return self.library.ask(question, where).answered
        except QaError:
            return False

    def judge(self, value: str, earlier: Turns, say: Words) -> str:
        """Note a reader's judgement of an answer, as `feedback.judgement` reads it; return what to say, as HTML."""
        judgement = feedback.judgement(value)
        turn = next((turn for turn in earlier if judgement and turn.number == judgement.turn), None)
        if judgement is None or turn is None or turn.answer is None or self.feedback_path is None:
            return ""
        try:
            feedback.note(self.feedback_path, turn.answer, judgement.verdict)
        except QaError as error:
            return answer_html.error(str(error))
        return f'<p class="qa-quiet">{say("thanks")}</p>'

    def overview(self, say: Words) -> str:
        """Return how much is indexed, as HTML."""
        try:
            status = self.library.status(allow_cached=True)
            counts = {"articles": status.articles, "passages": status.passages}
            return answer_html.overview(counts, status.pending, len(status.failed), say)
        except QaError as error:
            return answer_html.error(str(error))


def messages(turns: Turns) -> list[dict[str, Any]]:
    """Return the turns as Gradio's chat takes them."""
    chat: list[dict[str, Any]] = []
    for turn in turns:
        chat.append({"role": "user", "content": answer_html.question(turn.question)})
        if turn.reply:
            chat.append({"role": "assistant", "content": turn.reply})
    return chat


def panel(turns: Turns, say: Words) -> str:
    """Return the sources of the turns, the newest first: whole articles if the turn has them, or else passages."""
    parts = [turn.sources or turn.passages for turn in turns]
    return "".join(reversed(parts)) or f'<p class="qa-quiet">{say("no_sources")}</p>'
