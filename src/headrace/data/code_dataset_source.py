"""One kind of dataset or source, as in `mlflow.data.code_dataset_source`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.source import CodeDatasetSource

__all__ = ["CodeDatasetSource"]

__getattr__, __dir__ = open_door(
    __name__, {"CodeDatasetSource": "headrace.fluent.datasets.source:CodeDatasetSource"}
)
