"""One kind of dataset or source, as in `mlflow.data.numpy_dataset`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.constructors import from_numpy
    from headrace.fluent.datasets.numpy_dataset import NumpyDataset

__all__ = ["NumpyDataset", "from_numpy"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "NumpyDataset": "headrace.fluent.datasets.numpy_dataset:NumpyDataset",
        "from_numpy": "headrace.fluent.datasets.constructors:from_numpy",
    },
)
