"""Single values of a run: log-metric, log-parameter, set-tag, delete-tag, and the legacy log-model."""

import json
from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, get, post, see_run


def _metric(name: str, says: tuple[str, ...] = (), **body: Any) -> Step:
    full = {"run_id": "{run}", "key": "m", "value": 1.5, "timestamp": 10, "step": 1, **body}
    return post(name, "runs/log-metric", {k: v for k, v in full.items() if v is not ...}, says=says)


def _param(name: str, key: Any = "p", value: Any = "1", says: tuple[str, ...] = ()) -> Step:
    full = {"run_id": "{run}", "key": key, "value": value}
    return post(name, "runs/log-parameter", {k: v for k, v in full.items() if v is not ...}, says=says)


def _tag(name: str, key: Any = "t", value: Any = "1", says: tuple[str, ...] = ()) -> Step:
    full = {"run_id": "{run}", "key": key, "value": value}
    return post(name, "runs/set-tag", {k: v for k, v in full.items() if v is not ...}, says=says)


METRICS = Scenario(
    name="log_metric",
    steps=(
        create_experiment(),
        create_run(),
        _metric("one"),
        _metric("the same again"),
        _metric("same step, other value", value=0.5),
        _metric("later step", step=2, value=0.25, timestamp=5),
        _metric("earlier step, later time", step=0, value=9, timestamp=500),
        see_run("latest is by step"),
        _metric("without step", key="no step", step=...),
        _metric("negative step", key="neg", step=-3),
        _metric("negative step again", key="neg", step=-7, timestamp=99),
        _metric("huge step", key="huge", step=2**53),
        _metric("numbers as text", key="text", value="2.5", timestamp="11", step="4"),
        _metric("integer", key="int", value=7),
        _metric("negative zero", key="zero", value=-0.0),
        _metric("smallest double", key="tiny", value=5e-324),
        _metric("largest double", key="large", value=1.7976931348623157e308),
        _metric("seventeen digits", key="digits", value=0.1 + 0.2),
        _metric("time zero", key="t0", timestamp=0),
        _metric("by run_uuid", key="uuid", run_id=..., run_uuid="{run}"),
        _metric("key with all characters", key="a/b.c-d_e f:1"),
        _metric("key in any script", key="läß/値"),
        _metric("longest key", key="k" * 250),
        see_run("read all"),
        get("history of m", "metrics/get-history", {"run_id": "{run}", "metric_key": "m"}),
        _metric("negative time", timestamp=-1),
        _metric("without key", key=...),
        _metric("empty key", key=""),
        _metric("null key", key=None),
        _metric("without value", value=...),
        _metric("null value", value=None),
        _metric("without time", timestamp=...),
        _metric("null time", timestamp=None),
        _metric("without run", run_id=...),
        _metric("unknown run", run_id="0" * 32, says=("0" * 32,)),
        _metric("too long key", key="k" * 251),
        _metric("bad key", key="a;b", says=("a;b",)),
        _metric("climbing key", key="a/../b"),
        _metric("absolute key", key="/a"),
        _metric("double slash", key="a//b"),
        _metric("trailing slash", key="a/"),
        _metric("dot key", key="."),
        _metric("number as key", key=5),
        _metric("word as value", value="high"),
        _metric("true as value", key="bool", value=True),
        _metric("list as value", value=[1]),
        _metric("word as step", step="first"),
        _metric("fraction as step", step=1.5),
        _metric("whole fraction as step", key="whole", step=3.0),
        _metric("null step", key="nullstep", step=None),
        _metric("step beyond 64 bits", step=2**63),
        _metric("word as time", timestamp="now"),
        _metric("number as run", run_id=5),
        see_run("read at the end"),
    ),
)

SPECIAL = Scenario(
    name="log_metric_special",
    steps=(
        create_experiment(),
        create_run(),
        _metric("NaN", key="nan", value="NaN"),
        _metric("infinity", key="inf", value="Infinity"),
        _metric("minus infinity", key="ninf", value="-Infinity"),
        see_run("read"),
        get("history of NaN", "metrics/get-history", {"run_id": "{run}", "metric_key": "nan"}),
        get("history of infinity", "metrics/get-history", {"run_id": "{run}", "metric_key": "inf"}),
        _metric("mixed 1", key="mix", value="NaN", step=5),
        _metric("mixed 2", key="mix", value=4.0, step=5),
        _metric("mixed 3", key="mix", value="-Infinity", step=5),
        get("history of the mix", "metrics/get-history", {"run_id": "{run}", "metric_key": "mix"}),
        see_run("latest of the mix"),
        _metric("other spelling of NaN", key="nan2", value="nan"),
        _metric("other spelling of infinity", key="inf2", value="inf"),
        _metric("plus infinity", key="inf3", value="+Infinity"),
        _metric("text with blanks", key="blanks", value=" 1.5 "),
        _metric("text with exponent", key="exp", value="1e3"),
        _metric("empty text", key="empty", value=""),
        _metric("hexadecimal text", key="hex", value="0x10"),
        _metric("underscores", key="under", value="1_000"),
        post(
            "bare NaN",
            "runs/log-metric",
            raw='{"run_id":"%run%","key":"bare nan","value":NaN,"timestamp":3,"step":2}',
        ),
        post(
            "bare infinity",
            "runs/log-metric",
            raw='{"run_id":"%run%","key":"bare inf","value":Infinity,"timestamp":3,"step":2}',
        ),
        post(
            "bare minus infinity",
            "runs/log-metric",
            raw='{"run_id":"%run%","key":"bare ninf","value":-Infinity,"timestamp":3,"step":2}',
        ),
        post(
            "1e400",
            "runs/log-metric",
            raw='{"run_id":"%run%","key":"e400","value":1e400,"timestamp":3,"step":2}',
        ),
        see_run("read at the end"),
    ),
)

PARAMS = Scenario(
    name="log_param",
    steps=(
        create_experiment(),
        create_run(),
        _param("one"),
        _param("the same again"),
        _param("another value", value="2", says=("p", "1", "2")),
        _param("empty value", key="empty", value=""),
        _param("without value", key="none", value=...),
        _param("null value", key="null", value=None),
        _param("any script", key="schlüssel/鍵", value="wért 値 🧪"),
        _param("lines", key="lines", value="a\nb\tc"),
        _param("longest value", key="long", value="v" * 6000),
        _param("too long value is cut", key="cut", value="v" * 6001),
        _param("too long value again", key="cut", value="v" * 6002),
        _param("longest key", key="k" * 250, value="x"),
        see_run("read"),
        post("by run_uuid", "runs/log-parameter", {"run_uuid": "{run}", "key": "uuid", "value": "1"}),
        _param("too long key", key="k" * 251),
        _param("bad key", key="a;b", says=("a;b",)),
        _param("climbing key", key="../a"),
        _param("empty key", key=""),
        _param("without key", key=...),
        _param("number as value", key="num", value=1),
        _param("true as value", key="bool", value=True),
        _param("object as value", key="obj", value={"a": 1}),
        _param("number as key", key=1),
        post("without run", "runs/log-parameter", {"key": "p", "value": "1"}),
        post("unknown run", "runs/log-parameter", {"run_id": "0" * 32, "key": "p", "value": "1"}),
        see_run("read at the end"),
    ),
)

TAGS = Scenario(
    name="run_tags",
    steps=(
        create_experiment(),
        create_run(),
        _tag("one"),
        _tag("overwrite", value="2"),
        _tag("empty value", key="empty", value=""),
        _tag("without value", key="none", value=...),
        _tag("longest value", key="long", value="v" * 8000),
        _tag("too long value is cut", key="cut", value="v" * 8001),
        _tag("lines", key="mlflow.note.content", value="a\nb"),
        see_run("read"),
        post("delete", "runs/delete-tag", {"run_id": "{run}", "key": "t"}),
        post("delete again", "runs/delete-tag", {"run_id": "{run}", "key": "t"}, says=("t",)),
        post("delete the name", "runs/delete-tag", {"run_id": "{run}", "key": "mlflow.runName"}),
        see_run("read after delete"),
        _tag("empty name", key="mlflow.runName", value=""),
        see_run("read empty name"),
        _tag("user", key="mlflow.user", value="carl"),
        see_run("the user"),
        post("by run_uuid", "runs/set-tag", {"run_uuid": "{run}", "key": "uuid", "value": "1"}),
        _tag("too long key", key="k" * 251),
        _tag("bad key", key="a;b"),
        _tag("empty key", key=""),
        _tag("without key", key=...),
        _tag("number as value", key="num", value=1),
        _tag("number as key", key=1),
        post("without run", "runs/set-tag", {"key": "t", "value": "1"}),
        post("unknown run", "runs/set-tag", {"run_id": "0" * 32, "key": "t", "value": "1"}),
        post("delete without key", "runs/delete-tag", {"run_id": "{run}"}),
        post("delete without run", "runs/delete-tag", {"key": "t"}),
        post("delete at unknown run", "runs/delete-tag", {"run_id": "0" * 32, "key": "t"}),
        see_run("read at the end"),
    ),
)


def _model(**more: Any) -> str:
    full = {
        "run_id": "{run}",
        "artifact_path": "model",
        "flavors": {"python_function": {}},
        "utc_time_created": "2024-01-01 00:00:00.000000",
        **more,
    }
    return json.dumps({k: v for k, v in full.items() if v is not ...})


LEGACY_MODEL = Scenario(
    name="run_log_model",
    steps=(
        create_experiment(),
        create_run(),
        post("without run", "runs/log-model", {"model_json": "{}"}),
        post("without model", "runs/log-model", {"run_id": "{run}"}),
        post("no JSON", "runs/log-model", {"run_id": "{run}", "model_json": "not json"}),
        post("empty model", "runs/log-model", {"run_id": "{run}", "model_json": ""}),
        post("missing fields", "runs/log-model", {"run_id": "{run}", "model_json": '{"run_id": "x"}'}),
        post("number as model", "runs/log-model", {"run_id": "{run}", "model_json": 5}),
        post("one", "runs/log-model", {"run_id": "{run}", "model_json": _model()}),
        post("another", "runs/log-model", {"run_id": "{run}", "model_json": _model(artifact_path="two")}),
        see_run("read"),
    ),
)

ALL = (METRICS, SPECIAL, PARAMS, TAGS, LEGACY_MODEL)
