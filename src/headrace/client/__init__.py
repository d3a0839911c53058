"""The typed Python client: `connect` to a server or a database, call by resource. Loads no server and no database."""

from headrace.client.client import Client
from headrace.client.connect import connect

__all__ = ["Client", "connect"]
