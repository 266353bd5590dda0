"""The routes for programs, and what guards every route, over a real server."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from qa import Library, SettingsError
from qa.web import ServerOptions, serve

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
JSON = {"Content-Type": "application/json"}


VOTE = "The treaty was adopted by a vote of 120 to 7."


@pytest.fixture
def server(served):
    """The address of the server."""
    return served[0].rstrip("/")


@contextmanager
def started(folder, *options):
    """A server of one test, over one article, with its temporary files in `folder`/tmp."""
    for name in ("seeds", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "seeds" / "vote.txt").write_text(VOTE)
    script = Path(__file__).parents[1].joinpath("serve_small.py")
    command = [sys.executable, str(script), str(folder / "seeds"), str(folder / "embeddings"), *options]
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as process,
    ):
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.terminate()


def call(server, method, path, body=None, headers=None):
    """Return status, headers and text of one request."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    content = json.dumps(body) if isinstance(body, (dict, list)) else body
    try:
        connection.request(method, path, content, {**JSON, **(headers or {})})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def post(server, path, body, **headers):
    status, _, text = call(server, "POST", path, body, headers)
    return status, json.loads(text)


def test_health_is_ok(server):
    assert call(server, "GET", "/healthz")[::2] == (200, '{"status":"ok"}')


def test_a_server_that_can_answer_is_ready_and_says_how_the_index_is(server):
    status, _, text = call(server, "GET", "/readyz")
    assert (status, json.loads(text)) == (200, {"status": "ready", "pending": 0, "failed": 0})


def test_questions_are_counted_without_their_words(server):
    def counts():
        status, headers, text = call(server, "GET", "/metrics")
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain")
        assert "treaty" not in text
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    before = counts()
    for question, times in ((VOTE, 2), ("penguins of the moon", 1), ("", 1)):
        for _ in range(times):
            post(server, "/api/v1/ask", {"question": question})
    after = counts()
    for outcome, times in (("answered", 2), ("declined", 1), ("refused", 1)):
        name = f'qa_questions_total{{door="api",outcome="{outcome}"}}'
        assert after[name] - before.get(name, 0) == times
    assert after['qa_question_seconds_count{door="api"}'] - before.get('qa_question_seconds_count{door="api"}', 0) == 4
    assert after['qa_indexed{what="articles"}'] == 3
    assert after["qa_pending_files"] == 0


def test_a_follow_up_is_searched_for_with_the_question_before(server):
    _, first = post(server, "/api/v1/ask", {"question": "By what vote was the treaty adopted?"})
    _, second = post(server, "/api/v1/ask", {"question": "and how many were against that?", "earlier": first["searched"]})
    assert second["question"] == "and how many were against that?"
    assert second["searched"] == "and how many were against that? (vote, treaty adopted)"
    assert second["hits"][0]["citation"]["article_id"] == "vote.txt"


def test_an_answer_says_what_was_corrected_and_exact_is_true_or_false(server):
    for body in ({"question": VOTE}, {"question": VOTE, "exact": True}):
        _, answer = post(server, "/api/v1/ask", body)
        assert (answer["searched"], answer["respelled"]) == (VOTE, [])
    assert post(server, "/api/v1/ask", {"question": VOTE, "exact": "yes"})[0] == 400


def test_an_answer_cites_the_exact_characters_of_the_file(served, server):
    status, answer = post(server, "/api/v1/ask", {"question": VOTE})
    citation = answer["citations"][0]
    text = (served[1] / "vote.txt").read_text()
    assert (status, answer["state"], answer["answered"]) == (200, "answer", True)
    assert text[citation["span"]["start"] : citation["span"]["end"]] == citation["quote"] == VOTE
    assert citation["lines"] == [3, 3]
    assert (citation["title"], citation["date"]) == ("The vote in Rome", "1998-07-17")


def test_a_question_that_the_articles_do_not_answer_is_declined(server):
    status, answer = post(server, "/api/v1/ask", {"question": "quantum chromodynamics lattice"})
    assert (status, answer["state"], answer["answered"]) == (200, "nothing", False)
    assert (answer["text"], answer["citations"]) == ("", [])
    assert answer["hits"]


def test_retrieve_returns_at_most_k_hits_best_first(server):
    status, found = post(server, "/api/v1/retrieve", {"question": "an office in Caracas", "k": 2})
    assert status == 200
    assert [hit["rank"] for hit in found["hits"]] == [1, 2]
    assert found["hits"][0]["score"] >= found["hits"][1]["score"]
    assert found["hits"][0]["passage"]["article_id"] == "office.md"


def test_an_article_is_returned_as_it_is_in_the_file(served, server):
    status, _, text = call(server, "GET", "/api/v1/articles/office.md")
    assert status == 200
    assert json.loads(text) == {
        "id": "office.md",
        "title": "The office in Caracas",
        "date": "2024-04-23",
        "source": "AP",
        "url": "https://example.org/office",
        "tags": [],
        "author": "",
        "kind": "md",
        "text": (served[1] / "office.md").read_text(),
    }


def test_an_article_with_a_hostile_name_is_returned(served, server):
    path = next(served[1].glob("hostile*"))
    assert json.loads(call(server, "GET", f"/api/v1/articles/{quote(path.name)}")[2])["text"] == path.read_text()


@pytest.mark.parametrize("id", ["none.md", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..%2flog", "%00"])
def test_only_articles_are_returned(server, id):
    status, _, text = call(server, "GET", f"/api/v1/articles/{id}")
    assert status == 404
    assert "\n" not in json.loads(text)["error"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("ask", {"question": ""}, 400),
        ("ask", {"question": " \n\t "}, 400),
        ("ask", {"question": "a" * 2_001}, 400),
        ("ask", {"question": "a" * 100_000}, 413),
        ("ask", {"question": 7}, 400),
        ("ask", {}, 400),
        ("ask", {"question": "x", "seeds": "/"}, 400),
        ("ask", [], 400),
        ("ask", "{", 400),
        *(("retrieve", {"question": "lake", "k": k}, 400) for k in (0, -1, 1.5, "5", True, None, 101, 10**30)),
    ],
)
def test_a_bad_request_is_refused_in_one_line(server, path, body, status):
    got, answer = post(server, f"/api/v1/{path}", body)
    assert got == status
    assert list(answer) == ["error"]
    assert answer["error"]
    assert "\n" not in answer["error"]


def test_lone_surrogates_cause_no_server_error(server):
    status, _, text = call(server, "POST", "/api/v1/ask", '{"question": "the \\ud800 lake \\u0000"}')
    assert status == 200
    assert json.loads(text)["hits"]


@pytest.mark.parametrize(
    "body", ["lake", "{", "[" * 5_000, b"\xff\xfe{}", b"\x80", '{"question": NaN}', "--x\r\n\r\n--x--", "", "question=lake"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/retrieve", "/gradio_api/queue/join"])
def test_a_body_that_is_not_json_is_refused_in_one_line(server, path, body, kind):
    status, _, text = call(server, "POST", path, body, {"Content-Type": kind})
    assert 400 <= status < (501 if "gradio" in path else 500)  # Gradio stumbles over some.
    (error,) = json.loads(text).values()
    assert list(json.loads(text)) == ["error"]
    assert error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(
            ("GET", path, 404)
            for path in ("/none", "/static-qa/none", "/static-qa/../api.py", "/gradio_api/none", "/assets/none")
        ),
        ("POST", "/none", 404),
        *(("DELETE", path, 405) for path in ("/shelf", "/healthz", "/config", "/api/v1/articles/a.md", "/shelf/articles/a.md")),
        *(("GET", path, 405) for path in ("/api/v1/ask", "/gradio_api/queue/join")),
        *(("POST", path, 405) for path in ("/", "/shelf/articles/a.md", "/static-qa/citations.js")),
    ],
)
def test_missing_routes_answer_with_one_line_of_json(server, method, path, status):
    got, headers, text = call(server, method, path)
    assert (got, headers["Content-Type"]) == (status, "application/json")
    assert list(json.loads(text)) == ["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/healthz", "/readyz", "/metrics", "/words.json", "/config", "/theme.css", "/shelf", "/shelf/sync"),
        *("/shelf/articles/vote.txt", "/api/v1/articles/vote.txt", "/static-qa/citations.js", "/favicon.ico", "/none"),
        *("/gradio_api/heartbeat/test", "/gradio_api/queue/data?session_hash=test", "/api/v1/ask"),
    ],
)
def test_head_has_the_headers_of_get(server, path):
    status, headers, text = call(server, "HEAD", path)
    assert text == ""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    connection.request("GET", path)
    with connection.getresponse() as response:
        assert (status, headers["Content-Type"]) == (response.status, response.headers["Content-Type"])
    connection.close()


EVENTS = [
    {"fn_index": 9_999},
    {"fn_index": -1},
    {"fn_index": "x"},
    {"data": None},
    {"data": {}},
    {"data": []},
    {"data": [1, 2, 3, 4, 5, 6]},
    {"data": [["a secret question"], {"a secret": 1}, 7]},
    {"data": [{"path": "a secret", "meta": {"_type": "gradio.FileData"}}, "", None]},
    {"event_data": "a secret"},
    {"event_data": {"index": "a secret"}},
    {"trigger_id": "a secret"},
    {"session_hash": None},
    {"session_hash": "a secret " * 100},
    {"event_id": "a secret"},
    {"batched": True},
    {"simple_format": True},
]


def test_malformed_page_events_are_logged_in_one_line_without_their_content(tmp_path):
    with started(tmp_path) as (url, _):
        server = url.rstrip("/")
        config = json.loads(call(server, "GET", "/config")[2])
        known = [each["id"] for each in config["dependencies"]]
        wrong = [{"fn_index": id, "data": ["a secret"] * n} for id in known for n in (0, 3)]
        for number, changes in enumerate([*EVENTS, *wrong]):
            event = {"data": ["a secret question", "", "", None], "fn_index": known[0], "session_hash": f"odd{number}"}
            status, _, text = call(server, "POST", "/gradio_api/queue/join", {**event, "trigger_id": None, **changes})
            assert status == 200 or list(json.loads(text)) == ["error"]
        time.sleep(2)
        assert call(server, "GET", "/healthz")[0] == 200
        log = (tmp_path / "errors").read_text()
    assert "secret" not in log
    assert [line for line in log.splitlines() if not re.fullmatch(r"\w+ at \S+:\d+", line)] == []
    assert log


def test_a_long_body_without_a_length_is_refused(server):
    def chunks():
        yield from (b"a" * 1000 for _ in range(200))

    try:
        status = call(server, "POST", "/api/v1/ask", chunks())[0]
    except (BrokenPipeError, ConnectionResetError):
        return  # Refused before it was sent.
    assert status == 411


ROUTES = [
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/config"),
    ("GET", "/static-qa/citations.js"),
    ("GET", "/static-qa/page.css"),
    ("GET", "/static-qa/none"),
    ("GET", "/gradio_api/info"),
    ("GET", "/api/v1/articles/none.md"),
    ("POST", "/api/v1/ask"),
    ("POST", "/api/v1/retrieve"),
    ("GET", "/shelf"),
    ("GET", "/shelf/sync"),
    ("GET", "/shelf/articles/vote.txt"),
    ("GET", "/shelf/articles/vote.txt?raw=1"),
    ("GET", "/static-qa/articles.js"),
    ("PUT", "/shelf/articles/new.md"),
    ("GET", "/none"),
    ("POST", "/gradio_api/upload"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_sends_the_security_headers(server, method, path):
    headers = call(server, method, path, "{}" if method == "POST" else None)[1]
    assert headers.get_all("Content-Security-Policy") == [POLICY]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert headers.get_all("X-Frame-Options") == ["DENY"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""])
def test_no_route_answers_for_another_host(server, method, path, host):
    port = urlsplit(server).port
    assert call(server, method, path, headers={"Host": host.format(port=port)})[0] == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_all_loopback_names_are_answered(server, host):
    assert call(server, "GET", "/healthz", headers={"Host": f"{host}:{urlsplit(server).port}"})[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "file://"])
@pytest.mark.parametrize("path", ["/api/v1/ask", "/gradio_api/queue/join", "/none"])
def test_other_sites_cannot_post(server, origin, path):
    origin = origin.format(port=urlsplit(server).port)
    status, answer = post(server, path, {"question": "lake"}, Origin=origin)
    assert (status, list(answer)) == (403, ["error"])


def test_the_servers_own_page_can_post(server):
    assert post(server, "/api/v1/ask", {"question": "lake"}, Origin=server)[0] == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_loads_scripts_from_elsewhere(server, path):
    assert "cdn" not in call(server, "GET", path)[2]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_can_be_read_by_another_site(server, method, path):
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        status, headers, _ = call(server, method, path, "{}" if method == "POST" else None, {"Origin": origin})
        assert status == 403
        assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/config", "/shelf", "/gradio_api/info", "/healthz"])
def test_no_route_sends_cors_headers_even_to_its_own_page(server, path):
    _, headers, _ = call(server, "GET", path, headers={"Origin": server})
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "dest", "status"),
    [
        ("navigate", "document", 200),
        ("navigate", "iframe", 403),
        ("no-cors", "script", 403),
        ("cors", "empty", 403),
        ("", "", 403),
    ],
)
def test_another_site_can_only_link_to_the_page(server, method, site, mode, dest, status):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for path in ("/", "/shelf", "/config"):
        assert call(server, method, path, headers=headers)[0] == status
    assert call(server, "POST", "/shelf/sync", headers=headers)[0] == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_requests_by_a_person_or_the_own_page_are_answered(server, site):
    assert call(server, "GET", "/config", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"})[0] == 200


@pytest.mark.parametrize("path", ["/", "/config"])
def test_no_header_makes_the_page_use_another_address(server, path):
    claims = ("X-Forwarded-Host", "X-Forwarded-Prefix", "X-Gradio-Server", "Forwarded", "X-Forwarded-Proto")
    for name in claims:
        assert "evil" not in call(server, "GET", path, headers={name: "http://evil.example"})[2]
    for claim, scheme in (("https", "https"), ("http", "http"), ("https, http", "http"), ("ftp", "http")):
        _, _, text = call(server, "GET", path, headers={"X-Forwarded-Proto": claim})
        assert f'"root":"{scheme}://{urlsplit(server).netloc}' in text


@pytest.mark.parametrize(
    "path",
    [
        *("upload", "upload_progress", "run/ask", "call/ask", "call/v2/ask", "api/ask", "file=/etc/passwd", "file/etc/passwd"),
        *("proxy=http://x/", "dev/reload", "deep_link", "stream/x", "reset", "cancel", "component_server", "app_id", "user"),
        *("token", "login_check", "startup-events", "process_recording", "vibe-code", "openapi.json", "runs", "theme.css"),
    ],
)
def test_gradio_routes_that_the_page_does_not_need_are_closed(server, path):
    assert [call(server, method, f"/gradio_api/{path}")[0] for method in ("GET", "POST")] == [404, 404]


@pytest.mark.parametrize(
    "path", ["monitoring", "monitoring/summary", "svelte/x", "static/x", "manifest.json", "pwa_icon", "login"]
)
def test_other_gradio_routes_at_the_root_are_closed(server, path):
    assert [call(server, method, f"/{path}")[0] for method in ("GET", "POST")] == [404, 404]


def join(server, question):
    """Ask through the page's queue, as the page's script does; return all that comes back."""
    config = json.loads(call(server, "GET", "/config")[2])
    ask = next(each for each in config["dependencies"] if [[event] for _, event in each["targets"]] == [["submit"]])
    body = {
        "data": [question, "", "", None],
        "fn_index": ask["id"],
        "session_hash": "test",
        "trigger_id": None,
        "event_data": None,
    }
    status, _, text = call(server, "POST", "/gradio_api/queue/join", body)
    if status != 200:
        return text
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    connection.request("GET", "/gradio_api/queue/data?session_hash=test")
    response, seen = connection.getresponse(), ""
    while "process_completed" not in seen:
        line = response.readline().decode()
        assert line, seen
        seen += line
    connection.close()
    return seen


def posted_file(folder, *options):
    """Post a file that was never uploaded as the question; return what came back, and the copies that were made of it."""
    secret = folder / "secret.txt"
    secret.write_text("the secret words")
    with started(folder / "server", *options) as (url, _):
        back = join(url, {"path": str(secret), "meta": {"_type": "gradio.FileData"}})
        held = [path for path in (folder / "server" / "tmp").rglob("*") if path.is_file()]
        return back, [path for path in held if "the secret words" in path.read_text(errors="replace")]


def test_a_file_named_in_a_request_is_not_read(tmp_path):
    back, copies = posted_file(tmp_path)
    assert '"success":false' in back
    assert "secret words" not in back
    assert not copies


@pytest.mark.exhaustive
def test_without_the_launched_mark_gradio_would_read_the_file(tmp_path):
    """Keeps the test above honest."""
    assert posted_file(tmp_path, "--not-launched")[1]


def test_a_question_through_the_queue_is_answered(server):
    assert "was adopted by a vote of 120 to 7" in join(server, VOTE)


def test_signals_end_the_server_and_its_private_folder(tmp_path):
    with started(tmp_path) as (url, process):
        (private,) = (tmp_path / "tmp").glob("qa-page-*")
        assert private.stat().st_mode & 0o077 == 0
        page = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        page.request("GET", "/gradio_api/heartbeat/open")
        page.getresponse()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        page.close()
        assert not private.exists()
    assert (tmp_path / "errors").read_text() == ""


def test_a_used_port_is_an_error_in_one_line(server, tmp_path):
    port = urlsplit(server).port
    with Library(tmp_path) as library, pytest.raises(SettingsError) as raised:
        serve(library, ServerOptions(port=port))
    assert str(raised.value) == f"port {port} is in use: give another with --port"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])
def test_other_hosts_need_a_password_and_a_name(tmp_path, host):
    with Library(tmp_path) as library:
        with pytest.raises(SettingsError, match="refused without a password: give one with --password-file"):
            serve(library, ServerOptions(host=host, port=0, names=("example.org",)))
        with pytest.raises(SettingsError, match="refused without a name: say with --name"):
            serve(library, ServerOptions(host=host, port=0, password="long enough for this"))
        with pytest.raises(SettingsError, match="too short"):
            serve(library, ServerOptions(host=host, port=0, password="short", names=("example.org",)))


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_refused(tmp_path, port):
    with Library(tmp_path) as library, pytest.raises(SettingsError, match="does not exist"):
        serve(library, ServerOptions(port=port))


def test_importing_qa_web_loads_nothing_heavy():
    code = "import sys, qa.web; print({'gradio', 'fastapi', 'uvicorn'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_filters_are_applied_and_bad_ones_refused_in_one_line(server):
    body = {"question": "office in Caracas", "where": {"path": "vote*"}}
    _, _, text = call(server, "POST", "/api/v1/retrieve", body)
    assert {hit["citation"]["article_id"] for hit in json.loads(text)["hits"]} == {"vote.txt"}
    status, _, text = call(server, "POST", "/api/v1/ask", {"question": "office in Caracas", "where": {"since": "2024"}})
    assert status == 400
    assert "where has no 'since'" in json.loads(text)["error"]


@pytest.mark.parametrize("date", ["\u0662\u0660\u0662\u0664", "2024-\u0660\u0661", "\uff12\uff10\uff12\uff14"])
def test_a_date_in_other_digits_is_refused(server, date):
    for name in ("after", "before"):
        status, answer = post(server, "/api/v1/ask", {"question": "office in Caracas", "where": {name: date}})
        assert status == 400
        assert "takes a date such as" in answer["error"]
