"""The client, as in `mlflow.tracking.client`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.flat import MlflowClient

__all__ = ["MlflowClient"]

__getattr__, __dir__ = open_door(__name__, {"MlflowClient": "headrace.fluent.flat:MlflowClient"})
