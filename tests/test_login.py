"""A server that others can reach: only who knows the password is answered, and who guesses has to wait longer and longer."""

import base64

import pytest
from test_api import JSON, ROUTES, call, post, started

from qa.server.login import ADDRESSES, FREE_TRIES, LONGEST_WAIT_S, STRANGERS_A_S, STRANGERS_TRIES, Login

PASSWORD = "correct horse battery"


def basic(password, user="anybody"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_the_password_admits_whoever_has_it():
    login = Login("señor, a password")
    assert login.admits("a", basic("señor, a password"))
    assert login.admits("a", basic("señor, a password", user=""))
    for wrong in ("", "Basic", "Basic !!!", "Bearer x", basic(""), basic("señor"), basic("señor, a password ")):
        assert not login.admits("a", wrong)


def test_who_guesses_waits_longer_and_longer_and_others_do_not():
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


def test_the_first_look_of_a_browser_is_no_guess():
    login = Login(PASSWORD)
    for _ in range(50):
        assert not login.admits("a", "")
    assert login.wait_s("a") == 0


def test_tries_are_counted_of_so_many_addresses_only():
    login = Login(PASSWORD)
    for number in range(ADDRESSES + 100):
        login.admits(str(number), basic("guess"))
    assert len(login._wrong) == ADDRESSES


def test_all_addresses_of_a_network_of_version_six_are_one():
    login = Login(PASSWORD, Clock())
    for number in range(FREE_TRIES):
        login.admits(f"2001:db8:1:2::{number}", basic("guess"))
    assert login.wait_s("2001:db8:1:2:ffff::1") >= 1
    assert login.wait_s("2001:db8:1:3::1") == 0
    for number in range(FREE_TRIES):
        login.admits("::ffff:192.0.2.7" if number % 2 else "192.0.2.7", basic("guess"))
    assert login.wait_s("192.0.2.7") >= 1
    assert login.wait_s("192.0.2.8") == 0


def guesses(login, clock, addresses, seconds):
    """Guess from all the addresses whenever they are listened to; return how often that was."""
    heard = 0
    for _ in range(seconds):
        for address in addresses:
            if not login.wait_s(address):
                assert not login.admits(address, basic("guess"))
                heard += 1
        clock.now += 1
    return heard


def test_guesses_from_many_addresses_are_braked_all_together():
    clock = Clock()
    login = Login(PASSWORD, clock)
    crowd = [f"10.0.{number // 256}.{number % 256}" for number in range(2_000)]
    assert guesses(login, clock, crowd, 60) <= STRANGERS_TRIES + 60 * STRANGERS_A_S


def test_who_logged_in_before_is_not_kept_waiting_by_what_others_guess():
    clock = Clock()
    login = Login(PASSWORD, clock)
    assert login.admits("192.0.2.1", basic(PASSWORD))
    guesses(login, clock, [f"10.0.{number // 256}.{number % 256}" for number in range(2_000)], 5)
    while not login.wait_s("203.0.113.9"):
        login.admits("203.0.113.8", basic("guess"))
    assert login.wait_s("192.0.2.1") == 0
    assert not login.admits("192.0.2.1", basic("slip"))
    assert login.wait_s("192.0.2.1") == 0


def test_a_newcomer_waits_seconds_at_most_while_a_crowd_guesses():
    clock = Clock()
    login = Login(PASSWORD, clock)
    crowd = [f"10.0.0.{number}" for number in range(40)]
    guesses(login, clock, crowd, 60)
    for _ in range(2):  # The first is a slip.
        assert login.wait_s("203.0.113.9") == 0
        assert not login.admits("203.0.113.9", basic("slip"))
    assert login.wait_s("203.0.113.8") == 0
    while not login.wait_s(f"10.1.{len(crowd)}.1"):
        crowd.append("")
        login.admits(f"10.1.{len(crowd)}.1", basic("guess"))
    assert 1 <= login.wait_s("203.0.113.8") <= 2
    clock.now += 1
    assert login.admits("203.0.113.8", basic(PASSWORD))


def test_who_is_known_is_remembered_of_so_many_addresses_only():
    login = Login(PASSWORD)
    for number in range(ADDRESSES + 100):
        login.admits(str(number), basic(PASSWORD))
    assert len(login._known) == ADDRESSES


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


def test_with_the_password_all_is_as_without_one(closed):
    key = {"Authorization": basic(PASSWORD)}
    assert call(closed, "GET", "/healthz")[0] == 200
    assert call(closed, "GET", "/", headers=key)[0] == 200
    assert call(closed, "GET", "/config", headers=key)[0] == 200
    assert call(closed, "GET", "/readyz", headers=key)[0] == 200
    status, _, text = call(closed, "POST", "/api/v1/ask", b'{"question": "treaty vote"}', JSON | key)
    assert (status, "120 to 7" in text) == (200, True)


def test_the_name_that_was_given_is_answered_and_no_other(closed):
    key = {"Authorization": basic(PASSWORD)}
    assert call(closed, "GET", "/readyz", headers=key | {"Host": "QA.example.org"})[0] == 200
    for origin, status in (("https://qa.example.org", 200), ("http://qa.example.org", 200), ("https://evil.example", 403)):
        headers = JSON | key | {"Host": "qa.example.org", "Origin": origin}
        assert call(closed, "POST", "/api/v1/ask", b'{"question": "vote"}', headers)[0] == status
    assert call(closed, "GET", "/readyz", headers=key | {"Host": "evil.example"})[0] == 421


def test_a_server_for_others_says_the_name_it_goes_by(tmp_path):
    """127.0.0.2 is this machine as well, but none of the names that need no password."""
    with started(tmp_path, "--host", "127.0.0.2", "--password", PASSWORD, "--name", "qa.example.org") as (address, process):
        assert address == "http://qa.example.org/"
        assert process.poll() is None


def test_guessing_over_the_wire_is_throttled(tmp_path):
    with started(tmp_path, "--password", PASSWORD) as (address, _):
        statuses = [
            call(address.rstrip("/"), "GET", "/readyz", headers={"Authorization": basic(f"guess {n}")}) for n in range(8)
        ]
        assert [status for status, *_ in statuses] == [401] * FREE_TRIES + [429] * (8 - FREE_TRIES)
        assert int(statuses[-1][1]["Retry-After"]) >= 1
        assert call(address.rstrip("/"), "GET", "/readyz", headers={"Authorization": basic(PASSWORD)})[0] == 429


def test_an_accident_tells_nobody_what_was_asked(tmp_path):
    with started(tmp_path, "--broken") as (address, _):
        assert post(address.rstrip("/"), "/api/v1/ask", {"question": "a secret question"}) == (
            500,
            {"error": "something went wrong here: the server's log says where"},
        )
    log = (tmp_path / "errors").read_text()
    assert "RuntimeError at " in log
    assert "secret" not in log
