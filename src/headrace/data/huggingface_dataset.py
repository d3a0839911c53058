"""One kind of dataset or source, as in `mlflow.data.huggingface_dataset`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.datasets.constructors import from_huggingface
    from headrace.fluent.datasets.huggingface_dataset import HuggingFaceDataset

__all__ = ["HuggingFaceDataset", "from_huggingface"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "HuggingFaceDataset": "headrace.fluent.datasets.huggingface_dataset:HuggingFaceDataset",
        "from_huggingface": "headrace.fluent.datasets.constructors:from_huggingface",
    },
)
