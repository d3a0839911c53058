"""Datasets that are Arrow tables. Needs pyarrow.

MLflow has none of these; their JSON is of the shape that it has for other tables. The digest covers every row: columns are hashed one after the other as
Arrow's own messages, cut into batches of equal length.
"""

import hashlib
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.dataset import DescribedDataset, check_columns
from headrace.fluent.datasets.schema import ColSpec, Schema
from headrace.fluent.datasets.source import DatasetSource
from headrace.fluent.datasets.types import AnyType, Array, ColumnType, DataType, Map, Object, Property

DIGEST_CHARS = 32
BATCH_ROWS = 65_536


class ArrowDataset(DescribedDataset):
    """An Arrow table.

    Args:
        table: the table, or a record batch.
        source: where it came from.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed of all rows unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: it is no table, or a column is missing.
    """

    def __init__(
        self,
        table: Any,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        if isinstance(table, pa.RecordBatch):
            table = pa.Table.from_batches([table])
        if not isinstance(table, pa.Table):
            raise InvalidParameter(
                f"The table is a {type(table).__name__}; give a pyarrow.Table or a pyarrow.RecordBatch."
            )
        check_columns(table.column_names, "Arrow table", targets=targets, predictions=predictions)
        self._table = table
        self._targets = targets
        self._predictions = predictions
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return digest_table(self._table)

    @property
    def table(self) -> Any:
        """The table."""
        return self._table

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
        """How many rows, values and bytes there are."""
        return {
            "num_rows": self._table.num_rows,
            "num_elements": self._table.num_rows * self._table.num_columns,
            "num_bytes": self._table.nbytes,
        }

    @cached_property
    def schema(self) -> Schema | None:
        """The columns; None if there is none, or one of them is of a type that has no place in a schema."""
        try:
            return Schema(
                [
                    _describe(field, column)
                    for field, column in zip(self._table.schema, self._table.columns, strict=True)
                ]
            )
        except InvalidParameter:
            return None


def digest_table(table: Any) -> str:
    """Return 32 hexadecimal digits of the SHA-256 of a table.

    Equal for equal columns of equal names and types: neither chunks, nor metadata, nor what lies in memory where a value is missing counts.

    Raises:
        InvalidParameter: a column is of a type that cannot be hashed.
    """
    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.columns, strict=True):
        plain = _without_dictionaries(field.type)
        schema = pa.schema([pa.field(field.name, plain)])
        digest.update(schema.serialize())
        for start in range(0, len(column), BATCH_ROWS):
            part = pa.concat_arrays(
                [pa.nulls(0, plain), *_cast(column.slice(start, BATCH_ROWS), field, plain)]
            )
            if part.null_count:
                digest.update(pa.record_batch([part.is_null()], names=["missing"]).serialize())
            digest.update(pa.record_batch([part.drop_null()], schema=schema).serialize())
    return digest.hexdigest()[:DIGEST_CHARS]


def _cast(column: Any, field: Any, plain: Any) -> list[Any]:
    """Return the chunks of a column with the values in place of their numbers in a dictionary."""
    if plain == field.type:
        return list(column.chunks)
    try:
        return list(column.cast(plain).chunks)
    except pa.ArrowNotImplementedError as error:
        raise InvalidParameter(
            f"The column {field.name!r} of the type {field.type} cannot be hashed ({error}). Give the dataset a digest yourself."
        ) from None


def _without_dictionaries(kind: Any) -> Any:
    """Return a type with that of the values in place of every dictionary."""
    types = pa.types
    if types.is_dictionary(kind):
        return _without_dictionaries(kind.value_type)
    if types.is_list(kind):
        return pa.list_(_without_dictionaries(kind.value_type))
    if types.is_large_list(kind):
        return pa.large_list(_without_dictionaries(kind.value_type))
    if types.is_struct(kind):
        return pa.struct([pa.field(field.name, _without_dictionaries(field.type)) for field in kind])
    return kind


def _describe(field: Any, column: Any) -> ColSpec:
    return ColSpec(_infer(field.type), field.name, required=column.null_count == 0)


def _infer(kind: Any) -> ColumnType:  # noqa: PLR0911 - one line for each kind of type
    types = pa.types
    if types.is_dictionary(kind):
        return _infer(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return Array(_infer(kind.value_type))
    if types.is_struct(kind):
        return Object(
            [Property(field.name, _infer(field.type), required=not field.nullable) for field in kind]
        )
    if types.is_map(kind):
        return Map(_infer(kind.item_type))
    if types.is_null(kind):
        return AnyType()
    if types.is_date(kind) or types.is_timestamp(kind):
        return DataType.datetime
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return DataType.binary
    found = _SCALARS.get(str(kind))
    if found is None:
        raise InvalidParameter(f"Columns of Arrow's type {kind} have no place in a schema.")
    return found


_SCALARS = {
    "bool": DataType.boolean,
    "int8": DataType.integer,
    "int16": DataType.integer,
    "int32": DataType.integer,
    "uint8": DataType.integer,
    "uint16": DataType.integer,
    "uint32": DataType.long,
    "int64": DataType.long,
    "halffloat": DataType.float,
    "float": DataType.float,
    "double": DataType.double,
    "string": DataType.string,
    "large_string": DataType.string,
    "string_view": DataType.string,
}
