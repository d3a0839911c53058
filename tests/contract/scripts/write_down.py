"""Writes down all that a tracking URI holds, as JSON: ``python write_down.py FILE``. Ids, times and places are left out, or replaced by names."""

import hashlib
import json
import math
import re
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

client = MlflowClient()
#: Their bytes depend on the version of what draws them; tags of these depend on the machine.
DRAWN = {".png", ".webp"}
HERE = {"mlflow.source.name", "mlflow.user", "mlflow.parentRunId"}


def show_number(value: float) -> str:
    """Return a number as text that tells all of it. MLflow keeps infinities as the greatest numbers."""
    greatest = sys.float_info.max
    return repr(max(-greatest, min(greatest, value)) if math.isinf(value) else float(value))


def list_files(run_id: str, path: str | None = None) -> list[str]:
    """Return the paths of all files of a run."""
    found = []
    for file in client.list_artifacts(run_id, path):
        found += list_files(run_id, file.path) if file.is_dir else [file.path]
    return found


def show_file(run_id: str, path: str, folder: str) -> list[object]:
    """Return a file's name and what is in it. The names of images of a series hold random text."""
    data = Path(client.download_artifacts(run_id, path, folder)).read_bytes()
    name = re.sub("[0-9a-f-]{36}", "", path) if path.startswith("images/") else path
    suffix = Path(path).suffix
    return [name, suffix, data[:4].hex() if suffix in DRAWN else hashlib.sha256(data).hexdigest()]


def show_inputs(run: object) -> list[object]:
    """Return the datasets of a run."""
    return sorted(
        [
            each.dataset.name,
            each.dataset.digest,
            each.dataset.source_type,
            each.dataset.schema,
            each.dataset.profile,
            sorted([tag.key, tag.value] for tag in each.tags),
        ]
        for each in run.inputs.dataset_inputs
    )


def show_run(run: object, names: dict[str, str]) -> dict[str, object]:
    """Return all that is known of a run."""
    run_id, tags = run.info.run_id, dict(run.data.tags)
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(show_file(run_id, path, folder) for path in list_files(run_id))
    parent = tags.get("mlflow.parentRunId")
    return {
        "name": run.info.run_name,
        "status": run.info.status,
        "stage": run.info.lifecycle_stage,
        "user": run.info.user_id,
        "ended": run.info.end_time is not None and run.info.end_time >= run.info.start_time,
        "parent": names.get(parent) if parent else None,
        "source": Path(tags.get("mlflow.source.name", "")).name,
        "has user": "mlflow.user" in tags,
        "tags": {key: value for key, value in sorted(tags.items()) if key not in HERE},
        "params": dict(sorted(run.data.params.items())),
        "metrics": {key: show_number(value) for key, value in sorted(run.data.metrics.items())},
        "histories": {
            key: [
                [show_number(point.value), point.step, point.timestamp]
                for point in client.get_metric_history(run_id, key)
            ]
            for key in sorted(run.data.metrics)
        },
        "files": files,
        "datasets": show_inputs(run),
        "made": [each.step for each in run.outputs.model_outputs],
        "used": len(run.inputs.model_inputs),
    }


def show_column(column: object) -> list[str]:
    """Return the cells of a column as texts."""
    return [
        "missing" if missing else repr(value)
        for value, missing in zip(column.tolist(), column.isna(), strict=True)
    ]


def show_frame(experiment_id: str) -> dict[str, object]:
    """Return the data frame of an experiment's runs, without what differs from machine to machine."""
    frame = mlflow.search_runs([experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
    frame = frame.drop(columns=[name for name in frame.columns if name.removeprefix("tags.") in HERE])
    if "tags.mlflow.runName" in frame.columns:
        frame = frame.sort_values("tags.mlflow.runName")
    own = {"run_id", "experiment_id", "artifact_uri", "start_time", "end_time"}
    return {
        "types": {name: str(frame[name].dtype) for name in sorted(frame.columns) if len(frame)},
        "cells": {name: show_column(frame[name]) for name in sorted(set(frame.columns) - own)},
        "missing": {name: int(frame[name].isna().sum()) for name in sorted(own)},
    }


def show_experiment(experiment: object) -> dict[str, object]:
    """Return all that is known of an experiment."""
    runs = client.search_runs(
        [experiment.experiment_id], run_view_type=ViewType.ALL, order_by=["attributes.run_name"]
    )
    runs = [client.get_run(run.info.run_id) for run in runs]  # with the models that they have used
    names = {run.info.run_id: run.info.run_name for run in runs}
    return {
        "stage": experiment.lifecycle_stage,
        "tags": dict(sorted(experiment.tags.items())),
        "runs": [show_run(run, names) for run in runs],
        "frame": show_frame(experiment.experiment_id) if experiment.lifecycle_stage == "active" else {},
    }


if __name__ == "__main__":
    found = client.search_experiments(view_type=ViewType.ALL)
    Path(sys.argv[1]).write_text(json.dumps({each.name: show_experiment(each) for each in found}), "utf-8")
