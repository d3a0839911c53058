"""Logged models of mlflow 3, and models saved by every client: log_model, autolog, load."""

import mlflow
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, has


def check_logged_models(area, client, experiment_id):
    fields = {"name": "net", "model_type": "agent", "params": {"lr": "0.1"}, "tags": {"team": "red"}}
    if has("numpy"):
        made = mlflow.create_external_model(**fields)
        area.equal("external models are ready", str(made.status), "READY")
    else:
        area.leave_out("create_external_model")
        made = mlflow.finalize_logged_model(mlflow.initialize_logged_model(**fields).model_id, "READY")
    model_id = made.model_id
    mlflow.set_logged_model_tags(model_id, {"more": "1"})
    mlflow.log_model_params({"depth": "3"}, model_id=model_id)
    seen = mlflow.get_logged_model(model_id)
    area.equal("params", seen.params, {"lr": "0.1", "depth": "3"})
    area.equal("tags", (seen.tags["team"], seen.tags["more"]), ("red", "1"))
    mlflow.delete_logged_model_tag(model_id, "more")
    area.true("tag is gone", "more" not in mlflow.get_logged_model(model_id).tags)
    pending = mlflow.initialize_logged_model(name="pending")
    area.equal("pending", str(pending.status), "PENDING")
    area.equal("finalised", str(mlflow.finalize_logged_model(pending.model_id, "READY").status), "READY")
    failed = mlflow.initialize_logged_model(name="failed")
    area.equal("failed", str(mlflow.finalize_logged_model(failed.model_id, "FAILED").status), "FAILED")
    with mlflow.start_run() as run:
        mlflow.log_metric("acc", 0.5, model_id=model_id)
        mlflow.log_metric("acc", 0.7, step=2, model_id=pending.model_id)
    metrics = mlflow.get_logged_model(model_id).metrics
    area.equal(
        "metrics of a model", [(m.key, m.value, m.run_id) for m in metrics], [("acc", 0.5, run.info.run_id)]
    )
    found = mlflow.search_logged_models([experiment_id], "metrics.acc > 0.6", output_format="list")
    area.equal("search by metric", [m.name for m in found], ["pending"])
    found = mlflow.search_logged_models([experiment_id], "params.lr = '0.1'", output_format="list")
    area.equal("search by param", [m.name for m in found], ["net"])
    order = [{"field_name": "metrics.acc", "ascending": False}]
    page = client.search_logged_models([experiment_id], order_by=order, max_results=2)
    area.equal("first page", [m.name for m in page], ["pending", "net"])
    rest = client.search_logged_models([experiment_id], order_by=order, max_results=2, page_token=page.token)
    area.equal("second page", [m.name for m in rest], ["failed"])
    client.delete_logged_model(failed.model_id)
    area.refused("deleted", "RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_logged_model(failed.model_id))
    return model_id


def check_links(area, client, experiment_id, model_id):
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    run_id = client.create_run(experiment_id).info.run_id
    client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
    client.log_outputs(run_id, [LoggedModelOutput(model_id, 3)])
    run = client.get_run(run_id)
    area.equal("model inputs", [m.model_id for m in run.inputs.model_inputs], [model_id])
    area.equal("model outputs", [(m.model_id, m.step) for m in run.outputs.model_outputs], [(model_id, 3)])


def check_active_model(area):
    with mlflow.start_run():
        mlflow.set_active_model(name="active")
        mlflow.log_metric("m", 1.5)
        area.true("active model", mlflow.get_active_model_id() is not None)
    mlflow.clear_active_model()


def check_sklearn(area, client, experiment_id):
    from sklearn.linear_model import LinearRegression

    features, target = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    model = LinearRegression().fit(features, target)
    with mlflow.start_run() as run:
        if VERSION >= (3, 0):
            info = mlflow.sklearn.log_model(model, name="line", params={"kind": "line"})
        else:
            info = mlflow.sklearn.log_model(model, "line")
    loaded = mlflow.sklearn.load_model(info.model_uri)
    area.equal("a loaded model predicts", [round(float(v), 6) for v in loaded.predict([[3.0]])], [7.0])
    if has("pandas"):
        predicted = mlflow.pyfunc.load_model(info.model_uri).predict(features)
        area.equal("as a function", [round(float(v), 6) for v in predicted], target)
    if VERSION >= (3, 0):
        area.equal(
            "the model knows its run", mlflow.get_logged_model(info.model_id).source_run_id, run.info.run_id
        )
        outputs = client.get_run(run.info.run_id).outputs.model_outputs
        area.equal("the run knows its model", [o.model_id for o in outputs], [info.model_id])
        by_run = mlflow.sklearn.load_model("runs:/%s/line" % run.info.run_id)
        area.equal("found by the run", round(float(by_run.predict([[4.0]])[0]), 6), 9.0)
    else:
        paths = {f.path for f in client.list_artifacts(run.info.run_id, "line")}
        area.true("the model's files", "line/MLmodel" in paths)
        tags = client.get_run(run.info.run_id).data.tags
        area.true("the run's history of models", '"line"' in tags["mlflow.log-model.history"])


def check_autolog(area, client):
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=50).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    data = client.get_run(run.info.run_id).data
    area.equal("autologged param", data.params["max_iter"], "50")
    area.true(
        "autologged metric", "training_accuracy_score" in data.metrics or "training_score" in data.metrics
    )


def main():
    area = Area("models")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    if VERSION >= (3, 0):
        model_id = check_logged_models(area, client, experiment_id)
        check_links(area, client, experiment_id, model_id)
        check_active_model(area)
    else:
        area.leave_out("logged models")
    if has("sklearn", "pandas"):
        check_sklearn(area, client, experiment_id)
        check_autolog(area, client)
    else:
        area.leave_out("scikit-learn")
        run_id = client.create_run(experiment_id).info.run_id
        client.log_dict(run_id, {"flavors": {}}, "model/MLmodel")
        area.equal(
            "a model's file", [f.path for f in client.list_artifacts(run_id, "model")], ["model/MLmodel"]
        )
    area.finish()


if __name__ == "__main__":
    main()
