"""Files of runs as frames of the pages show them: HTML with what it refers to, under a path that says who may read it.

A frame in a sandbox sends no token, nor can its address carry one in a header: the path begins with a ticket of `headrace.services.tickets`. The module
does not know how files are read.
"""

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from headrace.api.artifacts import GetArtifact
from headrace.base.errors import HeadraceError, MethodNotAllowed
from headrace.server.answers import send_error
from headrace.server.artifacts import Streams
from headrace.services.context import Actor, Platform
from headrace.services.tickets import read_ticket

PREFIX = "/preview/"


class Previews(BaseRoute):
    """All addresses below ``/preview/``, as one route.

    Args:
        platform: the set-up.
        streams: sends the files.
    """

    def __init__(self, platform: Platform, streams: Streams) -> None:
        self._platform = platform
        self._streams = streams

    def is_meant(self, scope: Scope) -> bool:
        """Tell whether a request is for a preview."""
        path: str = scope["path"]
        return path.startswith(PREFIX)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette's `BaseRoute`."""
        return (Match.FULL if scope["type"] == "http" and self.is_meant(scope) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette's `BaseRoute`."""
        try:
            if scope["method"] not in {"GET", "HEAD"}:
                raise MethodNotAllowed(f"{PREFIX} takes GET, not {scope['method']}.")
            text, _, path = scope["path"].removeprefix(PREFIX).partition("/")
            ticket = read_ticket(self._platform.ticket_key, text, self._platform.clock())
            request = GetArtifact(run_id=ticket.run_id, path=path)
            await self._streams.show(request, {**scope, "headrace.actor": Actor(ticket.actor)}, receive, send)
        except HeadraceError as error:
            await send_error(scope, send, error)
