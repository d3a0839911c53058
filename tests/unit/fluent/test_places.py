"""Tracking URIs in full."""

from pathlib import Path

import pytest

from headrace.fluent.places import complete_uri, find_old_data


@pytest.mark.parametrize(
    "uri",
    [
        "http://host:5000",
        "https://user:pw@host/prefix",
        "postgresql://host/db",
        "sqlite:////abs/x.db",
        "sqlite:///:memory:",
        "sqlite:///file:x.db?mode=ro&uri=true",
        "sqlite://",
        "mysql+pymysql://host/db",
    ],
)
def test_what_is_complete_stays_as_it_is(uri: str) -> None:
    assert complete_uri(uri) == uri


def test_relative_paths_count_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path.as_posix()
    assert complete_uri("sqlite:///x.db") == f"sqlite:///{here}/x.db"
    assert complete_uri("sqlite:///a/x.db?timeout=5") == f"sqlite:///{here}/a/x.db?timeout=5"
    assert complete_uri("sqlite+pysqlite:///x.db") == f"sqlite+pysqlite:///{here}/x.db"


@pytest.mark.parametrize(
    "uri", ["mlruns", "./mlruns", "file:mlruns", "file:./mlruns", "file:///abs/mlruns", "/abs/mlruns"]
)
def test_a_folder_stands_for_a_database_in_it(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = "/abs/mlruns" if "abs" in uri else f"{tmp_path.as_posix()}/mlruns"
    assert complete_uri(uri) == f"sqlite:///{folder}/headrace.db"


def test_what_mlflow_has_left_is_found(tmp_path: Path) -> None:
    assert find_old_data(tmp_path) == []
    (tmp_path / "mlflow.db").touch()
    (tmp_path / "mlruns").mkdir()
    assert find_old_data(tmp_path) == ["mlflow.db", "mlruns"]
