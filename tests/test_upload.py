"""Adding an article over HTTP: only where it is allowed, only by the own page, only what is plain, new and readable."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_api import call, started
from test_shelf import get, ids, settled

from qa.web.articles.upload import KINDS, is_plain


@pytest.fixture
def server(served):
    return served[0].rstrip("/")


@pytest.fixture(scope="module")
def taking(tmp_path_factory):
    """A server that takes articles: its address, and its folder."""
    folder = tmp_path_factory.mktemp("taking") / "one"
    with started(folder, "--allow-upload") as (address, _):
        yield address.rstrip("/"), folder / "seeds"


def put(server, name, content, **headers):
    status, _, text = call(server, "PUT", f"/shelf/articles/{name}", content, {"Origin": server, **headers})
    found = json.loads(text)
    assert "\n" not in text
    return status, found.get("error") or found.get("said")


def held(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_by_default_nothing_can_be_added(served, server):
    before = held(served[1])
    assert put(server, "new.md", b"New text.") == (
        403, "articles cannot be added here: start the server with --allow-upload",
    )  # fmt: skip
    assert put(server, "new.md", b"a" * 100_000)[0] == 413
    assert held(served[1]) == before
    assert 'type="file"' not in get(server, "/shelf")[1]


def test_an_added_article_is_in_the_folder_and_found(taking):
    server, folder = taking
    content = "Ein Zeppelin landete: größer als 64 kB.\r\n\r\n".encode() + b"More words of no weight. " * 4000
    assert put(server, quote("größer.md"), content) == (201, "“größer.md” is added.")
    assert (folder / "größer.md").read_bytes() == content
    assert settled(server)["error"] == ""
    assert f"/shelf/articles/{quote('größer.md')}" in ids(get(server, "/shelf")[1])
    assert call(server, "GET", f"/shelf/articles/{quote('größer.md')}?raw=1")[2].encode() == content
    assert 'type="file"' in get(server, "/shelf")[1]


@pytest.mark.parametrize(
    "name",
    [
        "..%2fout.md", "%2e%2e%2fout.md", "%2fetc%2fout.md", "a%2fb.md", "a/b.md", "a%5cb.md", "c%3aout.md", ".hidden.md",
        "%2emd", "con.md", "NUL.txt", "com1.md", "a.exe", "a.md.exe", "a", ".md", "a%00.md", "a%0d.md",
        "a%e2%80%aeb.md", "e%cc%81.md", "a" * 198 + ".md", "%20a.md", "a.md%20", "a.md.", "*.md", "a%22.md",
    ],
)  # fmt: skip
def test_only_plain_names_are_taken(taking, name):
    server, folder = taking
    before = held(folder)
    status, reason = put(server, name, b"Some text.")
    assert status == 400
    assert "cannot be the name of an article" in reason
    assert held(folder) == before
    assert not (folder.parent / "out.md").exists()


def test_an_article_that_is_there_is_not_overwritten_nor_is_a_link_followed(taking):
    server, folder = taking
    outside = folder.parent / "outside.txt"
    (folder / "link.md").symlink_to(outside)
    before = (folder / "vote.txt").read_bytes()
    for name in ("vote.txt", "link.md"):
        assert put(server, name, b"Other text.") == (409, f"“{name}” is there already: nothing was changed")
    assert (folder / "vote.txt").read_bytes() == before
    assert not outside.exists()
    (folder / "link.md").unlink()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b" \n ", "empty"), (b"\x00\x01\x02" * 50, "not text"), (bytes(range(256)) * 9, "not text")],
)
def test_what_cannot_be_read_is_not_taken(taking, content, reason):
    server, folder = taking
    status, said = put(server, "bad.md", content)
    assert status == 422
    assert reason in said
    assert not (folder / "bad.md").exists()


def test_what_is_too_large_is_not_taken(taking):
    server, folder = taking
    try:
        status, reason = put(server, "large.md", b"a" * 20_000_001)
    except (BrokenPipeError, ConnectionResetError):
        return  # Refused before it was sent.
    finally:
        assert not (folder / "large.md").exists()
    assert (status, reason) == (413, "the request is too long: the limit is 20,000,000 bytes")


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1:1"])
def test_no_other_site_can_add_an_article(taking, origin):
    server, folder = taking
    assert put(server, "foreign.md", b"Some text.", Origin=origin) == (403, "requests from other sites are refused")
    status, _, _ = call(server, "PUT", "/shelf/articles/foreign.md", b"Some text.")
    assert status == 403
    assert not (folder / "foreign.md").exists()


def test_other_routes_take_no_longer_bodies_than_before(taking):
    server, _ = taking
    for method, path in (
        ("POST", "/shelf/sync"),
        ("POST", "/api/v1/ask"),
        ("PUT", "/api/v1/ask"),
        ("POST", "/shelf/articles/a.md"),
    ):
        assert call(server, method, path, b"a" * 100_000, {"Origin": server})[0] == 413


def test_nothing_is_left_of_what_was_not_taken(taking):
    _, folder = taking
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


@given(st.text(max_size=30), st.sampled_from(KINDS))
def test_a_name_that_is_taken_stays_in_its_folder(stem, suffix):
    name = stem + suffix
    if is_plain(name):
        assert not {"/", "\\", "\0"} & set(name)
        assert name not in (".", "..")
        assert not name.startswith(".")
