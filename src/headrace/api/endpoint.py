"""The row of the table of endpoints: a call's name, path, types and the permissions that it needs.

A row that names no permission does not load; one that names too few is refused by the table (`headrace.api.coverage`). The module does not know how a call is served.
"""

from enum import IntEnum, StrEnum
from typing import Generic, TypeVar

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
        """Refuse a row without permissions.

        Raises:
            TypeError: it names none.
        """
        if not self.needs:
            raise TypeError(f"endpoint {self.name} names no permission")

    def routes(self) -> list[tuple[str, str]]:
        """Return all (method, full path) pairs under which the call is served."""
        pairs = [(self.method, self.path), *self.also]
        return [(method, prefix + path) for prefix in self.prefixes for method, path in pairs]
