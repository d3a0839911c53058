"""The load client: sends requests that were built before over one or many keep-alive connections.

A closed loop: each connection sends its next request when its answer has come. Many connections share one thread
and one epoll, so that the interpreter's lock is no limit. It knows nothing of what the requests mean.
"""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from wire import Address, Connection, Response, ResponseReader, WireError, open_socket

_RECEIVE_BYTES = 1 << 16
_GRACE_S = 30.0  # how long answers may still come after the time budget


@dataclass
class Load:
    """What a load did: answered requests with their latencies, and the errors.

    `accepted` holds for each lane the numbers of the requests that were answered with success.
    """

    planned: int
    accepted: list[list[int]] = field(default_factory=list)
    wall_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""

    @property
    def done(self) -> int:
        """How many requests were answered with success."""
        return len(self.latencies_s)

    def per_second(self, units_per_request: int = 1) -> float:
        """How many units the answered requests carried per second of wall time."""
        return self.done * units_per_request / self.wall_s if self.wall_s else 0.0

    def count_error(self, what: str) -> None:
        """Count one request that failed."""
        self.errors += 1
        self.first_error = self.first_error or what[:300]

    def count(self, response: Response, latency_s: float) -> bool:
        """Count one answer, as done or as an error; give whether it is done."""
        if response.status < 300:
            self.latencies_s.append(latency_s)
            return True
        self.count_error(f"HTTP {response.status}: {response.body[:200]!r}")
        return False


def drive(
    address: Address, lanes: Sequence[Sequence[bytes]], budget_s: float, *, quickack: bool = False
) -> Load:
    """Send the requests of each lane, one lane a connection, until they are done or the time is over.

    Args:
        address: Where the server listens.
        lanes: For each connection the bytes of its requests.
        budget_s: No request is begun after this time.
        quickack: Acknowledge answers at once, see `wire.Connection`.
    """
    if len(lanes) > 1:
        return drive_each([address] * len(lanes), lanes, budget_s)
    load = Load(len(lanes[0]), [[]])
    _drive_one(address, lanes[0], budget_s, load, quickack=quickack)
    return load


def drive_each(addresses: Sequence[Address], lanes: Sequence[Sequence[bytes]], budget_s: float) -> Load:
    """Do the same where each lane has a server of its own; all connections are open before the first request."""
    load = Load(sum(len(requests) for requests in lanes), [[] for _ in lanes])
    opened: list[_Lane] = []
    try:
        opened.extend(map(_Lane, addresses, lanes, load.accepted))
        _Loop(load, budget_s).run(opened)
    finally:
        for lane in opened:
            lane.close()
    return load


def _drive_one(
    address: Address, requests: Sequence[bytes], budget_s: float, load: Load, *, quickack: bool
) -> None:
    clock = time.perf_counter
    with Connection(address, timeout_s=_GRACE_S, quickack=quickack) as connection:
        connection.connect()
        begin_s = clock()
        stop_s = begin_s + budget_s
        for number, request in enumerate(requests):
            sent_s = clock()
            if sent_s > stop_s:
                break
            try:
                response = connection.exchange(request)
            except (OSError, WireError) as error:
                load.count_error(f"{type(error).__name__}: {error}")
                continue
            if load.count(response, clock() - sent_s):
                load.accepted[0].append(number)
        load.wall_s = clock() - begin_s


class _Lane:
    """One connection of many: its requests, and where it stands in the current one."""

    def __init__(self, address: Address, requests: Sequence[bytes], accepted: list[int]) -> None:
        self._accepted = accepted
        self._address = address
        self._requests = requests
        self._next = 0
        self._unsent = memoryview(b"")
        self._sent_s = 0.0
        self._reader = ResponseReader()
        self._socket = self._open()

    def _open(self) -> socket.socket:
        line = open_socket(self._address, _GRACE_S)
        line.setblocking(False)
        return line

    @property
    def unsent(self) -> bool:
        """Whether bytes of the current request still wait for the socket."""
        return bool(self._unsent)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def reopen(self) -> None:
        self.close()
        self._socket = self._open()

    def begin(self) -> bool:
        """Begin the next request; False when there is none left."""
        if self._next == len(self._requests):
            return False
        self._unsent = memoryview(self._requests[self._next])
        self._next += 1
        self._reader = ResponseReader()
        self._sent_s = time.perf_counter()
        return True

    def note_accepted(self) -> None:
        """Note that the current request was answered with success."""
        self._accepted.append(self._next - 1)

    def send(self) -> bool:
        """Send what the socket takes; True when the request is out."""
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return False
        self._unsent = self._unsent[sent:]
        return not self._unsent

    def receive(self) -> tuple[Response, float] | None:
        """Take what has come; the answer and its latency in seconds when it is complete."""
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError("the server closed the connection before its answer was complete")
        response = self._reader.feed(data)
        return None if response is None else (response, time.perf_counter() - self._sent_s)


class _Loop:
    """The epoll that turns many lanes until each has finished or the time is over."""

    def __init__(self, load: Load, budget_s: float) -> None:
        self._load = load
        self._poll = select.epoll()
        self._busy: dict[int, _Lane] = {}
        self._begin_s = time.perf_counter()
        self._stop_s = self._begin_s + budget_s

    def run(self, lanes: Sequence[_Lane]) -> None:
        try:
            for lane in lanes:
                self._start(lane)
            while self._busy and time.perf_counter() < self._stop_s + _GRACE_S:
                for number, _ in self._poll.poll(1.0):
                    self._turn(self._busy[number])
            for _ in self._busy:
                self._load.count_error(f"no answer within {_GRACE_S:.0f} s after the time budget")
        finally:
            self._load.wall_s = time.perf_counter() - self._begin_s
            self._poll.close()

    def _start(self, lane: _Lane) -> None:
        """Begin the lane's first request and watch its socket."""
        if time.perf_counter() <= self._stop_s and lane.begin():
            self._busy[lane.fileno()] = lane
            self._poll.register(lane.fileno(), select.EPOLLIN)
            self._push(lane)

    def _push(self, lane: _Lane) -> None:
        waits_for = select.EPOLLIN if lane.send() else select.EPOLLIN | select.EPOLLOUT
        self._poll.modify(lane.fileno(), waits_for)

    def _turn(self, lane: _Lane) -> None:
        try:
            answer = lane.receive()
            if answer is None:
                if lane.unsent:
                    self._push(lane)
                return
            if self._load.count(*answer):
                lane.note_accepted()
        except (OSError, WireError) as error:
            self._load.count_error(f"{type(error).__name__}: {error}")
            self._restart(lane)
            return
        if answer[0].closes:
            self._restart(lane)
        elif time.perf_counter() <= self._stop_s and lane.begin():
            if not lane.send():
                self._poll.modify(lane.fileno(), select.EPOLLIN | select.EPOLLOUT)
        else:
            self._drop(lane)

    def _drop(self, lane: _Lane) -> None:
        self._poll.unregister(lane.fileno())
        del self._busy[lane.fileno()]

    def _restart(self, lane: _Lane) -> None:
        self._drop(lane)
        lane.reopen()
        self._start(lane)
