"""A training loop as in any tutorial: params of several types, curves, special values, tags, texts, a resumed run."""

import json
import math

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

BEGIN_MS = 1_700_000_000_000

mlflow.set_experiment("simple")
mlflow.set_experiment_tag("team", "vision")
mlflow.set_experiment_tags({"stage": 1, "public": True})

seen = {}
with mlflow.start_run(run_name="descent", tags={"kind": "test", "number": 7}, description="a *note*") as run:
    seen["given"] = mlflow.log_param("lr", 0.1)
    mlflow.log_params({"layers": [64, 32], "bias": True, "seed": None, "name": "tree", "text": "x" * 300})
    weight = 4.0
    for step in range(50):
        loss = (weight - 1.0) ** 2
        mlflow.log_metric("loss", loss, step=step, timestamp=BEGIN_MS + step)
        mlflow.log_metrics({"weight": weight, "train/rate": 0.1}, step=step, timestamp=BEGIN_MS + step)
        weight -= 0.1 * 2 * (weight - 1.0)
    mlflow.log_metric("best", 1, timestamp=BEGIN_MS)
    mlflow.log_metric("from text", "2.5", step=3, timestamp=BEGIN_MS)
    mlflow.log_metric("flag", True, timestamp=BEGIN_MS)
    for step, value in enumerate((math.nan, math.inf, -math.inf, 1e308, 5e-324)):
        mlflow.log_metric("odd", value, step=step, timestamp=BEGIN_MS + step)
    mlflow.log_metric("negative step", 1.0, step=-5, timestamp=BEGIN_MS)
    mlflow.log_metric("order", 1.0, step=2, timestamp=BEGIN_MS + 9)
    mlflow.log_metric("order", 2.0, step=1, timestamp=BEGIN_MS + 10)
    mlflow.set_tag("phase", "end")
    mlflow.set_tags({"phase": "over", "count": 3, "text": "line\nline"})
    mlflow.set_tag("gone", "soon")
    mlflow.log_text("first\nsecond ä€", "notes/plain.txt")
    mlflow.log_dict({"b": [1, 2.5, None], "a": {"c": True}}, "config.json")
    mlflow.log_dict({"b": [1, 2.5], "a": "x"}, "config.yaml")
    seen["active"] = mlflow.active_run().info.run_id == run.info.run_id
    seen["status"] = mlflow.active_run().info.status
mlflow.set_experiment(experiment_id=run.info.experiment_id)
seen["none"] = mlflow.active_run() is None
seen["last"] = mlflow.last_active_run().data.metrics["loss"]

with mlflow.start_run(run_id=run.info.run_id) as again:
    mlflow.delete_tag("gone")
    mlflow.log_metric("later", 3.0, step=1, timestamp=BEGIN_MS)
    seen["resumed"] = [again.info.run_name, again.info.status]

client = MlflowClient()
client.log_batch(
    run.info.run_id,
    metrics=[Metric("batch", float(step), BEGIN_MS + step, step) for step in range(1200)],
    params=[Param("from batch", "1")],
    tags=[RunTag("from batch", "yes")],
)
stored = mlflow.get_run(run.info.run_id)
seen["stored"] = [
    stored.data.metrics["batch"],
    stored.data.params["from batch"],
    stored.data.tags["from batch"],
]
seen["params"] = dict(sorted(stored.data.params.items()))
seen["history"] = [
    [point.key, point.value, point.timestamp, point.step]
    for point in client.get_metric_history(run.info.run_id, "order")
]
seen["experiment"] = [
    mlflow.get_experiment_by_name("simple").name,
    dict(mlflow.get_experiment(run.info.experiment_id).tags),
]
seen["unknown"] = mlflow.get_experiment_by_name("no such experiment")

with open("seen.json", "w", encoding="utf-8") as file:  # noqa: PTH123 - as users write it
    json.dump(seen, file)
