"""The client: runs of other processes, pages with tokens, renaming, logged models."""

import json

import mlflow
from mlflow.entities import (
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.tracking import MlflowClient

BEGIN_MS = 1_700_000_000_000
seen = {}
client = MlflowClient()
experiment_id = client.create_experiment("clients", tags={"a": "b"})
client.set_experiment_tag(experiment_id, "c", "d")
client.set_experiment_tag(experiment_id, "gone", "e")
client.delete_experiment_tag(experiment_id, "gone")
client.rename_experiment(experiment_id, "clients renamed")
experiment = client.get_experiment(experiment_id)
seen["experiment"] = [experiment.name, experiment.lifecycle_stage, dict(sorted(experiment.tags.items()))]

runs = []
for number in range(5):
    run = client.create_run(
        experiment_id, start_time=BEGIN_MS + number, tags={"number": str(number)}, run_name=f"run {number}"
    )
    runs.append(run.info.run_id)
    client.log_metric(run.info.run_id, "score", number / 2, timestamp=BEGIN_MS, step=number)
    client.log_param(run.info.run_id, "number", number)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric("curve", 1.0 / (step + 1), BEGIN_MS + step, step) for step in range(10)],
        params=[Param("rate", "0.5")],
        tags=[RunTag("label", f"l{number % 2}")],
        synchronous=True,
    )
    client.set_terminated(
        run.info.run_id,
        status=["FINISHED", "FAILED", "KILLED"][number % 3],
        end_time=BEGIN_MS + 1000 + number,
    )
seen["created"] = [
    run.info.status,
    run.info.run_name,
    run.info.start_time,
    run.info.end_time,
    run.info.lifecycle_stage,
]
stored = client.get_run(runs[1])
seen["stored"] = [
    stored.info.status,
    stored.info.end_time,
    stored.data.metrics,
    stored.data.params,
    stored.data.tags["label"],
]
seen["status"] = [
    RunStatus.from_string("FAILED"),
    RunStatus.to_string(3),
    RunStatus.is_terminated(1),
    RunStatus.all_status(),
]

token, pages = None, []
while True:
    page = client.search_runs(
        [experiment_id], order_by=["attributes.start_time ASC"], max_results=2, page_token=token
    )
    pages.append([each.info.run_name for each in page])
    token = page.token
    if not token:
        break
seen["pages"] = pages
seen["history"] = [[point.step, point.value] for point in client.get_metric_history(runs[2], "curve")]
client.update_run(runs[3], name="renamed")
client.set_tag(runs[3], "extra", 1)
client.set_tag(runs[3], "gone", 1)
client.delete_tag(runs[3], "gone")
client.delete_run(runs[4])
seen["active"] = len(client.search_runs([experiment_id]))
seen["deleted"] = [
    each.info.run_name for each in client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)
]
client.restore_run(runs[4])
client.delete_run(runs[0])

model = client.create_logged_model(
    experiment_id, name="model", source_run_id=runs[1], tags={"t": "1"}, params={"p": "2"}, model_type="tree"
)
seen["pending"] = [
    model.status.value,
    model.name,
    model.model_type,
    model.params,
    model.tags["t"],
    model.source_run_id == runs[1],
]
client.log_metric(
    runs[1], "accuracy", 0.75, timestamp=BEGIN_MS, step=0, model_id=model.model_id, synchronous=True
)
client.log_outputs(runs[1], models=[LoggedModelOutput(model.model_id, 4)])
client.log_inputs(runs[2], models=[LoggedModelInput(model.model_id)])
ready = client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
client.set_logged_model_tags(model.model_id, {"more": "x", "gone": "y"})
client.delete_logged_model_tag(model.model_id, "gone")
client.log_model_params(model.model_id, {"later": "3"})
seen["made"] = [each.model_id == model.model_id for each in client.get_run(runs[1]).outputs.model_outputs]
seen["used"] = [each.model_id == model.model_id for each in client.get_run(runs[2]).inputs.model_inputs]
found = client.get_logged_model(model.model_id)
seen["ready"] = [
    ready.status.value,
    sorted(found.params.items()),
    found.tags["more"],
    "gone" in found.tags,
    found.model_uri == f"models:/{model.model_id}",
]
seen["metrics"] = [[point.key, point.value, point.step, point.timestamp] for point in found.metrics]
listed = client.search_logged_models(
    [experiment_id],
    filter_string="name = 'model'",
    order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
)
seen["listed"] = [each.name for each in listed]
external = mlflow.create_external_model(name="elsewhere", experiment_id=experiment_id)
seen["external"] = [external.status.value, external.tags["mlflow.model.isExternal"]]
frame = mlflow.search_logged_models(experiment_ids=[experiment_id])
seen["models"] = [sorted(frame.columns), sorted(frame["name"])]

with open("seen.json", "w", encoding="utf-8") as file:  # noqa: PTH123 - as users write it
    json.dump(seen, file)
