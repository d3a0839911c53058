"""One kind of dataset or source, as in `mlflow.data.pandas_dataset`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.constructors import from_pandas
    from headrace.fluent.datasets.pandas_dataset import PandasDataset

__all__ = ["PandasDataset", "from_pandas"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "PandasDataset": "headrace.fluent.datasets.pandas_dataset:PandasDataset",
        "from_pandas": "headrace.fluent.datasets.constructors:from_pandas",
    },
)
