"""Clients: `connect` to a server or a database and call by resource, or `MlflowClient` for MLflow's words. Loads no server and no database."""

from typing import TYPE_CHECKING, Any

from headrace.base.doors import open_door
from headrace.client.client import Client
from headrace.client.connect import connect

if TYPE_CHECKING:
    MlflowClient: Any  # it lives in a layer above this one

__all__ = ["Client", "MlflowClient", "connect"]

__getattr__, __dir__ = open_door(__name__, {"MlflowClient": "headrace.fluent.flat:MlflowClient"})
