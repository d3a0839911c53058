"""Rules of the wire that hold for all calls: content type, spelling, numbers as text, unknown fields, wrong types."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, delete, get, patch, post, see_run

_JSON = '{"experiment_id":"%exp%","key":"k","value":"v"}'
_SET = "experiments/set-experiment-tag"


def _typed(name: str, content_type: str, raw: str | bytes = _JSON) -> Step:
    return post(name, _SET, raw=raw, headers={"Content-Type": content_type})


CONTENT = Scenario(
    name="wire_content",
    steps=(
        create_experiment(),
        _typed("json", "application/json"),
        _typed("json with charset", "application/json; charset=utf-8"),
        _typed("json in capitals", "Application/JSON"),
        _typed("none", ""),
        _typed("text", "text/plain"),
        _typed("form", "application/x-www-form-urlencoded"),
        _typed("other json", "application/merge-patch+json"),
        post("no body", "experiments/create", raw=b"", headers={"Content-Type": "application/json"}),
        _typed("no JSON", "application/json", "this is no json"),
        _typed("half a JSON", "application/json", '{"experiment_id":"%exp%","key":'),
        _typed("a list", "application/json", "[]"),
        _typed("a number", "application/json", "5"),
        _typed("null", "application/json", "null"),
        _typed(
            "JSON twice",
            "application/json",
            '"{\\"experiment_id\\":\\"%exp%\\",\\"key\\":\\"twice\\",\\"value\\":\\"v\\"}"',
        ),
        _typed("bytes that are no text", "application/json", b'{"experiment_id":"\xff\xfe"}'),
        _typed(
            "repeated key",
            "application/json",
            '{"experiment_id":"%exp%","key":"rep","value":"a","value":"b"}',
        ),
        _typed(
            "byte order mark", "application/json", '\ufeff{"experiment_id":"%exp%","key":"bom","value":"v"}'
        ),
        _typed("trailing comma", "application/json", '{"experiment_id":"%exp%","key":"comma","value":"v",}'),
        _typed(
            "escaped surrogate pair",
            "application/json",
            '{"experiment_id":"%exp%","key":"pair","value":"\\ud83d\\ude00"}',
        ),
        _typed(
            "zero character", "application/json", '{"experiment_id":"%exp%","key":"zero","value":"a\\u0000b"}'
        ),
        get("read", "experiments/get", {"experiment_id": "{exp}"}),
        post("query string at POST", _SET, query=(("experiment_id", "{exp}"), ("key", "q"), ("value", "v"))),
        get("body at GET", "experiments/get", body={"experiment_id": "{exp}"}),
        get("both at GET", "experiments/get", {"experiment_id": "{exp}"}, body={"experiment_id": "99999999"}),
        get(
            "key twice at GET", "experiments/get", (("experiment_id", "99999999"), ("experiment_id", "{exp}"))
        ),
        delete("query at DELETE", "logged-models/m-x/tags/k", query=(("model_id", "m-x"),)),
        patch(
            "PATCH without type",
            "logged-models/m-0/tags",
            raw=b'{"tags":[{"key":"a","value":"b"}]}',
            headers={"Content-Type": ""},
        ),
    ),
)

SPELLING = Scenario(
    name="wire_spelling",
    steps=(
        create_experiment(),
        create_run(),
        post("camelCase", _SET, {"experimentId": "{exp}", "key": "camel", "value": "v"}),
        post(
            "both spellings",
            _SET,
            {"experimentId": "{exp}", "experiment_id": "{exp}", "key": "both", "value": "v"},
        ),
        post(
            "camelCase run",
            "runs/create",
            {"experimentId": "{exp}", "runName": "camel", "startTime": 7, "userId": "u"},
        ),
        post(
            "camelCase metric",
            "runs/log-metric",
            {
                "runId": "{run}",
                "key": "camel",
                "value": 1,
                "timestamp": 2,
                "modelId": "",
                "datasetName": "n",
                "datasetDigest": "d",
            },
        ),
        post(
            "camelCase batch",
            "runs/log-batch",
            {
                "runId": "{run}",
                "metrics": [
                    {"key": "nested", "value": 1, "timestamp": 2, "datasetName": "n", "datasetDigest": "d"}
                ],
            },
        ),
        post(
            "camelCase inputs",
            "runs/log-inputs",
            {
                "runId": "{run}",
                "datasets": [{"dataset": {"name": "d", "digest": "1", "sourceType": "local", "source": "x"}}],
            },
        ),
        post(
            "camelCase search",
            "runs/search",
            {
                "experimentIds": ["{exp}"],
                "maxResults": 1,
                "orderBy": ["attributes.start_time"],
                "runViewType": "ALL",
            },
        ),
        post(
            "camelCase model",
            "logged-models",
            {"experimentId": "{exp}", "name": "net", "modelType": "t", "sourceRunId": "{run}"},
        ),
        post(
            "snake_case model",
            "logged-models",
            {"experiment_id": "{exp}", "name": "net", "model_type": "t", "source_run_id": "{run}"},
            save={"model": "model.info.model_id"},
        ),
        patch(
            "camelCase finalise",
            "logged-models/{model}",
            {"modelId": "{model}", "status": "LOGGED_MODEL_READY"},
        ),
        get("camelCase at GET", "experiments/get", {"experimentId": "{exp}"}),
        see_run("read the run"),
        post("unknown field", _SET, {"experiment_id": "{exp}", "key": "more", "value": "v", "colour": "red"}),
        post(
            "unknown nested field",
            "runs/log-batch",
            {"run_id": "{run}", "tags": [{"key": "t", "value": "v", "colour": "red"}]},
        ),
        post("unknown object", _SET, {"experiment_id": "{exp}", "key": "obj", "value": "v", "x": {"y": [1]}}),
        get("unknown query field", "experiments/get", {"experiment_id": "{exp}", "colour": "red"}),
        post("other case", _SET, {"Experiment_Id": "{exp}", "key": "case", "value": "v"}),
        get("read the experiment", "experiments/get", {"experiment_id": "{exp}"}),
    ),
)


def _batch(name: str, **body: Any) -> Step:
    return post(name, "runs/log-batch", {"run_id": "{run}", **body})


_METRIC = {"key": "m", "value": 1, "timestamp": 1}

TYPES = Scenario(
    name="wire_types",
    steps=(
        create_experiment(),
        create_run(),
        _batch(
            "number among params",
            params=[{"key": "a", "value": "1"}, {"key": "x", "value": 5}, {"key": "z", "value": "1"}],
            tags=[{"key": "t", "value": "v"}],
        ),
        see_run("what is stored of the params"),
        _batch(
            "word as nested metric",
            metrics=[{**_METRIC, "key": "before"}, {**_METRIC, "value": "high"}, {**_METRIC, "key": "after"}],
        ),
        _batch("word as nested time", metrics=[{**_METRIC, "key": "wt", "timestamp": "now"}]),
        _batch("fraction as nested step", metrics=[{**_METRIC, "key": "fs", "step": 0.5}]),
        _batch("true as nested value", metrics=[{**_METRIC, "key": "tv", "value": True}]),
        _batch("null as nested value", params=[{"key": "nv", "value": None}]),
        _batch("null among params", params=[{"key": "na", "value": "1"}, None]),
        _batch("null for a list", params=None, tags=[{"key": "nl", "value": "v"}]),
        _batch("number among tags", tags=[{"key": "n1", "value": "v"}, {"key": "n2", "value": 1}]),
        _batch("number as nested key", tags=[{"key": 5, "value": "v"}]),
        see_run("what is stored of the rest"),
        post(
            "bare NaN in a batch",
            "runs/log-batch",
            raw='{"run_id":"%run%","metrics":[{"key":"bn","value":NaN,"timestamp":7,"step":3},'
            '{"key":"next","value":2,"timestamp":7,"step":3}]}',
        ),
        post(
            "bare infinity in a batch",
            "runs/log-batch",
            raw='{"run_id":"%run%","metrics":[{"key":"bi","value":-Infinity,"timestamp":7,"step":3}]}',
        ),
        post(
            "1e400 in a batch",
            "runs/log-batch",
            raw='{"run_id":"%run%","metrics":[{"key":"be","value":1e400,"timestamp":7,"step":3}]}',
        ),
        post(
            "time of 20 digits",
            "runs/log-batch",
            raw='{"run_id":"%run%","metrics":[{"key":"bt","value":1,"timestamp":99999999999999999999}]}',
        ),
        see_run("what is stored of the bare ones"),
        post(
            "wrong type in create",
            "experiments/create",
            {"name": "{unique} x", "tags": [{"key": "k", "value": 1}]},
        ),
        get("was it made", "experiments/get-by-name", {"experiment_name": "{unique} x"}),
        post(
            "wrong type in create run",
            "runs/create",
            {"experiment_id": "{exp}", "run_name": "w", "start_time": 1, "tags": [{"key": "k", "value": 1}]},
        ),
        post(
            "wrong type in inputs",
            "runs/log-inputs",
            {"run_id": "{run}", "datasets": [{"dataset": {"name": "d", "digest": 5}}]},
        ),
        post(
            "wrong type in outputs",
            "runs/outputs",
            {"run_id": "{run}", "models": [{"model_id": "m-1", "step": "x"}]},
        ),
        post(
            "wrong type in model",
            "logged-models",
            {"experiment_id": "{exp}", "name": "wrong", "tags": [{"key": "k", "value": 1}]},
        ),
        post("boolean for text", "experiments/create", {"name": True}),
        post("text for object", "runs/log-inputs", {"run_id": "{run}", "datasets": [{"dataset": "d"}]}),
        post("search with number among ids", "runs/search", {"experiment_ids": ["{exp}", 5]}),
        post("search with null among ids", "runs/search", {"experiment_ids": ["{exp}", None]}),
        see_run("read at the end"),
    ),
)

ALL = (CONTENT, SPELLING, TYPES)
