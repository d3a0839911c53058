"""Runs: fluent and MlflowClient, nested runs, statuses, tags, params, batches, delete and restore."""

import contextlib

import mlflow
from mlflow.entities import Metric, Param, RunStatus, RunTag
from mlflow.tracking import MlflowClient
from peer import VERSION, Area

LONG_AGO_MS = 1_600_000_000_000


def check_fluent(area: Area) -> None:
    with mlflow.start_run(run_name="outer", tags={"kind": "parent"}) as outer:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "name": "tree", "empty": "", "none": None, "list": [1, "a"]})
        mlflow.log_metric("loss", 1.5)
        for step in range(5):
            mlflow.log_metric("acc", step / 10, step=step)
        mlflow.log_metrics({"a": 1, "b": -2.5, "c/d e.f-g_h": 1e-300}, step=7)
        mlflow.set_tag("note", "läuft 値")
        mlflow.set_tags({"x": 1, "y": True})
        area.equal("active run", mlflow.active_run().info.run_id, outer.info.run_id)
    area.equal("last run", mlflow.last_active_run().info.run_id, outer.info.run_id)
    run = mlflow.get_run(outer.info.run_id)
    params = {"lr": "0.1", "depth": "3", "name": "tree", "empty": "", "none": "None", "list": "[1, 'a']"}
    area.equal("params", run.data.params, params)
    metrics = {"loss": 1.5, "acc": 0.4, "a": 1.0, "b": -2.5, "c/d e.f-g_h": 1e-300}
    area.equal("metrics", run.data.metrics, metrics)
    area.equal("status", run.info.status, "FINISHED")
    area.equal("stage", run.info.lifecycle_stage, "active")
    area.true("it took time", run.info.end_time >= run.info.start_time > LONG_AGO_MS)
    tags = run.data.tags
    seen = (tags["note"], tags["x"], tags["y"], tags["kind"])
    area.equal("tags", seen, ("läuft 値", "1", "True", "parent"))
    area.equal("name as tag", tags["mlflow.runName"], "outer")
    area.true("user", tags["mlflow.user"])
    check_resumed(area, outer.info.run_id)


def check_resumed(area: Area, run_id: str) -> None:
    with mlflow.start_run(run_id=run_id):
        area.equal("running again", mlflow.get_run(run_id).info.status, "RUNNING")
        mlflow.log_metric("acc", 0.9, step=9)
        mlflow.delete_tag("x")
    again = mlflow.get_run(run_id)
    area.equal("resumed", (again.info.status, again.data.metrics["acc"]), ("FINISHED", 0.9))
    area.true("tag is gone", "x" not in again.data.tags)


def check_nested(area: Area) -> None:
    with mlflow.start_run(run_name="outer") as outer:
        with mlflow.start_run(run_name="inner", nested=True) as inner:
            mlflow.log_metric("loss", 0.5)
        mlflow.log_metric("loss", 1)
    tags = mlflow.get_run(inner.info.run_id).data.tags
    area.equal("the inner run names its parent", tags["mlflow.parentRunId"], outer.info.run_id)
    children = f"tags.mlflow.parentRunId = '{outer.info.run_id}'"
    found = mlflow.search_runs([outer.info.experiment_id], children, output_format="list")
    area.equal("the parent's runs", [run.info.run_id for run in found], [inner.info.run_id])
    if hasattr(mlflow, "get_parent_run"):
        parent = mlflow.get_parent_run(inner.info.run_id)
        area.equal("get_parent_run", parent.info.run_id, outer.info.run_id)
        area.equal("no parent", mlflow.get_parent_run(outer.info.run_id), None)
    else:
        area.leave_out("get_parent_run")


def check_ends(area: Area) -> None:
    run = mlflow.start_run()
    with contextlib.suppress(ZeroDivisionError), run:
        mlflow.log_param("p", 1 / 0)
    failed = mlflow.get_run(run.info.run_id)
    area.equal("a run that raises", failed.info.status, "FAILED")
    area.true("a name was generated", failed.data.tags["mlflow.runName"])
    run = mlflow.start_run()
    mlflow.end_run("KILLED")
    area.equal("end_run", mlflow.get_run(run.info.run_id).info.status, "KILLED")
    mlflow.delete_run(run.info.run_id)
    area.equal("delete_run", mlflow.get_run(run.info.run_id).info.lifecycle_stage, "deleted")


def check_client(area: Area, client: MlflowClient, experiment_id: str) -> None:
    made = client.create_run(experiment_id, start_time=1234, tags={"a": "1"}, run_name="first")
    run_id = made.info.run_id
    area.equal("start_time", made.info.start_time, 1234)
    location = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
    area.equal("artifact_uri", made.info.artifact_uri, location)
    seen = client.get_run(run_id)
    area.equal("no end yet", (seen.info.status, seen.info.end_time), ("RUNNING", None))
    area.equal("tags of the start", seen.data.tags, {"a": "1", "mlflow.runName": "first"})
    client.set_terminated(run_id, "KILLED", end_time=5000)
    info = client.get_run(run_id).info
    area.equal("killed", (info.status, info.end_time), ("KILLED", 5000))
    client.update_run(run_id, status=RunStatus.to_string(RunStatus.SCHEDULED), name="renamed")
    run = client.get_run(run_id)
    area.equal("renamed", (run.info.run_name, run.data.tags["mlflow.runName"]), ("renamed", "renamed"))
    area.equal("scheduled", run.info.status, "SCHEDULED")
    client.set_tag(run_id, "mlflow.runName", "by tag")
    area.equal("renamed by its tag", client.get_run(run_id).info.run_name, "by tag")
    client.delete_run(run_id)
    area.equal("deleted", client.get_run(run_id).info.lifecycle_stage, "deleted")
    client.restore_run(run_id)
    area.equal("restored", client.get_run(run_id).info.lifecycle_stage, "active")
    if VERSION < (2, 0):
        infos = client.list_run_infos(experiment_id)
        area.true("list_run_infos", run_id in {info.run_id for info in infos})
    else:
        area.leave_out("list_run_infos")


def check_batches(area: Area, client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    client.log_batch(run_id)
    client.log_batch(
        run_id,
        metrics=[Metric("m", 0.5 * step, 1000 + step, step) for step in range(4)],
        params=[Param("q", "2"), Param("r", "3")],
        tags=[RunTag("t", "4")],
    )
    data = client.get_run(run_id).data
    area.equal("batch: params", data.params, {"q": "2", "r": "3"})
    area.equal("batch: metrics", data.metrics, {"m": 1.5})
    area.equal("batch: tags", data.tags["t"], "4")
    client.log_batch(
        run_id,
        metrics=[Metric(f"m{n}", n, n, 0) for n in range(800)],
        params=[Param(f"p{n}", str(n)) for n in range(100)],
        tags=[RunTag(f"t{n}", str(n)) for n in range(100)],
    )
    data = client.get_run(run_id).data
    area.equal("the largest batch: metrics", len(data.metrics), 801)
    area.equal("the largest batch: params", data.params["p99"], "99")
    area.equal("the largest batch: tags", data.tags["t99"], "99")
    length = 500 if VERSION < (2, 0) else 6000
    client.log_param(run_id, "long", "v" * length)
    area.equal("a long param is kept", client.get_run(run_id).data.params["long"], "v" * length)
    client.set_tag(run_id, "long", "v" * 5000)
    area.equal("a long tag is kept", client.get_run(run_id).data.tags["long"], "v" * 5000)
    check_split(area, client, run_id)


def check_split(area: Area, client: MlflowClient, run_id: str) -> None:
    with mlflow.start_run(run_id=run_id):
        mlflow.log_params({f"many{n}": n for n in range(250)})
        mlflow.log_metrics({f"many{n}": n for n in range(1500)})
        mlflow.set_tags({f"many{n}": n for n in range(250)})
    data = client.get_run(run_id).data
    for kind, values, count in (
        ("params", data.params, 250),
        ("metrics", data.metrics, 1500),
        ("tags", data.tags, 250),
    ):
        area.equal(f"many {kind}", sum(key.startswith("many") for key in values), count)


def main() -> None:
    area = Area("runs")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    check_fluent(area)
    check_nested(area)
    check_ends(area)
    check_client(area, client, experiment_id)
    check_batches(area, client, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
