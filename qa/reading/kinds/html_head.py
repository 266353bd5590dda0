"""What a web page says about itself, in so many words: nothing is taken from its text by guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from qa.reading.kinds.writer import one_line
from qa.reading.metadata import iso_date

_AUTHOR_CHARS = 60
_NO_AUTHOR = re.compile(r"\d|database|https?:|www\.|@|^(?:admin|editor|staff|unknown|by)$", re.IGNORECASE)
_SOURCE_CHARS = 80
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?=[-_]|$)")
_BETWEEN = re.compile(r"\s*(?:[|·—–:«»(]|-\s)")
"""What stands between the title of a page and the name of its site."""
_DATE_NAME = re.compile(r"date|time|publish|modif|created|issued", re.IGNORECASE)


def metadata(root: Any, said: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the metadata of a page. `said` is what a library took for it, which counts if the page declares it."""
    declared, named = _declared(root)
    title, date = title_of(root) or one_line(said.get("title") or ""), iso_date(said.get("date"))
    authors = [
        name for each in (said.get("author") or "").split(";") if (name := one_line(each)) and name.casefold() in declared
    ]
    author, source = ", ".join(authors), one_line(said.get("sitename") or "")
    address = said.get("url") or ""
    return {
        "title": title,
        "date": date if date in declared or named else "",
        "author": "" if _NO_AUTHOR.search(author) or len(author) > _AUTHOR_CHARS else author,
        "source": source if len(source) <= _SOURCE_CHARS else "",
        "url": address if address.startswith(("http://", "https://")) else "",
        "tags": [
            tag for each in said.get("tags") or [] for part in each.split(",") if (tag := one_line(part)) and tag != title
        ],
        "language": _language(root),
    }


def generator(root: Any) -> str:
    """Return the name of the program that wrote a page, if it says so."""
    return " ".join(meta.get("content", "") for meta in root.iter("meta") if meta.get("name", "").lower() == "generator")


def title_of(root: Any) -> str:
    """Return the title of a page, as its heading has it if the rest is the name of the site; empty without one."""
    given = [meta.get("content", "") for meta in root.iter("meta") if meta.get("property") == "og:title"]
    titles = ["".join(each.itertext()) for each in islice(root.iter("title"), 1)]
    title = next((words for each in given + titles if (words := one_line(each))), "")
    first = next(root.iter("h1"), None)
    if not title:
        return "" if first is None else heading_text(first)
    for heading in islice(root.iter("h1", "h2"), 20):
        words = heading_text(heading)
        begins = bool(words) and title.casefold().startswith(words.casefold())
        if begins and (len(title) == len(words) or _BETWEEN.match(title, len(words))):
            return words
    return title


def heading_text(element: Any) -> str:
    """Return the words of a heading, without the sign of a link to it."""
    return one_line("".join(islice(element.itertext(), 20))).rstrip("¶# ")


def _language(root: Any) -> str:
    stated = next((each.get("lang") for each in (root, *root) if each.get("lang")), root.get("xml:lang") or "")
    language = _LANGUAGE.match(stated)
    return language.group().lower() if language else ""


def _declared(root: Any) -> tuple[str, bool]:
    """Return all that a page declares about itself as one text in lower case, and True if a date is named among it."""
    metas = list(root.iter("meta"))
    said = [meta.get("content", "") for meta in metas]
    said += [each.text or "" for each in root.iter("script") if each.get("type") == "application/ld+json"]
    said += [each.get("datetime", "") for each in islice(root.iter("time"), 5)]
    bylines = (
        each for each in root.iter("a", "span", "address", "p", "div") if "author" in (each.get("rel"), each.get("itemprop"))
    )
    said += [" ".join(islice(each.itertext(), 5)) for each in islice(bylines, 5)]
    names = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "" for meta in metas)
    return one_line(" ".join(said)).casefold(), any(map(_DATE_NAME.search, names))
