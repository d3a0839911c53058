"""Fills MLflow's SQLite file with runs, past HTTP, where that would take hours. Leaves the same runs as `fill.py`.

The server must be stopped. The tables are those of MLflow 3.17; what MLflow's server would set itself is set as it does.
"""

import sqlite3
import time
import uuid
from contextlib import closing

from fill import Filled, RunShape
from payload import make_run, make_run_data

_RUN = (
    "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, source_version, lifecycle_stage, artifact_uri, "
    "experiment_id) VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)"
)
_POINT = "INSERT INTO {table} (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)"
_TEXT = "INSERT INTO {table} (run_uuid, key, value) VALUES (?, ?, ?)"


def fill_mlflow(store_url: str, experiment_id: str, numbers: range, shape: RunShape) -> Filled:
    """Add runs to an experiment of a stopped MLflow server."""
    begin_s = time.perf_counter()
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as connection, connection:
        for number in numbers:
            _add(connection, experiment_id, number, shape)
    return Filled(len(numbers), len(numbers), round(time.perf_counter() - begin_s, 1))


def _add(connection: sqlite3.Connection, experiment_id: str, number: int, shape: RunShape) -> None:
    body = make_run(number, experiment_id)
    data = make_run_data(number, shape.metrics, shape.params, shape.tags)
    run_id = uuid.uuid4().hex
    artifacts = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
    connection.execute(
        _RUN, (run_id, body["run_name"], body["user_id"], body["start_time"], artifacts, experiment_id)
    )
    for table in ("metrics", "latest_metrics"):
        points = (
            (run_id, each["key"], each["value"], each["timestamp"], each["step"]) for each in data["metrics"]
        )
        connection.executemany(_POINT.format(table=table), points)
    tags = [*data["tags"], {"key": "mlflow.runName", "value": body["run_name"]}]
    for table, texts in (("params", data["params"]), ("tags", tags)):
        connection.executemany(
            _TEXT.format(table=table), [(run_id, each["key"], each["value"]) for each in texts]
        )
