"""Clients that go to another server when one does not answer, and know afterwards what has to be in the store.

Those of MLflow's wire send a call again that was not answered, save creations of runs; those of the own ingest send each batch until it is answered.
"""

import http.client
import itertools
import json
import random
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Self

from faults.fleet import Connection, Disconnected, ServerProcess
from faults.ledger import Client
from headrace.api.ingest import FORMAT, Application, Ingest, IngestAnswer, RunBlock, StartRecord
from headrace.base import msgpack
from ingest_model import pack_columns

ANSWER_S = 4.0
END_S = 60.0
_INGEST = "/api/headrace/v1/ingest/send"
_CREATE = "runs/create"
_PAUSE_S = 0.05
_LATER = (429, 503)
_FEW, _MANY = 3, 150
CUT, REFUSED = 0, -1


class Roaming:
    """A client's way to several servers, one after the other. Used by one thread.

    Args:
        ports: where they listen.
        name: decides where it begins.
        stop: once it is set, no further call is begun.
        answer_s: so long it waits for an answer before it goes to another server, in seconds.

    Attributes:
        outcomes: how often each status was answered; CUT stands for none, REFUSED for no connection.
        answered: how many calls were answered 200.
    """

    def __init__(
        self, ports: Sequence[int], name: str, stop: threading.Event | None = None, answer_s: float = ANSWER_S
    ) -> None:
        self._ports = ports
        self._chance = random.Random(name)
        self._stop = stop or threading.Event()
        self._answer_s = answer_s
        self._http: http.client.HTTPConnection | None = None
        self.outcomes: Counter[int] = Counter()
        self.answered = 0

    def post(self, path: str, **fields: Any) -> Any:
        """Make a call of MLflow's wire until it is answered.

        Raises:
            Disconnected: there is to be no further call, or it is not known what became of the creation of a run.
        """
        if self._stop.is_set():
            raise Disconnected
        body = json.dumps(fields).encode()
        again = path != _CREATE
        return json.loads(self._send(f"/api/2.0/mlflow/{path}", body, "application/json", again=again))

    def ingest(self, request: Ingest) -> IngestAnswer:
        """Send a batch until it is answered."""
        body = msgpack.encode(request)
        return msgpack.decode(self._send(_INGEST, body, msgpack.MEDIA_TYPES[0], again=True), IngestAnswer)

    def close(self) -> None:
        """Close the connection."""
        if self._http is not None:
            self._http.close()

    def _send(self, path: str, body: bytes, kind: str, *, again: bool) -> bytes:
        until = time.monotonic() + END_S
        while True:
            status, answer = self._ask(path, body, kind)
            self.outcomes[status] += 1
            if status == http.HTTPStatus.OK:
                self.answered += 1
                return answer
            assert status in (CUT, REFUSED, *_LATER), f"{path}: {status} {answer[:500]!r}"
            self.close()
            self._http = None
            if not again or time.monotonic() > until:
                raise Disconnected
            time.sleep(_PAUSE_S)

    def _ask(self, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
        if self._http is None:
            port = self._chance.choice(self._ports)
            self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=self._answer_s)
        try:
            self._http.request("POST", path, body, {"Content-Type": kind})
            answer = self._http.getresponse()
            data = answer.read()
        except ConnectionRefusedError:
            return REFUSED, b""
        except (OSError, http.client.HTTPException):
            return CUT, b""
        assert answer.status not in _LATER or answer.headers["Retry-After"] == "1"
        return answer.status, data


class Writer:
    """A writer of the own ingest, with two runs of its own.

    Args:
        name: unique.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._chance = random.Random(name)
        self._runs = [f"{name}-{number}" for number in range(2)]
        self._seq = 0
        self._steps = itertools.count()
        self._sent: dict[tuple[str, str], list[tuple[int, float]]] = {}
        self.again = 0

    def send(self, roaming: Roaming) -> None:
        """Send the next batch; it is answered afterwards, and says all of it was stored once."""
        self._seq += 1
        blocks, records = [], 0
        for run_id in self._runs:
            block = RunBlock(run_id=run_id)
            if self._seq == 1:
                block.start = StartRecord(experiment_id="0")
                records += 1
            key, count = self._chance.choice([("few", _FEW), ("many", _MANY)])
            steps = [next(self._steps) for _ in range(count)]
            block.metrics = pack_columns([(key, [(1, step, struct.pack("<d", step / 4)) for step in steps])])
            self._sent.setdefault((run_id, key), []).extend((step, step / 4) for step in steps)
            records += count
            blocks.append(block)
        answer = roaming.ingest(Ingest(format=FORMAT, writer=self.name, seq=self._seq, runs=blocks))
        assert (answer.seq, answer.last_seq) == (self._seq, self._seq)
        assert answer.applied is not Application.LONG_BEFORE
        assert (answer.records, answer.stored) == (records, records)
        self.again += answer.applied is Application.BEFORE

    def check(self, connection: Connection) -> None:
        """Hold the store against what was sent."""
        for (run_id, key), points in self._sent.items():
            assert Counter(connection.read_history(run_id, key)) == Counter(points), (run_id, key)


class Load:
    """Clients that write to servers for the time of a `with` block; at its end each finishes the batch that it is at.

    Args:
        ports: of the servers.
        name: unique among the loads on a store.
        clients: how many of MLflow's wire.
        writers: how many of the own ingest.
        answer_s: see `Roaming`.
    """

    def __init__(
        self,
        ports: Sequence[int],
        name: str = "load",
        clients: int = 4,
        writers: int = 4,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._stop = threading.Event()
        self.clients = [Client(f"{name}-client{number}") for number in range(clients)]
        self.writers = [Writer(f"{name}-writer{number}") for number in range(writers)]
        self._errors: list[BaseException] = []
        works: list[Callable[[Roaming], None]] = [
            *(self._make_client(each) for each in self.clients),
            *(self._make_writer(each) for each in self.writers),
        ]
        self._ways = [
            Roaming(ports, f"{name}-{number}", self._stop, answer_s) for number in range(len(works))
        ]
        self._threads = [
            threading.Thread(target=self._run, args=each, daemon=True)
            for each in zip(works, self._ways, strict=True)
        ]

    @property
    def outcomes(self) -> Counter[int]:
        """How often each status was answered; see `Roaming`."""
        return sum((way.outcomes for way in self._ways), Counter())

    @property
    def answered(self) -> int:
        """How many calls were answered 200."""
        return sum(way.answered for way in self._ways)

    def wait_for_answers(self, count: int = 3, most_s: float = 30.0) -> float:
        """Wait until each client has got so many more answers, and return how many seconds that took."""
        begun, before = time.monotonic(), [way.answered for way in self._ways]
        while any(way.answered < old + count for way, old in zip(self._ways, before, strict=True)):
            assert self._errors == []
            assert time.monotonic() < begun + most_s, self.describe()
            time.sleep(0.01)
        return time.monotonic() - begun

    def check(self, connection: Connection) -> None:
        """Hold the store against what was sent."""
        for each in (*self.clients, *self.writers):
            each.check(connection)

    def describe(self) -> str:
        """Say what became of the calls."""
        again = sum(writer.again for writer in self.writers)
        return f"answers {dict(self.outcomes)}, {again} batches were stored before they were sent again"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * END_S if kind is None else ANSWER_S)
        for way in self._ways:
            way.close()
        if kind is None:
            assert self._errors == []
            assert not any(thread.is_alive() for thread in self._threads)

    def _run(self, work: Callable[[Roaming], None], way: Roaming) -> None:
        try:
            while not self._stop.is_set():
                work(way)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the threads is told
            self._errors.append(error)

    def _make_client(self, client: Client) -> Callable[[Roaming], None]:
        def work(way: Roaming) -> None:
            try:
                client.write(way)
            except Disconnected:
                time.sleep(_PAUSE_S)

        return work

    def _make_writer(self, writer: Writer) -> Callable[[Roaming], None]:
        return writer.send


def check_servers(load: Load, servers: Sequence[ServerProcess]) -> None:
    """Check that no server has written a traceback, and that what they have stored is what was answered, once."""
    for server in servers:
        assert "Traceback" not in server.read_log(), server.read_log()
    connection = servers[0].connect()
    load.check(connection)
    connection.close()
