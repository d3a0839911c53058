"""Runs: fluent and MlflowClient, nested runs, statuses, tags, params, metrics, batches, delete and restore."""

import math

import mlflow
from mlflow.entities import Metric, Param, RunStatus, RunTag
from mlflow.tracking import MlflowClient
from peer import VERSION, Area


def check_fluent(area):
    with mlflow.start_run(run_name="outer", tags={"kind": "parent"}) as outer:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "name": "tree", "empty": ""})
        mlflow.log_metric("loss", 1.5)
        for step in range(5):
            mlflow.log_metric("acc", step / 10, step=step)
        mlflow.log_metrics({"a": 1, "b": -2.5}, step=7)
        mlflow.set_tag("note", "läuft 値")
        mlflow.set_tags({"x": 1, "y": True})
        with mlflow.start_run(run_name="inner", nested=True) as inner:
            mlflow.log_metric("loss", 0.5)
        area.equal("active run", mlflow.active_run().info.run_id, outer.info.run_id)
    run = mlflow.get_run(outer.info.run_id)
    area.equal("params", run.data.params, {"lr": "0.1", "depth": "3", "name": "tree", "empty": ""})
    area.equal("metrics", run.data.metrics, {"loss": 1.5, "acc": 0.4, "a": 1.0, "b": -2.5})
    area.equal("status", run.info.status, "FINISHED")
    area.equal("stage", run.info.lifecycle_stage, "active")
    area.true("it took time", run.info.end_time >= run.info.start_time > 1_600_000_000_000)
    tags = run.data.tags
    area.equal(
        "tags", (tags["note"], tags["x"], tags["y"], tags["kind"]), ("läuft 値", "1", "True", "parent")
    )
    area.equal("name", tags["mlflow.runName"], "outer")
    area.true("user", tags["mlflow.user"])
    parent = mlflow.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"]
    area.equal("the inner run names its parent", parent, outer.info.run_id)
    if VERSION >= (2, 0):
        area.equal("get_parent_run", mlflow.get_parent_run(inner.info.run_id).info.run_id, outer.info.run_id)
    with mlflow.start_run(run_id=outer.info.run_id):
        mlflow.log_metric("acc", 0.9, step=9)
        mlflow.delete_tag("x")
    again = mlflow.get_run(outer.info.run_id)
    area.equal("resumed", again.data.metrics["acc"], 0.9)
    area.true("tag is gone", "x" not in again.data.tags)
    area.refused("delete_tag of none", "RESOURCE_DOES_NOT_EXIST", lambda: _delete_tag(outer.info.run_id))
    try:
        with mlflow.start_run() as failing:
            raise ArithmeticError
    except ArithmeticError:
        area.equal("a run that raises", mlflow.get_run(failing.info.run_id).info.status, "FAILED")
    area.true("a name was generated", mlflow.get_run(failing.info.run_id).data.tags["mlflow.runName"])


def _delete_tag(run_id):
    MlflowClient().delete_tag(run_id, "x")


def check_client(area, client, experiment_id):
    made = client.create_run(experiment_id, start_time=1234, tags={"a": "1"})
    run_id = made.info.run_id
    area.equal("start_time", made.info.start_time, 1234)
    area.equal(
        "artifact_uri", made.info.artifact_uri, "mlflow-artifacts:/%s/%s/artifacts" % (experiment_id, run_id)
    )
    client.log_param(run_id, "p", "1")
    client.log_param(run_id, "p", "1")
    code = "INVALID_PARAMETER_VALUE"
    area.refused("a param is written once", code, lambda: client.log_param(run_id, "p", "2"))
    client.log_batch(
        run_id,
        metrics=[Metric("m", 0.5 * step, 1000 + step, step) for step in range(4)],
        params=[Param("q", "2"), Param("r", "3")],
        tags=[RunTag("t", "4")],
    )
    conflict = [Param("new", "1"), Param("q", "9")]
    area.refused("a batch with a conflict", code, lambda: client.log_batch(run_id, params=conflict))
    data = client.get_run(run_id).data
    area.equal("batch: params", data.params, {"p": "1", "q": "2", "r": "3"})
    area.equal("batch: metrics", data.metrics, {"m": 1.5})
    area.equal("batch: tags", data.tags["t"], "4")
    client.set_terminated(run_id, "KILLED", end_time=5000)
    info = client.get_run(run_id).info
    area.equal("killed", (info.status, info.end_time), ("KILLED", 5000))
    if hasattr(client, "update_run"):
        client.update_run(run_id, status="RUNNING", name="renamed")
        run = client.get_run(run_id)
        area.equal("renamed", run.data.tags["mlflow.runName"], "renamed")
        area.equal("running", run.info.status, RunStatus.to_string(RunStatus.RUNNING))
    else:
        area.leave_out("update_run")
    client.delete_run(run_id)
    area.equal("deleted", client.get_run(run_id).info.lifecycle_stage, "deleted")
    area.refused("no writing to a deleted run", code, lambda: client.set_tag(run_id, "t", "5"))
    client.restore_run(run_id)
    area.equal("restored", client.get_run(run_id).info.lifecycle_stage, "active")
    area.refused("unknown run", "RESOURCE_DOES_NOT_EXIST", lambda: client.get_run("0" * 32))
    area.refused("bad key", code, lambda: client.log_metric(run_id, "a;b", 1))


def check_history(area, client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id
    points = [(3.0, 30, 1), (2.0, 20, -5), (1.0, 10, 2), (1.0, 10, 2)]
    for value, timestamp, step in points:
        client.log_metric(run_id, "m", value, timestamp=timestamp, step=step)
    seen = [(m.value, m.timestamp, m.step) for m in client.get_metric_history(run_id, "m")]
    area.equal("history is by time, equal points once", seen, [(1.0, 10, 2), (2.0, 20, -5), (3.0, 30, 1)])
    area.equal("latest is by step", client.get_run(run_id).data.metrics["m"], 1.0)
    client.log_metric(run_id, "special", float("nan"), step=1)
    area.true("NaN", math.isnan(client.get_run(run_id).data.metrics["special"]))
    client.log_metric(run_id, "up", float("inf"))
    client.log_metric(run_id, "down", float("-inf"))
    data = client.get_run(run_id).data.metrics
    area.true("infinities are huge", data["up"] > 1e308 and data["down"] < -1e308)
    for start in range(0, 3000, 1000):
        client.log_batch(run_id, metrics=[Metric("long", n, n, n) for n in range(start, start + 1000)])
    history = client.get_metric_history(run_id, "long")
    area.equal("three thousand points", [m.step for m in history], list(range(3000)))
    area.equal("no such key", list(client.get_metric_history(run_id, "none")), [])


def check_big_batches(area, client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id
    with mlflow.start_run(run_id=run_id):
        mlflow.log_params(
            {"p%d" % n: n for n in range(250)} if VERSION >= (2, 0) else {"p%d" % n: n for n in range(100)}
        )
        mlflow.log_metrics({"m%d" % n: n for n in range(900)})
        mlflow.set_tags({"t%d" % n: n for n in range(90)})
    data = client.get_run(run_id).data
    area.equal("metrics of a big batch", len(data.metrics), 900)
    area.true("params of a big batch", len(data.params) in {100, 250})
    area.equal("a long param is kept", _log_long(client, run_id, 500), 500)


def _log_long(client, run_id, length):
    client.log_param(run_id, "long", "v" * length)
    return len(client.get_run(run_id).data.params["long"])


def main():
    area = Area("runs")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    check_fluent(area)
    check_client(area, client, experiment_id)
    check_history(area, client, experiment_id)
    check_big_batches(area, client, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
