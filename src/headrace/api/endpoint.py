"""The row of the table of endpoints: a call's name, path, types and the permissions that it needs.

A row that names no permission does not load, nor does one whose request refers to a resource (a field such as ``run_id``)
that no permission covers: deny by default, at import time. The module does not know how a call is served.
"""

from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec import Struct

from headrace.base.json import Wire

Req = TypeVar("Req", bound=Wire)
Res = TypeVar("Res", bound=Wire)


class Empty(Wire, kw_only=True):
    """The parameters of a call that takes none, or the answer of one that has nothing to say."""


class Tag(Wire, kw_only=True):
    """A key and a value, on whatever carries tags."""

    key: str
    value: str = ""


class Permission(IntEnum):
    """What an actor may do with a resource; each level includes those below it."""

    READ = 1
    USE = 2
    EDIT = 3
    MANAGE = 4


class Resource(StrEnum):
    """The kinds of things that permissions are given on."""

    SERVER = "server"
    EXPERIMENT = "experiment"
    EXPERIMENT_NAME = "experiment_name"
    RUN = "run"
    MODEL = "model"
    ARTIFACT = "artifact"


class Need(Struct, frozen=True):
    """One permission that a call needs.

    Args:
        permission: the least level.
        resource: on what kind of thing.
        field: the request's field that holds its id, or a list of ids; a dot reaches into a list of structs
            (``models.model_id``). Empty for the server itself.
    """

    permission: Permission
    resource: Resource
    field: str = ""


# Request fields that name a resource. Each must be covered by a Need of the row that has them.
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


class Endpoint(Struct, Generic[Req, Res], frozen=True):
    """One call.

    Args:
        name: ``<resource>.<verb>``; the function of that name in ``headrace.services.<resource>`` serves it.
        method: HTTP method.
        path: below each of `prefixes`; ``{name}`` is a field of the request, ``{name:path}`` one that may hold slashes.
        request: struct of the parameters.
        response: struct of the answer.
        needs: the permissions.
        summary: one sentence for the API's documentation.
        writes: the call changes something and therefore passes the writer.
        parts: the answer's list that may be too long to be held at once; the service function then yields answers, each with a part of it,
            the last one with what follows the list.
        stream: the call carries bytes and has a handler of its own in ``headrace.server``.
        binary: request and answer may be msgpack as well as JSON; bytes, which JSON carries as base64, travel as they are.
        waits: the call may be held until there is something to tell.
        background: the call hands work to the background, or asks how far it is: where a store is opened in process, that work begins with it.
        prefixes: where it is mounted.
        also: further (method, path) pairs of the same call.
    """

    name: str
    method: str
    path: str
    request: type[Req]
    response: type[Res]
    needs: tuple[Need, ...]
    summary: str
    writes: bool = False
    parts: str = ""
    stream: bool = False
    binary: bool = False
    waits: bool = False
    background: bool = False
    prefixes: tuple[str, ...] = ("/api", "/ajax-api")
    also: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a row that leaves something open.

        Raises:
            TypeError: no permission is named, or a reference in the request is not covered.
        """
        if not self.needs:
            raise TypeError(f"endpoint {self.name} names no permission")
        covered = {(need.resource, need.field) for need in self.needs}
        for reference in _references(self.request):
            resource = REFERENCES[reference.rsplit(".", 1)[-1]]
            if (resource, reference) not in covered:
                raise TypeError(
                    f"endpoint {self.name}: no permission covers {reference!r} (a {resource.value}) in its request"
                )

    def routes(self) -> list[tuple[str, str]]:
        """Return all (method, full path) pairs under which the call is served."""
        pairs = [(self.method, self.path), *self.also]
        return [(method, prefix + path) for prefix in self.prefixes for method, path in pairs]


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
