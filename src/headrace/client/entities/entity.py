"""What all entities share: fields by name, a text for people, equality by value. Knows no entity."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self, TypeVar

from msgspec import UNSET, UnsetType

from headrace.base.plugins import load_attribute

T = TypeVar("T")


class Entity:
    """A thing of the tracking protocol in MLflow's Python shape. `dict(entity)` has its fields, sorted by name."""

    _names: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def _properties(cls) -> list[str]:
        """Return the names of the fields, sorted."""
        if cls._names:
            return sorted(cls._names)
        fields: tuple[str, ...] = cls.__struct_fields__  # type: ignore[attr-defined]  # the others are structs
        return sorted(fields)

    @classmethod
    def from_dictionary(cls, the_dict: dict[str, Any]) -> Self:
        """Return an entity with the fields of a dictionary; entries that are no fields are left out."""
        known = cls._properties()
        return cls(**{name: value for name, value in the_dict.items() if name in known})

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for name in self._properties():
            yield name, getattr(self, name)

    def __repr__(self) -> str:
        pformat = load_attribute("pprint:pformat")
        shown = (
            f"{name}={value!r}" if isinstance(value, Entity) else f"{name}={pformat(value)}"
            for name, value in self
        )
        return f"<{type(self).__name__}: {', '.join(shown)}>"


def read_unset(value: T | UnsetType) -> T | None:
    """Return a field of an answer; None where the answer does not have it."""
    return None if value is UNSET else value


def read_some(value: T | UnsetType | None) -> T | None:
    """Return a field of an answer; None where the answer does not have it, or has an empty one."""
    return value or None  # an unset field counts as false
