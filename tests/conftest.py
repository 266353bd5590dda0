"""What the tests share: no network, small folders of articles, a library over them, the real encoder once."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_encoder import SmallEncoder

from qa import Library

os.environ["HF_HUB_OFFLINE"] = "1"


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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The articles that come with the project, with the real encoder."""
    with Library(Path(__file__).parents[1] / "seeds", tmp_path_factory.mktemp("demo")) as library:
        library.sync()
        yield library
