"""Fills headrace's own store with runs, past HTTP, where that would take too long. Leaves the same runs as `fill.py`.

The server must be stopped. It knows headrace's store; nothing here is measured but how long it took.
"""

import time
import uuid
from functools import partial

from fill import Filled, RunShape
from headrace.api.endpoint import Tag
from headrace.store import annotations, codes, keys, runs, series
from headrace.store.engine import open_store
from headrace.store.transaction import Transaction
from payload import make_run, make_run_data

_RUNS_PER_COMMIT = 500


def fill_store(store_url: str, experiment_id: str, numbers: range, shape: RunShape) -> Filled:
    """Add runs to an experiment of a stopped headrace."""
    begin_s = time.perf_counter()
    store = open_store(store_url)
    try:
        for first in range(numbers.start, numbers.stop, _RUNS_PER_COMMIT):
            part = range(first, min(first + _RUNS_PER_COMMIT, numbers.stop))
            store.writer.call(partial(_add, experiment=int(experiment_id), numbers=part, shape=shape))
    finally:
        store.close()
    return Filled(len(numbers), len(numbers), round(time.perf_counter() - begin_s, 1))


def _add(tx: Transaction, *, experiment: int, numbers: range, shape: RunShape) -> None:
    for number in numbers:
        body = make_run(number, str(experiment))
        data = make_run_data(number, shape.metrics, shape.params, shape.tags)
        run_id = uuid.uuid4().hex
        run = runs.insert_run(
            tx,
            (
                run_id,
                experiment,
                body["run_name"],
                body["user_id"],
                body["start_time"],
                f"mlflow-artifacts:/{run_id}",
            ),
        )
        annotations.insert_params(tx, run, {param["key"]: param["value"] for param in data["params"]})
        annotations.set_tags(tx, run, [Tag(**tag) for tag in data["tags"]])
        ids = keys.intern_keys(tx, [metric["key"] for metric in data["metrics"]])
        for metric in data["metrics"]:
            point = (metric["timestamp"], metric["step"], codes.encode(metric["value"]))
            series.add_points(tx, run, ids[metric["key"]], series.NO_CONTEXT, [point])
