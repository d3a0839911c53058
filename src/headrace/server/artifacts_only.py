"""A server that carries artifacts and does nothing else: ``--artifacts-only``. Knows paths, not what is behind them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.base.errors import NotImplementedByServer
from headrace.server.answers import send_error

_OPEN_PATHS = frozenset({"/health", "/version", "/metrics"})
_PROXY = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")


class ArtifactsOnly:
    """Lets calls of the artifact proxy pass and refuses all others.

    Args:
        app: what is behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call pass, or refuse it."""
        if scope["type"] == "http" and not is_for_artifacts(scope["path"]):
            # MLflow answers 503, which its own client takes for "try again" and does so for minutes
            await send_error(
                scope,
                send,
                NotImplementedByServer(
                    f"{scope['path'][:200]} is switched off: this server was started with --artifacts-only and carries artifacts, nothing else. "
                    "Send the call to the tracking server."
                ),
            )
            return
        await self._app(scope, receive, send)


def is_for_artifacts(path: str) -> bool:
    """Tell whether a path is one that an artifact server answers."""
    return path in _OPEN_PATHS or path.startswith(_PROXY)
