"""A hundred writers on one run at once: every request answered without error, every point read back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from load import drive_each
from payload import build_batch, make_metric
from reads import get_pages
from servers import API, Server
from target import Target
from wire import Address, Connection, build_request

_BATCHES = 20
_POINTS = 10  # of each of two keys in a batch
_SHARED_KEY = "shared"
_BUDGET_S = 120.0
Point = tuple[str, int, float]
"""Key, step and value."""


@dataclass(frozen=True)
class Written:
    """What many writers did to one run.

    `lost` counts points whose request was answered with success and that did not come back; `surplus` those that
    came back twice or were never sent.
    """

    writers: int
    requests: int
    planned_requests: int
    points: int
    errors: int
    first_error: str
    lost: int
    surplus: int
    wall_s: float


def write_from_many(target: Target, writers: int, servers: Sequence[Server] = ()) -> Written:
    """Let so many connections write to one run, round all servers on its store, and read all of it back from the last.

    Each writer sends 20 batches, half of whose points go to one key that all share, and after each batch one
    log-metric to its own key.
    """
    (run,) = target.create_runs(1)
    plans = [
        [points for batch in range(_BATCHES) for points in _plan(writer, batch)] for writer in range(writers)
    ]
    servers = servers or [target.server]
    addresses = [servers[writer % len(servers)].address for writer in range(writers)]
    lanes = [
        [_build(address, run, points) for points in plan]
        for address, plan in zip(addresses, plans, strict=True)
    ]
    load = drive_each(addresses, lanes, _BUDGET_S)
    sent = {point for plan in plans for points in plan for point in points}
    kept = {
        point
        for plan, numbers in zip(plans, load.accepted, strict=True)
        for n in numbers
        for point in plan[n]
    }
    with servers[-1].connect() as connection:
        found = [point for key in {key for key, _, _ in sent} for point in _read_points(connection, run, key)]
    return Written(
        writers=writers,
        requests=load.done,
        planned_requests=load.planned,
        points=len(kept),
        errors=load.errors,
        first_error=load.first_error,
        lost=len(kept - set(found)),
        surplus=len(found) - len(sent & set(found)),
        wall_s=round(load.wall_s, 2),
    )


def _plan(writer: int, batch: int) -> Iterator[list[Point]]:
    """Plan the points of one batch, then the point of the log-metric that follows it."""
    first = (writer * _BATCHES + batch) * _POINTS
    keys = (_SHARED_KEY, f"own-{writer}")
    yield [(key, step, step / 7) for step in range(first, first + _POINTS) for key in keys]
    yield [(f"own-{writer}", -batch - 1, batch / 3)]


def _build(address: Address, run: str, points: list[Point]) -> bytes:
    """Build a log-batch request for many points, a log-metric request for one."""
    metrics = [make_metric(key, value, step) for key, step, value in points]
    if len(metrics) > 1:
        return build_batch(address, run, json.dumps(metrics).encode())
    body = json.dumps({"run_id": run, "run_uuid": run, **metrics[0]}).encode()
    return build_request(address, "POST", f"{API}/runs/log-metric", body)


def _read_points(connection: Connection, run: str, key: str) -> list[Point]:
    return [
        (key, int(metric.get("step", 0)), float(metric["value"]))
        for page in get_pages(connection, run, key)
        for metric in json.loads(page.body).get("metrics", [])
    ]
