"""The password of a server that others can reach: HTTP Basic, and a growing wait after wrong passwords."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

FREE_TRIES = 5
"""Wrong passwords from one address before it has to wait."""
LONGEST_WAIT_S = 300.0
FORGOTTEN_S = 900.0
"""The wrong passwords of an address are forgotten after this long without another."""
ADDRESSES = 10_000
"""The number of addresses whose wrong passwords are counted: those that tried last."""
ALL_TRIES = 100
"""Wrong passwords from all addresses together before those that never gave the right one have to wait."""
ALL_PER_S = 1.0
"""How many wrong passwords of all addresses are forgotten each second, so that as many may be tried."""
NETWORK_BITS = 64
"""The owner of one IPv6 address has all addresses that begin with the same bits."""


class Login:
    """Checks passwords, and makes addresses wait that guess. `clock` returns seconds."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(password)
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._trusted: OrderedDict[str, None] = OrderedDict()
        self._all: tuple[float, float] = (0.0, clock())

    def wait_s(self, address: str) -> int:
        """Return for how many whole seconds an address has to wait, also if it has the right password.

        While many addresses guess, only those that gave the right password before do not have to wait for them.
        """
        address = _owner(address)
        tries, last = self._wrong.get(address, (0, 0.0))
        wait = min(LONGEST_WAIT_S, 2.0 ** (tries - FREE_TRIES)) if tries >= FREE_TRIES else 0.0
        own = last + wait - self._clock() if wait else 0.0
        others = 0.0 if address in self._trusted else (self._all_wrong() - ALL_TRIES + 1) / ALL_PER_S
        return max(0, math.ceil(own), math.ceil(others))

    def _all_wrong(self) -> float:
        """Return the number of wrong passwords from all addresses that are not forgotten yet."""
        count, at = self._all
        return max(0.0, count - ALL_PER_S * (self._clock() - at))

    def admits(self, address: str, authorization: str) -> bool:
        """Return True if a header holds the password, with any user's name; count it if it does not."""
        address = _owner(address)
        if hmac.compare_digest(_digest(_password(authorization)), self._digest):
            self._wrong.pop(address, None)
            self._trusted[address] = None
            self._trusted.move_to_end(address)
            while len(self._trusted) > ADDRESSES:
                self._trusted.popitem(last=False)
            return True
        if authorization:  # Without a header, it is a browser's first request.
            self._count(address)
        return False

    def _count(self, address: str) -> None:
        now = self._clock()
        self._all = self._all_wrong() + 1, now
        tries, last = self._wrong.pop(address, (0, now))
        self._wrong[address] = (1 if now - last > FORGOTTEN_S else tries + 1), now
        while len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)


def _owner(address: str) -> str:
    """Return a name for all addresses of one owner: an IPv4 address, or the network of an IPv6 address.

    >>> _owner("2001:db8::1") == _owner("2001:db8::ffff:2"), _owner("::ffff:10.0.0.1")
    (True, '10.0.0.1')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, NETWORK_BITS), strict=False))


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "replace")).digest()


def _password(authorization: str) -> str:
    """Return the password of a Basic header; empty, which no password is, if there is none."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
