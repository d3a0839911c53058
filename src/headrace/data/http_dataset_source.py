"""One kind of dataset or source, as in `mlflow.data.http_dataset_source`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.file_sources import HTTPDatasetSource

__all__ = ["HTTPDatasetSource"]

__getattr__, __dir__ = open_door(
    __name__, {"HTTPDatasetSource": "headrace.fluent.datasets.file_sources:HTTPDatasetSource"}
)
