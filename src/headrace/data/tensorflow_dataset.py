"""One kind of dataset or source, as in `mlflow.data.tensorflow_dataset`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.constructors import from_tensorflow
    from headrace.fluent.datasets.tensorflow_dataset import TensorFlowDataset

__all__ = ["TensorFlowDataset", "from_tensorflow"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "TensorFlowDataset": "headrace.fluent.datasets.tensorflow_dataset:TensorFlowDataset",
        "from_tensorflow": "headrace.fluent.datasets.constructors:from_tensorflow",
    },
)
