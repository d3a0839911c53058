"""Makes what headrace answers of what MLflow answered: one small change of a recorded body each.

The functions here return such changes, for `wire.golden.Difference`. They know the shapes of MLflow's bodies,
but not why something differs.
"""

import json
from collections.abc import Iterator
from typing import Any

from wire import golden
from wire.golden import Edit
from wire.normalise import spell

#: What MLflow stores of an infinity.
LARGEST = 1.7976931348623157e308


def spell_infinities(value: Any) -> Any:
    """Put "Infinity" where MLflow has the largest double, and the string "NaN" for a bare NaN."""
    if isinstance(value, dict):
        return {key: spell_infinities(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spell_infinities(item) for item in value]
    if value == "<bare NaN>":
        return "NaN"
    if isinstance(value, float) and abs(value) == LARGEST:
        return "Infinity" if value > 0 else "-Infinity"
    return value


def put_nan_last(body: Any) -> Any:
    """Move each NaN of a history behind the numbers of its time and step, and spell the infinities."""
    points = spell_infinities(body)["metrics"]
    places: dict[tuple[int, int], int] = {}
    for place, point in enumerate(points):
        places.setdefault((point["timestamp"], point["step"]), place)
    points.sort(key=lambda point: (places[point["timestamp"], point["step"]], point["value"] == "NaN"))
    return {**body, "metrics": points}


def set_at(path: str, value: Any) -> Edit:
    """Set what stands at a dotted path (``run.info.run_name``)."""

    def edit(body: Any) -> Any:
        *way, last = path.split(".")
        place = body
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        place[last] = value
        return body

    return edit


def hold(**data: list[dict[str, Any]]) -> Edit:
    """Set the metrics, params and tags of a run to exactly these."""

    def edit(body: Any) -> Any:
        kept = {name: sorted(items, key=spell) for name, items in data.items() if items}
        body["run"]["data"] = kept
        for part in ("inputs", "outputs"):
            body["run"].pop(part, None)
        return body

    return edit


def value_of(**values: Any) -> Edit:
    """Set the values of metrics of a run by key, and spell the infinities."""

    def edit(body: Any) -> Any:
        body = spell_infinities(body)
        for metric in body["run"]["data"]["metrics"]:
            metric["value"] = values.get(metric["key"], metric["value"])
        return body

    return edit


def without_metric(key: str) -> Edit:
    """Take one metric out of a run."""

    def edit(body: Any) -> Any:
        data = body["run"]["data"]
        data["metrics"] = [metric for metric in data["metrics"] if metric["key"] != key]
        return body

    return edit


def _recorded(scenario: str, step: str) -> Any:
    content = json.loads((golden.FOLDER / f"{scenario}.json").read_text("utf-8"))
    return next(entry["answer"]["body"] for entry in content["steps"] if entry["step"] == step)


def find_runs(names: str) -> Edit:
    """Answer the runs of ``runs_search`` whose names are the letters of ``names``."""

    def edit(_: Any) -> Any:
        runs = spell_infinities(_recorded("runs_search_views", "all"))["runs"]
        by_name = {run["info"]["run_name"]: run for run in runs}
        return {"runs": [by_name[name] for name in names]}

    return edit


def find_experiments(names: str) -> Edit:
    """Answer the experiments of ``experiments_search`` with these placeholders, a letter each."""

    def edit(_: Any) -> Any:
        experiments = _recorded("experiments_search_views", "all")["experiments"]
        by_id = {experiment["experiment_id"]: experiment for experiment in experiments}
        found = [by_id["{" + name + "}"] for name in names]
        return {"experiments": found} if found else {}

    return edit


def _iter_models(body: Any) -> Iterator[Any]:
    yield from body.get("models", []) if isinstance(body, dict) else []


def see_models_right(body: Any) -> Any:
    """Show NaN as NaN, and of each metric, run and dataset of a model the latest point only."""
    for model in _iter_models(body):
        metrics = model.get("data", {}).get("metrics", [])
        for metric in metrics:
            if metric["model_id"] == "{gamma}" and metric["key"] == "loss":
                metric["value"] = "NaN"
        if metrics:
            model["data"]["metrics"] = keep_latest(metrics)
    return body


def keep_latest(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the latest point of each metric, run and dataset, in the order of normalised answers."""
    latest: dict[tuple[str, ...], dict[str, Any]] = {}
    for metric in metrics:
        name = tuple(str(metric.get(part)) for part in ("key", "run_id", "dataset_name", "dataset_digest"))
        if name not in latest or (metric["step"], metric["timestamp"]) > (
            latest[name]["step"],
            latest[name]["timestamp"],
        ):
            latest[name] = metric
    return sorted(latest.values(), key=spell)


def find_models(*names: str) -> Edit:
    """Answer the models of ``models_search`` with these names."""

    def edit(_: Any) -> Any:
        models = _recorded("models_search_filters", "all")["models"]
        by_name = {model["info"]["name"]: model for model in models}
        return see_models_right({"models": [by_name[name] for name in names]})

    return edit


def chain(*edits: Edit) -> Edit:
    """Make one change of several."""

    def edit(body: Any) -> Any:
        for each in edits:
            body = each(body)
        return body

    return edit
