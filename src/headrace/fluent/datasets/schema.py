"""Schemas: the columns of a table, or the tensors of an array, in MLflow's JSON.

The module knows no data; `headrace.fluent.datasets.inference` finds the schema of what a user has.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.types import ColumnType, parse_type, read_type


class ColSpec:
    """A column of a table.

    Args:
        type: its type, or the name of a scalar one.
        name: its name, if it has one.
        required: whether it has a value in every row.

    Raises:
        InvalidParameter: the type is not known.
    """

    def __init__(self, type: ColumnType | str, name: str | None = None, required: bool = True) -> None:  # noqa: A002 - MLflow's word
        self.type = read_type(type, f"the column {name!r}")
        self.name = name
        self.required = required

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        named = {} if self.name is None else {"name": self.name}
        return {**self.type.to_dict(), **named, "required": self.required}

    @classmethod
    def from_json_dict(cls, **kwargs: Any) -> Self:
        """Return the column that stands in a schema.

        Raises:
            InvalidParameter: it has no type, or one that is not known.
        """
        return cls(parse_type(kwargs), kwargs.get("name"), bool(kwargs.get("required", True)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColSpec) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.required))

    def __repr__(self) -> str:
        shown = f"{self.type!r} ({'required' if self.required else 'optional'})"
        return shown if self.name is None else f"{self.name!r}: {shown}"


class TensorSpec:
    """A tensor.

    Args:
        type: numpy's type of its elements; text and bytes without a length.
        shape: its shape; -1 stands for a dimension of any length.
        name: its name, if it has one.

    Raises:
        InvalidParameter: the type or the shape is none.
    """

    required = True

    def __init__(
        self,
        type: "np.dtype[Any]",  # noqa: A002 - MLflow's word
        shape: Sequence[int],
        name: str | None = None,
    ) -> None:
        if not isinstance(type, np.dtype):
            raise InvalidParameter(f"The type of a tensor is {type!r}; give a numpy.dtype.")
        if type.char in "US" and type.itemsize:
            raise InvalidParameter(
                f"The type of a tensor is {type}; give it without a length: {type.type.__name__}."
            )
        if not isinstance(shape, tuple | list):
            raise InvalidParameter(f"The shape of a tensor is {shape!r}; give a tuple or a list.")
        self.type = type
        self.shape = tuple(shape)
        self.name = name

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        named = {} if self.name is None else {"name": self.name}
        return {**named, "type": "tensor", "tensor-spec": {"dtype": self.type.name, "shape": self.shape}}

    @classmethod
    def from_json_dict(cls, **kwargs: Any) -> Self:
        """Return the tensor that stands in a schema.

        Raises:
            InvalidParameter: it is none.
        """
        spec = kwargs.get("tensor-spec")
        if (
            kwargs.get("type") != "tensor"
            or not isinstance(spec, dict)
            or not {"dtype", "shape"} <= spec.keys()
        ):
            raise InvalidParameter(
                "A tensor of a schema has the type 'tensor', and a 'tensor-spec' with 'dtype' and 'shape'."
            )
        return cls(np.dtype(spec["dtype"]), tuple(spec["shape"]), kwargs.get("name"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.name, self.type, self.shape) == (
            other.name,
            other.type,
            other.shape,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.shape))

    def __repr__(self) -> str:
        shown = f"Tensor({self.type.name!r}, {self.shape!r})"
        return shown if self.name is None else f"{self.name!r}: {shown}"


class Schema:
    """Columns, or tensors, of a dataset: all with names, or all without.

    Args:
        inputs: at least one.

    Raises:
        InvalidParameter: they do not go together.
    """

    def __init__(self, inputs: Sequence[ColSpec] | Sequence[TensorSpec]) -> None:
        given: list[ColSpec | TensorSpec] = list(inputs)
        tensors = sum(isinstance(one, TensorSpec) for one in given)
        named = sum(one.name is not None for one in given)
        if not given:
            raise InvalidParameter("A schema needs at least one column or tensor.")
        if tensors not in {0, len(given)}:
            raise InvalidParameter("A schema has columns or tensors, not both.")
        if named not in {0, len(given)}:
            raise InvalidParameter(
                f"Either all inputs of a schema have names or none; they are {[one.name for one in given]}."
            )
        if tensors > 1 and not named:
            raise InvalidParameter("Several tensors of a schema need names.")
        if not named and not all(one.required for one in given):
            raise InvalidParameter("An optional column of a schema needs a name.")
        self.inputs = given

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def is_tensor_spec(self) -> bool:
        """Tell whether it is made of tensors."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Tell whether its inputs have names."""
        return self.inputs[0].name is not None

    def input_names(self) -> list[str | int]:
        """Return the names, or numbers if there are none."""
        return [one.name or number for number, one in enumerate(self.inputs)]

    def required_input_names(self) -> list[str | int]:
        """Return the names of what has a value in every row, or numbers if there are none."""
        return [one.name or number for number, one in enumerate(self.inputs) if one.required]

    def optional_input_names(self) -> list[str | int]:
        """Return the names of what may have no value, or numbers if there are none."""
        return [one.name or number for number, one in enumerate(self.inputs) if not one.required]

    def input_types(self) -> list[Any]:
        """Return the types, in order."""
        return [one.type for one in self.inputs]

    def input_dict(self) -> dict[str | None, ColSpec | TensorSpec]:
        """Return the inputs by name.

        Raises:
            InvalidParameter: they have none.
        """
        if not self.has_input_names():
            raise InvalidParameter("The inputs of this schema have no names.")
        return {one.name: one for one in self.inputs}

    def to_dict(self) -> list[dict[str, Any]]:
        """Return it as lists and dictionaries."""
        return [one.to_dict() for one in self.inputs]

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """Return the schema that JSON holds.

        Raises:
            InvalidParameter: it holds none.
        """
        written = json.loads(json_str)
        if any(one.get("type") == "tensor" for one in written):
            return cls([TensorSpec.from_json_dict(**one) for one in written])
        return cls([ColSpec.from_json_dict(**one) for one in written])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.inputs == other.inputs

    def __hash__(self) -> int:
        return hash(tuple(self.inputs))

    def __repr__(self) -> str:
        return repr(self.inputs)


class TensorDatasetSchema:
    """The schema of features, and of targets if there are any, that are tensors.

    Args:
        features: of tensors.
        targets: of tensors, or None.

    Raises:
        InvalidParameter: one of them is no schema.
    """

    def __init__(self, features: Schema, targets: Schema | None = None) -> None:
        if not isinstance(features, Schema) or not isinstance(targets, Schema | None):
            raise InvalidParameter(
                f"Features and targets are described by a Schema; they are {features!r} and {targets!r}."
            )
        self.features = features
        self.targets = targets

    def to_dict(self) -> dict[str, Any]:
        """Return it as dictionaries; the two schemas in it are JSON."""
        targets = None if self.targets is None else self.targets.to_json()
        return {"mlflow_tensorspec": {"features": self.features.to_json(), "targets": targets}}

    @classmethod
    def from_dict(cls, schema_dict: dict[str, Any]) -> Self:
        """Return the schema that `to_dict` wrote.

        Raises:
            InvalidParameter: it is none.
        """
        written = schema_dict.get("mlflow_tensorspec")
        if not isinstance(written, dict):
            raise InvalidParameter("The schema of a dataset of tensors needs 'mlflow_tensorspec'.")
        targets = written.get("targets")
        return cls(
            Schema.from_json(written["features"]), None if targets is None else Schema.from_json(targets)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorDatasetSchema) and (self.features, self.targets) == (
            other.features,
            other.targets,
        )

    def __hash__(self) -> int:
        return hash((self.features, self.targets))

    def __repr__(self) -> str:
        return f"features:\n  {self.features!r}\ntargets:\n  {self.targets!r}\n"
