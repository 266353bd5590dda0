"""The password of a server that others can reach: HTTP Basic, and a wait after wrong tries that grows."""

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
"""An address that has not tried for so long begins anew."""
ADDRESSES = 10_000
"""Of so many addresses the tries are counted; of more, those that came last."""
ALL_TRIES = 100
"""Wrong passwords from all addresses together before those that never gave the right one have to take turns."""
ALL_PER_S = 1.0
"""How many wrong passwords are forgotten each second: as many may then be tried."""
NETWORK_BITS = 64
"""Whoever has one IPv6 address has all that begin with the same bits."""


class Login:
    """Tells who may pass. `clock` gives seconds."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(password)
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._all: tuple[float, float] = (0.0, clock())

    def wait_s(self, address: str) -> int:
        """Return for how many whole seconds an address is not listened to; whoever knows the password waits as well.

        While many addresses guess, only those that gave the right password before are listened to at once.
        """
        address = _owner(address)
        tries, last = self._wrong.get(address, (0, 0.0))
        wait = min(LONGEST_WAIT_S, 2.0 ** (tries - FREE_TRIES)) if tries >= FREE_TRIES else 0.0
        own = last + wait - self._clock() if wait else 0.0
        others = 0.0 if address in self._known else (self._all_wrong() - ALL_TRIES + 1) / ALL_PER_S
        return max(0, math.ceil(own), math.ceil(others))

    def _all_wrong(self) -> float:
        """Return how many wrong passwords are not forgotten yet, from all addresses."""
        count, at = self._all
        return max(0.0, count - ALL_PER_S * (self._clock() - at))

    def admits(self, address: str, authorization: str) -> bool:
        """Tell whether a header holds the password, and count where it does not. The user's name may be any."""
        address = _owner(address)
        if hmac.compare_digest(_digest(_password(authorization)), self._digest):
            self._wrong.pop(address, None)
            self._known[address] = None
            self._known.move_to_end(address)
            while len(self._known) > ADDRESSES:
                self._known.popitem(last=False)
            return True
        if authorization:  # Without any, it is the browser's first look.
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
    """Return what stands for all addresses of one owner: an IPv4 address, or the network of an IPv6 address.

    >>> _owner("2001:db8::1") == _owner("2001:db8::ffff:2"), _owner("::ffff:10.0.0.1")
    (True, '10.0.0.1')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, NETWORK_BITS), strict=False))


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
