"""Datasets and artifacts are what the real mlflow makes of the same data: digests, schemas, names of files, their bytes, value by value.

Each script of ``data/`` runs once in the peer's interpreter and once in this one. What differs on purpose stands in the table below.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from test_clients import find_python, make_environment

pytestmark = pytest.mark.peer

SCRIPTS = Path(__file__).parent / "data"
PEER = "mlflow-3.17"
TIMEOUT_S = 240

#: Dataset -> why it is described otherwise.
DIFFERENCES: Mapping[str, str] = {
    "pandas sparse": "mlflow fails on sparse columns (ValueError); they have a digest and a schema here",
}

Reports = tuple[dict[str, Any], dict[str, Any]]


def run_both(script: str, folder: Path) -> Reports:
    """Run a script with mlflow and with headrace, and return the two reports."""
    return run_script(find_python(PEER), "mlflow", script, folder), run_script(
        Path(sys.executable), "headrace", script, folder
    )


def run_script(python: Path, library: str, script: str, folder: Path) -> dict[str, Any]:
    """Run a script in an interpreter, in a folder of its own and away from git, whose state would be logged; return its report."""
    place = folder / library
    place.mkdir()
    report = place / "report.json"
    ran = subprocess.run(
        [python, shutil.copy(SCRIPTS / script, folder), library, report],
        cwd=place,
        env=make_environment(place) | {"HEADRACE_PROVENANCE": "false"},
        check=False,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr).decode("utf-8", "replace")[-4000:]
    told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    return run_both("describe.py", tmp_path_factory.mktemp("datasets"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    return run_both("log_files.py", tmp_path_factory.mktemp("files"))


def test_a_dataset_is_described_as_mlflow_does(datasets: Reports) -> None:
    theirs, ours = datasets
    assert theirs.keys() == ours.keys()
    differing = {name: (theirs[name], ours[name]) for name in theirs if theirs[name] != ours[name]}
    assert not {name: pair for name, pair in differing.items() if name not in DIFFERENCES}
    assert differing.keys() == DIFFERENCES.keys()


def test_the_kinds_of_data_are_really_described(datasets: Reports) -> None:
    theirs, _ = datasets
    described = [name for name, told in theirs.items() if "digest" in told]
    with_schema = [name for name, told in theirs.items() if told.get("schema") not in {None, "null"}]
    assert len(described) > 80
    assert len(with_schema) > 60


def test_files_have_the_names_that_mlflow_gives_them(files: Reports) -> None:
    theirs, ours = (report["files"] for report in files)
    assert sorted(theirs) == sorted(ours)
    assert len(theirs) == 70


def test_files_have_the_bytes_that_mlflow_writes(files: Reports) -> None:
    theirs, ours = (report["files"] for report in files)
    differing = [name for name in theirs if theirs[name] != ours[name]]
    assert differing == []


def test_tables_and_the_tags_of_the_run_are_those_of_mlflow(files: Reports) -> None:
    theirs, ours = files
    assert theirs["tables"] == ours["tables"]
    assert theirs["tags"] == ours["tags"]
