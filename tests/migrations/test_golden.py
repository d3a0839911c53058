"""Stores that older headraces have written: they are brought up to date, and everything in them can be read and written."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from headrace.store.migrate import SCRIPTS, check, upgrade
from headrace.store.tables import METADATA, SCHEMA_REVISION
from migrations.platform_calls import Calls, open_calls

DUMPS = sorted(
    path for path in (Path(__file__).parent / "golden").glob("*.sql") if re.fullmatch(r"\d{4}", path.stem)
)
LOSS = [0.5, 0.25, "NaN", "Infinity", "-Infinity", -0.0, 5e-324, 0.125]


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with an old store in it."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text("utf-8"))
    return path


@pytest.fixture
def call(store: Path) -> Iterator[Calls]:
    """The platform on an old store, after `headrace db upgrade`."""
    upgrade(f"sqlite:///{store}")
    with open_calls(store) as calls:
        yield calls


def _find_run(call: Calls, name: str, **more: str) -> Any:
    page = call("runs.search", experiment_ids=["1", "2"], filter=f"run_name = '{name}'", **more)
    assert len(page["runs"]) == 1
    return page["runs"][0]


def test_there_is_a_store_of_every_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    revisions = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    assert {path.stem for path in DUMPS} == revisions


def test_the_store_of_todays_revision_has_rows_in_every_table_that_is_written(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.executescript((DUMPS[0].parent / f"{SCHEMA_REVISION}.sql").read_text("utf-8"))
        empty = {
            name for name in METADATA.tables if not connection.execute(f"SELECT 1 FROM {name}").fetchall()
        }
    assert empty == {"hr_writer", "hr_lease", "hr_duty", "hr_object"}


def test_it_is_as_it_should_be_after_an_upgrade(store: Path) -> None:
    url = f"sqlite:///{store}"
    upgrade(url)
    assert check(url) == []
    assert upgrade(url) == []


def test_runs_keep_all_that_was_logged(call: Calls) -> None:
    run = _find_run(call, "first")
    assert run["info"]["status"] == "FINISHED"
    assert run["data"] == {
        "metrics": [
            {"key": "loss", "value": 0.125, "timestamp": 1005, "step": 5},
            {"key": "acc", "value": 0.75, "timestamp": 6, "step": 1},
        ],
        "params": [{"key": "lr", "value": "1e-3"}, {"key": "note", "value": "ünï 🦉"}],
        "tags": [
            {"key": "mlflow.runName", "value": "first"},
            {"key": "team", "value": "blue"},
            {"key": "text", "value": "a\nb"},
        ],
    }
    assert run["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "cifar"
    assert run["outputs"]["model_outputs"][0]["step"] == 3


def test_histories_keep_every_value(call: Calls) -> None:
    run_id = _find_run(call, "first")["info"]["run_id"]
    points = call("metrics.get_history", run_id=run_id, metric_key="loss")["metrics"]
    assert [str(point["value"]) for point in points] == [str(value) for value in LOSS]
    assert [(point["step"], point["timestamp"]) for point in points] == [(n, 1000 + n) for n in range(-2, 6)]


def test_searches_find_by_metric_param_tag_and_dataset(call: Calls) -> None:
    for text in (
        "metrics.loss > 0.1",
        "params.lr = '1e-3'",
        "tags.team = 'blue'",
        "datasets.name = 'cifar'",
        "metrics.acc = 0.75",
    ):
        found = call("runs.search", experiment_ids=["1"], filter=text)["runs"]
        assert [run["info"]["run_name"] for run in found] == ["first"], text
    ordered = call("runs.search", experiment_ids=["1"], order_by=["metrics.loss ASC"])["runs"]
    assert [run["info"]["run_name"] for run in ordered] == ["second", "first"]


def test_logged_models_are_kept(call: Calls) -> None:
    model = call("logged_models.search", experiment_ids=["1"])["models"][0]
    assert model["info"]["name"] == "net"
    assert model["info"]["status"] == "LOGGED_MODEL_READY"
    assert model["data"]["params"] == [{"key": "depth", "value": "50"}]
    assert [metric["value"] for metric in model["data"]["metrics"]] == [0.75]


def test_a_deleted_experiment_comes_back_with_its_runs(call: Calls) -> None:
    assert (
        call("experiments.get_by_name", experiment_name="gone")["experiment"]["lifecycle_stage"] == "deleted"
    )
    call("experiments.restore", experiment_id="2")
    assert _find_run(call, "goes with it")["info"]["lifecycle_stage"] == "active"
    deleted = _find_run(call, "third, deleted", run_view_type="DELETED_ONLY")
    call("runs.restore", run_id=deleted["info"]["run_id"])
    assert _find_run(call, "third, deleted")["info"]["lifecycle_stage"] == "active"


def test_writing_goes_on_where_it_stopped(call: Calls) -> None:
    created = call("experiments.create", name="new")["experiment_id"]
    assert created == "3"  # ids are not used again
    run_id = _find_run(call, "first")["info"]["run_id"]
    call("metrics.log", run_id=run_id, key="loss", value=9.0, timestamp=2_000, step=6)
    call("runs.log_param", run_id=run_id, key="new", value="x")
    run = call("runs.get", run_id=run_id)["run"]
    assert {"key": "loss", "value": 9.0, "timestamp": 2000, "step": 6} in run["data"]["metrics"]
    assert {"key": "new", "value": "x"} in run["data"]["params"]
