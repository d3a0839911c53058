"""The application: everything is put together here."""

import logging
import secrets
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from headrace.server.answers import error_body, unexpected
from headrace.server.guard import Guard, GuardSettings
from headrace.server.rest import Rest, not_found
from headrace.services.context import Platform

log = logging.getLogger("headrace.server")


def create_app(platform: Platform, guard: GuardSettings) -> ASGIApp:
    """Return the ASGI application of a server.

    Args:
        platform: the store, the artifacts, the policy.
        guard: hosts, origins and token.
    """
    app = Starlette(
        routes=[Rest(platform), *_open_routes()],
        exception_handlers={Exception: _answer_defect},
    )
    app.router.redirect_slashes = False
    app.router.default = not_found
    return Guard(app, guard)


def _open_routes() -> list[Route]:
    return [Route("/health", _health), Route("/version", _version)]


async def _health(_request: Request) -> Response:
    return PlainTextResponse("OK")


async def _version(_request: Request) -> Response:
    return PlainTextResponse(version("headrace"))


async def _answer_defect(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.error("reference %s: %s %s", reference, request.method, request.url.path, exc_info=error)
    return Response(error_body(unexpected(reference)), 500, media_type="application/json")
