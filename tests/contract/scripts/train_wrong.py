"""Mistakes: what is raised, with which code, and what the runs look like afterwards."""

import json
from contextlib import suppress

import mlflow
from mlflow.exceptions import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, MlflowException
from mlflow.tracking import MlflowClient

seen = {}
client = MlflowClient()
experiment_id = client.create_experiment("wrong")
mlflow.set_experiment("wrong")


def code_of(call: object, *arguments: object, **options: object) -> str:
    """Return the code of the error that a call raises."""
    try:
        call(*arguments, **options)
    except MlflowException as error:
        return f"{error.error_code} {error.get_http_status_code()} {json.loads(error.serialize_as_json())['error_code']}"
    except Exception as error:  # noqa: BLE001 - whatever it is
        return type(error).__name__
    return "none"


def fail() -> None:
    """Fail within a run."""
    with mlflow.start_run(run_name="failed"):
        mlflow.log_param("kept", 1)
        raise RuntimeError("on purpose")


with suppress(RuntimeError):
    fail()
mlflow.start_run(run_name="killed")
mlflow.end_run("KILLED")
with mlflow.start_run(run_name="conflict") as run:
    mlflow.log_param("p", 1)
    seen["same param"] = code_of(mlflow.log_param, "p", 1)
    seen["other param"] = code_of(mlflow.log_param, "p", 2)
    seen["no number"] = code_of(mlflow.log_metric, "m", "many")
    seen["none"] = code_of(mlflow.log_metric, "m", None)
    seen["second run"] = code_of(mlflow.start_run) in {"Exception", "INVALID_STATE 400 INVALID_STATE"}
    seen["no tag"] = code_of(mlflow.delete_tag, "never set")
    seen["way out"] = code_of(mlflow.log_text, "x", "../out.txt") != "none"
run_id = run.info.run_id
seen["unknown run"] = code_of(mlflow.get_run, "0" * 32)
seen["unknown experiment"] = code_of(mlflow.get_experiment, "4711")
seen["taken"] = code_of(mlflow.create_experiment, "wrong")
seen["filter"] = code_of(client.search_runs, [experiment_id], "bad ~ filter")
seen["order"] = code_of(client.search_runs, [experiment_id], "", order_by=["nothing sideways"])
seen["too few"] = code_of(client.search_runs, [experiment_id], max_results=0)
seen["both"] = code_of(mlflow.search_runs, ["0"], experiment_names=["wrong"])
seen["no artifact"] = code_of(client.download_artifacts, run_id, "nothing/here")
seen["no model"] = code_of(client.get_logged_model, "m-none")
seen["no file"] = code_of(mlflow.log_artifact, "no-such-file", run_id=run_id)
seen["neither"] = code_of(mlflow.set_experiment)
client.delete_experiment(experiment_id)
seen["deleted"] = code_of(mlflow.set_experiment, "wrong")
seen["deleted run"] = code_of(mlflow.start_run, run_id=run_id) != "none"
client.restore_experiment(experiment_id)
client.delete_run(run_id)
seen["resume deleted"] = code_of(mlflow.start_run, run_id=run_id) != "none"
client.restore_run(run_id)
error = MlflowException("text", error_code=RESOURCE_DOES_NOT_EXIST)
seen["made"] = [
    error.error_code,
    error.message,
    str(error),
    MlflowException("x", 4711).error_code,
    INVALID_PARAMETER_VALUE,
]
seen["states"] = {
    each.info.run_name: [each.info.status, each.data.params] for each in client.search_runs([experiment_id])
}

with open("seen.json", "w", encoding="utf-8") as file:  # noqa: PTH123 - as users write it
    json.dump(seen, file)
