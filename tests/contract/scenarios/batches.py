"""runs/log-batch: limits, conflicts, and that a refused batch stores nothing."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, get, post, see_run


def _metrics(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"key": f"m{n}", "value": n, "timestamp": n, "step": n, **more} for n in range(count)]


def _pairs(count: int, letter: str) -> list[dict[str, str]]:
    return [{"key": f"{letter}{n}", "value": str(n)} for n in range(count)]


def _batch(name: str, says: tuple[str, ...] = (), run: Any = "{run}", **body: Any) -> Step:
    return post(name, "runs/log-batch", {"run_id": run, **body}, says=says)


GOOD = Scenario(
    name="log_batch",
    steps=(
        create_experiment(),
        create_run(),
        _batch("empty"),
        _batch("empty lists", metrics=[], params=[], tags=[]),
        _batch(
            "all three",
            metrics=[
                {"key": "m", "value": 1, "timestamp": 1, "step": 1},
                {"key": "m", "value": 2, "timestamp": 2},
            ],
            params=[{"key": "p", "value": "1"}],
            tags=[{"key": "t", "value": "1"}],
        ),
        see_run("read"),
        _batch("param again", params=[{"key": "p", "value": "1"}]),
        _batch("metrics repeated in one batch", metrics=_metrics(2) + _metrics(2)),
        _batch(
            "metrics of one key out of order",
            metrics=[
                {"key": "order", "value": v, "timestamp": t, "step": s}
                for v, t, s in ((1, 30, 2), (2, 10, 3), (3, 20, 1), (4, 5, 3), (5, 5, 3))
            ],
        ),
        get("their history", "metrics/get-history", {"run_id": "{run}", "metric_key": "order"}),
        _batch("tag twice", tags=[{"key": "twice", "value": "1"}, {"key": "twice", "value": "2"}]),
        _batch("rename by tag", tags=[{"key": "mlflow.runName", "value": "by batch"}]),
        _batch("numbers as text", metrics=[{"key": "text", "value": "1.5", "timestamp": "3", "step": "-2"}]),
        _batch(
            "special values",
            metrics=[
                {"key": "nan", "value": "NaN", "timestamp": 1},
                {"key": "inf", "value": "Infinity", "timestamp": 1},
                {"key": "ninf", "value": "-Infinity", "timestamp": 1},
            ],
        ),
        _batch("param without value", params=[{"key": "valueless"}]),
        _batch("tag without value", tags=[{"key": "valueless"}]),
        _batch(
            "long values are cut",
            params=[{"key": "longp", "value": "v" * 6001}],
            tags=[{"key": "longt", "value": "v" * 8001}],
        ),
        see_run("read all"),
        create_run("wide"),
        _batch("1000 metrics", run="{wide}", metrics=_metrics(1000)),
        _batch("100 params", run="{wide}", params=_pairs(100, "p")),
        _batch("100 tags", run="{wide}", tags=_pairs(100, "t")),
        get("one of the thousand", "metrics/get-history", {"run_id": "{wide}", "metric_key": "m999"}),
    ),
)

REFUSED = Scenario(
    name="log_batch_refused",
    steps=(
        create_experiment(),
        create_run(),
        _batch("a param first", params=[{"key": "p", "value": "1"}]),
        _batch(
            "conflicting param",
            says=("p",),
            metrics=_metrics(2),
            tags=_pairs(2, "t"),
            params=[{"key": "new", "value": "x"}, {"key": "p", "value": "2"}],
        ),
        see_run("nothing of it"),
        _batch("param twice, equal", params=[{"key": "q", "value": "1"}, {"key": "q", "value": "1"}]),
        _batch("param twice, different", params=[{"key": "q", "value": "1"}, {"key": "q", "value": "2"}]),
        _batch("1001 metrics", says=("1000",), metrics=_metrics(1001)),
        _batch("101 params", says=("100",), params=_pairs(101, "p")),
        _batch("101 tags", says=("100",), tags=_pairs(101, "t")),
        _batch("1001 in all", metrics=_metrics(901), params=_pairs(50, "p"), tags=_pairs(50, "t")),
        _batch(
            "bad metric key",
            metrics=[*_metrics(1), {"key": "a;b", "value": 1, "timestamp": 1}],
            says=("a;b",),
        ),
        _batch("bad param key", params=[*_pairs(1, "p"), {"key": "a;b", "value": "1"}]),
        _batch("bad tag key", tags=[*_pairs(1, "t"), {"key": "a;b", "value": "1"}]),
        _batch("too long metric key", metrics=[{"key": "k" * 251, "value": 1, "timestamp": 1}]),
        _batch("too long param key", params=[{"key": "k" * 251, "value": "1"}]),
        _batch("too long tag key", tags=[{"key": "k" * 251, "value": "1"}]),
        _batch("negative time", metrics=[*_metrics(1), {"key": "neg", "value": 1, "timestamp": -1}]),
        _batch("metric without key", metrics=[{"value": 1, "timestamp": 1}]),
        _batch("metric without value", metrics=[{"key": "m", "timestamp": 1}]),
        _batch("metric without time", metrics=[{"key": "m", "value": 1}]),
        _batch("metric with null value", metrics=[{"key": "m", "value": None, "timestamp": 1}]),
        _batch("param without key", params=[{"value": "1"}]),
        _batch("tag without key", tags=[{"value": "1"}]),
        _batch("tag with empty key", tags=[{"key": "", "value": "1"}]),
        _batch("metrics as object", metrics={"m": 1}),
        _batch("metrics of numbers", metrics=[1]),
        _batch("params as text", params="p=1"),
        _batch("tags of text", tags=["t"]),
        _batch("unknown run", run="0" * 32, tags=_pairs(1, "t")),
        post("without run", "runs/log-batch", {"tags": _pairs(1, "t")}),
        _batch("number as run", run=5),
        post("by run_uuid only", "runs/log-batch", {"run_uuid": "{run}", "tags": _pairs(1, "t")}),
        see_run("read at the end"),
    ),
)

ALL = (GOOD, REFUSED)
