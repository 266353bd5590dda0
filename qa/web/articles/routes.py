"""The routes of the shelf: the articles, one to read, the sync, and an article that is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from qa.errors import QaError
from qa.library import Library
from qa.text.span import Span
from qa.web import urls
from qa.web.articles import article_map, charts, listing, listing_html, sync_html, upload
from qa.web.articles.listing import Entry, View
from qa.web.background_sync import Syncing
from qa.web.guard import log_trouble
from qa.web.messages import Words, preferred
from qa.wire import as_json

MAP_S = 0.3
"""How long a request waits for the map; a later one finds it."""

Places = Mapping[str, tuple[float, float]]


class Shelf:
    """What is kept between requests: the listing and the map of one generation, and the sync. For many threads."""

    def __init__(self, library: Library, *, allow_upload: bool = False) -> None:
        self.library = library
        self.uploads = _uploads(library) if allow_upload else None
        self.syncing = Syncing(library)
        self._listed: tuple[str, list[Entry]] = ("", [])
        self._drawn: tuple[str, Future[Places]] | None = None
        self._drawing = ThreadPoolExecutor(1, "qa-map")

    def close(self) -> None:
        """End what runs in the background."""
        if self.uploads:
            self.uploads.close()
        self.syncing.close()
        self._drawing.shutdown(cancel_futures=True)

    def listing(self) -> tuple[str, list[Entry]]:
        """Return the state of the index and the articles in it."""
        with self.library.store.snapshot() as snapshot:
            if (generation := snapshot.manifest.generation) != self._listed[0]:
                self._listed = generation, [Entry(*each) for each in snapshot.articles()]
        return self._listed

    def places(self, generation: str, listed: list[Entry]) -> Places | None:
        """Return where each article stands on the map; None while that is being worked out."""
        if self._drawn is None or self._drawn[0] != generation:
            ids = [each.id for each in listed]
            self._drawn = generation, self._drawing.submit(article_map.places, self.library.store, ids)
        try:
            return self._drawn[1].result(MAP_S)
        except TooSlow:
            return None
        except Exception as error:  # The shelf goes without its map.
            log_trouble(error)
            return {}

    def content(self, view: View, words: Words) -> str:
        """Return the shelf as HTML; where files have changed, a sync begins."""
        generation, listed = self.listing()
        behind = self.library.changed_files(allow_cached=True)
        self.syncing.follow(behind)
        known = listing.entries(listed, behind, self.library.failures())
        found = listing.matching(known, view.search, view.where)
        of_all_dates = listing.matching(known, view.search, view.undated.where)
        sources = [each.source for each in listed]
        parts = {
            "sync": self._sync(listed, len(behind), words),
            "upload": sync_html.upload(upload.KINDS, words) if self.uploads else "",
            "filters": _filters(view, listed, words),
            "articles": listing_html.articles(view, listing.leaf(listing.in_order(found, view.sort), view.page), words),
            "timeline": charts.timeline(*listing.by_month(of_all_dates), view, words),
            "map": charts.article_map(self.places(generation, listed), found, len(listed), sources, words),
        }
        return listing_html.content(parts, words)

    def _sync(self, listed: list[Entry], behind: int, words: Words) -> str:
        overview = sync_html.overview(len(listed), sum(each.passages for each in listed), behind, words)
        return sync_html.sync(self.syncing.state, overview, words)


def _filters(view: View, listed: list[Entry], words: Words) -> str:
    sources = listing.frequent((each.source for each in listed), view.where.source)
    tags = listing.frequent((tag for each in listed for tag in each.tags), view.where.tags)
    return listing_html.filters(view, sources, tags, words)


def _uploads(library: Library) -> upload.Uploads:
    folder = library.seeds.resolve()
    upload.remove_leftovers(folder)
    return upload.Uploads(folder, library.settings.upload_total_bytes)


def add_shelf(app: FastAPI, kept: Shelf) -> None:
    """Add the routes to the application."""
    _add_pages(app, kept)
    _add_sync(app, kept.syncing)
    _add_upload(app, kept)


def _add_pages(app: FastAPI, kept: Shelf) -> None:
    @app.get(urls.LISTING)
    def articles(request: Request) -> HTMLResponse:
        words = _words(request)
        try:
            content = kept.content(View.of(request.query_params.multi_items()), words)
        except QaError as error:
            content = listing_html.failed(str(error), words)
        is_page = request.headers.get("sec-fetch-dest") == "document"
        return HTMLResponse(listing_html.shelf_page(content, words) if is_page else content, headers=_FRESH)

    @app.get(urls.READING + "{id:anything}")
    def article(id: str, request: Request, start: str = "", end: str = "", raw: str = "") -> Response:
        words = _words(request)
        found = kept.library.article(id)
        if found is None:
            return PlainTextResponse(" ".join(words("no_article", id=id).split()), 404)
        if raw == "1":
            return Response(found.text.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8", headers=_FRESH)
        return HTMLResponse(listing_html.reading_page(found, _span(start, end), words), headers=_FRESH)


def _add_sync(app: FastAPI, syncing: Syncing) -> None:
    @app.get(urls.SYNC)
    def underway(request: Request) -> JSONResponse:
        return _said(syncing, _words(request), 200)

    @app.post(urls.SYNC)
    def start(request: Request) -> JSONResponse:
        syncing.start()
        return _said(syncing, _words(request), 202)


def _add_upload(app: FastAPI, kept: Shelf) -> None:
    @app.put(urls.READING + "{name:anything}")
    async def put(name: str, request: Request) -> JSONResponse:
        words = _words(request)
        if kept.uploads is None:
            return JSONResponse({"error": words("upload_off")}, 403)
        length = int(request.headers.get("content-length", "0"))
        if refusal := await kept.uploads.take(name, length, request.stream(), words):
            return JSONResponse({"error": as_json(" ".join(refusal.reason.split()))}, refusal.status, _decoded(refusal.headers))
        kept.syncing.start()
        return JSONResponse({"said": words("is_added", what=name)}, 201)


_FRESH = {"cache-control": "no-store", "vary": "accept-language, sec-fetch-dest"}


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def _words(request: Request) -> Words:
    return preferred(request.headers.get("accept-language", ""))


def _span(start: str, end: str) -> Span | None:
    """Return the span that an address names; one that is nowhere where it makes no sense, None where it names none."""
    if not start and not end:
        return None
    fits = all(each.isascii() and each.isdecimal() and len(each) < 12 for each in (start, end))
    return Span(int(start), int(end)) if fits else Span(-1, -1)


def _said(syncing: Syncing, words: Words, status: int) -> JSONResponse:
    state = syncing.state
    known = as_json(state) | {"seconds_left": state.seconds_left, "said": as_json(sync_html.said_of(state, words))}
    return JSONResponse(known, status, _FRESH)
