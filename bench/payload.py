"""The bodies of the requests, the same bytes for each server but for the run's id.

It knows MLflow's fields. Values are random with a fixed seed, so that all servers store, filter and sort the same.
"""

import json
import random
from typing import Any

from servers import API
from wire import Address, build_request

BATCH_METRICS = 1_000
_BATCH_KEYS = 20
START_MS = 1_700_000_000_000  # the first point's and the first run's time


def make_metric_batches(count: int) -> list[bytes]:
    """Make the metrics of `count` batches: 1,000 each, 20 keys by 50 steps. One JSON list a batch."""
    chance = random.Random(7)
    steps = BATCH_METRICS // _BATCH_KEYS
    batches = []
    for first in range(0, count * steps, steps):
        metrics = [
            make_metric(f"k{key}", chance.random(), step)
            for step in range(first, first + steps)
            for key in range(_BATCH_KEYS)
        ]
        batches.append(json.dumps(metrics).encode())
    return batches


def make_metric(key: str, value: float, step: int) -> dict[str, Any]:
    """Make one point; its timestamp is 1 ms a step after the first."""
    return {"key": key, "value": value, "timestamp": START_MS + step, "step": step}


def build_batch(address: Address, run_id: str, metrics: bytes) -> bytes:
    """Build a log-batch request around metrics that are JSON already."""
    body = b'{"run_id": "%s", "metrics": %s, "params": [], "tags": []}' % (run_id.encode(), metrics)
    return build_request(address, "POST", f"{API}/runs/log-batch", body)


def build_metrics(address: Address, run_id: str, key: str, count: int) -> list[bytes]:
    """Build `count` log-metric requests for one key of one run."""
    chance = random.Random(11)
    return [
        build_request(
            address,
            "POST",
            f"{API}/runs/log-metric",
            json.dumps(
                {"run_id": run_id, "run_uuid": run_id, **make_metric(key, chance.random(), step)}
            ).encode(),
        )
        for step in range(count)
    ]


def make_run(number: int, experiment_id: str) -> dict[str, Any]:
    """Make the body that creates run `number`; its start time is 1 s a number after the first."""
    return {
        "experiment_id": experiment_id,
        "start_time": START_MS + number * 1_000,
        "run_name": f"run-{number}",
        "user_id": "bench",
    }


def make_run_data(number: int, metrics: int = 20, params: int = 20, tags: int = 5) -> dict[str, Any]:
    """Make the body, without the run's id, that logs the data of run `number`: 20 params, 20 metrics, 5 tags."""
    chance = random.Random(number)
    values = [chance.random() for _ in range(metrics)]
    return {
        "metrics": [make_metric(f"m{index}", value, 0) for index, value in enumerate(values)],
        "params": [{"key": f"p{index}", "value": f"v{chance.randrange(20)}"} for index in range(params)],
        "tags": [{"key": f"t{index}", "value": f"x{chance.randrange(5)}"} for index in range(tags)],
    }
