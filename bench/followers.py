"""A thousand followers of changes on one server: how far behind they are while it is written to, and what they cost while it is not.

Each follower is a connection that asks `changes/follow` again and again with the cursor of the last answer. One more connection writes tags, each to
a run of its own, so that what a follower is told says which write it was; a follower's lag counts from the moment that the write was
sent. Three parts: nobody writes; all follow everything; each follows one run. Knows headrace alone: no other server has the call.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import uvloop

from machine import describe_machine
from servers import API, HEADRACE, Server

FOLLOW = "/api/headrace/v1/changes/follow"
_CONNECT_TOGETHER = 50
_SETTLE_S = 2.0
_LAST_S = 5.0  # for the last write to reach the last follower


@dataclass(frozen=True)
class Options:
    """What is to be measured: so many followers, so many writes a second, for so long."""

    followers: int
    writes_per_s: float
    busy_s: float
    idle_s: float
    wait_ms: int


@dataclass(frozen=True)
class Part:
    """What came out of one part. Lags are in milliseconds; cores are processor seconds of the server per second."""

    writes: int
    told: int
    expected: int
    lag_ms_p50: float
    lag_ms_p90: float
    lag_ms_p99: float
    lag_ms_max: float
    write_ms_p50: float
    write_ms_p99: float
    cores: float


def _build_request(path: str, fields: dict[str, Any]) -> bytes:
    body = json.dumps(fields).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@cache
def _build_question(cursor: str, run: str, wait_ms: int) -> bytes:
    fields = {"cursor": cursor, "wait_ms": wait_ms}
    return _build_request(FOLLOW, fields | {"run_ids": [run]} if run else fields)


class Exchange(asyncio.Protocol):
    """A connection on which one request follows the answer to the other.

    Args:
        take: called with each answer's body.
    """

    def __init__(self, take: Callable[["Exchange", bytes], None]) -> None:
        self._take = take
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < size:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server answered {head[:40]!r} {body[:200]!r}")
        self._buffer = body[size:]
        self._take(self, body[:size])

    def close(self) -> None:
        """Leave."""
        self._transport.close()


class Writer:
    """The connection that writes, and when it sent what.

    Args:
        port: the server's.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._answer: asyncio.Future[bytes] | None = None
        self._exchange: Exchange | None = None
        self.sent_s: dict[str, float] = {}
        self.took_s: list[float] = []

    def _take(self, _exchange: Exchange, body: bytes) -> None:
        assert self._answer is not None
        self._answer.set_result(body)

    async def call(self, path: str, **fields: Any) -> Any:
        """Make a call and return its answer."""
        loop = asyncio.get_running_loop()
        if self._exchange is None:
            _, self._exchange = await loop.create_connection(
                lambda: Exchange(self._take), "127.0.0.1", self._port
            )
        self._answer = loop.create_future()
        self._exchange.ask(_build_request(path, fields))
        return json.loads(await self._answer)

    async def create_run(self) -> str:
        """Create a run and return its id."""
        answer = await self.call(f"{API}/runs/create", experiment_id="0")
        return str(answer["run"]["info"]["run_id"])

    async def write(self, run_id: str) -> None:
        """Set a tag of a run, and note the time."""
        begin_s = self.sent_s[run_id] = time.perf_counter()
        await self.call(f"{API}/runs/set-tag", run_id=run_id, key="k", value="v")
        self.took_s.append(time.perf_counter() - begin_s)


class Followers:
    """Many connections that follow.

    Args:
        writer: says when what was sent.
        options: how many, and how long one call waits.
    """

    def __init__(self, writer: Writer, options: Options) -> None:
        self._writer, self._options = writer, options
        self._exchanges: dict[Exchange, str] = {}
        self._known: dict[bytes, Any] = {}
        self.lags_s: list[float] = []
        self.calls = 0

    async def connect(self, port: int, cursor: str, runs: list[str] | None) -> None:
        """Connect them all; with runs, each follows one of them."""
        loop = asyncio.get_running_loop()
        for begin in range(0, self._options.followers, _CONNECT_TOGETHER):
            for number in range(begin, min(begin + _CONNECT_TOGETHER, self._options.followers)):
                _, exchange = await loop.create_connection(lambda: Exchange(self._take), "127.0.0.1", port)
                run = self._exchanges[exchange] = runs[number % len(runs)] if runs else ""
                exchange.ask(_build_question(cursor, run, self._options.wait_ms))
            await asyncio.sleep(0.01)
        await asyncio.sleep(_SETTLE_S)

    def _take(self, exchange: Exchange, body: bytes) -> None:
        now_s = time.perf_counter()
        answer = self._known.get(body)
        if answer is None:  # most of them are told the same
            answer = self._known[body] = json.loads(body)
        if answer["reset"]:
            raise RuntimeError("a follower was told to begin anew")
        self.calls += 1
        self.lags_s += [now_s - self._writer.sent_s[change["id"]] for change in answer["changes"]]
        exchange.ask(_build_question(answer["cursor"], self._exchanges[exchange], self._options.wait_ms))

    def close(self) -> None:
        """Leave with all of them."""
        for exchange in self._exchanges:
            exchange.close()


async def _measure_idle(port: int, process: psutil.Process, options: Options) -> float:
    """Return the cores that a server takes while all follow and nobody writes."""
    writer = Writer(port)
    followers = Followers(writer, options)
    await followers.connect(port, (await writer.call(FOLLOW))["cursor"], None)
    cpu_s, begin_s = _read_cpu_s(process), time.perf_counter()
    await asyncio.sleep(options.idle_s)
    cores = (_read_cpu_s(process) - cpu_s) / (time.perf_counter() - begin_s)
    followers.close()
    return round(cores, 4)


async def _measure_busy(port: int, process: psutil.Process, options: Options, *, filtered: bool) -> Part:
    """Return how far followers are behind while one connection writes."""
    writer = Writer(port)
    runs = [await writer.create_run() for _ in range(int(options.writes_per_s * options.busy_s))]
    followers = Followers(writer, options)
    await followers.connect(port, (await writer.call(FOLLOW))["cursor"], runs if filtered else None)
    expected = options.followers if filtered else options.followers * len(runs)
    cpu_s, begin_s = _read_cpu_s(process), time.perf_counter()
    for number, run in enumerate(runs):
        await asyncio.sleep(max(0.0, begin_s + number / options.writes_per_s - time.perf_counter()))
        await writer.write(run)
    cores = (_read_cpu_s(process) - cpu_s) / (time.perf_counter() - begin_s)
    until_s = time.perf_counter() + _LAST_S
    while len(followers.lags_s) < expected and time.perf_counter() < until_s:  # noqa: ASYNC110 - callbacks fill it
        await asyncio.sleep(0.05)
    followers.close()
    lags, writes = sorted(followers.lags_s), sorted(writer.took_s)
    return Part(
        len(runs),
        len(lags),
        expected,
        *(_find_ms(lags, share) for share in (0.5, 0.9, 0.99, 1.0)),
        *(_find_ms(writes, share) for share in (0.5, 0.99)),
        round(cores, 3),
    )


def _find_ms(sorted_s: list[float], share: float) -> float:
    return round(1000 * sorted_s[min(int(share * len(sorted_s)), len(sorted_s) - 1)], 2)


def _read_cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(port: int, pid: int, options: Options) -> dict[str, Any]:
    """Measure all parts on a running server."""
    process = psutil.Process(pid)
    everything = await _measure_busy(port, process, options, filtered=False)
    one_run_each = await _measure_busy(port, process, options, filtered=True)
    return {
        "idle_cores": await _measure_idle(port, process, options),
        "all_follow_everything": asdict(everything),
        "each_follows_one_run": asdict(one_run_each),
    }


def main() -> int:
    """Start a server, measure, and print the result as JSON; the status is 1 if a follower missed something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=1000)
    parser.add_argument("--writes-per-s", type=float, default=5.0)
    parser.add_argument("--busy-s", type=float, default=10.0)
    parser.add_argument("--idle-s", type=float, default=20.0)
    parser.add_argument("--wait-ms", type=int, default=30_000)
    parser.add_argument("--program", help="the server's program, instead of the one of this repository")
    options = Options(
        **{name: value for name, value in vars(parser.parse_args()).items() if name != "program"}
    )
    program = HEADRACE.find_program(parser.parse_args().program)
    with tempfile.TemporaryDirectory(prefix="headrace-followers-") as name:
        folder = Path(name)
        server = Server(HEADRACE, program, folder / "server")
        server.start()
        try:
            measured = uvloop.run(measure(server.address.port, server.pid, options))
        finally:
            server.stop()
        result = {"machine": describe_machine(folder), "options": asdict(options), **measured}
    print(json.dumps(result, indent=1))
    parts = [measured["all_follow_everything"], measured["each_follows_one_run"]]
    return int(any(part["told"] != part["expected"] for part in parts))


if __name__ == "__main__":
    sys.exit(main())
