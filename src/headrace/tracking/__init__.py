"""Where runs are kept, and the client, as in `mlflow.tracking`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.flat import MlflowClient
    from headrace.fluent.state import (
        get_registry_uri,
        get_tracking_uri,
        is_tracking_uri_set,
        set_registry_uri,
        set_tracking_uri,
    )
    from headrace.tracking import client, fluent

__all__ = [
    "MlflowClient",
    "client",
    "fluent",
    "get_registry_uri",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_registry_uri",
    "set_tracking_uri",
]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "MlflowClient": "headrace.fluent.flat:MlflowClient",
        "client": "headrace.tracking.client",
        "fluent": "headrace.tracking.fluent",
        "get_registry_uri": "headrace.fluent.state:get_registry_uri",
        "get_tracking_uri": "headrace.fluent.state:get_tracking_uri",
        "is_tracking_uri_set": "headrace.fluent.state:is_tracking_uri_set",
        "set_registry_uri": "headrace.fluent.state:set_registry_uri",
        "set_tracking_uri": "headrace.fluent.state:set_tracking_uri",
    },
)
