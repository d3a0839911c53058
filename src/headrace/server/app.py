"""The application: everything is put together here."""

import hmac
from contextlib import suppress
from importlib.metadata import version
from typing import Protocol

from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import MethodNotAllowed
from headrace.server import openapi
from headrace.server.answers import error_body, note_defect
from headrace.server.artifacts import Streams
from headrace.server.artifacts_only import ArtifactsOnly
from headrace.server.body import find_body_limit
from headrace.server.express import Express
from headrace.server.following import Following
from headrace.server.guard import Guard, GuardSettings
from headrace.server.pages import Pages, find_folder
from headrace.server.previews import Previews
from headrace.server.rest import Rest, not_found
from headrace.services import dispatch
from headrace.services.context import Platform

_NO_PAGES = {"health", "metrics", "preview", "version"}
RESERVED = frozenset(_NO_PAGES | {path.split("/")[1] for row in ENDPOINTS for _, path in row.routes()})
"""First segments of addresses that are never pages, and need the token."""


class Metrics(Protocol):
    """What counts calls and shows the counts, such as `headrace.server.prometheus.PrometheusMetrics`."""

    def begin(self) -> None:
        """Note that a call is under way that passes `measure` by."""

    def end(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Note how such a call ended, and how long it took."""

    def measure(self, app: ASGIApp) -> ASGIApp:
        """Return an application that does what `app` does, and counts."""

    async def answer(self, request: Request) -> Response:
        """Answer a call for the metrics."""


def create_app(
    platform: Platform,
    guard: GuardSettings,
    *,
    metrics: Metrics | None = None,
    artifacts_only: bool = False,
    following: Following | None = None,
) -> ASGIApp:
    """Return the ASGI application of a server.

    Args:
        platform: the store, the artifacts, the policy.
        guard: hosts, origins and token.
        metrics: counts the calls and answers at ``/metrics``; None for no metrics.
        artifacts_only: whether everything but the artifact proxy is switched off.
        following: holds the calls that wait; whoever stops the server closes it. By default one of the application's own.
    """
    dispatch.load_all(ENDPOINTS)  # no call waits for its module
    token = guard.token or ""
    platform = replace(
        platform,
        needs_token=guard.token is not None,
        # All processes of a server give and take the same tickets; without a token they protect nothing that is not open anyway.
        ticket_key=hmac.digest(token.encode(), b"headrace tickets", "sha256"),
    )
    routes = _open_routes()
    if metrics is not None:
        routes.append(Route("/metrics", metrics.answer))
    rest = Rest(platform, max_body_bytes=find_body_limit(), following=following)
    streams = Streams(platform)
    previews = Previews(platform, streams)
    pages = Pages(find_folder(), RESERVED, not_found)
    others = Starlette(
        routes=[rest, streams, previews, *routes],
        exception_handlers={405: _answer_wrong_method, Exception: _answer_defect},
    )
    others.router.redirect_slashes = False
    others.router.default = pages
    app = _Front(ServerErrorMiddleware(rest.handle, handler=_answer_defect), rest, others)
    if artifacts_only:
        guarded = Guard(ArtifactsOnly(app), guard)
    else:
        guarded = Guard(app, guard, lambda scope: pages.is_page(scope) or previews.is_meant(scope))
        guarded.express = Express(platform, guarded, rest.find_notifier, metrics)
    return guarded if metrics is None else metrics.measure(guarded)


class _Front:
    """Hands calls of the table straight to it, past Starlette's routing, which costs as much as a small call itself.

    Args:
        table: handles the calls that `rest` knows.
        rest: knows the calls of the table.
        others: handles all others.
    """

    def __init__(self, table: ASGIApp, rest: Rest, others: ASGIApp) -> None:
        self._table, self._rest, self._others = table, rest, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match, found = self._rest.matches(scope)
        scope.update(found)
        # `_answer_defect` has it in the log; uvicorn would tell it once more, without the request's id.
        with suppress(Exception):
            await (self._table if match is Match.FULL else self._others)(scope, receive, send)


def _open_routes() -> list[Route]:
    return [
        Route("/health", _health),
        Route("/version", _version),
        Route(openapi.PATH, openapi.answer),
    ]


async def _health(_request: Request) -> Response:
    return PlainTextResponse("OK")


async def _version(_request: Request) -> Response:
    return PlainTextResponse(version("headrace"))


async def _answer_wrong_method(request: Request, _error: Exception) -> Response:
    """Answer for the few routes that are not in the table; they take GET alone."""
    refusal = MethodNotAllowed(f"{request.scope['path'][:200]} takes GET, not {request.method}.")
    return Response(error_body(refusal), refusal.status, media_type="application/json")


async def _answer_defect(request: Request, error: Exception) -> Response:
    return Response(error_body(note_defect(request.scope, error)), 500, media_type="application/json")
