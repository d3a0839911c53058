"""Short writes, answered without a task of their own: most calls of a training are some hundred bytes in and `{}` out, and ASGI was half of their cost.

A connection asks here, for each request, whether it is one of those; everything that is not plain (another origin, an unknown host, packed or long bodies, a
wrong token, parameters that do not fit) goes the ordinary way, where it is answered or refused in words. So nothing passes here that does not pass there
as well. What a call does is the table's business.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from starlette.types import Scope

from headrace.api.endpoint import Empty, Endpoint
from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import HeadraceError
from headrace.base.json import decode, encode
from headrace.server.answers import JSON, Answer, Headers, error_body, make_error_answer, note_defect
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.store.writer import Job

MOST_BYTES = 2**18 - 1
"""Longer bodies go the ordinary way, which can stop reading in between."""
_KINDS = frozenset({b"application/json", b"application/json; charset=utf-8"})
_NOT_PLAIN = frozenset(
    {b"origin", b"content-encoding", b"transfer-encoding", b"expect", b"upgrade", b"x-mlflow-workspace"}
)
_METHOD = "POST"
_DONE = Answer(200, [JSON], b"{}")


class Door(Protocol):
    """Says who may pass, and what every answer carries."""

    @property
    def prefix(self) -> str:
        """A path under which everything is served as well."""

    def find_actor(self, headers: Mapping[bytes, bytes]) -> Actor | None:
        """Return who sends a request with these headers; None if that needs a closer look."""

    def find_headers(self, scope: Scope, status: int) -> Headers:
        """Return the headers that every answer of a status carries."""


class Observer(Protocol):
    """Counts calls."""

    def begin(self) -> None:
        """Note that a call is under way."""

    def end(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Note how a call ended, and how long it took."""


class Plain(NamedTuple):
    """A request whose head is plain.

    Args:
        row: what it calls.
        actor: who sends it.
        target: its path, as sent.
        headers: as sent, names in lower case.
    """

    row: Endpoint[Any, Any]
    actor: Actor
    target: bytes
    headers: Headers


class Express:
    """Answers short writes.

    Args:
        platform: the set-up.
        door: says what may pass.
        find_notifier: gives what wakes an event loop for the jobs of a group.
        observer: counts the calls, if somebody does.
        rows: the table; what only reads is left out, and what names something in its path.
    """

    def __init__(
        self,
        platform: Platform,
        door: Door,
        find_notifier: Callable[[AbstractEventLoop], Callable[[list[Job]], None]],
        observer: Observer | None = None,
        rows: Iterable[Endpoint[Any, Any]] = ENDPOINTS,
    ) -> None:
        self._platform = platform
        self._door = door
        self._find_notifier = find_notifier
        self._observer = observer
        self._rows = {
            (prefix + path).encode(): row
            for row in rows
            if row.writes and not row.stream
            for method, path in row.routes()
            if method == _METHOD and "{" not in path
            for prefix in {"", door.prefix}
        }

    def find(self, method: bytes, target: bytes, headers: Headers) -> Plain | None:
        """Return what a request is, by its head; None if it goes the ordinary way.

        Args:
            method: such as ``POST``.
            target: path and query, as sent.
            headers: as sent, names in lower case.
        """
        row = self._rows.get(target)
        if row is None or method != b"POST":
            return None
        named = dict(headers)
        if len(named) != len(headers) or named.get(b"content-type") not in _KINDS:
            return None
        length = named.get(b"content-length", b"")
        is_short = length.isdigit() and len(length) < len(str(MOST_BYTES)) + 1 and int(length) <= MOST_BYTES
        if not is_short or not _NOT_PLAIN.isdisjoint(named):
            return None
        actor = self._door.find_actor(named)
        return None if actor is None else Plain(row, actor, target, headers)

    def begin(
        self,
        plain: Plain,
        body: bytes,
        loop: AbstractEventLoop,
        take: Callable[[Answer, Headers], None],
    ) -> bool:
        """Begin a call; False if it is refused, and nothing has happened: the ordinary way says why.

        Args:
            plain: what `find` gave.
            body: whole.
            loop: where this runs.
            take: gets the answer, and headers that belong to it, in the event loop and after the commit.
        """
        call = _Call(self, plain, take)
        try:
            request = decode(body, plain.row.request)
            notify = self._find_notifier(loop)
            dispatch.submit(self._platform, plain.actor, plain.row, request, (notify, call))
        except HeadraceError:
            return False
        if self._observer is not None:
            self._observer.begin()
        return True

    def end(self, call: "_Call", answer: Answer, scope: Scope) -> None:
        """Hand over an answer."""
        call.take(answer, self._door.find_headers(scope, answer.status))
        if self._observer is not None:
            seconds = perf_counter() - call.begun_s
            self._observer.end(call.plain.row.name, _METHOD, answer.status, seconds)

    def audited(self, plain: Plain) -> dispatch.audited:
        """Return what reports a call when it ends."""
        return dispatch.audited(self._platform, plain.actor, plain.row)


_NO_SCOPE: Scope = {}


class _Call:
    """A call under way. A job's ticket, as a future is one where a task waits."""

    __slots__ = ("_express", "begun_s", "plain", "take")

    def __init__(self, express: Express, plain: Plain, take: Callable[[Answer, Headers], None]) -> None:
        self._express = express
        self.plain = plain
        self.take = take
        self.begun_s = perf_counter()

    def done(self) -> bool:
        """Tell that it still waits, as whoever has begun a write does."""
        return False

    def set_result(self, response: Any) -> None:
        """Answer."""
        with self._express.audited(self.plain):
            answer = _DONE if type(response) is Empty else Answer(200, _DONE.headers, encode(response))
        self._express.end(self, answer, _NO_SCOPE)

    def set_exception(self, error: Exception) -> None:
        """Answer with an error."""
        self._express.audited(self.plain).__exit__(type(error), error, error.__traceback__)
        path = self.plain.target.decode("ascii")
        scope: Scope = {"method": _METHOD, "path": path, "headers": self.plain.headers}
        if isinstance(error, HeadraceError):
            answer = make_error_answer(scope, error)
        else:
            answer = Answer(500, [JSON], error_body(note_defect(scope, error)))
        self._express.end(self, answer, scope)
