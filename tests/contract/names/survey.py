"""Lists what a package offers to the user of tracking, as JSON: ``python survey.py PACKAGE``, where PACKAGE is ``mlflow`` or ``headrace``.

The list holds modules by their names below the package, in these the public names with their kind, and of functions, classes and their public members the parameters.
Runs in a peer's interpreter as well as in headrace's own, so it knows nothing but the standard library.
"""

import importlib
import inspect
import json
import sys
from typing import Any

#: Module -> whether its names are those of ``__all__``, or what is defined there.
MODULES = {
    "": "all",
    "artifacts": "own",
    "client": "all",
    "config": "all",
    "data": "all",
    "data.dataset": "own class",
    "data.dataset_source": "own class",
    "data.pandas_dataset": "own class",
    "data.numpy_dataset": "own class",
    "data.polars_dataset": "own class",
    "data.meta_dataset": "own class",
    "data.http_dataset_source": "own class",
    "data.code_dataset_source": "own class",
    "entities": "all",
    "exceptions": "upper",
    "system_metrics": "own",
    "tracking": "all",
    "tracking.client": "client",
}
#: Classes whose members count, by the module that offers them.
CLASSES = {
    "": ["ActiveRun", "Image", "MlflowClient", "MlflowException"],
    "entities": None,
    "exceptions": None,
    **{name: None for name, how in MODULES.items() if how == "own class"},
}
#: What belongs to protobuf is not compared.
FOREIGN = {"from_proto", "to_proto"}


def list_names(module: Any, how: str) -> list[str]:
    """Return the public names of a module."""
    if how == "all":
        return [name for name in module.__all__ if not name.startswith("__")]
    names = [name for name in vars(module) if not name.startswith("_")]
    if how == "client":
        return ["MlflowClient"]
    if how == "own class":
        own = [name for name in names if getattr(getattr(module, name), "__module__", "") == module.__name__]
        return [name for name in own if name[0].isupper() or name.startswith(("from_", "load_"))]
    if how == "upper":
        return [
            name
            for name in names
            if name.isupper() or isinstance(getattr(module, name), type) or name == "get_error_code"
        ]
    return [
        name
        for name in names
        if inspect.isfunction(getattr(module, name))
        and getattr(module, name).__module__.startswith(
            (module.__name__, f"{module.__name__.partition('.')[0]}.system_metrics")
        )
    ]


def describe(thing: Any) -> dict[str, Any]:
    """Return the kind of a name, and its parameters if it is called."""
    if inspect.ismodule(thing):
        return {"kind": "module"}
    if inspect.isclass(thing):
        return {"kind": "class", "parameters": list_parameters(thing)}
    if callable(thing):
        return {"kind": "function", "parameters": list_parameters(thing)}
    return {"kind": "value", "value": repr(thing) if isinstance(thing, int | str) else type(thing).__name__}


def list_parameters(thing: Any) -> list[list[str]] | None:
    """Return name, kind and default of each parameter; None if they cannot be told."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[each.name, each.kind.name, show_default(each.default)] for each in parameters]


def show_default(value: Any) -> str:
    """Return a default as text that does not depend on the package."""
    if value is inspect.Parameter.empty:
        return ""
    text = getattr(value, "value", value) if isinstance(value, str) else value
    return (
        repr(text)
        if isinstance(text, int | float | str | bool | tuple | list | dict | None.__class__)
        else type(value).__name__
    )


def list_members(kind: type) -> dict[str, dict[str, Any]]:
    """Return the public members of a class: attributes and methods, its own and those it has inherited from its package."""
    found: dict[str, dict[str, Any]] = {}
    for name in dir(kind):
        if name.startswith("_") or name in FOREIGN or hasattr(Exception, name) or hasattr(str, name):
            continue
        member = inspect.getattr_static(kind, name)
        if isinstance(member, property) or not callable(getattr(kind, name)):
            found[name] = {"kind": "attribute"}
        else:
            found[name] = {"kind": "function", "parameters": list_parameters(getattr(kind, name))}
    names = getattr(kind, "_properties", list)
    found.update({name: {"kind": "attribute"} for name in (names() if callable(names) else ())})
    return found


def survey(package: str) -> dict[str, Any]:
    """Return modules, their names, and the members of classes."""
    found: dict[str, Any] = {}
    for name, how in MODULES.items():
        try:
            module = importlib.import_module(f"{package}.{name}".rstrip("."))
        except ModuleNotFoundError:
            continue
        names = list_names(module, "all" if package == "headrace" else how)
        entries = {}
        for each in sorted(set(names)):
            thing = getattr(module, each)
            entries[each] = describe(thing)
            wanted = CLASSES.get(name, ())
            if inspect.isclass(thing) and (wanted is None or each in wanted):
                entries[each]["members"] = list_members(thing)
        found[name] = entries
    return found


if __name__ == "__main__":
    json.dump(survey(sys.argv[1]), sys.stdout)
