"""Running the application: socket, event loop, start line, clean stop."""

import socket
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from headrace.base.errors import InvalidParameter
from headrace.services.context import Platform


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


def listen(address: Address) -> socket.socket:
    """Return a listening socket.

    Raises:
        InvalidParameter: the address is not this machine's, or the port is taken.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol named, accepted sockets get TCP_NODELAY; without it small answers wait for a delayed ACK, 40 ms each.
        listening = socket.socket(family, kind, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(2048)
    except OSError as error:
        raise InvalidParameter(
            f"Cannot listen on {address.host}:{address.port}: {error.strerror or error}. Another program may hold the port; choose another "
            "with --port, or 0 for a free one."
        ) from None
    return listening


class _Server(uvicorn.Server):
    """uvicorn, saying one line when it is ready."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            print(self._line, flush=True)  # noqa: T201 - the line that tells users and scripts where to go


def run(app: ASGIApp, platform: Platform, listening: socket.socket, line: str) -> None:
    """Serve until SIGTERM or Ctrl-C, then answer what is under way, write what is queued, and close the store.

    Args:
        app: from `headrace.server.app.create_app`.
        platform: closed at the end.
        listening: from `listen`.
        line: printed when the server is ready.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=30,
        lifespan="off",
        backlog=2048,
    )
    try:
        _Server(config, line).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
        platform.store.close()
