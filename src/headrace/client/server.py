"""What is at the other end, from the client's side."""

from headrace.api.endpoint import Empty
from headrace.api.server import INFO, STATE, ServerInfo, ServerState
from headrace.client.transport import Transport


class Server:
    """Calls about the server itself.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def info(self) -> ServerInfo:
        """Return what the server offers, in MLflow's words."""
        return self._transport.call(INFO, Empty())

    def state(self) -> ServerState:
        """Return how the server is: versions, database, how much is in it, what goes on in the background."""
        return self._transport.call(STATE, Empty())

    def version(self) -> str:
        """Return the server's version."""
        return self._transport.version()

    def health(self) -> bool:
        """Tell whether calls are served at this moment. Neither waits long nor tries again."""
        return self._transport.is_healthy()
