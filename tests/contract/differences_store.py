"""Differences of what is stored and how it is kept: experiments, runs, inputs, logged models."""

from typing import Any

from wire.edits import chain, keep_latest, put_nan_last, set_at, value_of
from wire.golden import FOLLOWS, MISSING_RUN, MISTAKE, MODEL_METRICS, Difference, Table, refused
from wire.normalise import spell

TABLE = Table()

_ODD_ID = "400: the id is wrong, not the thing missing."
TABLE.add(
    "experiment_life",
    refused("400 `RESOURCE_ALREADY_EXISTS`, as when it is created.", 400, "RESOURCE_ALREADY_EXISTS"),
    "rename onto another",
)
TABLE.add("experiment_life", refused(MISTAKE, 400, "INVALID_STATE"), "rename deleted")
TABLE.add("experiment_mistakes", refused(MISTAKE), "get huge id")
TABLE.add("experiment_mistakes", refused(_ODD_ID), "get negative id")
TABLE.add(
    "experiment_mistakes",
    refused("400: a location names a place, and nothing outside the root that it begins with."),
    "create with query in location",
    "create with climbing location",
)
TABLE.add(
    "experiment_delete_cascade",
    Difference(
        reason="The run stays deleted: what was thrown away by itself does not come back with something else.",
        edit=set_at("run.info.lifecycle_stage", "deleted"),
    ),
    "run b",
)
_BLANK = "400: it counts as missing."
TABLE.add("store_first_experiment", refused(_BLANK), "blank name")


def _drop_blank(body: Any) -> Any:
    return {"experiments": [each for each in body["experiments"] if each["name"].strip()]}


TABLE.add(
    "store_first_experiment",
    Difference(reason=FOLLOWS, edit=_drop_blank),
    "search after",
    "search at the end",
)

_LAST = "The last value holds, as in `runs/log-batch`."
_TWICE = {
    "info": {
        "run_id": "<id>",
        "run_uuid": "<id>",
        "run_name": "twice",
        "experiment_id": "{exp}",
        "user_id": "",
        "status": "RUNNING",
        "start_time": 0,
        "artifact_uri": "mlflow-artifacts:/{exp}/<id>/artifacts",
        "lifecycle_stage": "active",
    },
    "data": {"tags": [{"key": "k", "value": "2"}, {"key": "mlflow.runName", "value": "twice"}]},
}
TABLE.add("run_create", Difference(reason=_LAST, status=200, body={"run": _TWICE}), "tag twice")
TABLE.add(
    "run_create",
    Difference(
        reason="Cut to 8,000 characters, as by all other calls that set tags.",
        edit=set_at("run.data.tags.0.value", f"{'v' * 40}...8000 characters...{'v' * 40}"),
    ),
    "long tag",
)
_ZERO = "Kept and answered: 0 is a time like any other."
TABLE.add("run_update", Difference(reason=_ZERO, edit=set_at("run_info.end_time", 0)), "end time zero")
TABLE.add("run_update", Difference(reason=_ZERO, edit=set_at("run.info.end_time", 0)), "read end time zero")
TABLE.add("run_deleted", refused(MISSING_RUN), "delete by run_uuid")
TABLE.add("run_deleted", refused(_ODD_ID), "get odd id")

_NAN = "NaN follows all numbers, as in a search, and is the latest of such points: it shows that something went wrong."
TABLE.add("log_metric_special", Difference(reason=_NAN, edit=put_nan_last), "history of the mix")
TABLE.add("log_metric_special", Difference(reason=_NAN, edit=value_of(mix="NaN")), "latest of the mix")
TABLE.add("history_of_one_run", Difference(reason=_NAN, edit=put_nan_last), "order is time, step, value")
TABLE.add("history_of_many_runs", Difference(reason=_NAN, edit=put_nan_last), "special values")
TABLE.add("history_sampled", Difference(reason=_NAN, edit=put_nan_last), "special values")
TABLE.add("history_of_many_runs", refused("400, as in all other calls."), "zero")


def _see_inputs(body: Any) -> Any:
    """Add the tags that MLflow drops, and drop the datasets without a name that MLflow keeps."""
    runs = [body["run"]] if "run" in body else body["runs"]
    for run in runs:
        if run["info"]["run_id"] != "{run}":
            continue
        inputs = [each for each in run["inputs"]["dataset_inputs"] if each["dataset"]["name"]]
        for each in inputs:
            if each["dataset"]["name"] == "train":
                each["tags"] = [
                    {"key": "mlflow.data.context", "value": "training"},
                    {"key": "more", "value": "1"},
                ]
        run["inputs"]["dataset_inputs"] = sorted(inputs, key=spell)
    return body


def _add_tagged(body: Any) -> Any:
    runs = [body["run"]] if "run" in body else body["runs"]
    made = {"name": "tagged", "digest": "d1", "source_type": "local", "source": '{"uri": "x"}'}
    for run in runs:
        if run["info"]["run_id"] == "{run}":
            inputs = [
                *run["inputs"]["dataset_inputs"],
                {"tags": [{"key": "k", "value": "2"}], "dataset": made},
            ]
            run["inputs"]["dataset_inputs"] = sorted(inputs, key=spell)
    return body


_TAGS = "New tags are added, so that nothing is lost; those that are there stay, as in MLflow."
TABLE.add("dataset_inputs", Difference(reason=_TAGS, edit=_see_inputs), "read again", "read bare")
TABLE.add("dataset_inputs", Difference(reason=_LAST, status=200, body={}), "tag twice")
_NAMELESS = "400: what has no name cannot be found again. MLflow's own schema requires it."
TABLE.add("dataset_inputs", refused(_NAMELESS), "without name", "without dataset")
TABLE.add(
    "dataset_inputs",
    Difference(reason=FOLLOWS, edit=chain(_see_inputs, _add_tagged)),
    "read at the end",
    "filter name",
    "filter names",
    "filter ilike",
    "filter differs",
    "filter in",
    "filter not in",
    "filter both",
)
TABLE.add(
    "search_datasets",
    Difference(reason="Not listed: the run is in the trash.", body={}),
    "of a deleted run",
)
_SUMMARY = {"experiment_id": "{other}", "name": "a", "digest": "9", "context": "training"}
TABLE.add(
    "search_datasets",
    Difference(
        reason="Served there as well; MLflow's route lacks a slash.",
        status=200,
        kind="json",
        body={"dataset_summaries": [_SUMMARY]},
    ),
    "below api",
)

_OUTPUT = "Sending it again changes nothing; another step is another output."
TABLE.add(
    "model_inputs_and_outputs",
    Difference(reason=_OUTPUT, status=200, body={}),
    "output again",
    "output at another step",
    "step as text",
)
TABLE.add(
    "model_inputs_and_outputs",
    refused(_NAMELESS),
    "output without step",
    "output without model",
)


def _outputs(*steps: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"model_id": model, "step": step} for model, step in steps]


_FOUR = _outputs(("{model2}", -1), ("{model2}", 9), ("{model}", 3), ("{model}", 4))
_FIVE = [*_outputs(("<model id>", 1)), *_FOUR]
TABLE.add(
    "model_inputs_and_outputs",
    Difference(reason=_OUTPUT, edit=set_at("run.outputs.model_outputs", _FOUR)),
    "read again",
)
TABLE.add(
    "model_inputs_and_outputs",
    Difference(reason=_OUTPUT, edit=set_at("run.outputs.model_outputs", _FIVE)),
    "read at the end",
)
_THREE = [{"model_id": "<model id>"}, {"model_id": "{model2}"}, {"model_id": "{model}"}]
TABLE.add(
    "model_inputs_and_outputs",
    Difference(
        reason="The run shows its model inputs, as it does when it is read by itself.",
        edit=chain(
            set_at("runs.0.outputs.model_outputs", _FIVE), set_at("runs.0.inputs.model_inputs", _THREE)
        ),
    ),
    "search shows them",
)

_PATH = "The model is the one in the path; the body need not repeat it."


def _same_model(status: str) -> dict[str, Any]:
    info = {
        "model_id": "{same}",
        "experiment_id": "{exp}",
        "name": "net",
        "creation_timestamp_ms": "<now>",
        "last_updated_timestamp_ms": "<now>",
        "artifact_uri": "mlflow-artifacts:/{exp}/models/{same}/artifacts",
        "status": status,
        "model_type": "",
        "source_run_id": "",
    }
    return {"model": {"info": info}}


_READY = _same_model("LOGGED_MODEL_READY")
TABLE.add("logged_model_life", Difference(reason=_PATH, status=200, body=_READY), "without model_id")
TABLE.add("logged_model_life", Difference(reason=_PATH, body=_READY), "two models")
TABLE.add(
    "logged_model_life",
    Difference(reason=_PATH, edit=set_at("model.info.status", "LOGGED_MODEL_PENDING")),
    "which of the two",
)
TABLE.add(
    "logged_model_mistakes",
    refused("400: keys have at most 250 characters, as those of runs, and values at most 65,535."),
    "long param key",
)
_AGAIN = "200, nothing changes: as with a run's param."
TABLE.add("logged_model_values", Difference(reason=_AGAIN, status=200, body={}), "same param again")
TABLE.add("logged_model_values", Difference(reason=_PATH, status=200, body={}), "params without model_id")
TABLE.add(
    "logged_model_values",
    Difference(reason="Deleted: what can be set can be taken away.", status=200, kind="json", body={}),
    "delete tag with slash",
)


def _see_values(body: Any) -> Any:
    params = [each for each in body["model"]["data"]["params"] if each["key"] != "nump"]
    body["model"]["data"]["params"] = sorted([*params, {"key": "x", "value": "1"}], key=spell)
    tags = body["model"]["info"]["tags"]
    body["model"]["info"]["tags"] = [each for each in tags if each["key"] != "numt"]
    return body


def _see_metrics(body: Any) -> Any:
    body["model"]["data"]["metrics"] = keep_latest(body["model"]["data"]["metrics"])
    tags = body["model"]["info"]["tags"]
    body["model"]["info"]["tags"] = [each for each in tags if each["key"] != "b/c"]
    return body


TABLE.add(
    "logged_model_values",
    Difference(reason=FOLLOWS, edit=_see_values),
    "read",
)
TABLE.add(
    "logged_model_values",
    Difference(
        reason=MODEL_METRICS,
        edit=chain(_see_values, _see_metrics),
    ),
    "the model has metrics",
)
