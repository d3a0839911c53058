"""From data to its schema, by MLflow's rules: tables become columns, arrays become tensors.

A column without a name for its values (objects of many kinds) is looked at value by value, everything else by its type. The module imports
neither pandas nor Spark nor scipy: data of theirs is known by the module that its class comes from.
"""

import logging
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.schema import ColSpec, Schema, TensorSpec
from headrace.fluent.datasets.types import (
    AnyType,
    Array,
    ColumnType,
    DataType,
    Object,
    Property,
    SparkMLVector,
    merge_types,
)

_log = logging.getLogger("headrace")

_SCALARS: dict[type, DataType] = {
    bool: DataType.boolean,
    np.bool_: DataType.boolean,
    int: DataType.long,
    np.int64: DataType.long,
    np.int32: DataType.integer,
    float: DataType.double,
    np.float64: DataType.double,
    np.float32: DataType.float,
    str: DataType.string,
    np.str_: DataType.string,
    object: DataType.string,
    bytes: DataType.binary,
    np.bytes_: DataType.binary,
    bytearray: DataType.binary,
    date: DataType.datetime,
    datetime: DataType.datetime,
    np.datetime64: DataType.datetime,
}
_SPARK_TYPES = {
    "ByteType": DataType.integer,
    "ShortType": DataType.integer,
    "IntegerType": DataType.integer,
    "LongType": DataType.long,
    "FloatType": DataType.float,
    "DoubleType": DataType.double,
    "BooleanType": DataType.boolean,
    "StringType": DataType.string,
    "BinaryType": DataType.binary,
    "DateType": DataType.datetime,
    "TimestampType": DataType.datetime,
}
_MISSING = frozenset({"NAType", "NaTType"})
_INTEGER_BYTES, _LONG_BYTES = 4, 8


def infer_schema(data: Any) -> Schema:
    """Return the schema of data.

    Args:
        data: a pandas frame or series, an array, a dictionary of arrays by name, a sparse matrix of scipy, or a Spark frame.

    Raises:
        InvalidParameter: it is of another kind, or a column's values have no common type.
    """
    if isinstance(data, np.ndarray):
        return Schema([_describe_array(data)])
    if isinstance(data, Mapping) and all(isinstance(one, np.ndarray) for one in data.values()):
        return Schema([_describe_array(one, name) for name, one in data.items()])
    library, kind = type(data).__module__.partition(".")[0], type(data).__name__
    if library == "scipy" and kind in {"csr_matrix", "csc_matrix"}:
        return Schema([TensorSpec(_without_length(data.data.dtype), (-1, *data.shape[1:]))])
    if library == "pandas" and kind == "Series":
        return Schema([_describe_column(data, data.name)])
    if library == "pandas":
        return Schema([_describe_column(data[name], name) for name in data.columns])
    if library == "pyspark":
        return Schema(
            [
                ColSpec(_infer_spark_type(field.dataType, data, field.name), field.name)
                for field in data.schema.fields
            ]
        )
    raise InvalidParameter(
        f"No schema can be found for a {type(data).__name__}; give a pandas or Spark frame, an array, or a dictionary of arrays."
    )


def find_schema(data: Any) -> Schema | None:
    """Return the schema of data, or None, with a note in the log, if there is none."""
    try:
        return infer_schema(data)
    except (InvalidParameter, TypeError, ValueError) as error:
        _log.info("A dataset is logged without a schema: %s", error)
        return None


def _describe_array(array: "np.ndarray[Any, Any]", name: str | None = None) -> TensorSpec:
    """Return the tensor that an array is one of: its first dimension may have any length."""
    if not array.ndim:
        raise InvalidParameter(
            "An array without dimensions has no schema; give one with a dimension for the rows."
        )
    return TensorSpec(_without_length(array.dtype), (-1, *array.shape[1:]), name)


def _without_length(dtype: "np.dtype[Any]") -> "np.dtype[Any]":
    return np.dtype({"U": "str", "S": "bytes"}[dtype.char]) if dtype.char in "US" else dtype


def _describe_column(column: Any, name: Any) -> ColSpec:
    if column.ndim != 1:
        raise InvalidParameter(f"The table has several columns with the name {name!r}.")
    if column.dtype.kind != "O":
        return ColSpec(_infer_plain_type(column.dtype), name, not column.isna().any())
    values = column.to_list()
    kinds = set(map(type, values))
    if kinds == {str}:  # the usual case, at the speed of C
        return ColSpec(DataType.string, name)
    required = not (any(map(_may_be_missing, kinds)) and any(map(is_missing, values)))
    column = column.infer_objects()
    if column.dtype.kind != "O":
        return ColSpec(_infer_plain_type(column.dtype), name, required)
    return ColSpec(_infer_object_type(column, values), name, required)


def _infer_plain_type(dtype: Any) -> DataType:
    """Return the type of columns whose values are all alike."""
    dtype = getattr(dtype, "subtype", dtype)  # that of the values of a sparse column
    kind, size = dtype.kind, getattr(dtype, "itemsize", 0)
    if kind in "iu":
        whole = size if kind == "i" else size + 1  # an unsigned integer needs a wider signed one
        if whole <= _INTEGER_BYTES:
            return DataType.integer
        if whole <= _LONG_BYTES:
            return DataType.long
    if kind == "f" and size <= _LONG_BYTES:
        return DataType.float if size <= _INTEGER_BYTES else DataType.double
    simple = {"b": DataType.boolean, "U": DataType.string, "S": DataType.binary, "M": DataType.datetime}
    if kind not in simple:
        raise InvalidParameter(f"Columns of the type {dtype} have no place in a schema.")
    return simple[kind]


def _infer_object_type(column: Any, values: list[Any]) -> ColumnType:
    """Return the type of a column of Python objects."""
    try:
        found = _infer_items(values)
    except InvalidParameter:
        if type(column.dtype).__name__ == "StringDtype" or all(isinstance(value, str) for value in values):
            return DataType.string
        raise
    if found is None and values:
        raise InvalidParameter("A column that holds only empty arrays has no type.")
    return found or DataType.string


def _infer_items(values: Iterable[Any]) -> ColumnType | None:
    """Return the type that all values share, or None if there is no value that has one."""
    if isinstance(values, list) and str in (kinds := set(map(type, values))) and kinds <= {str, type(None)}:
        return DataType.string  # at the speed of C, too
    found: ColumnType | None = None
    for value in values:
        kind = infer_type(value)
        if kind is not None:
            found = kind if found is None else merge_types(found, kind)
    return found


def infer_type(value: Any) -> ColumnType | None:
    """Return the type of one value; None for an array of which nothing can be said.

    Raises:
        InvalidParameter: the value, or one in it, is of a kind that a schema does not know.
    """
    if is_missing(value) or (isinstance(value, list | dict) and not value):
        return AnyType()
    if isinstance(value, dict):
        properties = []
        for name, one in value.items():
            kind = infer_type(one)
            if kind is None:
                raise InvalidParameter(
                    f"The value {name!r} of a dictionary is an empty array, which has no type."
                )
            properties.append(Property(name, kind, required=not isinstance(kind, AnyType)))
        return Object(properties)
    if isinstance(value, list | np.ndarray):
        items = _infer_items(value)
        return None if items is None else Array(items)
    found = _SCALARS.get(type(value))
    if found is None:
        raise InvalidParameter(
            f"A value of the type {type(value).__name__} has no place in a schema: {str(value)[:100]!r}."
        )
    return found


def is_missing(value: Any) -> bool:
    """Tell whether a value stands for none: None, a NaN, or what pandas has for it."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in _MISSING


def _may_be_missing(kind: type) -> bool:
    """Tell whether values of a class may stand for none."""
    return issubclass(kind, float) or kind is type(None) or kind.__name__ in _MISSING


def _infer_spark_type(kind: Any, frame: Any = None, name: str = "") -> ColumnType:
    """Return the type of a Spark column. Of maps the keys that occur are asked for, which costs a pass over the data."""
    title = type(kind).__name__
    if title in _SPARK_TYPES:
        return _SPARK_TYPES[title]
    if title == "ArrayType":
        return Array(_infer_spark_type(kind.elementType))
    if title == "StructType":
        return Object(
            [
                Property(one.name, _infer_spark_type(one.dataType), required=not one.nullable)
                for one in kind.fields
            ]
        )
    if title == "MapType" and frame is not None and type(kind.valueType).__name__ != "MapType":
        quoted = name.replace("`", "``")
        rows = frame.selectExpr(f"explode(map_keys(`{quoted}`)) as name").distinct().collect()
        return Object([Property(row.name, _infer_spark_type(kind.valueType)) for row in rows])
    if title == "VectorUDT":
        return SparkMLVector()
    raise InvalidParameter(f"Spark's type {title} has no place in a schema.")
