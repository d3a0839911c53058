"""The types of columns: scalars, and arrays, objects and maps made of them, as MLflow writes them into schemas.

The module knows no data; `headrace.fluent.datasets.inference` finds the types of what a user has.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Self, TypeAlias

import numpy as np

from headrace.base.errors import InvalidParameter

_NUMPY_NAMES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "str",
    "binary": "bytes",
    "datetime": "datetime64[ns]",
}


class DataType(Enum):
    """A scalar type; the numbers are MLflow's."""

    boolean = 1
    """True or False."""
    integer = 2
    """Signed integers of 32 bits."""
    long = 3
    """Signed integers of 64 bits."""
    float = 4
    """Floats of 32 bits."""
    double = 5
    """Floats of 64 bits."""
    string = 6
    """Text."""
    binary = 7
    """Bytes."""
    datetime = 8
    """A moment, to the nanosecond."""

    def __repr__(self) -> str:
        return str(self.name)

    def to_numpy(self) -> "np.dtype[Any]":
        """Return numpy's type for it."""
        return np.dtype(_NUMPY_NAMES[self.name])

    def to_pandas(self) -> "np.dtype[Any]":
        """Return the type of a pandas column that holds it."""
        return np.dtype(object) if self in {DataType.string, DataType.binary} else self.to_numpy()

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        return {"type": self.name}

    @classmethod
    def from_numpy_type(cls, np_type: "np.dtype[Any]") -> "DataType | None":
        """Return the type that numpy's one stands for, or None."""
        return next((member for member in cls if member.to_numpy() == np_type), None)


class AnyType:
    """A value of which nothing is known, such as one that is always missing."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        return {"type": "any"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyType)

    def __hash__(self) -> int:
        return hash("any")

    def __repr__(self) -> str:
        return "Any"


class Property:
    """A named value of an object.

    Args:
        name: its name.
        dtype: its type, or the name of a scalar one.
        required: whether every object has it.

    Raises:
        InvalidParameter: the name is no text, or the type is not known.
    """

    def __init__(self, name: str, dtype: "ColumnType | str", required: bool = True) -> None:
        if not isinstance(name, str):
            raise InvalidParameter(f"The name of a property is {name!r}; it must be text.")
        self.name = name
        self.dtype = read_type(dtype, f"the property {name!r}")
        self.required = required

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        return {self.name: self.dtype.to_dict() | {"required": self.required}}

    @classmethod
    def from_json_dict(cls, **kwargs: Mapping[str, Any]) -> Self:
        """Return the property that stands in a schema as its name and its type.

        Raises:
            InvalidParameter: there is not exactly one name, or no type.
        """
        if len(kwargs) != 1:
            raise InvalidParameter(f"A property is one name with its type; there are {len(kwargs)} names.")
        ((name, written),) = kwargs.items()
        return cls(name, parse_type(written), bool(written.get("required", True)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Property) and (self.name, self.dtype, self.required) == (
            other.name,
            other.dtype,
            other.required,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.required))

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype!r} ({'required' if self.required else 'optional'})"


class Object:
    """A value with named properties, such as a dictionary.

    Args:
        properties: at least one, each name once; they are kept sorted by name.

    Raises:
        InvalidParameter: there are none, or a name occurs twice.
    """

    def __init__(self, properties: list[Property]) -> None:
        if not isinstance(properties, list) or not all(isinstance(one, Property) for one in properties):
            raise InvalidParameter(
                f"The properties of an object are {properties!r}; give a list of Property."
            )
        if not properties:
            raise InvalidParameter("An object of a schema needs at least one property.")
        names = [one.name for one in properties]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InvalidParameter(f"These properties of an object occur more than once: {', '.join(twice)}.")
        self.properties = sorted(properties, key=lambda one: one.name)

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        written: dict[str, Any] = {}
        for one in self.properties:
            written |= one.to_dict()
        return {"type": "object", "properties": written}

    @classmethod
    def from_json_dict(cls, **kwargs: Any) -> Self:
        """Return the object that stands in a schema.

        Raises:
            InvalidParameter: it has no properties.
        """
        properties = kwargs.get("properties")
        if not isinstance(properties, dict):
            raise InvalidParameter("An object of a schema needs 'properties', by name.")
        return cls([Property.from_json_dict(**{name: one}) for name, one in properties.items()])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and self.properties == other.properties

    def __hash__(self) -> int:
        return hash(tuple(self.properties))

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self.properties)) + "}"


class Array:
    """A list of values of one type.

    Args:
        dtype: the type of its items, or the name of a scalar one.

    Raises:
        InvalidParameter: the type is not known.
    """

    def __init__(self, dtype: "ColumnType | str") -> None:
        self.dtype = read_type(dtype, "the items of an array")

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        return {"type": "array", "items": self.dtype.to_dict()}

    @classmethod
    def from_json_dict(cls, **kwargs: Any) -> "Array":
        """Return the array that stands in a schema.

        Raises:
            InvalidParameter: it does not say of what.
        """
        if not isinstance(kwargs.get("items"), dict):
            raise InvalidParameter("An array of a schema needs 'items', with their type.")
        return cls(parse_type(kwargs["items"]))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((type(self), self.dtype))

    def __repr__(self) -> str:
        return f"Array({self.dtype!r})"


class SparkMLVector(Array):
    """A vector of Spark's machine learning library."""

    def __init__(self) -> None:
        super().__init__(DataType.double)

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        return {"type": "sparkml_vector"}

    def __repr__(self) -> str:
        return "SparkML vector"


class Map:
    """Values of one type under any names.

    Args:
        value_type: their type, or the name of a scalar one.

    Raises:
        InvalidParameter: the type is not known.
    """

    def __init__(self, value_type: "ColumnType | str") -> None:
        self.value_type = read_type(value_type, "the values of a map")

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in a schema."""
        return {"type": "map", "values": self.value_type.to_dict()}

    @classmethod
    def from_json_dict(cls, **kwargs: Any) -> Self:
        """Return the map that stands in a schema.

        Raises:
            InvalidParameter: it does not say of what.
        """
        if not isinstance(kwargs.get("values"), dict):
            raise InvalidParameter("A map of a schema needs 'values', with their type.")
        return cls(parse_type(kwargs["values"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Map) and self.value_type == other.value_type

    def __hash__(self) -> int:
        return hash(("map", self.value_type))

    def __repr__(self) -> str:
        return f"Map(str -> {self.value_type!r})"


ColumnType: TypeAlias = DataType | Array | Object | Map | AnyType


def read_type(given: ColumnType | str, what: str) -> ColumnType:
    """Return a type that a user gave, perhaps by name.

    Args:
        given: the type, or the name of a scalar one.
        what: what it is the type of, for the message.

    Raises:
        InvalidParameter: there is no such type.
    """
    if isinstance(given, str) and given in DataType.__members__:
        return DataType[given]
    if isinstance(given, DataType | Array | Object | Map | AnyType):
        return given
    raise InvalidParameter(
        f"The type of {what} is {given!r}; it must be an Array, Object, Map, AnyType or one of {', '.join(DataType.__members__)}."
    )


def parse_type(written: Mapping[str, Any]) -> ColumnType:
    """Return a type as it stands in a schema.

    Raises:
        InvalidParameter: it is none.
    """
    kind = written.get("type")
    simple: dict[Any, type[AnyType | SparkMLVector]] = {"any": AnyType, "sparkml_vector": SparkMLVector}
    nested: dict[Any, type[Array | Object | Map]] = {"array": Array, "object": Object, "map": Map}
    if kind in simple:
        return simple[kind]()
    if kind in nested:
        return nested[kind].from_json_dict(**written)
    return read_type(str(kind), "a column")


def merge_types(one: ColumnType, other: ColumnType) -> ColumnType:
    """Return the type that values of both types have.

    A property that only some objects have becomes optional; a type of which nothing is known gives way to the other.

    Raises:
        InvalidParameter: there is none.
    """
    if isinstance(one, AnyType) or isinstance(other, AnyType):
        known = other if isinstance(one, AnyType) else one
        if isinstance(known, Object):
            return Object([Property(prop.name, prop.dtype, required=False) for prop in known.properties])
        return known
    if one == other:
        return one
    if type(one) is Array and type(other) is Array:
        return Array(merge_types(one.dtype, other.dtype))
    if isinstance(one, Map) and isinstance(other, Map):
        return Map(merge_types(one.value_type, other.value_type))
    if isinstance(one, Object) and isinstance(other, Object):
        return _merge_objects(one, other)
    raise InvalidParameter(
        f"Values of the types {one!r} and {other!r} stand in one list; a schema needs one type, or Array(AnyType())."
    )


def _merge_objects(one: Object, other: Object) -> Object:
    ours = {prop.name: prop for prop in one.properties}
    theirs = {prop.name: prop for prop in other.properties}
    merged = []
    for name in ours | theirs:
        here, there = ours.get(name), theirs.get(name)
        if here is not None and there is not None:
            required = here.required and there.required
            merged.append(Property(name, merge_types(here.dtype, there.dtype), required))
        else:
            found = here or there
            assert found is not None
            merged.append(Property(name, found.dtype, required=False))
    return Object(merged)
