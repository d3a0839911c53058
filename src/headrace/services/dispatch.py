"""The only door to the services: find the function, check permissions, run, audit. HTTP and in-process calls pass it alike.

Calls that read run in the caller's thread inside one snapshot; calls that write pass the writer and are answered after their commit.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, TypeVar

from headrace.api.endpoint import Endpoint
from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import HeadraceError
from headrace.base.json import Wire
from headrace.services import artifacts, experiments, inputs, logged_models, metrics, runs, server
from headrace.services.context import Actor, AuditRecord, Context, Platform
from headrace.services.permissions import permit
from headrace.store.transaction import Transaction
from headrace.store.writer import Job

Req = TypeVar("Req", bound=Wire)
Res = TypeVar("Res", bound=Wire)

_MODULES: dict[str, ModuleType] = {
    "artifacts": artifacts,
    "experiments": experiments,
    "inputs": inputs,
    "logged_models": logged_models,
    "metrics": metrics,
    "runs": runs,
    "server": server,
}


def find_function(endpoint: Endpoint[Any, Any]) -> Callable[[Context, Any], Any]:
    """Return the service function of a row.

    Raises:
        AttributeError: there is none.
    """
    resource, verb = endpoint.name.split(".")
    function: Callable[[Context, Any], Any] = getattr(_MODULES[resource], verb)
    return function


_FUNCTIONS = {row.name: find_function(row) for row in ENDPOINTS if not row.stream}


def call(platform: Platform, actor: Actor, endpoint: Endpoint[Req, Res], request: Req) -> Res:
    """Make a call and wait for its answer.

    Raises:
        HeadraceError: whatever the call is refused with.
    """
    if endpoint.writes:
        with audited(platform, actor, endpoint):
            response: Res = platform.store.writer.call(_work(platform, actor, endpoint, request))
        return response
    return read(platform, actor, endpoint, request)


def read(platform: Platform, actor: Actor, endpoint: Endpoint[Req, Res], request: Req) -> Res:
    """Make a call that only reads, in this thread."""
    if endpoint.parts:
        return _join(list(read_parts(platform, actor, endpoint, request)), endpoint.parts)
    with audited(platform, actor, endpoint), platform.store.read() as conn:
        response: Res = _run(Context(conn, actor, platform), endpoint, request)
        return response


def read_parts(platform: Platform, actor: Actor, endpoint: Endpoint[Req, Res], request: Req) -> Iterator[Res]:
    """Make a call whose answer may be long, part by part, all of one snapshot. The snapshot ends with the iterator."""
    with audited(platform, actor, endpoint), platform.store.read() as conn:
        yield from _run(Context(conn, actor, platform), endpoint, request)


def _join(parts: list[Res], field: str) -> Res:
    """Return the parts of an answer as one: the last, with all their lists."""
    whole = parts[-1]
    items = [item for part in parts for item in getattr(part, field) or ()]
    if items:
        setattr(whole, field, items)
    return whole


def submit(
    platform: Platform,
    actor: Actor,
    endpoint: Endpoint[Any, Any],
    request: Wire,
    answer: tuple[Callable[[list[Job]], None], Any],
) -> None:
    """Queue a call that writes. Whoever waits for it does so inside `audited`: the outcome is known only after the commit.

    Args:
        platform: the set-up.
        actor: who calls.
        endpoint: the row.
        request: the parameters.
        answer: `notify` and `ticket` of the `Job`.
    """
    platform.store.writer.submit(Job(_work(platform, actor, endpoint, request), *answer))


def authorize(platform: Platform, actor: Actor, endpoint: Endpoint[Any, Any], request: Wire) -> None:
    """Check the permissions of a call whose bytes a handler of the server carries; the handler does so inside `audited`.

    Raises:
        PermissionDenied: one is missing.
    """
    with platform.store.read() as conn:
        permit(Context(conn, actor, platform), endpoint, request)


def _work(
    platform: Platform, actor: Actor, endpoint: Endpoint[Any, Any], request: Wire
) -> Callable[[Transaction], Any]:
    return lambda tx: _run(Context(tx, actor, platform), endpoint, request)


def _run(context: Context, endpoint: Endpoint[Any, Any], request: Wire) -> Any:
    permit(context, endpoint, request)
    return _FUNCTIONS[endpoint.name](context, request)


def _name_outcome(error: object) -> str:
    match error:
        case None:
            return "OK"
        case HeadraceError():
            return error.code
        case ConnectionError() | GeneratorExit():  # the client left before the end
            return "CANCELLED"
        case _:
            return "INTERNAL_ERROR"


class audited(AbstractContextManager[None]):  # noqa: N801 - used like a function
    """Report a call to the audit hooks when it ends."""

    __slots__ = ("_actor", "_endpoint", "_platform")

    def __init__(self, platform: Platform, actor: Actor, endpoint: Endpoint[Any, Any]) -> None:
        self._platform, self._actor, self._endpoint = platform, actor, endpoint

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if not self._platform.audit:
            return
        record = AuditRecord(self._platform.clock(), self._actor, self._endpoint.name, _name_outcome(error))
        for hook in self._platform.audit:
            hook(record)
