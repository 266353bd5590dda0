"""Run a peer by one command line, and measure its time and memory. Nothing here depends on the peer.

python with_NAME.py build   ARTICLES STORE MODEL OUT.json
python with_NAME.py change  ARTICLES STORE MODEL OUT.json ARTICLE
python with_NAME.py ask     ARTICLES STORE MODEL OUT.json QUESTIONS.jsonl
python with_NAME.py ask-one ARTICLES STORE MODEL OUT.json QUESTION
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

K = 10
"""Passages asked for with each question."""
WARM_UP = 5
"""Questions asked before the clock starts, so that all is loaded."""
WINDOW = 256
"""Tokens, special ones included, that sentence-transformers gives the model, by the model's own settings."""


class Peer(Protocol):
    """A system in its quick-start form. Its constructor loads the model and nothing else."""

    def __init__(self, articles: Path, store: Path, model: Path) -> None: ...

    def build(self) -> list[str]:
        """Build the index of all articles in `store`; return the texts that were encoded."""
        ...

    def open(self) -> None:
        """Load the index."""
        ...

    def change(self, article: str) -> None:
        """Update the index after one article was edited."""
        ...

    def ask(self, question: str) -> list[tuple[str, str]]:
        """Return article and text of the best `K` passages, best first."""
        ...


def run(peer: type[Peer], *packages: str, window: int = WINDOW) -> None:
    """Run the action on the command line and write its measures. `packages` are those whose versions are reported."""
    action, articles, store, model, out, *rest = sys.argv[1:]
    loaded = peer(Path(articles), Path(store), Path(model))
    started = time.perf_counter()
    measured = ACTIONS[action](loaded, *rest)
    measured |= {"s": time.perf_counter() - started, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}
    measured |= {"window": window, "versions": {name: version(name) for name in packages}}
    Path(out).write_text(json.dumps(measured), encoding="utf-8")


def files(articles: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of each article; the name is the path below `articles`."""
    for path in sorted([*articles.rglob("*.md"), *articles.rglob("*.txt")]):
        yield path.relative_to(articles).as_posix(), path


def _build(peer: Peer) -> dict[str, Any]:
    return {"texts": peer.build()}


def _change(peer: Peer, article: str) -> dict[str, Any]:
    peer.open()
    peer.change(article)
    return {}


def _ask_one(peer: Peer, question: str) -> dict[str, Any]:
    peer.open()
    return {"hits": [peer.ask(question)]}


def _ask(peer: Peer, questions: str) -> dict[str, Any]:
    questions_asked = [json.loads(line)["question"] for line in Path(questions).read_text(encoding="utf-8").splitlines()]
    peer.open()
    for question in questions_asked[:WARM_UP]:
        peer.ask(question)
    hits, ms = [], []
    for question in questions_asked:
        started = time.perf_counter()
        hits.append(peer.ask(question))
        ms.append(1000 * (time.perf_counter() - started))
    return {"hits": hits, "ms": ms}


ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {"build": _build, "change": _change, "ask": _ask, "ask-one": _ask_one}
