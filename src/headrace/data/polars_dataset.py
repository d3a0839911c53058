"""One kind of dataset or source, as in `mlflow.data.polars_dataset`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.constructors import from_polars
    from headrace.fluent.datasets.polars_dataset import PolarsDataset

__all__ = ["PolarsDataset", "from_polars"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "PolarsDataset": "headrace.fluent.datasets.polars_dataset:PolarsDataset",
        "from_polars": "headrace.fluent.datasets.constructors:from_polars",
    },
)
