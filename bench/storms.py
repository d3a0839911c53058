"""Many clients that want the same new row at the same moment, on several servers: each is answered, none with an error.

It knows what is sent and what must be readable afterwards, on any of the servers.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from load import Load, drive_each
from payload import make_metric
from servers import API, Server
from target import Target
from wire import Address, build_request

_CLIENTS = 32
_BUDGET_S = 60.0


@dataclass
class Storm:
    """What came of it: `missing` counts what was answered with success and cannot be read."""

    title: str
    rounds: int = 0
    requests: int = 0
    errors: int = 0
    first_error: str = ""
    missing: int = 0
    longest_ms: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    def count(self, load: Load) -> None:
        """Count one round."""
        self.rounds += 1
        self.requests += load.planned
        self.errors += load.errors
        self.first_error = self.first_error or load.first_error
        self.latencies_s += load.latencies_s
        self.longest_ms = round(max(self.latencies_s, default=0.0) * 1e3, 1)


def raise_storms(target: Target, servers: Sequence[Server], rounds: int) -> list[Storm]:
    """Let 32 clients, round the servers, log something new at the same moment, so many rounds of each kind."""
    addresses = [servers[client % len(servers)].address for client in range(_CLIENTS)]
    own = target.create_runs(_CLIENTS)
    (one,) = target.create_runs(1)
    stamp = f"{len(servers)}-{time.time_ns()}"
    storms = []

    def storm(title: str, runs: Sequence[str], keys: Callable[[int, int], list[str]]) -> None:
        """Each client logs one point of each of its keys to its run, in the order of its keys."""
        seen = Storm(f"{_CLIENTS} clients, {len(servers)} servers: {title}")
        sent: set[tuple[str, str]] = set()
        for number in range(rounds):
            lanes = []
            for client, (address, run) in enumerate(zip(addresses, runs, strict=True)):
                names = [f"{key}-{stamp}" for key in keys(number, client)]
                sent |= {(run, name) for name in names}
                lanes.append([_build(address, run, names, client)])
            seen.count(drive_each(addresses, lanes, _BUDGET_S))
        seen.missing = len(sent - _read(servers[-1], {run for run, _ in sent}))
        storms.append(seen)

    storm("one new key, a run each", own, lambda number, _: [f"a{number}"])
    storm("one new key, one run", [one] * _CLIENTS, lambda number, _: [f"b{number}"])
    storm(
        "20 new keys, every other client in the opposite order, a run each",
        own,
        lambda number, client: [f"c{number}-{key}" for key in range(20)][:: 1 if client % 2 else -1],
    )
    storm(
        "20 new keys, every other client in the opposite order, one run",
        [one] * _CLIENTS,
        lambda number, client: [f"d{number}-{key}" for key in range(20)][:: 1 if client % 2 else -1],
    )
    storms.append(_cross(servers, own, rounds))
    return storms


def _build(address: Address, run: str, keys: Iterable[str], client: int) -> bytes:
    metrics = [make_metric(key, client / 7, client) for key in keys]
    if len(metrics) == 1:
        body = {"run_id": run, "run_uuid": run, **metrics[0]}
        return build_request(address, "POST", f"{API}/runs/log-metric", json.dumps(body).encode())
    body = {"run_id": run, "metrics": metrics, "params": [], "tags": []}
    return build_request(address, "POST", f"{API}/runs/log-batch", json.dumps(body).encode())


def _read(server: Server, runs: Iterable[str]) -> set[tuple[str, str]]:
    """Read which keys each run has."""
    with server.connect() as connection:
        answers = {run: connection.call("GET", f"{API}/runs/get", query=[("run_id", run)]) for run in runs}
    return {
        (run, metric["key"])
        for run, answer in answers.items()
        for metric in answer["run"]["data"].get("metrics", [])
    }


def _cross(servers: Sequence[Server], runs: Sequence[str], rounds: int) -> Storm:
    """Let each client set a tag on all runs, every other one in the opposite order: groups that name many runs at once."""
    seen = Storm(
        f"{_CLIENTS} clients, {len(servers)} servers: a tag on each of {len(runs)} runs, in opposite orders"
    )
    addresses = [servers[client % len(servers)].address for client in range(_CLIENTS)]
    for number in range(rounds):
        lanes = [
            [
                build_request(
                    address,
                    "POST",
                    f"{API}/runs/set-tag",
                    json.dumps(
                        {"run_id": run, "run_uuid": run, "key": f"t{client}", "value": str(number)}
                    ).encode(),
                )
                for run in (runs if client % 2 else reversed(runs))
            ]
            for client, address in enumerate(addresses)
        ]
        seen.count(drive_each(addresses, lanes, _BUDGET_S))
    with servers[-1].connect() as connection:
        for run in runs:
            data = connection.call("GET", f"{API}/runs/get", query=[("run_id", run)])["run"]["data"]
            last = {tag["key"] for tag in data.get("tags", []) if tag["value"] == str(rounds - 1)}
            seen.missing += len({f"t{client}" for client in range(_CLIENTS)} - last)
    return seen
