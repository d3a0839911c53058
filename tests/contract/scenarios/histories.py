"""Metric histories: of one run in pages, of many runs, and sampled."""

from wire.step import Scenario, Step, create_experiment, create_run, get, post

_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_INTERVAL = "metrics/get-history-bulk-interval"


def _log(name: str, run: str, key: str, points: list[tuple[object, int, int]]) -> Step:
    """Log points as (value, timestamp, step)."""
    metrics = [{"key": key, "value": v, "timestamp": t, "step": s} for v, t, s in points]
    return post(name, "runs/log-batch", {"run_id": "{" + run + "}", "metrics": metrics})


_SETUP = (
    create_experiment(),
    create_run("a"),
    create_run("b"),
    create_run("c"),
    _log("points of a", "a", "m", [(n * 0.5, 100 + n, n) for n in range(10)]),
    _log("points of b", "b", "m", [(n * -1.5, 300 - n, n * 3) for n in range(7)]),
    _log(
        "odd points of a",
        "a",
        "odd",
        [
            ("NaN", 5, 1),
            (1, 5, 1),
            ("Infinity", 5, 1),
            ("-Infinity", 5, 1),
            (2, 5, -4),
            (3, 4, 9),
            (3, 6, 0),
            (1, 6, 0),
        ],
    ),
)

ONE = Scenario(
    name="history_of_one_run",
    steps=(
        *_SETUP,
        get("all", "metrics/get-history", {"run_id": "{a}", "metric_key": "m"}),
        get("by run_uuid", "metrics/get-history", {"run_uuid": "{a}", "metric_key": "m"}),
        get("order is time, step, value", "metrics/get-history", {"run_id": "{a}", "metric_key": "odd"}),
        get("later steps at earlier times", "metrics/get-history", {"run_id": "{b}", "metric_key": "m"}),
        get(
            "first page",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "4"},
            save={"token": "next_page_token"},
        ),
        get(
            "second page",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "4", "page_token": "{token}"},
            save={"token2": "next_page_token"},
        ),
        get(
            "last page",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "4", "page_token": "{token2}"},
        ),
        get(
            "exactly full page",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "10"},
        ),
        get(
            "largest page",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "25000"},
        ),
        get(
            "too large page",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "25001"},
        ),
        get("page of zero", "metrics/get-history", {"run_id": "{a}", "metric_key": "m", "max_results": "0"}),
        get(
            "negative page", "metrics/get-history", {"run_id": "{a}", "metric_key": "m", "max_results": "-1"}
        ),
        get(
            "word as page", "metrics/get-history", {"run_id": "{a}", "metric_key": "m", "max_results": "many"}
        ),
        get(
            "bad token",
            "metrics/get-history",
            {"run_id": "{a}", "metric_key": "m", "max_results": "4", "page_token": "nonsense"},
        ),
        get("unknown key", "metrics/get-history", {"run_id": "{a}", "metric_key": "none"}),
        get("unknown run", "metrics/get-history", {"run_id": "0" * 32, "metric_key": "m"}),
        get("without key", "metrics/get-history", {"run_id": "{a}"}),
        get("without run", "metrics/get-history", {"metric_key": "m"}),
        get("empty key", "metrics/get-history", {"run_id": "{a}", "metric_key": ""}),
    ),
)

BULK = Scenario(
    name="history_of_many_runs",
    steps=(
        *_SETUP,
        get("of two", _BULK, [("run_id", "{a}"), ("run_id", "{b}"), ("metric_key", "m")]),
        get(
            "of three, one has none",
            _BULK,
            [("run_id", "{c}"), ("run_id", "{b}"), ("run_id", "{a}"), ("metric_key", "m")],
        ),
        get("max_results", _BULK, [("run_id", "{b}"), ("metric_key", "m"), ("max_results", "3")]),
        get("special values", _BULK, [("run_id", "{a}"), ("metric_key", "odd")]),
        get("unknown key", _BULK, [("run_id", "{a}"), ("metric_key", "none")]),
        get("unknown run", _BULK, [("run_id", "0" * 32), ("metric_key", "m")]),
        get("without run", _BULK, [("metric_key", "m")]),
        get("without key", _BULK, [("run_id", "{a}")]),
        get("word as max_results", _BULK, [("run_id", "{a}"), ("metric_key", "m"), ("max_results", "many")]),
        get(
            "101 runs",
            _BULK,
            [("run_id", f"{n:032x}") for n in range(101)] + [("metric_key", "m")],
            says=("100",),
        ),
        get("over the most", _BULK, [("run_id", "{a}"), ("metric_key", "m"), ("max_results", "25001")]),
        get("zero", _BULK, [("run_id", "{a}"), ("metric_key", "m"), ("max_results", "0")]),
    ),
)

INTERVAL = Scenario(
    name="history_sampled",
    steps=(
        *_SETUP,
        create_run("long"),
        _log("a long series", "long", "m", [(n, n, n) for n in range(1000)]),
        get("of two", _INTERVAL, [("run_ids", "{a}"), ("run_ids", "{b}"), ("metric_key", "m")]),
        get(
            "an interval",
            _INTERVAL,
            [("run_ids", "{a}"), ("metric_key", "m"), ("start_step", "2"), ("end_step", "5")],
        ),
        get(
            "an interval of two",
            _INTERVAL,
            [
                ("run_ids", "{a}"),
                ("run_ids", "{b}"),
                ("metric_key", "m"),
                ("start_step", "3"),
                ("end_step", "9"),
            ],
        ),
        get(
            "interval of one step",
            _INTERVAL,
            [("run_ids", "{a}"), ("metric_key", "m"), ("start_step", "3"), ("end_step", "3")],
        ),
        get(
            "interval beyond",
            _INTERVAL,
            [("run_ids", "{a}"), ("metric_key", "m"), ("start_step", "50"), ("end_step", "60")],
        ),
        get(
            "fewer than there are", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "3")]
        ),
        get("one", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "1")]),
        get("two", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "2")]),
        get(
            "of a long series", _INTERVAL, [("run_ids", "{long}"), ("metric_key", "m"), ("max_results", "7")]
        ),
        get(
            "of a long series in an interval",
            _INTERVAL,
            [
                ("run_ids", "{long}"),
                ("metric_key", "m"),
                ("max_results", "10"),
                ("start_step", "101"),
                ("end_step", "407"),
            ],
        ),
        get(
            "of a long and a short one",
            _INTERVAL,
            [("run_ids", "{long}"), ("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "5")],
        ),
        get("special values", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "odd")]),
        get("without max_results", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m")]),
        get("most", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "2500")]),
        get(
            "over the most",
            _INTERVAL,
            [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "2501")],
            says=("2501",),
        ),
        get("zero", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "0")]),
        get(
            "word as max_results", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("max_results", "x")]
        ),
        get("start without end", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("start_step", "2")]),
        get("end without start", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "m"), ("end_step", "2")]),
        get(
            "end before start",
            _INTERVAL,
            [("run_ids", "{a}"), ("metric_key", "m"), ("start_step", "5"), ("end_step", "2")],
        ),
        get(
            "word as step",
            _INTERVAL,
            [("run_ids", "{a}"), ("metric_key", "m"), ("start_step", "x"), ("end_step", "2")],
        ),
        get("without key", _INTERVAL, [("run_ids", "{a}")]),
        get("without runs", _INTERVAL, [("metric_key", "m")]),
        get("unknown key", _INTERVAL, [("run_ids", "{a}"), ("metric_key", "none")]),
        get("unknown run", _INTERVAL, [("run_ids", "0" * 32), ("metric_key", "m")]),
        get(
            "101 runs",
            _INTERVAL,
            [("run_ids", f"{n:032x}") for n in range(101)] + [("metric_key", "m")],
            says=("100",),
        ),
    ),
)

ALL = (ONE, BULK, INTERVAL)
