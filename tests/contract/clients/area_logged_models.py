"""Logged models of mlflow 3: make, finalise, tags, params, metrics, artifacts, search, links to runs, delete."""

import json
from pathlib import Path

import mlflow
from mlflow.entities import (
    Dataset,
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
)
from mlflow.tracking import MlflowClient
from peer import Area, has, make_folder


def check_life(area: Area, client: MlflowClient, experiment_id: str) -> str:
    tags = {"team": "red"}
    made = mlflow.initialize_logged_model(name="net", model_type="agent", params={"lr": "0.1"}, tags=tags)
    area.equal("pending", (made.status, made.experiment_id), (LoggedModelStatus.PENDING, experiment_id))
    model_id = made.model_id
    mlflow.set_logged_model_tags(model_id, {"more": "1", "number": 2})
    mlflow.log_model_params({"depth": "3"}, model_id=model_id)
    seen = mlflow.get_logged_model(model_id)
    area.equal("name and type", (seen.name, seen.model_type), ("net", "agent"))
    area.equal("params", seen.params, {"lr": "0.1", "depth": "3"})
    area.equal("tags", (seen.tags["team"], seen.tags["more"], seen.tags["number"]), ("red", "1", "2"))
    location = f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts"
    area.equal("location", seen.artifact_location, location)
    mlflow.delete_logged_model_tag(model_id, "more")
    area.true("tag is gone", "more" not in mlflow.get_logged_model(model_id).tags)
    ready = mlflow.finalize_logged_model(model_id, "READY")
    area.equal("ready", ready.status, LoggedModelStatus.READY)
    failed = client.create_logged_model(experiment_id, name="failed")
    ended = client.finalize_logged_model(failed.model_id, LoggedModelStatus.FAILED)
    area.equal("failed", ended.status, LoggedModelStatus.FAILED)
    nameless = client.create_logged_model(experiment_id)
    area.true("a name is made up", nameless.name)
    client.delete_logged_model(nameless.model_id)
    gone = "RESOURCE_DOES_NOT_EXIST"
    area.refused("deleted", gone, lambda: client.get_logged_model(nameless.model_id), nameless.model_id)
    area.refused("unknown", gone, lambda: client.get_logged_model("m-" + "0" * 32))
    area.refused(
        "a colon", "INVALID_PARAMETER_VALUE", lambda: client.create_logged_model(experiment_id, "a:b")
    )
    return model_id


def check_metrics(area: Area, client: MlflowClient, model_id: str) -> None:
    second = mlflow.initialize_logged_model(name="second")
    data = Dataset(name="held out", digest="d1", source_type="local", source="x")
    with mlflow.start_run() as run:
        client.log_inputs(run.info.run_id, [DatasetInput(data)])
        mlflow.log_metric("acc", 0.5, model_id=model_id)
        mlflow.log_metrics({"acc": 0.6, "loss": 2}, step=1, model_id=model_id)
        about = {"dataset_name": "held out", "dataset_digest": "d1", "model_id": second.model_id}
        client.log_batch(run.info.run_id, metrics=[Metric("acc", 0.7, 10, 2, **about)])
    values = {(m.key, m.step): m.value for m in client.get_logged_model(model_id).metrics}
    values.pop(("acc", 0), None)  # the real server answers all points of a metric
    area.equal("the latest metrics of a model", values, {("acc", 1): 0.6, ("loss", 1): 2.0})
    (seen,) = client.get_logged_model(second.model_id).metrics
    area.equal("their run", (seen.model_id, seen.run_id), (second.model_id, run.info.run_id))
    area.equal("their dataset", (seen.dataset_name, seen.dataset_digest), ("held out", "d1"))
    area.equal("the run has them too", client.get_run(run.info.run_id).data.metrics["acc"], 0.7)


def check_search(area: Area, client: MlflowClient, experiment_id: str) -> None:
    cases = {
        "name = 'net'": ["net"],
        "name LIKE '%e%'": ["failed", "net", "second"],
        "metrics.acc > 0.65": ["second"],
        "params.lr = '0.1'": ["net"],
        "tags.team = 'red' AND model_type = 'agent'": ["net"],
        "creation_timestamp < 5": [],
    }
    for text, expected in cases.items():
        found = client.search_logged_models([experiment_id], text)
        area.equal(text, sorted(model.name for model in found), expected)
    held_out = [{"dataset_name": "held out", "dataset_digest": "d1"}]
    on_data = client.search_logged_models([experiment_id], "metrics.acc > 0.1", datasets=held_out)
    area.equal("metrics on a dataset", [model.name for model in on_data], ["second"])
    order = [{"field_name": "metrics.acc", "ascending": False}]
    page = client.search_logged_models([experiment_id], order_by=order, max_results=2)
    area.equal("first page", [model.name for model in page], ["second", "net"])
    rest = client.search_logged_models([experiment_id], order_by=order, max_results=2, page_token=page.token)
    area.equal("second page", ([model.name for model in rest], rest.token), (["failed"], None))
    fluent = mlflow.search_logged_models([experiment_id], "name = 'net'", output_format="list", max_results=1)
    area.equal("fluent search", [model.name for model in fluent], ["net"])


def check_links(area: Area, client: MlflowClient, experiment_id: str, model_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
    client.log_outputs(run_id, [LoggedModelOutput(model_id, 3)])
    run = client.get_run(run_id)
    area.equal("model inputs", [m.model_id for m in run.inputs.model_inputs], [model_id])
    area.equal("model outputs", [(m.model_id, m.step) for m in run.outputs.model_outputs], [(model_id, 3)])


def check_artifacts(area: Area, client: MlflowClient, model_id: str) -> None:
    folder = make_folder()
    (folder / "code").mkdir()
    (folder / "code" / "weights.json").write_text(json.dumps([1, 2]), "utf-8")
    client.log_model_artifacts(model_id, str(folder))
    (folder / "single.txt").write_text("one", "utf-8")
    client.log_model_artifact(model_id, str(folder / "single.txt"))
    listed = [(file.path, file.is_dir) for file in client.list_logged_model_artifacts(model_id)]
    area.equal("artifacts", listed, [("code", True), ("single.txt", False)])
    below = [file.path for file in client.list_logged_model_artifacts(model_id, "code")]
    area.equal("artifacts of a folder", below, ["code/weights.json"])
    local = mlflow.artifacts.download_artifacts(f"models:/{model_id}", dst_path=str(make_folder()))
    area.equal("downloaded", json.loads((Path(local) / "code" / "weights.json").read_text("utf-8")), [1, 2])


def check_external(area: Area) -> None:
    if not has("numpy"):
        area.leave_out("external models")  # mlflow imports numpy to describe them
        return
    made = mlflow.create_external_model(name="outside", params={"a": "1"})
    area.equal("external models are ready", made.status, LoggedModelStatus.READY)
    area.equal("the last model", mlflow.last_logged_model().model_id, made.model_id)
    with mlflow.start_run() as run:
        active = mlflow.set_active_model(name="outside")
        mlflow.log_metric("m", 1.5)
    area.equal("the active model", (active.model_id, mlflow.get_active_model_id()), (made.model_id,) * 2)
    mlflow.clear_active_model()
    seen = [(m.key, m.value, m.run_id) for m in mlflow.get_logged_model(made.model_id).metrics]
    area.equal("its metrics", seen, [("m", 1.5, run.info.run_id)])


def main() -> None:
    area = Area("logged_models")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    model_id = check_life(area, client, experiment_id)
    check_metrics(area, client, model_id)
    check_search(area, client, experiment_id)
    check_links(area, client, experiment_id, model_id)
    check_artifacts(area, client, model_id)
    check_external(area)
    area.finish()


if __name__ == "__main__":
    main()
