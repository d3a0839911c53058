"""What this server is and offers."""

from headrace.api.endpoint import Empty
from headrace.api.server import ServerInfo
from headrace.services.context import Context


def info(context: Context, request: Empty) -> ServerInfo:  # noqa: ARG001 - every service function has this shape
    """Return what this server offers, in MLflow's words."""
    return ServerInfo(features_enabled={"gateway": False})
