"""A server that others can reach: only who knows the password is answered, and who guesses has to wait longer and longer."""

import base64

import pytest
from test_api import JSON, ROUTES, call, post, started

from qa.web.login import ADDRESSES, ALL_TRIES, FREE_TRIES, LONGEST_WAIT_S, Login

PASSWORD = "correct horse battery"


def basic(password, user="anybody"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_the_right_password_is_admitted():
    login = Login("señor, a password")
    assert login.admits("a", basic("señor, a password"))
    assert login.admits("a", basic("señor, a password", user=""))
    for wrong in ("", "Basic", "Basic !!!", "Bearer x", basic(""), basic("señor"), basic("señor, a password ")):
        assert not login.admits("a", wrong)


def test_guessing_makes_an_address_wait_longer_and_no_other():
    clock = Clock()
    login = Login(PASSWORD, clock)
    waits = []
    for _ in range(20):
        assert not login.admits("thief", basic("guess"))
        waits.append(login.wait_s("thief"))
        clock.now += waits[-1]
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 : FREE_TRIES + 3] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_WAIT_S
    assert login.wait_s("owner") == 0
    assert login.admits("thief", basic(PASSWORD))
    assert login.wait_s("thief") == 0


def test_all_addresses_of_one_network_are_one_guesser():
    login = Login(PASSWORD)
    for number in range(FREE_TRIES):
        login.admits(f"2001:db8:0:1::{number:x}", basic("guess"))
    assert login.wait_s("2001:db8:0:1:ffff::1") > 0
    assert login.wait_s("2001:db8:0:2::1") == 0
    assert login.wait_s("10.0.0.1") == 0


def test_many_guessing_addresses_are_slowed_down_but_trusted_ones_are_not():
    clock = Clock()
    login = Login(PASSWORD, clock)
    assert login.admits("10.0.0.1", basic(PASSWORD))
    heard = 0
    for number in range(40 * 4):
        address = f"10.1.{number // 4}.1"
        if not login.wait_s(address):
            heard += not login.admits(address, basic("guess"))
    assert heard == ALL_TRIES
    assert login.wait_s("10.0.0.1") == 0
    assert 0 < login.wait_s("10.2.0.1") <= 2
    clock.now += 2
    assert login.wait_s("10.2.0.1") == 0
    assert login.admits("10.2.0.1", basic(PASSWORD))


def test_a_request_without_a_password_is_not_counted_as_a_guess():
    login = Login(PASSWORD)
    for _ in range(50):
        assert not login.admits("a", "")
    assert login.wait_s("a") == 0


def test_guesses_are_counted_for_a_limited_number_of_addresses():
    login = Login(PASSWORD)
    for number in range(ADDRESSES + 100):
        login.admits(str(number), basic("guess"))
    assert len(login._wrong) == ADDRESSES


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    with started(tmp_path_factory.mktemp("closed"), "--password", PASSWORD, "--name", "qa.example.org") as (address, _):
        yield address.rstrip("/")


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] != "/healthz"])
def test_no_route_answers_without_the_password(closed, method, path):
    status, headers, text = call(closed, method, path, b"{}" if method == "POST" else None, JSON if method == "POST" else None)
    assert status == 401
    assert headers["WWW-Authenticate"] == 'Basic realm="qa", charset="UTF-8"'
    assert "default-src" in headers["Content-Security-Policy"]
    assert "vote" not in text


def test_requests_with_the_password_are_answered(closed):
    key = {"Authorization": basic(PASSWORD)}
    assert call(closed, "GET", "/healthz")[0] == 200
    assert call(closed, "GET", "/", headers=key)[0] == 200
    assert call(closed, "GET", "/config", headers=key)[0] == 200
    assert call(closed, "GET", "/readyz", headers=key)[0] == 200
    status, _, text = call(closed, "POST", "/api/v1/ask", b'{"question": "treaty vote"}', JSON | key)
    assert (status, "120 to 7" in text) == (200, True)


def test_only_the_given_names_are_answered(closed):
    key = {"Authorization": basic(PASSWORD)}
    assert call(closed, "GET", "/readyz", headers=key | {"Host": "QA.example.org"})[0] == 200
    for origin, status in (("https://qa.example.org", 200), ("http://qa.example.org", 200), ("https://evil.example", 403)):
        headers = JSON | key | {"Host": "qa.example.org", "Origin": origin}
        assert call(closed, "POST", "/api/v1/ask", b'{"question": "vote"}', headers)[0] == status
    assert call(closed, "GET", "/readyz", headers=key | {"Host": "evil.example"})[0] == 421


def test_a_server_for_others_prints_its_name(tmp_path):
    """127.0.0.2 is this machine as well, but none of the names that need no password."""
    with started(tmp_path, "--host", "127.0.0.2", "--password", PASSWORD, "--name", "qa.example.org") as (address, process):
        assert address == "http://qa.example.org/"
        assert process.poll() is None


@pytest.mark.exhaustive
def test_guessing_over_the_wire_is_throttled(tmp_path):
    with started(tmp_path, "--password", PASSWORD) as (address, _):
        statuses = [
            call(address.rstrip("/"), "GET", "/readyz", headers={"Authorization": basic(f"guess {n}")}) for n in range(8)
        ]
        assert [status for status, *_ in statuses] == [401] * FREE_TRIES + [429] * (8 - FREE_TRIES)
        assert int(statuses[-1][1]["Retry-After"]) >= 1
        assert call(address.rstrip("/"), "GET", "/readyz", headers={"Authorization": basic(PASSWORD)})[0] == 429


def test_an_unexpected_error_does_not_reveal_the_question(tmp_path):
    with started(tmp_path, "--broken") as (address, _):
        assert post(address.rstrip("/"), "/api/v1/ask", {"question": "a secret question"}) == (
            500,
            {"error": "something went wrong here: the server's log says where"},
        )
    log = (tmp_path / "errors").read_text()
    assert "RuntimeError at " in log
    assert "secret" not in log
