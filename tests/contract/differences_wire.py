"""Differences of the wire itself: types, errors, routes, headers, artifacts as bytes."""

from importlib.metadata import version
from typing import Any

from wire.edits import chain, hold, set_at, without_metric
from wire.golden import FOLLOWS, MISSING_RUN, MISTAKE, Difference, Table, ranged, refused

TABLE = Table()

_JSON = "The same status with JSON and an `error_code`, so that every client can read it."
_SLASHES = "404, below `mlflow-artifacts` 400: a path is what it says, it is neither tidied nor redirected."
TABLE.add("operations", refused(_JSON, 405, "BAD_REQUEST"), "post to health")
TABLE.add(
    "routes",
    refused(_JSON, 404, "ENDPOINT_NOT_FOUND"),
    "unknown call",
    "unknown call by POST",
    "call of a later version",
    "unknown path outside",
    "api root",
    "wrong case",
    "trailing slash",
)
TABLE.add(
    "routes",
    refused(_SLASHES, 404, "ENDPOINT_NOT_FOUND"),
    "double slash",
)
TABLE.add(
    "routes",
    refused(_JSON, 405, "BAD_REQUEST"),
    "wrong verb GET",
    "wrong verb POST",
    "wrong verb DELETE",
    "wrong verb PATCH",
)
TABLE.add(
    "routes",
    refused(
        "400: there are no workspaces, use names such as `team/project/experiment`. What was meant for one workspace "
        "does not land elsewhere."
    ),
    "workspace header",
    "default workspace header",
)
_VERSION = "headrace's own version. MLflow's clients ask for it only before they send spans, which are not served yet."
TABLE.add("operations", Difference(reason=_VERSION, body=version("headrace")), "version")
TABLE.add(
    "operations",
    Difference(
        reason="`gateway` and both `presigned_upload_*_supported` are false: the server says what it offers.",
        edit=chain(
            set_at("features_enabled", {"gateway": False}),
            set_at("presigned_upload_run_id_supported", False),
            set_at("presigned_upload_model_id_supported", False),
        ),
    ),
    "server info",
)

_TYPE = refused(
    "400 that names the place, as in `$.params[1].value`, and nothing of the request is stored. Numbers may be sent as text."
)
TABLE.add("experiments_search_orders", _TYPE, "numbers in the list")
TABLE.add("run_create", _TYPE, "start as fraction", "start beyond 64 bits", "number as user")
TABLE.add("log_metric", _TYPE, "true as value", "list as value", "fraction as step", "step beyond 64 bits")
TABLE.add(
    "log_metric",
    Difference(reason=FOLLOWS, edit=without_metric("bool")),
    "read at the end",
)
TABLE.add("log_batch_refused", _TYPE, "metrics of numbers", "tags of text")
TABLE.add("models_search_orders", _TYPE, "word for ascending")
TABLE.add("history_of_one_run", _TYPE, "word as page")
TABLE.add("history_of_many_runs", _TYPE, "word as max_results")
TABLE.add("runs_search_views", _TYPE, "number as experiment")
TABLE.add("runs_search_pages", _TYPE, "number as token")
TABLE.add("dataset_inputs", _TYPE, "number as name", "dataset as text", "text for an item")
TABLE.add("model_inputs_and_outputs", _TYPE, "number as model")
TABLE.add("logged_model_mistakes", _TYPE, "number as param")
TABLE.add("logged_model_values", _TYPE, "number as param", "number as tag")
TABLE.add(
    "wire_types",
    _TYPE,
    "number among params",
    "word as nested metric",
    "word as nested time",
    "fraction as nested step",
    "true as nested value",
    "null among params",
    "number among tags",
    "time of 20 digits",
    "wrong type in create",
    "wrong type in create run",
    "wrong type in inputs",
    "wrong type in outputs",
    "wrong type in model",
    "text for object",
    "search with number among ids",
    "search with null among ids",
)
TABLE.add(
    "wire_types",
    Difference(
        reason="The same as leaving it out, as for any other field.", status=200, kind="json", body={}
    ),
    "null for a list",
)

_DEFAULT = "A list that is not given is empty."
TABLE.add("model_inputs_and_outputs", Difference(reason=_DEFAULT, status=200, body={}), "outputs missing")

_NAMED = {"key": "mlflow.runName", "value": "run"}
_TAGS = [_NAMED, {"key": "nl", "value": "v"}]
_PARAMS = [{"key": "nv", "value": ""}]
_BARE: list[dict[str, Any]] = [
    {"key": "bi", "value": "-Infinity", "timestamp": 7, "step": 3},
    {"key": "bn", "value": "NaN", "timestamp": 7, "step": 3},
    {"key": "next", "value": 2, "timestamp": 7, "step": 3},
]
TABLE.add("wire_types", Difference(reason=FOLLOWS, edit=hold(tags=[_NAMED])), "what is stored of the params")
TABLE.add(
    "wire_types",
    Difference(reason=FOLLOWS, edit=hold(tags=_TAGS, params=_PARAMS)),
    "what is stored of the rest",
)
TABLE.add(
    "wire_types",
    Difference(reason=FOLLOWS, edit=hold(tags=_TAGS, params=_PARAMS, metrics=_BARE)),
    "what is stored of the bare ones",
    "read at the end",
)
TABLE.add("wire_types", refused(FOLLOWS, 404, "RESOURCE_DOES_NOT_EXIST"), "was it made")

_RANGE = refused('400: it is no 64-bit float. For an infinity send `"Infinity"`.')
TABLE.add("log_metric_special", _RANGE, "1e400")
TABLE.add("wire_types", _RANGE, "1e400 in a batch")
_TEXT = refused(
    "400: a number sent as text is spelled as JSON spells numbers, or `NaN`, `Infinity`, `inf`, so that any language can "
    "send and read it."
)
TABLE.add("log_metric_special", _TEXT, "plus infinity", "text with blanks", "underscores")


def _point(key: str, value: Any, timestamp: int = 10, step: int = 1) -> dict[str, Any]:
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


TABLE.add(
    "log_metric_special",
    Difference(
        reason="Value, time and step are stored as they were sent: a loss that diverged does not read as a perfect one.",
        edit=hold(
            tags=[_NAMED],
            metrics=[
                _point("bare inf", "Infinity", 3, 2),
                _point("bare nan", "NaN", 3, 2),
                _point("bare ninf", "-Infinity", 3, 2),
                _point("exp", 1000),
                _point("inf", "Infinity"),
                _point("inf2", "Infinity"),
                _point("mix", "NaN", 10, 5),
                _point("nan", "NaN"),
                _point("nan2", "NaN"),
                _point("ninf", "-Infinity"),
            ],
        ),
    ),
    "read at the end",
)

_ENUM = refused("400: a typing error does not look like success.")
TABLE.add("experiments_search_views", _ENUM, "unknown view")
TABLE.add("runs_search_views", _ENUM, "unknown")
TABLE.add("run_update", _ENUM, "status in lower case", "unknown status")
TABLE.add("logged_model_life", _ENUM, "unknown status", "status zero")

TABLE.add("wire_content", refused(MISTAKE), "a list", "a number")
TABLE.add(
    "wire_content",
    Difference(reason="Accepted: media types are the same in any case.", status=200, body={}),
    "json in capitals",
)
TABLE.add("wire_content", refused("400 on every database: PostgreSQL cannot store it."), "zero character")


def _drop_zero(body: Any) -> Any:
    tags = body["experiment"]["tags"]
    body["experiment"]["tags"] = [tag for tag in tags if tag["key"] != "zero"]
    return body


TABLE.add(
    "wire_content",
    Difference(reason=FOLLOWS, edit=_drop_zero),
    "read",
    "body at GET",
    "both at GET",
)

_CAMEL = "Both spellings are accepted everywhere, query strings and required fields included."
_ACCEPTED = Difference(reason=_CAMEL, status=200, body={})
TABLE.add("wire_spelling", _ACCEPTED, "camelCase", "camelCase metric", "camelCase batch", "camelCase inputs")


def _add_camel_tag(body: Any) -> Any:
    body["experiment"]["tags"].insert(0, {"key": "camel", "value": "v"})
    return body


TABLE.add(
    "wire_spelling",
    Difference(reason=_CAMEL, edit=_add_camel_tag),
    "unknown query field",
    "read the experiment",
)


def _see_camels(body: Any) -> Any:
    body["run"]["data"]["metrics"] = [_point("camel", 1, 2, 0), _point("nested", 1, 2, 0)]
    made = {"name": "d", "digest": "1", "source_type": "local", "source": "x"}
    body["run"]["inputs"] = {"dataset_inputs": [{"dataset": made}]}
    return body


TABLE.add("wire_spelling", Difference(reason=_CAMEL, edit=_see_camels), "read the run")
_EXPERIMENT = {
    "experiment_id": "{exp}",
    "name": "{unique}",
    "artifact_location": "mlflow-artifacts:/{exp}",
    "lifecycle_stage": "active",
    "last_update_time": "<now>",
    "creation_time": "<now>",
    "tags": [{"key": "camel", "value": "v"}],
    "workspace": "default",
}
TABLE.add(
    "wire_spelling",
    Difference(reason=_CAMEL, status=200, body={"experiment": _EXPERIMENT}),
    "camelCase at GET",
)
_MODEL = {
    "model_id": "<model id>",
    "experiment_id": "{exp}",
    "name": "net",
    "creation_timestamp_ms": "<now>",
    "last_updated_timestamp_ms": "<now>",
    "artifact_uri": "mlflow-artifacts:/{exp}/models/<model id>/artifacts",
    "status": "LOGGED_MODEL_PENDING",
    "model_type": "t",
    "source_run_id": "{run}",
}
TABLE.add(
    "wire_spelling",
    Difference(reason=_CAMEL, status=200, body={"model": {"info": _MODEL}}),
    "camelCase model",
)
_READY = {
    **_MODEL,
    "model_id": "{model}",
    "artifact_uri": "mlflow-artifacts:/{exp}/models/{model}/artifacts",
    "status": "LOGGED_MODEL_READY",
}
TABLE.add(
    "wire_spelling",
    Difference(reason=_CAMEL, status=200, body={"model": {"info": _READY}}),
    "camelCase finalise",
)

_SIZE = "`file_size` is 0: an empty file has a size."
TABLE.add(
    "artifacts_list",
    Difference(reason=_SIZE, edit=set_at("files.3.file_size", 0)),
    "root",
    "by run_uuid",
    "empty path",
    "with page token",
)
TABLE.add(
    "proxy_files", Difference(reason=_SIZE, edit=set_at("files.2.file_size", 0)), "list", "list with slash"
)
TABLE.add("proxy_files", Difference(reason=_SIZE, edit=set_at("files.0.file_size", 0)), "list at the end")
TABLE.add("proxy_files", refused(_JSON), "get a folder", "put with a trailing slash")
TABLE.add(
    "proxy_files",
    refused(MISTAKE),
    "put onto a folder",
    "put below a file",
)
TABLE.add("artifacts_get", refused(_JSON), "without path")
TABLE.add("artifacts_get", refused(MISSING_RUN), "without run")
TABLE.add(
    "artifacts_get",
    Difference(
        reason="Sent in that form and, as `filename*=UTF-8''...`, in the one that every browser reads.",
        headers={
            "content-disposition": 'attachment; filename="quote\\".txt"; filename*=UTF-8\'\'quote%22.txt'
        },
    ),
    "quote in the name",
)

_RFC = "As RFC 9110 has it: what is no byte range is ignored, a range longer than the file is the file, 416 has no page as body."
_SIXTEEN = "0123456789abcdef"
TABLE.add("artifacts_get_ranges", ranged(_RFC, "", None, 16), "after the end")
TABLE.add("artifacts_get_ranges", ranged(_RFC, _SIXTEEN, "bytes 0-15/16", 16), "more than all")
TABLE.add(
    "artifacts_get_ranges", ranged(_RFC, _SIXTEEN, None, 16), "backwards", "no unit", "other unit", "words"
)
TABLE.add("proxy_ranges", ranged(_RFC, "", None, 10), "after the end")
TABLE.add("proxy_ranges", ranged(_RFC, "0123456789", None, 10), "other unit")

_BACKSLASH = refused("400: a backslash separates names on some systems, so it does in no key.")
TABLE.add(
    "proxy_paths",
    _BACKSLASH,
    "get encoded backslash",
    "put encoded backslash",
    "delete encoded backslash",
    "list backslash",
)
TABLE.add(
    "proxy_paths",
    refused(_SLASHES),
    "delete absolute",
    "delete encoded absolute",
)
