"""Adding an article over HTTP: only where it is allowed, only by the own page, only what is plain, new and readable."""

import asyncio
import contextlib
import http.client
import json
import os
import threading
import time
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_api import call, started
from test_articles_tab import get, ids, settled

from qa.web.articles import upload
from qa.web.articles.upload import KINDS, is_plain
from qa.web.messages import ENGLISH


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


def test_uploads_are_off_by_default(served, server):
    before = held(served[1])
    assert put(server, "new.md", b"New text.") == (
        403, "articles cannot be added here: start the server with --allow-upload",
    )  # fmt: skip
    assert put(server, "new.md", b"a" * 100_000)[0] == 413
    assert held(served[1]) == before
    assert 'type="file"' not in get(server, "/shelf")[1]


def test_an_added_article_is_in_the_folder_and_can_be_found(taking):
    server, folder = taking
    content = "Ein Zeppelin landete: größer als 64 kB.\r\n\r\n".encode() + b"More words of no weight. " * 4000
    assert put(server, quote("größer.md"), content) == (201, "“größer.md” was added.")
    assert (folder / "größer.md").read_bytes() == content
    assert settled(server)["error"] == ""
    assert f"/shelf/articles/{quote('größer.md')}" in ids(get(server, "/shelf")[1])
    assert call(server, "GET", f"/shelf/articles/{quote('größer.md')}?raw=1")[2].encode() == content
    assert 'type="file"' in get(server, "/shelf")[1]


@pytest.mark.parametrize(
    "name",
    [
        "..%2fout.md", "%2e%2e%2fout.md", "%2fetc%2fout.md", "a%2fb.md", "a/b.md", "a%5cb.md", "c%3aout.md", ".hidden.md",
        "%2emd", "con.md", "NUL.txt", "com1.md", "a", ".md", "a%00.md", "a%0d.md",
        "a%e2%80%aeb.md", "e%cc%81.md", "a" * 198 + ".md", "%20a.md", "a.md%20", "a.md.", "*.md", "a%22.md",
        "a%0a.md", "%0a.md", "a.md%0a", "CONIN$.md", "conout$.txt", "a%e2%80%8b.md", "%e3%85%a4.md", "a%ef%b8%8f.md",
        "%e2%a0%80.md",
        "a%cd%8f.md", "%e1%85%a0.md", "a%c2%ad.md", "a%e2%81%a6b.md", "a%e1%a0%8e.md", "a%f3%a0%84%80.md", "%ef%be%a0.md",
    ],
)  # fmt: skip
def test_only_plain_names_are_accepted(taking, name):
    server, folder = taking
    before = held(folder)
    status, reason = put(server, name, b"Some text.")
    assert status == 400
    assert "cannot be the name of an article" in reason
    assert "\n" not in reason
    assert held(folder) == before
    assert not (folder.parent / "out.md").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.exe", "EXE"), ("a.md.exe", "EXE"), ("box.zip", "ZIP (unpack it)"), ("old.doc", "DOC (save as .docx)")],
)
def test_a_file_of_another_kind_is_refused_with_the_kinds_that_are_read(taking, name, kind):
    server, folder = taking
    status, reason = put(server, name, b"Some text.")
    assert status == 415
    assert reason.startswith(f"“{name}” was not added: files of the kind {kind} are not read. These kinds are: .md, .txt")
    assert not (folder / name).exists()


def test_a_file_that_would_be_ignored_is_refused(taking):
    server, folder = taking
    (folder / ".qaignore").write_text("draft-*")
    assert put(server, "draft-1.md", b"Some text.") == (
        409, "“draft-1.md” was not added: .qaignore in the folder leaves out files of that name",
    )  # fmt: skip
    (folder / ".qaignore").unlink()


def test_an_existing_file_is_not_overwritten_and_a_link_is_not_followed(taking):
    server, folder = taking
    outside = folder.parent / "outside.txt"
    (folder / "link.md").symlink_to(outside)
    before = (folder / "vote.txt").read_bytes()
    for name in ("vote.txt", "link.md"):
        assert put(server, name, b"Other text.") == (409, f"“{name}” already exists: nothing was changed")
    assert (folder / "vote.txt").read_bytes() == before
    assert not outside.exists()
    (folder / "link.md").unlink()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b" \n ", "empty"), (b"\x00\x01\x02" * 50, "not text"), (bytes(range(256)) * 9, "not text")],
)
def test_unreadable_articles_are_refused(taking, content, reason):
    server, folder = taking
    status, said = put(server, "bad.md", content)
    assert status == 422
    assert reason in said
    assert not (folder / "bad.md").exists()


def test_articles_that_are_too_large_are_refused(taking):
    server, folder = taking
    try:
        status, reason = put(server, "large.md", b"a" * 20_000_001)
    except (BrokenPipeError, ConnectionResetError):
        return  # Refused before it was sent.
    finally:
        assert not (folder / "large.md").exists()
    assert (status, reason) == (413, "the request is too long: the limit is 20,000,000 bytes")


def test_a_multipart_form_is_stored_as_text_or_refused(taking):
    server, folder = taking
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../out.md"\r\n\r\nText.\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in ("/shelf/articles/", "/shelf/articles/..%2fout.md", "/shelf/sync?x"):
        assert call(server, "PUT", path, form, {"Origin": server, **kind})[0] in (400, 405)
    assert put(server, "form.md", form, **kind)[0] == 201
    assert (folder / "form.md").read_bytes() == form
    assert not (folder.parent / "out.md").exists()


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1:1"])
def test_no_other_site_can_add_an_article(taking, origin):
    server, folder = taking
    assert put(server, "foreign.md", b"Some text.", Origin=origin) == (403, "requests from other sites are refused")
    status, _, _ = call(server, "PUT", "/shelf/articles/foreign.md", b"Some text.")
    assert status == 403
    assert not (folder / "foreign.md").exists()


def test_other_routes_still_limit_their_bodies(taking):
    server, _ = taking
    for method, path in (
        ("POST", "/shelf/sync"),
        ("POST", "/api/v1/ask"),
        ("PUT", "/api/v1/ask"),
        ("POST", "/shelf/articles/a.md"),
    ):
        assert call(server, method, path, b"a" * 100_000, {"Origin": server})[0] == 413


def test_refused_uploads_leave_no_files(taking):
    _, folder = taking
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


@given(st.text(max_size=30), st.sampled_from(KINDS))
def test_accepted_names_stay_in_their_folder(stem, suffix):
    name = stem + suffix
    if is_plain(name):
        assert not {"/", "\\", "\0"} & set(name)
        assert name not in (".", "..")
        assert not name.startswith(".")


ODD = "---\n" + "".join(
    f"{key}: &{key} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n" if before else f"{key}: &{key} {{x: 1}}\n"
    for before, key in zip(["", *"abcdef"], "abcdefg", strict=True)
) + "---\n# Note\n\nText.\n"  # fmt: skip


def test_uploads_that_are_slow_to_read_delay_nobody(tmp_path):
    with started(tmp_path, "--allow-upload") as (address, process):
        server = address.rstrip("/")
        statuses = []

        def add(number):
            with contextlib.suppress(OSError):
                statuses.append(put(server, f"odd{number}.md", ODD.encode())[0])

        adding = [threading.Thread(target=add, args=(number,)) for number in range(45)]
        for each in adding:
            each.start()
        for _ in range(10):
            began = time.monotonic()
            assert call(server, "GET", "/healthz")[0] == 200
            assert time.monotonic() - began < 1
            time.sleep(0.2)
        process.kill()
        for each in adding:
            each.join()
        assert {*statuses} <= {201, 422, 503}


def test_uploads_stop_at_the_limit_of_the_setting_or_the_disk(tmp_path, monkeypatch):
    uploads = upload.Uploads(tmp_path, 100)

    async def some(content):
        yield content

    def take(name, content):
        refusal = asyncio.run(uploads.add(name, len(content), some(content), ENGLISH))
        return refusal and refusal.status

    assert take("a.md", b"a" * 60) is None
    assert take("bad.md", b"\0" * 30) == 422  # Gives back what it was to take.
    assert take("b.md", b"b" * 41) == 507
    assert take("b.md", b"b" * 40) is None
    monkeypatch.setattr(upload, "FREE_BYTES", 10**18)
    assert upload.Uploads(tmp_path, 10**9)._refusal("c.md", 1, ENGLISH).status == 507
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "b.md"]


def test_a_name_that_differs_only_in_its_normal_form_already_exists(tmp_path):
    (tmp_path / "cafe\u0301.md").write_text("One.")

    async def some():
        yield b"Two."

    refusal = asyncio.run(upload.Uploads(tmp_path, 100).add("caf\u00e9.md", 4, some(), ENGLISH))
    assert refusal.status == 409
    assert [path.name for path in tmp_path.iterdir()] == ["cafe\u0301.md"]


def test_a_third_simultaneous_upload_is_refused_and_a_broken_one_leaves_nothing(tmp_path):
    with started(tmp_path, "--allow-upload") as (address, _):
        server, held = address.rstrip("/"), []
        for number in range(2):
            connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
            connection.putrequest("PUT", f"/shelf/articles/held{number}.md")
            connection.putheader("Origin", server)
            connection.putheader("Content-Length", "1000")
            connection.endheaders(b"Some text.")
            held.append(connection)
        time.sleep(0.5)
        assert len([*(tmp_path / "seeds").glob(".qa-upload-*.tmp")]) == 2
        assert put(server, "third.md", b"Text.") == (503, "too many articles are being added at once: try again in a moment")
        for connection in held:
            connection.close()
        time.sleep(0.5)
        assert put(server, "third.md", b"Text.")[0] == 201
        assert sorted(path.name for path in (tmp_path / "seeds").iterdir()) == ["third.md", "vote.txt"]


def test_an_upload_that_never_ends_times_out(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "UPLOAD_S", 0.2)

    async def slow():
        yield b"a"
        await asyncio.sleep(60)

    refusal = asyncio.run(upload.Uploads(tmp_path, 100).add("a.md", 2, slow(), ENGLISH))
    assert (refusal.status, [*tmp_path.iterdir()]) == (408, [])


def test_only_our_own_leftovers_are_removed(tmp_path):
    old, kept = f".qa-upload-{'a' * 32}.tmp", [f".qa-upload-{'b' * 32}.tmp", ".qa-upload-mine.tmp", "thesis.tmp"]
    link, folder = f".qa-upload-{'c' * 32}.tmp", f".qa-upload-{'d' * 32}.tmp"
    for name in (old, *kept):
        (tmp_path / name).write_text("x")
    (tmp_path / link).symlink_to(tmp_path / "thesis.tmp")
    (tmp_path / folder).mkdir()
    for name in (old, *kept[1:], folder):
        os.utime(tmp_path / name, (1, 1))
    upload.remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*kept, link, folder}
