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

FREE_TRIES = 5
"""Wrong passwords from one address before it has to wait."""
LONGEST_WAIT_S = 300.0
FORGOTTEN_S = 900.0
"""An address that has not tried for so long begins anew."""
ADDRESSES = 10_000
"""Of so many addresses the tries are counted; of more, those that came last."""


class Login:
    """Tells who may pass. `clock` gives seconds."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(password)
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Return for how many whole seconds an address is not listened to; whoever knows the password waits as well."""
        tries, last = self._wrong.get(address, (0, 0.0))
        if tries < FREE_TRIES:
            return 0
        wait = min(LONGEST_WAIT_S, 2.0 ** (tries - FREE_TRIES))
        return max(0, math.ceil(last + wait - self._clock()))

    def admits(self, address: str, authorization: str) -> bool:
        """Tell whether a header holds the password, and count where it does not. The user's name may be any."""
        if hmac.compare_digest(_digest(_password(authorization)), self._digest):
            self._wrong.pop(address, None)
            return True
        if authorization:  # Without any, it is the browser's first look.
            self._count(address)
        return False

    def _count(self, address: str) -> None:
        now = self._clock()
        tries, last = self._wrong.pop(address, (0, now))
        self._wrong[address] = (1 if now - last > FORGOTTEN_S else tries + 1), now
        while len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)


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
