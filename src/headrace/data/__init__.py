"""Datasets that runs use, as in `mlflow.data`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.data import (
        code_dataset_source,
        dataset,
        dataset_source,
        delta_dataset_source,
        filesystem_dataset_source,
        http_dataset_source,
        huggingface_dataset,
        huggingface_dataset_source,
        meta_dataset,
        numpy_dataset,
        pandas_dataset,
        polars_dataset,
        spark_dataset,
        spark_dataset_source,
        tensorflow_dataset,
    )
    from headrace.fluent.datasets.constructors import (
        from_arrow,
        from_files,
        from_folder,
        from_huggingface,
        from_numpy,
        from_pandas,
        from_polars,
        from_spark,
        from_tensorflow,
        get_source,
        load_delta,
    )
    from headrace.fluent.datasets.dataset import Dataset
    from headrace.fluent.datasets.registry import get_dataset_source_from_json, get_registered_sources
    from headrace.fluent.datasets.source import DatasetSource

__all__ = [
    "Dataset",
    "DatasetSource",
    "code_dataset_source",
    "dataset",
    "dataset_source",
    "delta_dataset_source",
    "filesystem_dataset_source",
    "from_arrow",
    "from_files",
    "from_folder",
    "from_huggingface",
    "from_numpy",
    "from_pandas",
    "from_polars",
    "from_spark",
    "from_tensorflow",
    "get_dataset_source_from_json",
    "get_registered_sources",
    "get_source",
    "http_dataset_source",
    "huggingface_dataset",
    "huggingface_dataset_source",
    "load_delta",
    "meta_dataset",
    "numpy_dataset",
    "pandas_dataset",
    "polars_dataset",
    "spark_dataset",
    "spark_dataset_source",
    "tensorflow_dataset",
]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "Dataset": "headrace.fluent.datasets.dataset:Dataset",
        "DatasetSource": "headrace.fluent.datasets.source:DatasetSource",
        "code_dataset_source": "headrace.data.code_dataset_source",
        "dataset": "headrace.data.dataset",
        "dataset_source": "headrace.data.dataset_source",
        "delta_dataset_source": "headrace.data.delta_dataset_source",
        "filesystem_dataset_source": "headrace.data.filesystem_dataset_source",
        "from_arrow": "headrace.fluent.datasets.constructors:from_arrow",
        "from_files": "headrace.fluent.datasets.constructors:from_files",
        "from_folder": "headrace.fluent.datasets.constructors:from_folder",
        "from_huggingface": "headrace.fluent.datasets.constructors:from_huggingface",
        "from_numpy": "headrace.fluent.datasets.constructors:from_numpy",
        "from_pandas": "headrace.fluent.datasets.constructors:from_pandas",
        "from_polars": "headrace.fluent.datasets.constructors:from_polars",
        "from_spark": "headrace.fluent.datasets.constructors:from_spark",
        "from_tensorflow": "headrace.fluent.datasets.constructors:from_tensorflow",
        "get_dataset_source_from_json": "headrace.fluent.datasets.registry:get_dataset_source_from_json",
        "get_registered_sources": "headrace.fluent.datasets.registry:get_registered_sources",
        "get_source": "headrace.fluent.datasets.constructors:get_source",
        "http_dataset_source": "headrace.data.http_dataset_source",
        "huggingface_dataset": "headrace.data.huggingface_dataset",
        "huggingface_dataset_source": "headrace.data.huggingface_dataset_source",
        "load_delta": "headrace.fluent.datasets.constructors:load_delta",
        "meta_dataset": "headrace.data.meta_dataset",
        "numpy_dataset": "headrace.data.numpy_dataset",
        "pandas_dataset": "headrace.data.pandas_dataset",
        "polars_dataset": "headrace.data.polars_dataset",
        "spark_dataset": "headrace.data.spark_dataset",
        "spark_dataset_source": "headrace.data.spark_dataset_source",
        "tensorflow_dataset": "headrace.data.tensorflow_dataset",
    },
)
