"""Doors: modules that offer names which live elsewhere and are loaded when they are first used. Knows no name."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from headrace.base.plugins import load, load_attribute


def open_door(module: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a module.

    Args:
        module: its full name.
        names: what it offers, and where that lives: ``module:name``, or a module's name for the module itself.
    """

    def find(name: str) -> Any:
        address = names.get(name)
        if address is None:
            raise AttributeError(
                f"module {module!r} has no attribute {name!r}; docs/compatibility.md lists what of MLflow is not there"
            )
        value = load_attribute(address) if ":" in address else load(address)
        setattr(sys.modules[module], name, value)
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *names})

    return find, list_names
