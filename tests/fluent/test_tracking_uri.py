"""The tracking URI: where it comes from, what a folder stands for, and what old data is told of."""

import logging
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter
from headrace.client import connect
from headrace.fluent.logging import log_metric
from headrace.fluent.runs import active_run, start_run
from headrace.fluent.state import (
    STATE,
    flush_all,
    get_client,
    get_registry_uri,
    get_tracking_uri,
    is_tracking_uri_set,
    set_registry_uri,
    set_tracking_uri,
)


def test_the_default_is_a_database_in_the_working_folder() -> None:
    assert not is_tracking_uri_set()
    assert get_tracking_uri() == f"sqlite:///{Path.cwd().as_posix()}/headrace.db"


def test_a_process_stays_with_the_folder_in_which_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = get_tracking_uri()
    monkeypatch.chdir(tmp_path)
    assert get_tracking_uri() == before


@pytest.mark.parametrize("variable", ["HEADRACE_TRACKING_URI", "MLFLOW_TRACKING_URI"])
def test_the_environment_counts(variable: str) -> None:
    os.environ[variable] = "http://127.0.0.1:9"
    assert is_tracking_uri_set()
    assert get_tracking_uri() == "http://127.0.0.1:9"


def test_what_is_set_counts_more_and_reaches_processes_that_are_started(
    script: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    os.environ["HEADRACE_TRACKING_URI"] = "http://127.0.0.1:9"
    set_tracking_uri("http://127.0.0.1:10")
    assert get_tracking_uri() == "http://127.0.0.1:10"
    child = script("from headrace.fluent.state import get_tracking_uri\nprint(get_tracking_uri())\n")
    assert child.stdout.strip() == "http://127.0.0.1:10"
    set_tracking_uri("")
    assert not is_tracking_uri_set()


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}", "path"])
def test_a_folder_stands_for_a_database_in_it(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "my runs"
    set_tracking_uri(folder if form == "path" else form.format(folder.as_posix()))
    assert get_tracking_uri() == f"sqlite:///{folder.as_posix()}/headrace.db"
    with start_run() as run:
        log_metric("m", 1.0)
    assert flush_all(20)
    assert (folder / "headrace.db").exists()
    assert get_client().runs.get(run.run_id).info.status == "FINISHED"


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    Path("taken").touch()
    set_tracking_uri("taken")
    with pytest.raises(InvalidParameter, match="cannot be made"):
        get_tracking_uri()


def test_an_active_run_stays_where_it_is(server_uri: str, tmp_path: Path) -> None:
    with start_run() as run:
        set_tracking_uri(f"sqlite:///{tmp_path.as_posix()}/other.db")
        log_metric("m", 1.0)
        assert active_run() is run
    assert flush_all(20)
    with connect(server_uri) as client:
        assert [each.key for each in client.runs.get(run.run_id).data.metrics or ()] == ["m"]
        assert client.runs.get(run.run_id).info.status == "FINISHED"


def test_a_kind_that_is_not_supported_is_refused() -> None:
    set_tracking_uri("databricks")
    set_tracking_uri("ftp://somewhere")
    with pytest.raises(InvalidParameter, match="not supported"):
        get_client()


@pytest.mark.parametrize("old", ["mlflow.db", "mlruns"])
def test_old_data_is_told_of_once_and_left_alone(old: str, caplog: pytest.LogCaptureFixture) -> None:
    place = Path.cwd() / old
    if old == "mlruns":
        place.mkdir()
    else:
        place.write_bytes(b"x")
    with caplog.at_level(logging.WARNING, "headrace"):
        get_tracking_uri()
        get_tracking_uri()
    assert [old in record.getMessage() for record in caplog.records] == [True]
    assert place.read_bytes() == b"x" if old == "mlflow.db" else not list(place.iterdir())


def test_old_data_is_nobodys_business_where_a_place_was_chosen(caplog: pytest.LogCaptureFixture) -> None:
    (Path.cwd() / "mlruns").mkdir()
    set_tracking_uri("http://127.0.0.1:9")
    get_tracking_uri()
    assert not caplog.records


def test_the_registry_is_where_the_runs_are_unless_it_is_set() -> None:
    set_tracking_uri("http://127.0.0.1:9")
    assert get_registry_uri() == "http://127.0.0.1:9"
    set_registry_uri("http://127.0.0.1:10")
    assert get_registry_uri() == os.environ["MLFLOW_REGISTRY_URI"] == "http://127.0.0.1:10"
    set_registry_uri("")
    assert get_registry_uri() == "http://127.0.0.1:9"


def test_two_places_at_once_get_their_own(server_uri: str, tmp_path: Path) -> None:
    with start_run() as first:
        log_metric("m", 1.0)
    set_tracking_uri(f"sqlite:///{tmp_path.as_posix()}/second.db")
    with start_run() as second:
        log_metric("m", 2.0)
    assert flush_all(20)
    assert len(STATE.spools) == 2
    with connect(server_uri) as client:
        assert client.runs.get(first.run_id).info.status == "FINISHED"
    assert get_client().runs.get(second.run_id).info.status == "FINISHED"
