"""Deny by default: a request that refers to a resource (a field such as ``run_id``) needs a permission that covers it.

The table of endpoints is made through `check_rows`, so that no server begins with a row that leaves something open. Clients, which call single rows, do not load this:
looking into the types of all rows takes longer than a short script's calls.
"""

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from headrace.api.endpoint import Endpoint, Resource
from headrace.base.json import Wire

REFERENCES = {
    "experiment_id": Resource.EXPERIMENT,
    "experiment_ids": Resource.EXPERIMENT,
    "to_experiment_id": Resource.EXPERIMENT,
    "experiment_name": Resource.EXPERIMENT_NAME,
    "run_id": Resource.RUN,
    "run_ids": Resource.RUN,
    "run_uuid": Resource.RUN,
    "source_run_id": Resource.RUN,
    "parent_run_id": Resource.RUN,
    "model_id": Resource.MODEL,
    "artifact_path": Resource.ARTIFACT,
}
"""Request fields that name a resource."""


def check_rows(rows: Iterable[Endpoint[Any, Any]]) -> tuple[Endpoint[Any, Any], ...]:
    """Return the rows of a table.

    Args:
        rows: the rows.

    Raises:
        TypeError: a reference in a row's request is not covered by the permissions that the row names.
    """
    checked = tuple(rows)
    for row in checked:
        covered = {(need.resource, need.field) for need in row.needs}
        for reference in _references(row.request):
            resource = REFERENCES[reference.rsplit(".", 1)[-1]]
            if (resource, reference) not in covered:
                raise TypeError(
                    f"endpoint {row.name}: no permission covers {reference!r} (a {resource.value}) in its request"
                )
    return checked


def _references(kind: type[Wire], prefix: str = "") -> list[str]:
    """Return the dotted names of all fields of a request that refer to a resource."""
    found: list[str] = []
    for field in msgspec.structs.fields(kind):
        if field.name in REFERENCES:
            found.append(prefix + field.name)
        inner = _struct_in(msgspec.inspect.type_info(field.type))
        if inner is not None:
            found += _references(inner, f"{prefix}{field.name}.")
    return found


def _struct_in(info: Any) -> type[Wire] | None:
    if isinstance(info, msgspec.inspect.StructType):
        return cast("type[Wire]", info.cls)
    if isinstance(info, msgspec.inspect.ListType):
        return _struct_in(info.item_type)
    if isinstance(info, msgspec.inspect.UnionType):
        return next(filter(None, map(_struct_in, info.types)), None)
    return None
