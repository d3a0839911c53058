"""Models of scikit-learn: log_model, load_model and pyfunc back from the server, autolog, autolog of a grid search."""

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
from mlflow.tracking import MlflowClient
from peer import VERSION, Area
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV

FEATURES = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
CLASSES = np.array([0, 0, 0, 1, 1, 1])


def check_log_model(area: Area, client: MlflowClient) -> None:
    model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    # named requirements: without them mlflow starts a further process to find out
    options = {"pip_requirements": ["scikit-learn"]}
    with mlflow.start_run() as run:
        if VERSION >= (3, 0):
            info = mlflow.sklearn.log_model(model, name="line", params={"kind": "line"}, **options)
        else:
            info = mlflow.sklearn.log_model(model, "line", **options)
    loaded = mlflow.sklearn.load_model(info.model_uri)
    area.equal("a loaded model predicts", [round(float(v), 6) for v in loaded.predict([[3.0]])], [7.0])
    predicted = mlflow.pyfunc.load_model(info.model_uri).predict([[0.0], [4.0]])
    area.equal("as a function", [round(float(v), 6) for v in predicted], [1.0, 9.0])
    by_run = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/line")
    area.equal("found by the run", round(float(by_run.predict([[4.0]])[0]), 6), 9.0)
    if VERSION >= (3, 0):
        made = mlflow.get_logged_model(info.model_id)
        area.equal("the model knows its run", made.source_run_id, run.info.run_id)
        area.equal("its params", made.params["kind"], "line")
        outputs = client.get_run(run.info.run_id).outputs.model_outputs
        area.equal("the run knows its model", [o.model_id for o in outputs], [info.model_id])
    else:
        paths = {file.path for file in client.list_artifacts(run.info.run_id, "line")}
        area.true("the model's files", {"line/MLmodel", "line/requirements.txt"} <= paths)
        tags = client.get_run(run.info.run_id).data.tags
        area.true("the run's history of models", '"line"' in tags["mlflow.log-model.history"])


def check_autolog(area: Area, client: MlflowClient) -> None:
    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=50).fit(FEATURES, CLASSES)
    mlflow.sklearn.autolog(disable=True)
    run = client.get_run(run.info.run_id)
    area.equal("a param", run.data.params["max_iter"], "50")
    area.equal("a metric", run.data.metrics["training_accuracy_score"], 1.0)
    area.equal("the estimator", run.data.tags["estimator_name"], "LogisticRegression")
    loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    area.equal("the model", [int(v) for v in loaded.predict([[0.0], [5.0]])], [0, 1])
    if VERSION >= (2, 0):
        contexts = [i.tags[0].value for i in run.inputs.dataset_inputs]
        area.equal("the data", contexts, ["train"])
    else:
        area.leave_out("the data of autolog")


def check_grid_search(area: Area, client: MlflowClient) -> None:
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run() as run:
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=2).fit(FEATURES, CLASSES)
    mlflow.sklearn.autolog(disable=True)
    parent = client.get_run(run.info.run_id)
    area.true("the best param", parent.data.params["best_C"] in {"0.1", "1.0", "10.0"})
    children = client.search_runs(
        [parent.info.experiment_id],
        f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["params.C"],
    )
    area.equal(
        "a run for each candidate", [child.data.params["C"] for child in children], ["0.1", "1.0", "10.0"]
    )
    area.true("with its score", all("mean_test_score" in child.data.metrics for child in children))
    area.equal("each has ended", {child.info.status for child in children}, {"FINISHED"})
    paths = [file.path for file in client.list_artifacts(parent.info.run_id)]
    area.true("the results as a file", "cv_results.csv" in paths)


def main() -> None:
    area = Area("sklearn")
    client = MlflowClient()
    mlflow.set_experiment(area.unique)
    check_log_model(area, client)
    check_autolog(area, client)
    check_grid_search(area, client)
    area.finish()


if __name__ == "__main__":
    main()
