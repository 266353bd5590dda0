"""What the page remembers of its visitors is bounded, however long their articles and their conversations are."""

from dataclasses import replace

from qa.web import sessions
from qa.web.chat.conversation import WHOLE_TURNS, Turn, panel
from qa.web.messages import ENGLISH
from qa.web.sessions import Sessions, size_bytes
from qa.where import Where


def turn(number, chars=1_000):
    return Turn(number, "?", Where(), False, "reply", "W" * chars, f"<p>passage {number}</p>")


def asked(kept, count, chars=1_000, key=""):
    turns = ()
    for number in range(1, count + 1):
        key, turns = kept.save(key, (*turns, turn(number, chars)))
    return key, turns


def test_only_the_latest_turns_have_whole_articles():
    _, turns = asked(Sessions(), 9)
    assert [bool(each.sources) for each in turns] == [False] * (9 - WHOLE_TURNS) + [True] * WHOLE_TURNS
    assert all(f"passage {number}" in panel(turns, ENGLISH) for number in range(1, 9 - WHOLE_TURNS + 1))
    assert panel(turns, ENGLISH).count("W" * 1_000) == WHOLE_TURNS


def test_the_panel_has_a_limited_length():
    _, turns = asked(Sessions(), 9, sessions.PANEL_CHARS // 2)
    assert [bool(each.sources) for each in turns] == [False] * 7 + [True] * 2
    _, turns = asked(Sessions(), 3, 2 * sessions.PANEL_CHARS)
    assert [bool(each.sources) for each in turns] == [False, False, True]


def test_a_session_has_limited_memory_and_drops_its_oldest_turns():
    most = 3 * size_bytes(turn(1))
    key, turns = asked(kept := Sessions(session_bytes=most), 40)
    assert kept.size_bytes <= most
    assert turns[-1].number == 40
    assert kept.turns(key) == turns


def test_all_sessions_have_limited_memory_and_the_oldest_is_dropped():
    most = 10 * size_bytes(turn(1))
    kept = Sessions(all_bytes=most)
    keys = [asked(kept, 2)[0] for _ in range(20)]
    assert kept.size_bytes <= most
    assert kept.turns(keys[0]) == ()
    assert len(kept.turns(keys[-1])) == 2


def test_a_session_that_asks_again_is_no_longer_the_oldest():
    kept = Sessions(all_bytes=3 * size_bytes(turn(1)))
    first, second = asked(kept, 1)[0], asked(kept, 1)[0]
    kept.save(first, kept.turns(first))
    asked(kept, 1)
    asked(kept, 1)
    assert kept.turns(first)
    assert not kept.turns(second)


def test_a_closed_page_is_forgotten():
    key, _ = asked(kept := Sessions(), 3)
    kept.forget(key)
    assert (kept.size_bytes, kept.turns(key)) == (0, ())


def test_a_dropped_turn_only_shortens_the_history():
    key, turns = asked(kept := Sessions(session_bytes=1), 3)
    assert [each.number for each in turns] == [3]
    assert kept.save(key, (replace(turns[0], reply="other"),))[1][0].reply == "other"
