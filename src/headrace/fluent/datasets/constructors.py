"""The functions that make datasets: MLflow's, and ours for Arrow tables, files and folders.

What a kind of data needs is loaded when such data is given, not before.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load
from headrace.fluent.datasets.delta_tables import find_version, is_delta_folder, is_delta_table
from headrace.fluent.datasets.file_dataset import FileDataset, find_root
from headrace.fluent.datasets.framework_sources import (
    DeltaDatasetSource,
    HuggingFaceDatasetSource,
    SparkDatasetSource,
)
from headrace.fluent.datasets.numpy_dataset import NumpyDataset
from headrace.fluent.datasets.registry import (
    get_dataset_source_from_json,
    resolve_dataset_source,
)
from headrace.fluent.datasets.source import CodeDatasetSource, DatasetSource
from headrace.fluent.datasets.spark_dataset import SparkDataset
from headrace.fluent.file_walk import find_files
from headrace.fluent.provenance.context import context_tags

if TYPE_CHECKING:
    import datasets  # type: ignore[import-untyped]
    import numpy as np
    import pandas as pd  # type: ignore[import-untyped]
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyspark.sql  # type: ignore[import-not-found]

    from headrace.fluent.datasets.arrow_dataset import ArrowDataset
    from headrace.fluent.datasets.huggingface_dataset import HuggingFaceDataset
    from headrace.fluent.datasets.pandas_dataset import PandasDataset
    from headrace.fluent.datasets.polars_dataset import PolarsDataset
    from headrace.fluent.datasets.tensorflow_dataset import TensorFlowDataset

_PACKAGE = "headrace.fluent.datasets"
FilePath = str | os.PathLike[str]


def from_pandas(
    df: "pd.DataFrame",
    source: str | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> "PandasDataset":
    """Return a dataset of a pandas frame.

    Args:
        df: the frame.
        source: where it came from: a path, a URL or a source; the code that calls this unless given.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: a column is missing.
        NotFound: no kind of source fits.
    """
    module = load(f"{_PACKAGE}.pandas_dataset", extra="pandas", purpose="from_pandas")
    dataset: PandasDataset = module.PandasDataset(
        df, _find_source(source), targets, name, digest, predictions
    )
    return dataset


def from_numpy(
    features: "np.ndarray[Any, Any] | Mapping[str, np.ndarray[Any, Any]]",
    source: str | DatasetSource | None = None,
    targets: "np.ndarray[Any, Any] | Mapping[str, np.ndarray[Any, Any]] | None" = None,
    name: str | None = None,
    digest: str | None = None,
) -> NumpyDataset:
    """Return a dataset of arrays.

    Args:
        features: an array, or arrays by name.
        source: where they came from: a path, a URL or a source; the code that calls this unless given.
        targets: likewise, what is to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given; of arrays of text or objects pandas is needed for that.

    Raises:
        InvalidParameter: what is given is no array.
        NotFound: no kind of source fits.
    """
    return NumpyDataset(features, _find_source(source), targets, name, digest)


def from_polars(
    df: "pl.DataFrame",
    source: str | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> "PolarsDataset":
    """Return a dataset of a polars frame.

    Args:
        df: the frame.
        source: where it came from: a path, a URL or a source; the code that calls this unless given.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: a column is missing.
        NotFound: no kind of source fits.
    """
    module = load(f"{_PACKAGE}.polars_dataset", extra="polars", purpose="from_polars")
    dataset: PolarsDataset = module.PolarsDataset(
        df, _find_source(source), targets, name, digest, predictions
    )
    return dataset


def from_arrow(
    table: "pa.Table | pa.RecordBatch",
    source: str | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> "ArrowDataset":
    """Return a dataset of an Arrow table, with a digest of all its rows.

    Args:
        table: a table or a record batch.
        source: where it came from: a path, a URL or a source; the code that calls this unless given.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: it is no table, or a column is missing.
        NotFound: no kind of source fits.
    """
    module = load(f"{_PACKAGE}.arrow_dataset", extra="arrow", purpose="from_arrow")
    dataset: ArrowDataset = module.ArrowDataset(
        table, _find_source(source), targets, name, digest, predictions
    )
    return dataset


def from_files(
    paths: FilePath | Sequence[FilePath],
    source: str | DatasetSource | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> FileDataset:
    """Return a dataset of files, with the SHA-256 of their content.

    A file that has not changed since it was last read is not read again.

    Args:
        paths: one file or several.
        source: where they came from: a path, a URL or a source; the file, or the folder that all of them lie in, unless given.
        name: ``dataset`` unless given.
        digest: computed unless given.

    Raises:
        InvalidParameter: there are none, or one is no file, or cannot be read.
        NotFound: no kind of source fits.
    """
    alone = isinstance(paths, str | os.PathLike)
    files = [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]
    root = find_root(files)
    names = sorted({file.absolute().relative_to(root).as_posix() for file in files}, key=os.fsencode)
    place = _find_source(source, default=files[0].absolute() if alone else root)
    return FileDataset(root, names, place, name, digest, alone=alone)


def from_folder(
    path: FilePath,
    source: str | DatasetSource | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> FileDataset:
    """Return a dataset of all files below a folder, with the SHA-256 of their content and paths.

    A file that has not changed since it was last read is not read again. Links to files are followed, to folders not.

    Args:
        path: the folder.
        source: where it came from: a path, a URL or a source; the folder unless given.
        name: ``dataset`` unless given.
        digest: computed unless given.

    Raises:
        InvalidParameter: there is no such folder, or something in it is no file, or cannot be read.
        NotFound: no kind of source fits.
    """
    root = Path(path).absolute()
    return FileDataset(root, find_files(root), _find_source(source, default=root), name, digest)


def from_huggingface(  # noqa: PLR0913, PLR0917 - as with MLflow
    ds: "datasets.Dataset",
    path: str | None = None,
    targets: str | None = None,
    data_dir: str | None = None,
    data_files: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    revision: Any = None,
    name: str | None = None,
    digest: str | None = None,
    trust_remote_code: bool | None = None,
    source: str | DatasetSource | None = None,
) -> "HuggingFaceDataset":
    """Return a dataset of a Hugging Face dataset.

    Args:
        ds: one split: of a DatasetDict, ``ds["train"]``.
        path: its name on the hub, by which it can be loaded again.
        targets: the column to be predicted.
        data_dir: as it was loaded with.
        data_files: likewise.
        revision: likewise.
        name: ``dataset`` unless given.
        digest: computed of the first 10,000 rows unless given.
        trust_remote_code: as it was loaded with.
        source: where it came from; counts more than `path`. Without both, the code that calls this.

    Raises:
        InvalidParameter: it is no `datasets.Dataset`, or a column is missing.
        NotFound: no kind of source fits.
    """
    module = load(f"{_PACKAGE}.huggingface_dataset", extra="huggingface", purpose="from_huggingface")
    place: DatasetSource
    if source is None and path is not None:
        split, config = getattr(ds, "split", None), getattr(ds, "config_name", None)
        place = HuggingFaceDatasetSource(
            path, config, data_dir, data_files, split, revision, trust_remote_code
        )
    else:
        place = _find_source(source)
    dataset: HuggingFaceDataset = module.HuggingFaceDataset(ds, place, targets, name, digest)
    return dataset


def from_tensorflow(
    features: Any,
    source: str | DatasetSource | None = None,
    targets: Any = None,
    name: str | None = None,
    digest: str | None = None,
) -> "TensorFlowDataset":
    """Return a dataset of tensors, or of a `tf.data.Dataset`.

    Args:
        features: a tensor or a dataset.
        source: where it came from: a path, a URL or a source; the code that calls this unless given.
        targets: likewise, what is to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given, for which a `tf.data.Dataset` is read to its end.

    Raises:
        InvalidParameter: features or targets are of another kind.
        NotFound: no kind of source fits.
    """
    module = load(f"{_PACKAGE}.tensorflow_dataset", extra="tensorflow", purpose="from_tensorflow")
    dataset: TensorFlowDataset = module.TensorFlowDataset(
        features, _find_source(source), targets, name, digest
    )
    return dataset


def from_spark(  # noqa: PLR0913, PLR0917 - as with MLflow
    df: "pyspark.sql.DataFrame",
    path: str | None = None,
    table_name: str | None = None,
    version: str | None = None,
    sql: str | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> SparkDataset:
    """Return a dataset of a Spark frame.

    Args:
        df: the frame.
        path: the file or folder that it came from; at most one of this, the table and the statement. Without all, the code that calls this.
        table_name: the table that it came from.
        version: of a Delta table; the newest unless given.
        sql: the statement that it came from.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: of the frame's plan unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: the arguments contradict each other, or a column is missing.
    """
    if (path, table_name, sql).count(None) < 2:  # noqa: PLR2004 - of three
        raise InvalidParameter("Name at most one of path, table_name and sql.")
    if sql is not None and version is not None:
        raise InvalidParameter("A version goes with path or table_name, not with sql.")
    source = _find_spark_source(path, table_name, version, sql)
    return SparkDataset(df, source, targets, name, digest, predictions)


def load_delta(
    path: str | None = None,
    table_name: str | None = None,
    version: str | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> SparkDataset:
    """Read a Delta table with Spark and return a dataset of it.

    Args:
        path: of the table's folder; either this or the name.
        table_name: its name.
        version: the newest unless given.
        targets: the column to be predicted.
        name: the table's name and version, or ``dataset``, unless given.
        digest: of the frame's plan unless given.

    Raises:
        InvalidParameter: there is not exactly one of path and name, or a column is missing.
    """
    if (path, table_name).count(None) != 1:
        raise InvalidParameter("Name exactly one of path and table_name.")
    found: Any = find_version(path=path, table_name=table_name) if version is None else version
    if name is None and table_name is not None:
        name = table_name if found is None else f"{table_name}@v{found}"
    source = DeltaDatasetSource(path, table_name, found)
    return SparkDataset(source.load(), source, targets, name, digest)


def get_source(dataset: Any) -> DatasetSource:
    """Return where a dataset came from.

    Args:
        dataset: a dataset, or one that was logged (`Dataset` or `DatasetInput` of a run).

    Raises:
        InvalidParameter: it is neither.
        NotFound: its source is of a kind that is not known.
    """
    inner = getattr(dataset, "dataset", dataset)
    source = getattr(inner, "source", None)
    if isinstance(source, DatasetSource):
        return source
    if isinstance(source, str) and hasattr(inner, "source_type"):
        return get_dataset_source_from_json(source, inner.source_type)
    raise InvalidParameter(
        f"Unrecognized dataset type {type(dataset)}. Give a dataset of headrace.data, or one of the inputs of a run."
    )


def _find_source(source: Any, default: Path | None = None) -> DatasetSource:
    if source is not None:
        return resolve_dataset_source(source)
    if default is not None:
        return resolve_dataset_source(str(default))
    return CodeDatasetSource(context_tags())


def _find_spark_source(
    path: str | None, table_name: str | None, version: Any, sql: str | None
) -> DatasetSource:
    """Return the source of a Spark frame: Delta tables are known by their version."""
    if sql is not None:
        return SparkDatasetSource(sql=sql)
    if path is None and table_name is None:
        return CodeDatasetSource(context_tags())
    is_delta = is_delta_folder(path) if path is not None else is_delta_table(table_name or "")
    if is_delta:
        return DeltaDatasetSource(path, table_name, version or find_version(path=path, table_name=table_name))
    if version is not None:
        raise InvalidParameter(
            f"{path or table_name!r} is no Delta table, so that it has no version {version!r}."
        )
    return SparkDatasetSource(path, table_name)
