"""The password of a server that others can reach: HTTP Basic, and a wait after wrong tries that grows."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import TypeVar

Value = TypeVar("Value")

FREE_TRIES = 5
"""Wrong passwords from one address before it has to wait."""
LONGEST_WAIT_S = 300.0
FORGOTTEN_S = 900.0
"""An address that has not tried for so long begins anew."""
ADDRESSES = 10_000
"""Of so many addresses the tries are counted; of more, those that came last."""
STRANGERS_TRIES = 100
"""So many wrong passwords are listened to at once from all strangers together: twenty people who forgot it."""
STRANGERS_A_S = 2.0
"""And so many a second after that, from however many addresses: 63 million a year, of 10^16 passwords of twelve letters."""
KEPT_TRIES = 50
"""Of the tries of strangers so many are kept for addresses that have made no more than a slip."""
SLIPS = 1


class Login:
    """Tells who may pass. `clock` gives seconds.

    An address that has given the right password is no stranger any more: what others guess does not keep it waiting.
    """

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(password)
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._tries_left, self._filled = float(STRANGERS_TRIES), clock()

    def wait_s(self, address: str) -> int:
        """Return for how many whole seconds an address is not listened to; whoever knows the password waits as well."""
        home = _home(address)
        tries, last = self._wrong.get(home, (0, 0.0))
        if tries >= FREE_TRIES:
            wait = last + min(LONGEST_WAIT_S, 2.0 ** (tries - FREE_TRIES)) - self._clock()
            if wait > 0:
                return math.ceil(wait)
        return 0 if home in self._known else self._strangers_wait_s(tries)

    def admits(self, address: str, authorization: str) -> bool:
        """Tell whether a header holds the password, and count where it does not. The user's name may be any."""
        home = _home(address)
        if hmac.compare_digest(_digest(_password(authorization)), self._digest):
            self._wrong.pop(home, None)
            _remember(self._known, home, None)
            return True
        if authorization:  # Without any, it is the browser's first look.
            self._count(home)
        return False

    def _count(self, home: str) -> None:
        now = self._clock()
        tries, last = self._wrong.get(home, (0, now))
        _remember(self._wrong, home, (1 if now - last > FORGOTTEN_S else tries + 1, now))
        if home not in self._known:
            self._fill()
            self._tries_left = max(0.0, self._tries_left - 1)

    def _strangers_wait_s(self, tries: int) -> int:
        self._fill()
        needed = 1 if tries <= SLIPS else 1 + KEPT_TRIES
        return max(0, math.ceil((needed - self._tries_left) / STRANGERS_A_S))

    def _fill(self) -> None:
        now = self._clock()
        self._tries_left = min(STRANGERS_TRIES, self._tries_left + (now - self._filled) * STRANGERS_A_S)
        self._filled = now


def _remember(kept: OrderedDict[str, Value], home: str, value: Value) -> None:
    kept[home] = value
    kept.move_to_end(home)
    while len(kept) > ADDRESSES:
        kept.popitem(last=False)


def _home(address: str) -> str:
    """Return what one person has of addresses: one of version 4, a network of 64 bits of version 6.

    >>> _home("192.0.2.7"), _home("::ffff:192.0.2.7"), _home("2001:db8:1:2:3:4:5:6")
    ('192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found) >> 64 << 64, 64)))


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "replace")).digest()


def _password(authorization: str) -> str:
    """Return the password of a Basic header; empty, which none is, where there is none."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
