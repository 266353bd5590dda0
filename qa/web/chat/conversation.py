"""What becomes of a question asked in the page: its turn, with the answer as HTML, and what it offers next. No gradio here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from qa.errors import QaError, QuestionError
from qa.library import Library
from qa.results import NEAREST, Answer, Hit
from qa.web.chat import answer_html, feedback, follow_ups, source_html
from qa.web.freshness import catch_up
from qa.web.guard import log_trouble
from qa.web.messages import Words
from qa.web.metrics import Metrics
from qa.where import Where

WHOLE_TURNS = 5
"""Of the sources of older turns the panel has the passages only, to keep the page small."""
SUGGESTED = 3
SOON_S = 0.1
"""An answer that takes longer is preceded by the first passages found."""
EXAMPLES = ".examples"
"""A file beside the articles, which is not one of them: questions to start with, one a line."""
SHOWN_EXAMPLES, EXAMPLE_CHARS = 4, 200


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, what it was limited to, and what the page shows for it, as HTML.

    A `standalone` question is never taken for a follow-up. `sources` are whole articles, empty in older turns; `passages` are
    only what was found in them.
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
        """What was searched for."""
        return self.answer.searched if self.answer else ""

    @property
    def is_follow_up(self) -> bool:
        """Whether it leaned on the question before."""
        return self.answer is not None and self.answer.is_follow_up


Turns = tuple[Turn, ...]
Looking = Future[tuple[Answer, str]]
"""The answer that is looked for, and what went wrong with a sync before it."""


class Submission(NamedTuple):
    """What the page sends: a question, the filter as a query string, and whether the question is never a follow-up."""

    question: str
    query: str
    standalone: bool


def begun(submission: Submission, earlier: Turns) -> Turn:
    """Return the next turn, without an answer. Raise `QuestionError` if the query is not a filter."""
    number = earlier[-1].number + 1 if earlier else 1
    return Turn(number, submission.question, Where.of_query(submission.query), submission.standalone)


class Conversation:
    """What the turns of all visitors share. Safe to use from many threads."""

    def __init__(self, library: Library, metrics: Metrics, noted_in: Path | None) -> None:
        """Ask `library`; what readers think of answers is noted in the file `noted_in`, if any."""
        self.library = library
        self.metrics = metrics
        self.noted_in = noted_in
        self._asking = Words(library.settings.language)
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="qa-page")

    def examples(self) -> list[str]:
        """Return a few questions to start with: those in the file `.examples` of the folder, else about the first titles."""
        try:
            lines = (self.library.seeds / EXAMPLES).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            lines = []
        if given := [line.strip()[:EXAMPLE_CHARS] for line in lines if line.strip()]:
            return given[:SHOWN_EXAMPLES]
        titles = [each.title for each in self.library.articles()[:SHOWN_EXAMPLES]]
        return [self._asking("said_about", subject=" ".join(title.split())) for title in titles]

    def looking(self, turn: Turn, earlier: str) -> Looking:
        """Begin to look for the answer, in the articles as they are now.

        `earlier` is what was searched for before, on which the question may lean.
        """
        return self._pool.submit(self._asked, turn, "" if turn.standalone else earlier)

    def answered(self, turn: Turn, looking: Looking, say: Words) -> Iterator[Turn]:
        """Yield the turn with its answer; where that takes long, first without, and then with what is found so far.

        Raise `QuestionError` for a bad question.
        """
        try:
            try:
                answer, note = looking.result(SOON_S)
            except NotYet:
                yield replace(turn, reply=answer_html.found_so_far((), turn.number, say))
                if found := self._found_so_far(turn):
                    yield replace(turn, reply=answer_html.found_so_far(found, turn.number, say))
                answer, note = looking.result()
        except QuestionError:
            raise
        except QaError as error:
            yield replace(turn, reply=answer_html.failed(str(error)))
        except Exception as error:  # Gradio would log its words, which may be those of the question.
            log_trouble(error)
            yield replace(turn, reply=answer_html.failed(say("went_wrong")))
        else:
            yield self._told(turn, answer, note, say)

    def _asked(self, turn: Turn, earlier: str) -> tuple[Answer, str]:
        note = catch_up(self.library)
        with self.metrics.asked("page") as outcome:
            answer = self.library.ask(turn.question, turn.where, earlier=earlier)
            outcome.answered = answer.answered
        return answer, note

    def _found_so_far(self, turn: Turn) -> list[Hit]:
        try:
            if self.library.store.generation:
                return self.library.retrieve(turn.question, NEAREST, turn.where, rerank=False)
        except QaError:  # The answer will say so.
            pass
        return []

    def _told(self, turn: Turn, answer: Answer, note: str, say: Words) -> Turn:
        articles = [self.library.article(hit.passage.article_id) for hit in answer.shown]
        around = answer_html.Surroundings(where=turn.where, note=note, can_judge=self.noted_in is not None)
        return replace(
            turn,
            answer=answer,
            reply=answer_html.reply(answer, turn.number, around, say),
            sources=source_html.sources(answer, turn.number, articles, say),
            passages=source_html.sources(answer, turn.number, [None] * len(articles), say),
        )

    def offers(self, turn: Turn, say: Words) -> str:
        """Return questions that an answer invites, as HTML: only those that the articles answer."""
        answer = turn.answer
        if answer is None or not answer.answered or (article := self.library.article(answer.citations[0].article_id)) is None:
            return ""
        questions = follow_ups.questions(article, answer.citations[0].span.start, answer.hits, self._asking)
        some = islice(questions.items(), 2 * SUGGESTED)
        answerable = ((subject, question) for subject, question in some if self._is_answered(question, turn.where))
        return answer_html.offers(dict(islice(answerable, SUGGESTED)), turn.where, say)

    def _is_answered(self, question: str, where: Where) -> bool:
        try:
            return self.library.ask(question, where).answered
        except QaError:
            return False

    def judged(self, value: str, earlier: Turns, say: Words) -> str:
        """Note what a reader thinks of an answer, as `feedback.judgement` reads it; return what to say, as HTML."""
        judgement = feedback.judgement(value)
        turn = next((turn for turn in earlier if judgement and turn.number == judgement.turn), None)
        if judgement is None or turn is None or turn.answer is None or self.noted_in is None:
            return ""
        try:
            feedback.note(self.noted_in, turn.answer, judgement.verdict)
        except QaError as error:
            return answer_html.failed(str(error))
        return f'<p class="qa-quiet">{say("thanks")}</p>'

    def overview(self, say: Words) -> str:
        """Return how much there is, as HTML."""
        try:
            status = self.library.status(allow_cached=True)
            counts = {"articles": status.articles, "passages": status.passages}
            return answer_html.overview(counts, status.pending, len(status.failed), say)
        except QaError as error:
            return answer_html.failed(str(error))


def messages(turns: Turns, say: Words) -> list[dict[str, Any]]:
    """Return the turns as Gradio's chat takes them; where the last question leaned on another, it may be asked as it is."""
    found: list[dict[str, Any]] = []
    for turn in turns:
        found.append({"role": "user", "content": answer_html.asked(turn.question)})
        if turn.reply:
            found.append({"role": "assistant", "content": turn.reply})
    if turns and turns[-1].is_follow_up:
        just = say("just", question=" ".join(turns[-1].question.split()))
        found[-1]["options"] = [{"value": turns[-1].question, "label": just}]
    return found


def panel(turns: Turns, say: Words) -> str:
    """Return the sources of the turns, the newest first: whole articles where they are kept, else what was found in them."""
    parts = [turn.sources or turn.passages for turn in turns]
    return "".join(reversed(parts)) or f'<p class="qa-quiet">{say("no_sources")}</p>'
