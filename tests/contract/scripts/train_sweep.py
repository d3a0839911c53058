"""A sweep: a parent, nested runs, searches with filters and orders, the best run, deleting and restoring."""

import json

import mlflow
from mlflow.entities import ViewType

BEGIN_MS = 1_700_000_000_000
seen = {}

experiment_id = mlflow.create_experiment("sweeps/first", tags={"owner": "me"})
mlflow.set_experiment("sweeps/first")
ids = {}
with mlflow.start_run(run_name="parent") as parent:
    mlflow.log_param("space", "grid")
    for number, rate in enumerate((0.5, 0.1, 0.01)):
        with mlflow.start_run(run_name=f"child {number}", nested=True) as child:
            ids[number] = child.info.run_id
            mlflow.log_param("rate", rate)
            mlflow.log_param("model", "tree" if number else "linear")
            for step in range(5):
                mlflow.log_metric("loss", rate * (5 - step), step=step, timestamp=BEGIN_MS + step)
            if number == 1:
                mlflow.log_metric("extra", 1.0, timestamp=BEGIN_MS)
                mlflow.set_tag("pick", "me")
with mlflow.start_run(run_name="late child", parent_run_id=parent.info.run_id) as late:
    mlflow.log_metric("loss", 9.0, timestamp=BEGIN_MS)

seen["parent"] = mlflow.get_parent_run(ids[0]).info.run_name
seen["no parent"] = mlflow.get_parent_run(parent.info.run_id)
seen["late parent"] = late.data.tags["mlflow.parentRunId"] == parent.info.run_id


def names(**options: object) -> list[str]:
    """Return the names of the runs that a search finds."""
    return [run.info.run_name for run in mlflow.search_runs(output_format="list", **options)]


seen["by loss"] = names(filter_string="metrics.loss < 3", order_by=["metrics.loss ASC"])
seen["by param"] = names(filter_string="params.model = 'tree'", order_by=["params.rate DESC"])
seen["by tag"] = names(filter_string="tags.pick = 'me'")
seen["by name"] = names(filter_string="attributes.run_name LIKE 'child%'", order_by=["attributes.run_name"])
seen["by status"] = names(filter_string="attributes.status = 'FINISHED'", order_by=["attributes.run_name"])
seen["first"] = names(max_results=2, order_by=["attributes.run_name"])
seen["names"] = names(experiment_names=["sweeps/first"], order_by=["attributes.run_name"])
seen["all"] = names(search_all_experiments=True, order_by=["attributes.run_name"])
frame = mlflow.search_runs([experiment_id], order_by=["attributes.run_name"])
seen["shape"] = list(frame.shape)
seen["columns"] = [*frame.columns[:6], *sorted(frame.columns[6:])]
seen["types"] = {name: str(frame[name].dtype) for name in frame.columns}
seen["empty"] = list(mlflow.search_runs([experiment_id], "params.model = 'none'").columns)
best = frame.loc[frame["metrics.loss"].idxmin()]
seen["best"] = [best["tags.mlflow.runName"], best["metrics.loss"], best["params.rate"]]

mlflow.delete_run(ids[0])
seen["left"] = names(order_by=["attributes.run_name"])
seen["deleted"] = names(run_view_type=ViewType.DELETED_ONLY)
seen["both"] = len(names(run_view_type=ViewType.ALL))
seen["deleted frame"] = sorted(mlflow.search_runs(run_view_type=ViewType.DELETED_ONLY).columns)
mlflow.MlflowClient().restore_run(ids[0])
seen["restored"] = names(order_by=["attributes.run_name"])

other = mlflow.create_experiment("sweeps/second")
mlflow.delete_experiment(other)
seen["experiments"] = [each.name for each in mlflow.search_experiments(order_by=["name ASC"])]
seen["deleted experiments"] = [
    each.name for each in mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)
]
seen["like"] = [
    each.name for each in mlflow.search_experiments(filter_string="name LIKE 'sweeps/%'", max_results=1)
]

with open("seen.json", "w", encoding="utf-8") as file:  # noqa: PTH123 - as users write it
    json.dump(seen, file)
