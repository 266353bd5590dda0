"""A page gets the answers to all its events, also to those that cross the end of its event stream."""

import asyncio
import json

import pytest
from test_api import started
from test_page import OFFICE, ask
from test_page_tools import tool

from qa.web.chat.event_streams import EVENT, STREAM, EventStreams

END = b'data: {"msg":"close_stream","event_id":null}\n\n'


class FakeGradio:
    """Answers the events of one session on its stream, which ends as soon as all are answered."""

    def __init__(self):
        self.waiting = asyncio.Queue()

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == EVENT:
            self.waiting.put_nowait(json.loads((await receive())["body"])["number"])
            await send({"type": "http.response.body", "body": b"{}"})
            return
        number = await self.waiting.get()
        await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
        if self.waiting.empty():
            await send({"type": "http.response.body", "body": END, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Page:
    """Sends events to an application, and keeps what its stream tells."""

    def __init__(self, **times):
        self.app = EventStreams(FakeGradio(), **times)
        self.told, self.begun, self.closed = [], 0, asyncio.Event()

    async def event(self, number):
        async def receive():
            body = json.dumps({"session_hash": "page", "number": number}).encode()
            return {"type": "http.request", "body": body}

        await self._call(EVENT, b"", receive, lambda message: None)

    async def stream(self):
        async def receive():
            await self.closed.wait()
            return {"type": "http.disconnect"}

        await self._call(STREAM, b"session_hash=page", receive, self._tell)

    def _tell(self, message):
        self.begun += message["type"] == "http.response.start"
        self.told += [message["body"]] if message.get("body") else []

    async def _call(self, path, query, receive, sent):
        async def send(message):
            sent(message)

        await self.app({"type": "http", "path": path, "query_string": query}, receive, send)


def test_events_in_quick_succession_are_answered_on_the_same_stream():
    async def talk():
        page = Page(linger_s=0.2)
        await page.event(1)
        stream = asyncio.create_task(page.stream())
        await asyncio.sleep(0.05)
        await page.event(2)
        await asyncio.sleep(0.05)
        await page.event(3)
        await stream
        return page

    page = asyncio.run(talk())
    assert page.told == [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n", END]
    assert page.begun == 1


def test_an_event_right_after_the_end_is_confirmed_once_the_page_has_noticed_the_end():
    async def talk():
        page, now = Page(linger_s=0.01, noticed_s=0.2), asyncio.get_running_loop().time
        await page.event(1)
        await page.stream()
        ended = now()
        await page.event(2)
        confirmed = now()
        await page.event(3)
        return confirmed - ended, now() - confirmed

    first, second = asyncio.run(talk())
    assert first == pytest.approx(0.2, abs=0.05)
    assert second < 0.05


def test_an_ended_stream_leaves_no_state():
    async def talk():
        page = Page(linger_s=0.01, noticed_s=0.01)
        await page.event(1)
        await page.stream()
        await asyncio.sleep(0.05)
        return page.app

    app = asyncio.run(talk())
    assert not app._waiting
    assert not app._arriving
    assert not app._ended_at


def test_the_stream_of_a_page_that_is_closed_ends_at_once():
    async def talk():
        page = Page(linger_s=5)
        await page.event(1)
        stream = asyncio.create_task(page.stream())
        await asyncio.sleep(0.05)
        page.closed.set()
        await asyncio.wait_for(stream, 1)

    asyncio.run(talk())


@pytest.mark.exhaustive
@pytest.mark.browser
@pytest.mark.slow
def test_a_page_that_notices_the_end_late_shows_every_answer(browser, tmp_path):
    with started(tmp_path, "--late-end", "0.2", "--feedback", tmp_path / "feedback.jsonl") as (address, _):
        page = browser.new_page(locale="en-US")
        page.goto(address)
        ask(page, OFFICE)
        tool(page, "Right answer").click()
        page.get_by_text("Saved on this computer.").wait_for()
        page.close()
