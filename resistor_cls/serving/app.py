"""The application: which requests there are, and how errors are answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

import resistor_cls
from resistor_cls.serving import schemas
from resistor_cls.serving.access import Access, refused_response
from resistor_cls.serving.description import STYLE, description_page
from resistor_cls.serving.limits import Refused
from resistor_cls.serving.metrics import CountedRequests
from resistor_cls.serving.service import Options, Service
from resistor_cls.serving.static_page import PAGE

if TYPE_CHECKING:
    from resistor_cls.inference.predictor import Predictor

_OPEN_PATHS = frozenset(
    {"/", "/favicon.ico", "/health", "/docs", "/docs/style.css", "/openapi.json"}
)
_PATHS = _OPEN_PATHS | {"/predict", "/model", "/metrics", "/corrections"}


def create_app(predictor: "Predictor", options: Options, page: Path = PAGE) -> ASGIApp:
    """The application that serves a model.

    Args:
        predictor: of the model; used by no one else.
        options: how it is served.
        page: folder with `index.html` and its files.

    Returns:
        An application whose lifespan starts and stops the thread that predicts.
    """
    service = Service(predictor, options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.batched.start()
        yield
        await asyncio.to_thread(service.batched.stop)

    app = FastAPI(
        title="resistor_cls",
        version=resistor_cls.__version__,
        description="Reads resistors in photos.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load scripts from other hosts
        redoc_url=None,
    )
    _add_operations(app, service, options)
    _add_description(app)
    _add_page(app, page)
    _add_error_handlers(app)
    guarded = Access(app, options.token, _OPEN_PATHS, ("/page/",))
    return CountedRequests(guarded, service.metrics, _PATHS)


def _add_operations(app: FastAPI, service: Service, options: Options) -> None:
    bearer = HTTPBearer(auto_error=False, description="the token that the service was started with")
    secured = [] if options.token is None else [Security(bearer)]
    app.add_api_route(
        "/predict",
        service.predict,
        methods=["POST"],
        dependencies=secured,
        response_description="the predictions; a photo that cannot be read has an error",
        responses={
            200: {"model": schemas.Predictions},
            **schemas.refusals(408, 413, 415, 422, 503),
        },
        openapi_extra=schemas.PHOTOS_BODY,
    )
    app.add_api_route(
        "/corrections",
        service.correct,
        methods=["POST"],
        status_code=201,
        response_description="stored",
        dependencies=secured,
        responses={201: {"model": schemas.Stored}, **schemas.refusals(408, 413, 415, 422, 503)},
        openapi_extra=schemas.CORRECTION_BODY,
        include_in_schema=options.review is not None,
    )
    app.add_api_route(
        "/model",
        service.model,
        response_model=schemas.ModelDescription,
        response_description="the description",
        dependencies=secured,
        responses=schemas.refusals(),
    )
    app.add_api_route(
        "/metrics",
        service.prometheus,
        dependencies=secured,
        response_class=Response,
        response_description="the counts",
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **schemas.refusals(),
        },
    )
    app.add_api_route(
        "/health",
        service.health,
        response_model=schemas.Health,
        response_description="it runs",
        responses={403: schemas.refusals()[403]},
    )


def _add_description(app: FastAPI) -> None:
    async def docs() -> HTMLResponse:
        """The requests, for people."""
        return HTMLResponse(description_page(app.openapi()))

    async def style() -> FileResponse:
        """How that page looks."""
        return FileResponse(STYLE)

    app.add_api_route("/docs", docs, include_in_schema=False)
    app.add_api_route("/docs/style.css", style, include_in_schema=False)


def _add_page(app: FastAPI, page: Path) -> None:
    async def index() -> FileResponse:
        """The page for people."""
        if not (page / "index.html").is_file():
            raise Refused(404, "this installation has no page; POST /predict reads photos")
        return FileResponse(page / "index.html")

    async def icon() -> FileResponse:
        """The icon that browsers ask for where a page, such as /docs, names none."""
        return FileResponse(PAGE / "icon.svg")

    app.add_api_route("/", index, include_in_schema=False)
    app.add_api_route("/favicon.ico", icon, include_in_schema=False)
    if page.is_dir():
        app.mount("/page", StaticFiles(directory=page))


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return refused_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        found = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        return refused_response(Refused(422, f"{found}; see /docs"))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        sentences = {
            404: "there is nothing at this address; /docs lists what there is",
            405: f"this address takes no {request.method}; /docs lists what there is",
        }
        detail = sentences.get(error.status_code, str(error.detail))
        return refused_response(Refused(error.status_code, detail, dict(error.headers or {})))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # reaches no one

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> JSONResponse:
        # The traceback is in the log of the server.
        return refused_response(Refused(500, "a defect of the service; its log says more"))
