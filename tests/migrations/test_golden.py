"""Stores that older headraces have written: they are brought up to date, and everything in them can be read and written."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from databases import Databases, query
from headrace.services.job_duty import JobDuty
from headrace.store.migrate import SCRIPTS, check, upgrade
from headrace.store.revision import SCHEMA_REVISION
from headrace.store.tables import METADATA
from migrations.old_stores import DUMPS, build_store, read_rows
from migrations.platform_calls import Calls, open_calls
from migrations.record_golden import batches

LOSS = [0.5, 0.25, "NaN", "Infinity", "-Infinity", -0.0, 5e-324, 0.125]


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def store(request: pytest.FixtureRequest, make_database: Callable[..., str]) -> str:
    """The URL of an old store."""
    url = make_database(empty=True)
    build_store(url, request.param)
    return url


@contextlib.contextmanager
def _copied(databases: Databases, url: str, folder: Path) -> Iterator[Calls]:
    copy = databases.copy(url, folder)
    try:
        with open_calls(copy, folder) as calls:
            yield calls
    finally:
        databases.drop(copy)


@pytest.fixture(scope="module", params=DUMPS, ids=lambda path: path.stem)
def upgraded(
    request: pytest.FixtureRequest,
    databases: Databases,
    database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The URL of an old store after `headrace db upgrade`, to be copied."""
    with databases.lend(database, tmp_path_factory.mktemp("old"), empty=True) as url:
        build_store(url, request.param)
        upgrade(url)
        yield url


@pytest.fixture
def call(upgraded: str, databases: Databases, tmp_path: Path) -> Iterator[Calls]:
    """The platform on a copy of it."""
    with _copied(databases, upgraded, tmp_path) as calls:
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


def test_the_store_of_todays_revision_has_rows_in_every_table() -> None:
    rows = read_rows(DUMPS[0].parent / f"{SCHEMA_REVISION}.sql")
    assert {name for name in METADATA.tables if not rows[name]} == set()


def test_it_is_as_it_should_be_after_an_upgrade(store: str) -> None:
    upgrade(store)
    assert check(store) == []
    assert upgrade(store) == []


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_an_upgrade_gives_the_same_rows_on_every_database(
    dump: Path, make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    url, reference = (
        make_database(empty=True),
        f"sqlite:///{tmp_path_factory.mktemp('reference') / 'store.db'}",
    )
    for each in (url, reference):
        build_store(each, dump)
        upgrade(each)
    for table in METADATA.sorted_tables:
        columns = ", ".join(column.name for column in table.columns)
        found, wanted = (
            sorted(map(repr, map(_plain, query(each, f"SELECT {columns} FROM {table.name}"))))
            for each in (url, reference)
        )
        assert found == wanted, table.name


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview | bytearray) else value for value in row)


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
    known = call("experiments.search", view_type="ALL", max_results=100)["experiments"]
    created = call("experiments.create", name="new")["experiment_id"]
    assert int(created) == 1 + max(int(each["experiment_id"]) for each in known)  # ids are not used again
    run_id = _find_run(call, "first")["info"]["run_id"]
    call("metrics.log", run_id=run_id, key="loss", value=9.0, timestamp=2_000, step=6)
    call("runs.log_param", run_id=run_id, key="new", value="x")
    run = call("runs.get", run_id=run_id)["run"]
    assert {"key": "loss", "value": 9.0, "timestamp": 2000, "step": 6} in run["data"]["metrics"]
    assert {"key": "new", "value": "x"} in run["data"]["params"]


OWN = [path for path in DUMPS if path.stem >= "0002"]
LONG, FORK = "a" * 32, "c" * 32


@pytest.fixture
def own(upgraded: str, databases: Databases, tmp_path: Path) -> Iterator[Calls]:
    """The platform on an old store that headrace's own API has written to."""
    with _copied(databases, upgraded, tmp_path) as calls:
        yield calls


def _read_wave(own: Calls, run_id: str) -> list[tuple[int, float]]:
    points = own("metrics.get_history", run_id=run_id, metric_key="wave")["metrics"]
    return sorted((point["step"], point["value"]) for point in points)


@pytest.mark.parametrize("upgraded", OWN, ids=lambda path: path.stem, indirect=True)
def test_sealed_points_of_all_attempts_and_forks_are_kept(own: Calls) -> None:
    long = [(step, 0.25 * step) for step in range(4_000)]
    assert _read_wave(own, LONG) == long + [(step, 0.5 * step) for step in range(4_000, 4_050)]
    assert _read_wave(own, FORK) == long[:100] + [(step, -1.0 * step) for step in range(100, 110)]
    first = own("series.points", run_ids=[LONG], keys=["wave"], attempt=0)
    assert sum(each["count"] for each in first["series"]) == 5_000


@pytest.mark.parametrize("upgraded", OWN, ids=lambda path: path.stem, indirect=True)
def test_a_writer_goes_on_with_its_next_batch(own: Calls) -> None:
    last = batches()[-1]
    again = own("ingest.send", **last)
    assert (again["applied"], again["last_seq"]) == ("BEFORE", 3)
    assert (
        own("ingest.send", **(last | {"seq": 4, "runs": [{"run_id": LONG, "tags": [["more", "yes"]]}]}))[
            "applied"
        ]
        == "NOW"
    )
    ledger = own("ingest.ledger", run_id=LONG)["writers"][0]
    assert (ledger["writer"], ledger["last_seq"], ledger["rejected"]) == ("golden", 4, 0)


@pytest.mark.parametrize("upgraded", OWN, ids=lambda path: path.stem, indirect=True)
def test_the_lives_of_runs_are_kept(own: Calls) -> None:
    found = own("control.get", run_id=LONG)
    assert found["state"] == "LOST"
    assert found["lease"]["length_ms"] == 1_000
    assert found["stop"]["reason"] == "it diverges"
    assert [(each["attempt"], each["name"], each.get("from_step")) for each in found["attempts"]][-1] == (
        1,
        "job1.1",
        4_000,
    )
    assert [(each["key"], each["value"], each["attempt"]) for each in found["past_params"]] == [
        ("lr", "0.1", 0)
    ]
    assert own("control.get", run_id=FORK)["fork"] == {"run_id": LONG, "step": 100}


@pytest.mark.parametrize("upgraded", OWN, ids=lambda path: path.stem, indirect=True)
def test_views_stars_and_jobs_are_kept_and_a_job_goes_on(own: Calls) -> None:
    view = own("views.list")["views"][0]
    assert own("views.get", view_id=view["view_id"])["view"]["body"] == '{"columns": ["wave"]}'
    assert [star["id"] for star in own("views.stars")["stars"]] == [LONG]
    assert own("jobs.get", job_id="golden-job")["job"]["done"] == 0
    duty = JobDuty()
    while duty.run(own.platform, threading.Event()):
        pass
    assert own("jobs.get", job_id="golden-job")["job"]["state"] == "FINISHED"
    for run_id in (LONG, FORK):
        assert {"key": "reviewed", "value": "yes"} in own("runs.get", run_id=run_id)["run"]["data"]["tags"]
