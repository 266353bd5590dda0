"""The routes of the articles tab: the listing, an article to read, the sync, and an upload."""

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
from qa.web.articles import article_map, charts, listing, listing_html, page_picture, sync_html, upload
from qa.web.articles.listing import Entry, View
from qa.web.background_sync import BackgroundSync
from qa.web.guard import log_trouble
from qa.web.left_out import left_out
from qa.web.messages import Words, preferred
from qa.wire import as_json

MAP_S = 0.3
"""How long a request waits for the map; a later request gets it."""

Places = Mapping[str, tuple[float, float]]


class ArticlesTab:
    """The state between requests: the listing and the map of one generation, and the sync. Safe to use from many threads."""

    def __init__(self, library: Library, *, allow_upload: bool = False) -> None:
        self.library = library
        self.uploads = _uploads(library) if allow_upload else None
        self.sync = BackgroundSync(library)
        self._listing: tuple[str, list[Entry]] = ("", [])
        self._map: tuple[str, Future[Places]] | None = None
        self._map_worker = ThreadPoolExecutor(1, "qa-map")

    def close(self) -> None:
        """Stop what runs in the background."""
        if self.uploads:
            self.uploads.close()
        self.sync.close()
        self._map_worker.shutdown(cancel_futures=True)

    def listing(self) -> tuple[str, list[Entry]]:
        """Return the generation of the index and the articles in it."""
        with self.library.store.snapshot() as snapshot:
            if (generation := snapshot.manifest.generation) != self._listing[0]:
                self._listing = generation, [Entry(*each) for each in snapshot.articles()]
        return self._listing

    def places(self, generation: str, indexed: list[Entry]) -> Places | None:
        """Return the place of each article on the map; None while it is still being computed."""
        if self._map is None or self._map[0] != generation:
            ids = [each.id for each in indexed]
            self._map = generation, self._map_worker.submit(article_map.places, self.library.store, ids)
        try:
            return self._map[1].result(MAP_S)
        except TooSlow:
            return None
        except Exception as error:  # The tab is shown without its map.
            log_trouble(error)
            return {}

    def content(self, view: View, words: Words) -> str:
        """Return the articles tab as HTML; if files have changed, a sync begins."""
        generation, indexed = self.listing()
        changed = self.library.changed_files(allow_cached=True)
        self.sync.follow(changed)
        entries = listing.entries(indexed, changed, self.library.failures())
        matches = listing.matching(entries, view.search, view.where)
        of_all_dates = listing.matching(entries, view.search, view.undated.where)
        sources = [each.source for each in indexed]
        offered, status = listing.offered(indexed, view.where), self.library.status(allow_cached=True)
        shown = listing.page_of(listing.in_order(matches, view.sort), view.page)
        parts = {
            "sync": self._sync_html(indexed, len(changed), words),
            "upload": sync_html.upload(upload.KINDS, words) if self.uploads else "",
            "filters": listing_html.filters(view, offered, words),
            "articles": listing_html.articles(view, shown, words, with_kinds="kind" in offered),
            "left_out": listing_html.left_out(left_out(status.others, status.hidden, words)),
            "timeline": charts.timeline(*listing.by_month(of_all_dates), view, words),
            "map": charts.article_map(self.places(generation, indexed), matches, len(indexed), sources, words),
        }
        return listing_html.content(parts, words)

    def _sync_html(self, indexed: list[Entry], changed: int, words: Words) -> str:
        overview = sync_html.overview(len(indexed), sum(each.passages for each in indexed), changed, words)
        return sync_html.sync(self.sync.state, overview, words)


def _uploads(library: Library) -> upload.Uploads:
    folder = library.seeds.resolve()
    upload.remove_leftovers(folder)
    return upload.Uploads(folder, library.settings.upload_total_bytes)


def add_routes(app: FastAPI, tab: ArticlesTab) -> None:
    """Add the routes to the application."""
    _add_pages(app, tab)
    _add_sync(app, tab.sync)
    _add_upload(app, tab)


def _add_pages(app: FastAPI, tab: ArticlesTab) -> None:
    @app.get(urls.LISTING)
    def articles(request: Request) -> HTMLResponse:
        words = _words(request)
        try:
            content = tab.content(View.of(request.query_params.multi_items()), words)
        except QaError as error:
            content = listing_html.error(str(error), words)
        is_page = request.headers.get("sec-fetch-dest") == "document"
        return HTMLResponse(listing_html.listing_page(content, words) if is_page else content, headers=_FRESH)

    @app.get(urls.READING + "{id:anything}")
    def article(id: str, request: Request, start: str = "", end: str = "", raw: str = "") -> Response:
        words = _words(request)
        stored = tab.library.article(id)
        if stored is None:
            return PlainTextResponse(" ".join(words("no_article", id=id).split()), 404)
        if raw == "1":
            return Response(stored.text.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8", headers=_FRESH)
        return HTMLResponse(listing_html.reading_page(stored, _span(start, end), words), headers=_FRESH)

    @app.get(urls.PICTURE + "{id:anything}")
    def picture(id: str, page: str = "", start: str = "", end: str = "") -> Response:
        png = page_picture.png(tab.library, id, page, _span(start, end))
        if png is None:
            return PlainTextResponse("there is no such picture", 404)
        return Response(png, media_type="image/png", headers=_FRESH)


def _add_sync(app: FastAPI, sync: BackgroundSync) -> None:
    @app.get(urls.SYNC)
    def progress(request: Request) -> JSONResponse:
        return _progress(sync, _words(request), 200)

    @app.post(urls.SYNC)
    def start(request: Request) -> JSONResponse:
        sync.start()
        return _progress(sync, _words(request), 202)


def _add_upload(app: FastAPI, tab: ArticlesTab) -> None:
    @app.put(urls.READING + "{name:anything}")
    async def put(name: str, request: Request) -> JSONResponse:
        words = _words(request)
        if tab.uploads is None:
            return JSONResponse({"error": words("upload_off")}, 403)
        length = int(request.headers.get("content-length", "0"))
        if refusal := await tab.uploads.add(name, length, request.stream(), words):
            return JSONResponse({"error": as_json(" ".join(refusal.reason.split()))}, refusal.status, _decoded(refusal.headers))
        tab.sync.start()
        return JSONResponse({"said": words("is_added", what=name)}, 201)


_FRESH = {"cache-control": "no-store", "vary": "accept-language, sec-fetch-dest"}


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def _words(request: Request) -> Words:
    return preferred(request.headers.get("accept-language", ""))


def _span(start: str, end: str) -> Span | None:
    """Return the span that an address names; None if it names none, a span that no text has if it is not valid."""
    if not start and not end:
        return None
    fits = all(each.isascii() and each.isdecimal() and len(each) < 12 for each in (start, end))
    return Span(int(start), int(end)) if fits else Span(-1, -1)


def _progress(sync: BackgroundSync, words: Words, status: int) -> JSONResponse:
    state = sync.state
    fields = {"seconds_left": state.seconds_left, "said": as_json(sync_html.summary(state, words))}
    return JSONResponse(as_json(state) | fields, status, _FRESH)
