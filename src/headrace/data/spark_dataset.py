"""One kind of dataset or source, as in `mlflow.data.spark_dataset`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.constructors import from_spark, load_delta
    from headrace.fluent.datasets.spark_dataset import SparkDataset

__all__ = ["SparkDataset", "from_spark", "load_delta"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "SparkDataset": "headrace.fluent.datasets.spark_dataset:SparkDataset",
        "from_spark": "headrace.fluent.datasets.constructors:from_spark",
        "load_delta": "headrace.fluent.datasets.constructors:load_delta",
    },
)
