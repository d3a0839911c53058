"""The only door to the services: find the function, check permissions, run, audit. HTTP and in-process calls pass it alike.

Calls that read run in the caller's thread inside one snapshot; calls that write pass the writer and are answered after their commit.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from headrace.api.endpoint import Endpoint, Permission, Resource
from headrace.base.errors import HeadraceError
from headrace.base.json import Wire
from headrace.base.plugins import load
from headrace.services.context import Actor, AuditRecord, Context, Platform
from headrace.services.foresight import find_foresight
from headrace.services.permissions import permit, targets
from headrace.store.claims import Claims
from headrace.store.transaction import Transaction
from headrace.store.writer import Job

Req = TypeVar("Req", bound=Wire)
Res = TypeVar("Res", bound=Wire)

POLL_S = 0.25

# Of each row that was called the function, and of one that writes its claims.
_FUNCTIONS: dict[str, Callable[[Context, Any], Any]] = {}
_CLAIM_FIELDS: dict[str, list[tuple[str, str]]] = {}


def load_all(rows: Iterable[Endpoint[Any, Any]]) -> None:
    """Load the functions of all rows; otherwise each is loaded when it is first called: a short script needs few of them."""
    for row in rows:
        if not row.stream:
            find_function(row)


def find_function(endpoint: Endpoint[Any, Any]) -> Callable[[Context, Any], Any]:
    """Return the service function of a row.

    Raises:
        AttributeError: there is none.
    """
    function = _FUNCTIONS.get(endpoint.name)
    if function is None:
        resource, verb = endpoint.name.split(".")
        function = _FUNCTIONS[endpoint.name] = getattr(load(f"headrace.services.{resource}"), verb)
    return function


_CLAIMS = {Resource.RUN: "runs", Resource.EXPERIMENT_NAME: "experiment_names", Resource.MODEL: "models"}


def _claim_fields(row: Endpoint[Any, Any]) -> list[tuple[str, str]]:
    """Return which fields of a row's requests name what it writes to, each with the kind of claim."""
    known = _CLAIM_FIELDS.get(row.name)
    if known is not None:
        return known
    found: list[tuple[str, str]] = []
    for need in row.needs:
        if not need.field or need.permission is Permission.READ:
            continue
        if need.resource is Resource.EXPERIMENT:
            found.append(
                ("changed_experiments" if row.name.startswith("experiments.") else "experiments", need.field)
            )
        elif need.resource in _CLAIMS:
            found.append((_CLAIMS[need.resource], need.field))
    if row.name == "ingest.send":
        # A run that is forked gets rows that tell what is visible of it.
        found += [("runs", "runs.start.fork.run_id"), ("writers", "writer")]
    _CLAIM_FIELDS[row.name] = found
    return found


def call(platform: Platform, actor: Actor, endpoint: Endpoint[Req, Res], request: Req) -> Res:
    """Make a call and wait for its answer.

    Raises:
        HeadraceError: whatever the call is refused with.
    """
    if endpoint.waits:
        return wait(lambda: nullcontext(platform), actor, endpoint, request)
    if endpoint.writes:
        with audited(platform, actor, endpoint):
            response: Res = platform.store.writer.call(
                _work(platform, actor, endpoint, request),
                _find_claims(endpoint, request),
                find_foresight(endpoint, request),
            )
        return response
    return read(platform, actor, endpoint, request)


def wait(
    platforms: Callable[[], AbstractContextManager[Platform]],
    actor: Actor,
    endpoint: Endpoint[Req, Res],
    request: Req,
) -> Res:
    """Make a call that may be held until there is something to tell, in this thread.

    Commits of this process are heard of at once, those of others within `POLL_S`.

    Args:
        platforms: gives the platform for the time of one look at the database; none is held in between.
        actor: who calls.
        endpoint: a row whose requests have a `wait_ms` and a `cursor`, and whose answers have a `cursor` and can tell `is_news`.
        request: the parameters; its cursor is moved on.
    """
    asked: Any = request
    until_s = time.monotonic() + asked.wait_ms / 1000
    heard = threading.Event()
    with platforms() as platform:
        whole, commits = audited(platform, actor, endpoint), platform.store.commits
    commits.listen(heard.set)
    try:
        with whole:
            while True:
                heard.clear()
                with platforms() as platform, platform.store.read() as conn:
                    response: Any = _run(Context(conn, actor, platform), endpoint, request)
                left_s = until_s - time.monotonic()
                if left_s <= 0 or response.is_news():
                    told: Res = response
                    return told
                asked.cursor = response.cursor
                heard.wait(min(left_s, POLL_S))
    finally:
        commits.leave(heard.set)


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
    work = _work(platform, actor, endpoint, request)
    claims, foresee = _find_claims(endpoint, request), find_foresight(endpoint, request)
    platform.store.writer.submit(Job(work, *answer, claims, foresee))


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


def _find_claims(endpoint: Endpoint[Any, Any], request: Wire) -> Claims:
    """Return what a request says it writes to."""
    found: dict[str, list[str]] = {}
    for kind, field in _claim_fields(endpoint):
        # The calls that come often name one thing in a field of their own.
        name = getattr(request, field, None)
        if name.__class__ is not str:
            found.setdefault(kind, []).extend(targets(request, field))
        elif name:
            found.setdefault(kind, []).append(name)
    return Claims(**found)


def _run(context: Context, endpoint: Endpoint[Any, Any], request: Wire) -> Any:
    permit(context, endpoint, request)
    return find_function(endpoint)(context, request)


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
