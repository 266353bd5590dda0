"""Serve a folder with the small encoder: `python serve_small.py SEEDS EMBEDDINGS`; prints the address when it answers.

With `--not-launched` the page is mounted without what makes it safe, to show that a test would notice; with `--broken` every
question fails by accident, with `--slow S` it takes so many seconds; with `--late-end S` the page hears so much later that its
event stream has ended; with `--patience S` heads and bodies of requests may take only so long. The other options are those of
`qa serve`.
"""

import argparse
import asyncio
import time
from pathlib import Path

from small_encoder import SmallEncoder

from qa import Library, Settings
from qa.web import ServerOptions, body, connections, serve
from qa.web.chat import gradio_page
from qa.web.gradio_gate import GradioGate


def mount_not_launched(*known):
    mount_gradio = gradio_page.gr.mount_gradio_app
    demos = []
    gradio_page.gr.mount_gradio_app = lambda app, demo, **rest: (demos.append(demo), mount_gradio(app, demo, **rest))
    mount(*known)
    demos[0].has_launched = False


def break_down(question, where=None, **options):
    raise RuntimeError(f"an accident with {question}")


def slowly(ask, seconds):
    def asked(*rest, **options):
        time.sleep(seconds)
        return ask(*rest, **options)

    return asked


def ending_late(app, seconds):
    async def answer(self, scope, receive, send):
        async def sending(message):
            if b"close_stream" in message.get("body", b""):
                await asyncio.sleep(seconds)
            await send(message)

        await app(self, scope, receive, sending)

    return answer


parser = argparse.ArgumentParser()
parser.add_argument("seeds")
parser.add_argument("embeddings")
parser.add_argument("--not-launched", action="store_true")
parser.add_argument("--broken", action="store_true")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--password")
parser.add_argument("--name", action="append", default=[])
parser.add_argument("--allow-upload", action="store_true")
parser.add_argument("--feedback", type=Path)
parser.add_argument("--slow", type=float, default=0, help="seconds that every answer takes longer")
parser.add_argument("--patience", type=float, default=0, help="seconds that heads and bodies of requests may take")
parser.add_argument("--late-end", type=float, default=0, help="seconds that a page hears later of the end of its stream")
options = parser.parse_args()
mount = gradio_page.mount
if options.not_launched:
    gradio_page.mount = mount_not_launched
if options.patience:
    connections.HEAD_S = body.BODY_S = options.patience
if options.late_end:
    GradioGate.__call__ = ending_late(GradioGate.__call__, options.late_end)
with Library(options.seeds, options.embeddings, encoder=SmallEncoder(), settings=Settings(reader="none")) as library:
    library.catch_up()
    if options.broken:
        library.ask = break_down
    if options.slow:
        library.ask = slowly(library.ask, options.slow)
    server_options = ServerOptions(
        host=options.host,
        port=0,
        password=options.password,
        names=tuple(options.name),
        feedback=options.feedback,
        allow_upload=options.allow_upload,
    )
    serve(library, server_options, lambda url: print(url, flush=True))
print("ended", flush=True)
