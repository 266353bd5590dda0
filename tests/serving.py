"""A real server process over a small folder of articles, for the tests of the routes and of the page.

Run as a script it is that server.
"""

import atexit
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen

from small_encoder import SmallEncoder

VOTE = """---
title: "The Rome Statute"
date: "2024-01-13"
source: "A press release"
url: "https://example.org/rome"
---

## The vote

The Rome Statute was adopted by 120 votes to 7. Twenty-one states abstained.

The conference met in Rome.
"""
LAKES = """Lakes of the north

The deepest lake of the north is Lake Hornindal. It freezes in hard winters.

- Mjosa is the largest lake.
- Femund lies near the border.
"""
XSS = "window.__xss = (window.__xss || 0) + 1"
HOSTILE = f"""---
title: "<img src=x onerror='{XSS}'> ${{ {XSS} }} {{{{{XSS}}}}} **bold** $x^2$"
source: "</p></article></div><script>{XSS}</script><form action=/ask><input></form>"
url: "javascript:{XSS}"
---

# # {"#" * 300}

Zebras <script>{XSS}</script> graze <img src=x onerror="{XSS}"> near <svg onload="{XSS}"></svg> rivers.
Also ${{{XSS}}} and {{{{constructor.constructor('{XSS}')()}}}} and `code` and $$\\href{{javascript:{XSS}}}{{x}}$$.

![pixel](http://tracker.example/pixel.png) [click](javascript:{XSS}) <iframe src="http://tracker.example/"></iframe>
<form action="http://tracker.example/"><input name=password></form> <style>body {{ display: none }}</style>

</mark></div></article><a id="src-1-1" href="http://tracker.example/">x</a> &lt;script&gt; <!-- -->
"""
HOSTILE_NAME = f"zebras <img src=x onerror={XSS}> ${{1+1}} ![a](b).md".replace("/", "_")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, its folder of articles, and the private folder of the page."""

    url: str
    seeds: Path
    private: Path
    process: Popen


def write_articles(seeds: Path) -> None:
    seeds.mkdir()
    (seeds / "rome.md").write_text(VOTE, encoding="utf-8")
    (seeds / "lakes.txt").write_text(LAKES, encoding="utf-8")
    (seeds / HOSTILE_NAME).write_text(HOSTILE, encoding="utf-8")


def start(folder: Path, *options: str) -> Server:
    """Start a server over `folder`/seeds and wait until it answers."""
    if not (folder / "seeds").exists():
        write_articles(folder / "seeds")
    process = Popen([sys.executable, __file__, str(folder), *options], stdout=PIPE, text=True, encoding="utf-8")
    url = process.stdout.readline().strip()
    assert url, "the server did not start"
    return Server(url.rstrip("/"), folder / "seeds", Path(process.stdout.readline().strip()), process)


def stop(server: Server) -> int:
    server.process.terminate()
    code = server.process.wait(timeout=20)
    server.process.stdout.close()
    return code


@cache
def shared() -> Server:
    """Return the one server that most tests use: it takes some seconds to start."""
    folder = tempfile.TemporaryDirectory(prefix="qa-served-")
    server = start(Path(folder.name))
    atexit.register(lambda: (stop(server), folder.cleanup()))
    return server


def main(folder: str, *options: str) -> None:
    import os

    from qa import Library
    from qa.server import page, serve

    if "--not-launched" in options:
        mount = page.mount

        def without_mark(app, library):
            seen = page.gr.mount_gradio_app
            demos = []
            page.gr.mount_gradio_app = lambda app, demo, **rest: (demos.append(demo), seen(app, demo, **rest))
            mount(app, library)
            demos[0].has_launched = False

        page.mount = without_mark
    with Library(Path(folder) / "seeds", Path(folder) / "embeddings", encoder=SmallEncoder()) as library:
        library.sync()
        tell = lambda url: print(url, os.environ["GRADIO_TEMP_DIR"], sep="\n", flush=True)  # noqa: E731
        serve(library, port=0, on_ready=tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
