"""Writes golden/REVISION.sql: a store of today's revision with something in every table. Run it once for each new revision, never again.

    python tests/migrations/record_golden.py

The tests hold every later headrace against these stores.
"""

import sqlite3
import sys
import tempfile
from array import array
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from headrace.services import artifacts
from headrace.services.alive import AliveMark
from headrace.services.sealing_duty import SealingDuty
from headrace.store.revision import SCHEMA_REVISION
from migrations.platform_calls import Calls, open_calls

GOLDEN = Path(__file__).parent / "golden"


def fill(call: Calls) -> None:
    """Make two experiments, four runs, models and datasets, awkward values among them."""
    first = call("experiments.create", name="team/vision", tags=[{"key": "owner", "value": "ann"}])[
        "experiment_id"
    ]
    gone = call("experiments.create", name="gone")["experiment_id"]
    call("runs.create", experiment_id=gone, run_name="goes with it", start_time=1)
    call("experiments.delete", experiment_id=gone)
    run = _create(call, first, "first", 1_000)
    model = call(
        "logged_models.create",
        experiment_id=first,
        name="net",
        model_type="cnn",
        source_run_id=run,
        params=[{"key": "depth", "value": "50"}],
        tags=[{"key": "stage", "value": "test"}],
    )["model"]["info"]["model_id"]
    call("logged_models.finalize", model_id=model, status="LOGGED_MODEL_READY")
    metrics = [
        {"key": "loss", "value": value, "timestamp": 1_000 + step, "step": step}
        for step, value in enumerate(
            [0.5, 0.25, "NaN", "Infinity", "-Infinity", -0.0, 5e-324, 0.125], start=-2
        )
    ]
    metrics.append({"key": "acc", "value": "NaN", "timestamp": 5, "step": 0})
    metrics.append(
        {"key": "acc", "value": 0.75, "timestamp": 6, "step": 1, "model_id": model, "dataset_name": "cifar", "dataset_digest": "d1"}
    )  # fmt: skip
    params = [{"key": "lr", "value": "1e-3"}, {"key": "note", "value": "ünï 🦉"}]
    tags = [{"key": "team", "value": "blue"}, {"key": "text", "value": "a\nb"}]
    call("runs.log_batch", run_id=run, metrics=metrics, params=params, tags=tags)
    dataset = {
        "name": "cifar",
        "digest": "d1",
        "source_type": "local",
        "source": "{}",
        "schema": "{}",
        "profile": "{}",
    }
    call(
        "inputs.log_inputs",
        run_id=run,
        datasets=[{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "train"}]}],
        models=[{"model_id": model}],
    )
    call("inputs.log_outputs", run_id=run, models=[{"model_id": model, "step": 3}])
    call("runs.update", run_id=run, status="FINISHED", end_time=2_000)
    second = _create(call, first, "second", 2_000)
    call(
        "runs.log_batch", run_id=second, metrics=[{"key": "loss", "value": 0.0625, "timestamp": 7, "step": 0}]
    )
    call("runs.delete", run_id=_create(call, first, "third, deleted", 3_000))
    fill_own(call)


def batches() -> list[dict[str, Any]]:
    """What a writer has sent: a run with two attempts, the second of which changes a param; a fork of it; records that are refused."""
    start = {"experiment_name": "own", "run_name": "long", "user_id": "ann", "start_time": 5_000}
    environment = {"python": "3.11.7", "platform": "linux", "packages": {"numpy": "2.0.0"}}
    first = {
        "run_id": "a" * 32,
        "start": start,
        "attempt": {"name": "job1.0"},
        "params": [["lr", "0.1"], ["depth", "50"]],
        "tags": [["team", "green"]],
        "environment": environment,
        "metrics": _columns("wave", range(5_000), 0.25),
        "lease_ms": 1_000,
    }
    second = {
        "run_id": "a" * 32,
        "attempt": {"name": "job1.1", "from_step": 4_000},
        "params": [["lr", "0.2"]],
        "metrics": _columns("wave", range(4_000, 4_050), 0.5),
        "lease_ms": 1_000,
    }
    nobody = {"run_id": "b" * 32, "params": [["x", "1"], ["y", "2"]]}
    fork = {
        "run_id": "c" * 32,
        "start": start | {"run_name": "fork", "fork": {"run_id": "a" * 32, "step": 100}},
        "metrics": _columns("wave", range(100, 110), -1.0),
        "status": {"status": "FINISHED", "end_time": 9_000},
    }
    return [
        {"format": 2, "writer": "golden", "seq": seq, "runs": runs}
        for seq, runs in enumerate([[first], [second, nobody], [fork]], start=1)
    ]


def _columns(key: str, steps: range, factor: float) -> dict[str, Any]:
    columns = {
        "time": array("q", (6_000 + step for step in steps)),
        "step": array("q", steps),
        "value": array("d", (factor * step for step in steps)),
    }
    packed = {name: b64encode(column.tobytes()).decode() for name, column in columns.items()}
    return {"series": [{"key": key, "count": len(steps)}], **packed}


def fill_own(call: Calls) -> None:
    """Use headrace's own API: numbered batches, sealed series, a request to stop, a job that is not done, a view, a star."""
    platform = call.platform
    AliveMark(platform).begin()
    for batch in batches():
        call("ingest.send", **batch)
    with platform.store.read() as conn:
        series = [
            row[0] for row in conn.rows("SELECT id FROM hr_series WHERE points > 4096 AND attempt >= 0")
        ]
    SealingDuty().finish(platform.store, series)
    call("control.request_stop", run_id="a" * 32, reason="it diverges")
    call("views.save", name="all", body='{"columns": ["wave"]}')
    call("views.star", run_id="a" * 32)
    call(
        "jobs.tag_runs",
        run_ids=["a" * 32, "c" * 32],
        tags=[{"key": "reviewed", "value": "yes"}],
        job_id="golden-job",
    )
    assert platform.artifacts.served is not None
    with platform.artifacts.served.open_writer(f"3/{'a' * 32}/artifacts/note.txt") as writer:
        writer.write(b"kept")
        info = writer.commit()
    platform.store.writer.call(lambda tx: artifacts.record(tx, info))


def _create(call: Calls, experiment_id: str, name: str, start_time: int) -> str:
    run = call(
        "runs.create", experiment_id=experiment_id, run_name=name, user_id="ann", start_time=start_time
    )
    return str(run["run"]["info"]["run_id"])


def main() -> None:
    """Write the file; refuse to write it twice."""
    target = GOLDEN / f"{SCHEMA_REVISION}.sql"
    if target.exists():
        raise SystemExit(
            f"{target} is there already. A store of a revision that was released is never recorded again."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with open_calls(f"sqlite:///{path}", path.parent) as call:
            fill(call)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE hr_duty SET holder = 'recorder'")  # not the name of some machine
            target.write_text("\n".join(connection.iterdump()) + "\n", "utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
