"""Serve a folder with the small encoder: `python serve_small.py SEEDS EMBEDDINGS`; prints the address when it answers.

With `--not-launched` the page is mounted without what makes it safe, to show that a test would notice.
"""

import sys

from small_encoder import SmallEncoder

from qa import Library
from qa.server import page, serve


def mount_not_launched(app, library):
    mount_gradio = page.gr.mount_gradio_app
    demos = []
    page.gr.mount_gradio_app = lambda app, demo, **rest: (demos.append(demo), mount_gradio(app, demo, **rest))
    mount(app, library)
    demos[0].has_launched = False


seeds, embeddings, *options = sys.argv[1:]
mount = page.mount
if "--not-launched" in options:
    page.mount = mount_not_launched
with Library(seeds, embeddings, encoder=SmallEncoder()) as library:
    library.catch_up()
    serve(library, port=0, on_ready=lambda url: print(url, flush=True))
print("ended", flush=True)
