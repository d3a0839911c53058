"""Schemas: what goes together, how they are written, read back and merged."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.inference import infer_schema, infer_type
from headrace.fluent.datasets.schema import ColSpec, Schema, TensorDatasetSchema, TensorSpec
from headrace.fluent.datasets.types import (
    AnyType,
    Array,
    DataType,
    Map,
    Object,
    Property,
    SparkMLVector,
    merge_types,
    parse_type,
)

NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=4)
SCALARS = st.sampled_from(list(DataType)) | st.builds(AnyType) | st.builds(SparkMLVector)
TYPES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(Array, inner)
        | st.builds(Map, inner)
        | st.lists(
            st.builds(Property, NAMES, inner, st.booleans()),
            min_size=1,
            max_size=3,
            unique_by=lambda one: one.name,
        ).map(Object)
    ),
    max_leaves=8,
)


@given(TYPES)
def test_a_type_is_read_as_it_was_written(kind: Any) -> None:
    assert parse_type(kind.to_dict()) == kind


@given(TYPES)
def test_a_type_merges_with_itself_to_itself(kind: Any) -> None:
    assert merge_types(kind, kind) == kind or isinstance(kind, AnyType)


@given(TYPES, NAMES, st.booleans())
def test_a_schema_is_read_as_it_was_written(kind: Any, name: str, required: bool) -> None:
    schema = Schema([ColSpec(kind, name, required), ColSpec("string", name + "x")])
    assert Schema.from_json(schema.to_json()) == schema


def test_a_schema_of_tensors_is_read_as_it_was_written() -> None:
    features = Schema(
        [TensorSpec(np.dtype("float32"), (-1, 3), "a"), TensorSpec(np.dtype("str"), (-1,), "b")]
    )
    schema = TensorDatasetSchema(features, Schema([TensorSpec(np.dtype("int64"), (-1,))]))
    assert TensorDatasetSchema.from_dict(schema.to_dict()) == schema
    assert schema.targets is not None
    assert schema != TensorDatasetSchema(features)


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [ColSpec("string", "a"), TensorSpec(np.dtype("int64"), (-1,), "b")],
        [ColSpec("string", "a"), ColSpec("string")],
        [TensorSpec(np.dtype("int64"), (-1,)), TensorSpec(np.dtype("int64"), (-1,))],
        [ColSpec("string", required=False)],
    ],
)
def test_what_does_not_go_together_is_refused(inputs: Any) -> None:
    with pytest.raises(InvalidParameter):
        Schema(inputs)


def test_objects_merge_property_by_property() -> None:
    merged = infer_type([{"a": 1, "b": "x"}, {"a": 2, "c": None}])
    assert merged == Array(
        Object(
            [
                Property("a", "long"),
                Property("b", "string", required=False),
                Property("c", AnyType(), required=False),
            ]
        )
    )


@pytest.mark.parametrize("values", [[1, "a"], [[1], "a"], [{"a": 1}, {"a": "x"}], [{"a": 1}, [1]]])
def test_values_without_a_common_type_are_refused(values: list[Any]) -> None:
    with pytest.raises(InvalidParameter, match=r"one type|no place|stand in one list"):
        infer_type(values)


def test_columns_and_tensors_can_be_asked_for_by_name() -> None:
    schema = infer_schema({"a": np.zeros((2, 3)), "b": np.array(["x"])})
    assert schema.is_tensor_spec()
    assert schema.input_names() == ["a", "b"]
    assert schema.input_dict()["a"].type == np.dtype("float64")
    assert schema.required_input_names() == ["a", "b"]
    assert schema.optional_input_names() == []
