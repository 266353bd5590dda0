"""The routes for programs: ask, retrieve, read an article. They take and return JSON; errors are one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from starlette.exceptions import HTTPException

from qa.errors import QaError, QuestionError
from qa.library import Library
from qa.types import Article
from qa.web import paths, urls
from qa.web.articles.routes import ArticlesTab, add_routes
from qa.web.freshness import catch_up, not_ready
from qa.web.guard import Guard
from qa.web.messages import preferred
from qa.web.metrics import Metrics
from qa.web.options import ServerOptions
from qa.wire import as_json

MOST_HITS = 100
"""The largest `k` that is answered over HTTP."""

STATIC = Path(__file__).parent / "static"


class Question(BaseModel):
    """The fields that both routes take."""

    model_config = ConfigDict(extra="forbid")

    question: StrictStr
    where: dict[str, StrictStr | list[StrictStr]] | None = None


class Ask(Question):
    """The body of `/api/v1/ask`; `earlier` is the `searched` of the answer before, for a follow-up.

    In an `exact` question no typing errors are corrected.
    """

    earlier: StrictStr = ""
    exact: StrictBool = False


class Retrieve(Question):
    """The body of `/api/v1/retrieve`."""

    k: StrictInt = Field(5, ge=1, le=MOST_HITS)


def application(library: Library, options: ServerOptions) -> FastAPI:
    """Return the application for `library`, without the page, which is mounted on it later."""
    paths.register()
    tab = ArticlesTab(library, allow_upload=options.allow_upload)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        tab.close()

    # The pages of the API's documentation load scripts from elsewhere.
    app = FastAPI(title="qa", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Guard, options=options, article_bytes=library.settings.article_bytes)
    app.state.metrics = Metrics()
    app.exception_handler(QaError)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_plain)
    _add_status(app, library, app.state.metrics)
    _add_questions(app, library, app.state.metrics)
    add_routes(app, tab)
    app.mount(urls.STATIC, StaticFiles(directory=STATIC))
    return app


def _add_status(app: FastAPI, library: Library, metrics: Metrics) -> None:
    @app.get(urls.HEALTH)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(urls.READY)
    def readyz() -> JSONResponse:
        if reason := not_ready(library):
            return _error(503, reason)
        status = library.status(allow_cached=True)
        return JSONResponse({"status": "ready", "pending": status.pending, "failed": len(status.failed)})

    @app.get(urls.METRICS)
    def exposed() -> Response:
        return Response(metrics.text(library), media_type=metrics.media_type)

    @app.get(urls.WORDS)
    def words(request: Request) -> JSONResponse:
        say = preferred(request.headers.get("accept-language", ""))
        return JSONResponse({"language": say.language, **say.table()}, headers={"vary": "accept-language"})


def _add_questions(app: FastAPI, library: Library, metrics: Metrics) -> None:
    @app.post(urls.ASK)
    def ask(body: Ask) -> JSONResponse:
        catch_up(library)
        with metrics.question("api") as outcome:
            answer = library.ask(body.question, body.where, earlier=body.earlier, exact=body.exact)
            outcome.answered = answer.answered
        return JSONResponse(as_json(answer))

    @app.post(urls.RETRIEVE)
    def retrieve(body: Retrieve) -> JSONResponse:
        catch_up(library)
        with metrics.question("api") as outcome:
            hits = library.retrieve(body.question, body.k, body.where)
            outcome.answered = bool(hits)
        return JSONResponse({"hits": as_json(hits)})

    @app.get(urls.ARTICLE + "{id:anything}")
    def article(id: str) -> JSONResponse:
        stored = library.article(id)
        return JSONResponse(_public(stored)) if stored else _error(404, f"there is no article {id!r}")


def _public(article: Article) -> dict[str, Any]:
    return {
        name: as_json(getattr(article, name))
        for name in ("id", "title", "date", "source", "url", "tags", "author", "kind", "text")
    }


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": as_json(" ".join(message.split()))}, status)


def _refused(_: Request, error: Exception) -> JSONResponse:
    return _error(400 if isinstance(error, QuestionError) else 503, str(error))


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return _error(400, f"{where}: {first['msg']}" if where else str(first["msg"]))


def _plain(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    reason = "there is nothing here" if error.status_code == 404 else error.detail.lower()
    response = _error(error.status_code, reason)
    response.headers.update(error.headers or {})
    return response
