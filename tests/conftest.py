"""What the tests share: no network, small folders of articles, a library over them, the real encoder once."""

import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_encoder import SmallEncoder

from qa import Library
from qa.cli import main
from qa.encoding import loading

os.environ["HF_HUB_OFFLINE"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--exhaustive", action="store_true", help="run also the tests that take long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that take long, unless they are asked for."""
    if not config.getoption("--exhaustive"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("exhaustive")])
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


def _is_here(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # A path of a local socket.
    host = str(address[0])
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Fail the test in which anything but this machine is called, or any name but its own is looked up."""
    patch = pytest.MonkeyPatch()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        assert _is_here(address), f"outgoing connection to {address}"
        return connect(self, address)  # type: ignore[arg-type]

    def guarded_look_up(host: object, *rest: object, **options: object) -> object:
        assert host is None or _is_here((host,)), f"look-up of {host}"
        return look_up(host, *rest, **options)  # type: ignore[arg-type]

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _no_reader_with_the_small_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests with the small encoder need not wait for the bundled reader."""
    real = Library.reader.fget
    monkeypatch.setattr(
        Library, "reader", property(lambda self: None if isinstance(self.encoder, SmallEncoder) else real(self))
    )


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    folder = tmp_path / "seeds"
    folder.mkdir()
    return folder


@pytest.fixture
def write(seeds: Path) -> Callable[[str, str], Path]:
    """Write an article, as if some time ago: its stamp can be trusted."""

    def write(name: str, text: str | bytes) -> Path:
        path = seeds / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def encoder() -> SmallEncoder:
    return SmallEncoder()


@pytest.fixture
def library(seeds: Path, tmp_path: Path, encoder: SmallEncoder) -> Iterator[Library]:
    with Library(seeds, tmp_path / "embeddings", encoder=encoder) as library:
        yield library


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """Run a command in a folder of its own, with the small encoder in place of the bundled one: exit code, stdout, stderr."""
    small = SmallEncoder()
    small.name = loading.BUNDLED
    monkeypatch.setattr(loading, "load", lambda name, home: small)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        return main(list(map(str, arguments))), *capsys.readouterr()

    return run


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A set of questions in BEIR's format."""
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    documents = [
        {"_id": "d/1", "title": 'The "office"', "text": "The prosecutor opened an office in Caracas."},
        {"_id": "d 2", "title": "", "text": "The treaty was adopted by a vote of 120 to 7."},
    ]
    queries = [
        {"_id": "q1", "text": "office in Caracas"},
        {"_id": "q2", "text": "vote on the treaty"},
        {"_id": "q3", "text": "unused"},
    ]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td/1\t1\nq1\td 2\t0\nq2\td 2\t2\n")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The articles that come with the project, with the real encoder."""
    with Library(Path(__file__).parents[1] / "seeds", tmp_path_factory.mktemp("demo")) as library:
        library.sync()
        yield library


@pytest.fixture(scope="session")
def compiled_encoder(demo: Library) -> Path:
    """The folder of the bundled encoder, compiled once: a copy of it spares a test the seconds that this takes."""
    return demo.embeddings / "encoder"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real server with the small encoder on a free port: its address, and its folder of articles."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "seeds").mkdir()
    for name, text in ARTICLES.items():
        path = folder / "seeds" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    script = Path(__file__).with_name("serve_small.py")
    command = [sys.executable, str(script), str(folder / "seeds"), str(folder / "embeddings")]
    command += ["--feedback", str(folder / "feedback.jsonl")]
    with (folder / "log").open("w+") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        assert address, (folder / "log").read_text()
        yield address, folder / "seeds"
        server.terminate()
        assert server.stdout.read() == "ended\n"
        assert server.wait(10) == 0


HOSTILE = (
    "<script>window.__xss = 1</script><img src=x onerror='window.__xss = 2'> ${window.__xss = 3} {{window.__xss}} "
    "![beacon](http://example.org/beacon.png) [link](javascript:window.__xss=4) <form action=http://example.org><input></form> "
    "<iframe src=javascript:window.__xss=5></iframe> <svg onload='window.__xss = 6'></svg> <a href=http://example.org>phish</a>"
)
ARTICLES = {
    "office.md": "---\ntitle: The office in Caracas\ndate: 2024-04-23\nsource: AP\nurl: https://example.org/office\n---\n\n"
    + "A first paragraph that says little of interest to anybody at all. " * 6
    + "\n\n## Opening\n\nThe prosecutor opened an office in Caracas. It is small & *starred* [1]. Costs $5 to $6.\n\n"
    + "More words that follow the opening and fill the page a little further. " * 12,
    "vote.txt": "date 1998-07-17 The vote in Rome\n\nThe treaty was adopted by a vote of 120 to 7. Seven states were against.",
    "hostile <img src=x onerror=alert(1)>.md": f'---\ntitle: "{HOSTILE}"\nurl: javascript:alert(1)\n---\n\n'
    + f"Hostile goats climb mountains {HOSTILE} and nothing else happens.",
}


# --- the page in a browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
VIEWPORT = {"width": 1280, "height": 800}
CHROMIUM = os.environ.get("QA_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")  # While Playwright runs, no other event loop can.
def browser():
    if not CHROMIUM:
        if os.environ.get("QA_REQUIRE_BROWSER"):
            pytest.fail("no Chromium found, and QA_REQUIRE_BROWSER is set")
        pytest.skip("no Chromium found: install it, or name it in QA_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def plain_context(browser):
    """What pages without wishes of their own share: their scripts are loaded once."""
    context = browser.new_context(viewport=VIEWPORT, color_scheme="light", locale="en-US")
    yield context
    context.close()


@pytest.fixture
def open_page(browser, plain_context, served):
    """Open the page as a new visitor; at the end no error was thrown, and nothing was asked of anybody else."""
    from playwright.sync_api import expect

    contexts, pages, errors, requests = [], [], [], []

    def open_page(width=1280, height=800, scheme="light", at="", **options):
        size = {"width": width, "height": height}
        if (size, scheme, options) == (VIEWPORT, "light", {}):
            page = plain_context.new_page()
        else:
            contexts.append(browser.new_context(viewport=size, color_scheme=scheme, **{"locale": "en-US", **options}))
            page = contexts[-1].new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(served[0] + at)
        expect(page.locator("#qa-box textarea")).to_be_editable(timeout=30_000)
        return page

    yield open_page
    for page in [page for page in pages if not page.is_closed()][:1]:
        page.evaluate("localStorage.clear()")
    for each in (*pages, *contexts):
        each.close()
    assert not errors
    assert [url for url in requests if not url.startswith((served[0], "data:", "blob:"))] == []
