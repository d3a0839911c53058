"""Bodies of headrace's own API, in msgpack: batches of points in columns, charts, columns, run tables.

Values are drawn from a seeded generator; nothing is measured here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from payload import START_MS
from wire import Address, build_request

OWN = "/api/headrace/v1"
MSGPACK = "application/msgpack"
_rng = np.random.default_rng(7)


@dataclass(frozen=True)
class Shape:
    """How many series a batch holds, and how many points of each."""

    series: int
    points: int

    @property
    def size(self) -> int:
        """Points in a batch."""
        return self.series * self.points


def pack(address: Address, path: str, body: dict[str, Any]) -> bytes:
    """Build a request of the own API."""
    return build_request(address, "POST", OWN + path, msgspec.msgpack.encode(body), MSGPACK)


def make_values(kind: str, steps: np.ndarray) -> np.ndarray:
    """Make values of one of three kinds: full-precision noise, losses as float32 frameworks log them, constants."""
    if kind == "noise":
        return _rng.standard_normal(len(steps))
    if kind == "loss":
        losses = 2 / (1 + steps / 5000) + 0.05 * _rng.standard_normal(len(steps))
        return losses.astype(np.float32).astype(np.float64)
    return np.full(len(steps), 0.001)


def make_block(run_id: str, keys: list[str], steps: np.ndarray, kind: str = "noise") -> dict[str, Any]:
    """Make the block of one run: the same steps for each key, one point each 50 ms give or take 3 ms."""
    jitter = _rng.integers(-3, 4, size=len(steps) * len(keys))
    times = START_MS + 50 * np.tile(steps, len(keys)) + jitter
    values = np.concatenate([make_values(kind, steps) for _ in keys])
    return {
        "run_id": run_id,
        "metrics": {
            "series": [{"key": key, "count": len(steps)} for key in keys],
            "time": times.astype("<i8").tobytes(),
            "step": np.tile(steps, len(keys)).astype("<i8").tobytes(),
            "value": values.astype("<f8").tobytes(),
        },
    }


def make_batches(
    address: Address, writer: str, run_id: str, shape: Shape, count: int, kind: str = "noise"
) -> Iterator[bytes]:
    """Make the requests of one writer on one run, which its first batch creates."""
    keys = [f"m{number}" for number in range(shape.series)]
    for number in range(count):
        steps = np.arange(number * shape.points, (number + 1) * shape.points)
        block = make_block(run_id, keys, steps, kind)
        if number == 0:
            block["start"] = {"experiment_name": "bench-own", "run_name": run_id, "start_time": START_MS}
        yield pack(
            address, "/ingest/send", {"format": 2, "writer": writer, "seq": number + 1, "runs": [block]}
        )
