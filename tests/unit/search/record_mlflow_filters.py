"""Record what the real MLflow makes of filters and orders; run by hand, with a Python that has mlflow 3.17.2:

    python tests/unit/search/record_mlflow_filters.py

``golden/mlflow_filters.json`` holds rows, questions and MLflow's answers. This script fills a fresh SQLite store of
MLflow's with the rows, asks each question again, and writes the answers back. To ask more, add a case to the file with
``resource``, ``relation`` and ``filter`` or ``order_by``, and run it. The relation says how headrace stands to MLflow:

    same        both refuse, or both accept and mean the same
    beyond      MLflow refuses, headrace accepts
    stricter    MLflow accepts, headrace refuses (``why`` says why)
    different   both accept and mean something else (``why`` says why)
"""

import json
import logging
import sys
import tempfile
import uuid
import warnings
from pathlib import Path
from typing import Any

import mlflow
import mlflow.store.tracking.sqlalchemy_store as store_module
from mlflow.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.search_logged_model_utils import parse_filter_string
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils

GOLDEN = Path(__file__).parent / "golden" / "mlflow_filters.json"

ENTITIES = {
    "parameter": "param", "metrics": "metric", "params": "param", "tags": "tag", "attributes": "attribute",
}  # fmt: skip
MODEL_KEYS = {
    "creation_timestamp_ms": "creation_timestamp",
    "last_updated_timestamp_ms": "last_updated_timestamp",
}


def fill_runs(store: SqlAlchemyStore, rows: dict[str, Any]) -> None:
    """Create the experiment of the runs, and the runs, with ids that do not change."""
    experiment_id = store.create_experiment("runs")
    for name, row in rows.items():
        attributes = row["attributes"]
        run = store.create_run(experiment_id, attributes["user_id"], attributes["start_time"], [], name)
        run_id = row["attributes"]["run_id"] = run.info.run_id
        row["attributes"]["artifact_uri"] = (
            f"{run_id}/artifacts"  # ends like the real one, without this machine's path
        )
        row["attributes"]["run_name"] = name
        store.log_batch(
            run_id,
            [Metric(key, float(value), 1, 0) for key, value in row["metrics"].items()],
            [Param(key, value) for key, value in row["params"].items()],
            [RunTag(key, value) for key, value in row["tags"].items()],
        )
        store.log_inputs(
            run_id,
            [
                DatasetInput(
                    Dataset(each["name"], each["digest"], "local", "source"),
                    [InputTag("mlflow.data.context", each["context"])],
                )
                for each in row["datasets"]
            ],
        )
        store.update_run_info(
            run_id, RunStatus.from_string(attributes["status"]), attributes["end_time"], None
        )


def fill_experiments(store: SqlAlchemyStore, rows: dict[str, Any]) -> None:
    """Create the experiments; the one named Default and that of the runs are rows as well."""
    present = {experiment.name for experiment in store.search_experiments(max_results=100)}
    for name, row in rows.items():
        if name in present:
            continue
        store.create_experiment(name, tags=[ExperimentTag(key, value) for key, value in row["tags"].items()])
    for experiment in store.search_experiments(max_results=100):
        row = rows.setdefault(experiment.name, {"tags": {}})
        row["attributes"] = {
            "name": experiment.name,
            "experiment_id": experiment.experiment_id,
            "creation_time": experiment.creation_time,
            "last_update_time": experiment.last_update_time,
        }


def fill_models(store: SqlAlchemyStore, rows: dict[str, Any]) -> str:
    """Create the logged models; return their experiment."""
    experiment_id = store.create_experiment("models")
    run = store.create_run(experiment_id, "ann", 1, [], "of the models")
    for name, row in rows.items():
        model = store.create_logged_model(
            experiment_id,
            name,
            run.info.run_id,
            [LoggedModelTag(key, value) for key, value in row["tags"].items()],
            [LoggedModelParameter(key, value) for key, value in row["params"].items()],
            row["attributes"]["model_type"],
        )
        for key, value in row["metrics"].items():
            store.log_metric(
                run.info.run_id, Metric(key, float(value), 1, 0, model.model_id, run_id=run.info.run_id)
            )
        if row["attributes"]["status"] != "PENDING":
            store.finalize_logged_model(model.model_id, LoggedModelStatus(row["attributes"]["status"]))
        model = store.get_logged_model(model.model_id)
        row["attributes"] |= {
            "name": name,
            "model_id": model.model_id,
            "source_run_id": model.source_run_id,
            "creation_timestamp": model.creation_timestamp,
            "last_updated_timestamp": model.last_updated_timestamp,
        }
    return experiment_id


def read_clauses(kind: str, text: str) -> list[list[object]]:
    """Return MLflow's own reading of a filter, in headrace's names."""
    if kind == "logged_models":
        parsed = [(c.entity.type.value, c.entity.key, c.op, c.value) for c in parse_filter_string(text)]
    else:
        utils = SearchUtils if kind == "runs" else SearchExperimentsUtils
        parsed = [(c["type"], c["key"], c["comparator"], c["value"]) for c in utils.parse_search_filter(text)]
    clauses = []
    for entity, key, op, value in parsed:
        entity = ENTITIES.get(entity, entity)  # noqa: PLW2901
        key = SearchUtils.translate_key_alias(key)  # noqa: PLW2901
        if kind == "logged_models":
            key = MODEL_KEYS.get(key, key)  # noqa: PLW2901
        if entity == "metric":
            value = repr(float(value))  # noqa: PLW2901 - as text: JSON has no infinity
        clauses.append([entity, key, op.upper(), value])
    return clauses


def record(store: SqlAlchemyStore, case: dict[str, Any], model_experiment: str) -> dict[str, Any]:
    """Ask one question; return the case with MLflow's answer, or the error by which it refuses."""
    resource, text, order = case["resource"], case.get("filter", ""), case.get("order_by", [])
    question = {
        key: case[key] for key in ("resource", "relation", "why", "filter", "order_by") if key in case
    }
    try:
        if resource == "runs":
            found = [
                run.info.run_name for run in store.search_runs(["1"], text, ViewType.ACTIVE_ONLY, 100, order)
            ]
        elif resource == "experiments":
            found = [each.name for each in store.search_experiments(ViewType.ACTIVE_ONLY, 100, text, order)]
        else:
            found = [model.name for model in store.search_logged_models([model_experiment], text)]
        return {**question, "accepted": True, "found": found, "reading": read_clauses(resource, text)}
    except Exception as error:  # noqa: BLE001 - MLflow lets errors of all its libraries through
        return {**question, "accepted": False, "error": type(error).__name__}


def write(golden: dict[str, Any]) -> None:
    """Write the file, one case a line."""
    rows = json.dumps(golden["rows"], indent=1, ensure_ascii=False)
    cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in golden["cases"])
    GOLDEN.write_text(
        f'{{\n"mlflow": "{mlflow.__version__}",\n"rows": {rows},\n"cases": [\n{cases}\n]\n}}\n',
        encoding="utf-8",
    )


def main() -> None:
    """Record everything."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    rows = golden["rows"]
    numbers = iter(range(1, 1_000_000))
    store_module.uuid.uuid4 = lambda: uuid.UUID(int=next(numbers))  # the same ids and times in each recording
    store_module.get_current_time_millis = lambda: 1000 + next(numbers)
    with tempfile.TemporaryDirectory() as folder:
        store = SqlAlchemyStore(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts")
        fill_runs(store, rows["runs"])
        model_experiment = fill_models(store, rows["logged_models"])
        fill_experiments(store, rows["experiments"])
        golden["cases"] = [record(store, case, model_experiment) for case in golden["cases"]]
        store._dispose_engine()
    write(golden)
    sys.stdout.write(f"{len(golden['cases'])} answers of mlflow {mlflow.__version__} in {GOLDEN.name}\n")


if __name__ == "__main__":
    main()
