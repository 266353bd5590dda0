"""The head of a request: the site that it comes from, and the headers that are passed on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

Headers = Iterable[tuple[bytes, bytes]]

OWN_SITES = ("", "same-origin", "none")
"""The values of `Sec-Fetch-Site` without a browser, from the own page, and if a person typed the address."""
_SCHEMES = (b"http", b"https")


def only(headers: Headers, name: bytes) -> str | None:
    """Return a header's value, empty if it is missing, None if it is repeated."""
    values = [value.decode("latin-1") for key, value in headers if key == name]
    return None if len(values) > 1 else "".join(values)


def is_foreign(scope: Scope, origins: Collection[str]) -> bool:
    """Return True if a page of another origin than `origins` sent this request; following a link to the page is allowed."""
    headers = scope["headers"]
    origin, site = only(headers, b"origin"), only(headers, b"sec-fetch-site")
    if origin in ("", *origins) and site in OWN_SITES:
        return False
    followed = (only(headers, b"sec-fetch-mode"), only(headers, b"sec-fetch-dest")) == ("navigate", "document")
    return not (followed and scope["method"] in ("GET", "HEAD"))


def trusted(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the headers without those that would make Gradio take another address for its own.

    A header that says that a proxy encrypts is trusted: the page then loads its parts by https.

    >>> trusted([(b"x-forwarded-host", b"evil.example"), (b"x-forwarded-proto", b"https")])
    [(b'x-forwarded-proto', b'https')]
    """
    return [(name, value) for name, value in headers if not _claims_an_address(name, value)]


def _claims_an_address(name: bytes, value: bytes) -> bool:
    if name == b"x-forwarded-proto":
        return value not in _SCHEMES
    return name == b"forwarded" or name.startswith((b"x-forwarded-", b"x-gradio-"))
