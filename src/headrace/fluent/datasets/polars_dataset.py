"""Datasets that are polars frames. Needs polars."""

import json
import logging
from typing import Any

import polars as pl

from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.dataset import DescribedDataset, check_columns
from headrace.fluent.datasets.schema import ColSpec, Schema
from headrace.fluent.datasets.source import DatasetSource
from headrace.fluent.datasets.types import Array, ColumnType, DataType, Object, Property

_log = logging.getLogger("headrace")

_TYPES: dict[str, DataType] = {
    "Binary": DataType.binary,
    "Boolean": DataType.boolean,
    "Datetime": DataType.datetime,
    "Float32": DataType.float,
    "Float64": DataType.double,
    "Int8": DataType.integer,
    "Int16": DataType.integer,
    "Int32": DataType.integer,
    "Int64": DataType.long,
    "String": DataType.string,
    "Utf8": DataType.string,
    "Categorical": DataType.string,
    "Enum": DataType.string,
    "Date": DataType.datetime,
    "UInt8": DataType.integer,
    "UInt16": DataType.integer,
    "UInt32": DataType.long,
}


class PolarsDataset(DescribedDataset):
    """A polars frame.

    Args:
        df: the frame.
        source: where it came from.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given: the sum of polars' own hashes of the rows, which other versions of polars may compute differently.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: a column is missing.
    """

    def __init__(
        self,
        df: pl.DataFrame,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        check_columns(df.columns, "polars frame", targets=targets, predictions=predictions)
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return str(self._df.hash_rows().sum())

    def _write_schema(self) -> str | None:
        """Return the schema as JSON; "null" if there is none, as MLflow writes it here."""
        return super()._write_schema() or json.dumps(None)

    @property
    def df(self) -> pl.DataFrame:
        """The frame."""
        return self._df

    @property
    def targets(self) -> str | None:
        """The column to be predicted, or None."""
        return self._targets

    @property
    def predictions(self) -> str | None:
        """The column with what a model predicted, or None."""
        return self._predictions

    @property
    def profile(self) -> dict[str, int]:
        """How many rows and values there are."""
        return {"num_rows": self._df.height, "num_elements": self._df.height * self._df.width}

    @cached_property
    def schema(self) -> Schema | None:
        """The columns; None if one of them is of a type that has no place in a schema."""
        try:
            return Schema(
                [ColSpec(_infer(one.dtype), one.name, one.count() > 0) for one in self._df.get_columns()]
            )
        except InvalidParameter as error:
            _log.info("A dataset is logged without a schema: %s", error)
            return None


def _infer(dtype: Any) -> ColumnType:
    title = type(dtype).__name__
    if title in _TYPES:
        return _TYPES[title]
    if title in {"List", "Array"}:
        return Array(_infer(dtype.inner))
    if title == "Struct":
        return Object([Property(field.name, _infer(field.dtype)) for field in dtype.fields])
    raise InvalidParameter(f"Columns of polars' type {dtype} have no place in a schema.")
