"""Writes golden/REVISION.sql: a store of today's revision with something in every table. Run it once for each new revision, never again.

    python tests/migrations/record_golden.py

The tests hold every later headrace against these stores.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from headrace.store.tables import SCHEMA_REVISION
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
        with open_calls(path) as call:
            fill(call)
        with closing(sqlite3.connect(path)) as connection:
            target.write_text("\n".join(connection.iterdump()) + "\n", "utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
