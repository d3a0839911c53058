"""Datasets are described as the real mlflow describes them: name, digest, source, schema and profile of many kinds of data, value by value.

`data/describe.py` runs once in the peer's interpreter and once in this one. What differs on purpose stands in the table below.
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

SCRIPT = Path(__file__).parent / "data" / "describe.py"
PEER = "mlflow-3.17"
TIMEOUT_S = 240

#: Case -> why it is described otherwise.
DIFFERENCES: Mapping[str, str] = {
    "pandas sparse": "mlflow fails on sparse columns (ValueError); they have a digest and a schema here",
}

Reports = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    folder = tmp_path_factory.mktemp("data")
    script = shutil.copy(SCRIPT, folder)  # away from git, whose state mlflow puts into sources
    return describe(find_python(PEER), "mlflow", script, folder), describe(
        Path(sys.executable), "headrace", script, folder
    )


def describe(python: Path, library: str, script: str, folder: Path) -> dict[str, Any]:
    """Run the script in an interpreter and return its report."""
    report = folder / f"{library}.json"
    ran = subprocess.run(
        [python, script, library, report],
        cwd=folder,
        env=make_environment(folder),
        check=False,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr).decode("utf-8", "replace")[-4000:]
    told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return told


def test_a_dataset_is_described_as_mlflow_does(reports: Reports) -> None:
    theirs, ours = reports
    assert theirs.keys() == ours.keys()
    differing = {name: (theirs[name], ours[name]) for name in theirs if theirs[name] != ours[name]}
    assert not {name: pair for name, pair in differing.items() if name not in DIFFERENCES}
    assert differing.keys() == DIFFERENCES.keys()


def test_the_kinds_of_data_are_really_described(reports: Reports) -> None:
    theirs, _ = reports
    described = [name for name, told in theirs.items() if "digest" in told]
    with_schema = [name for name, told in theirs.items() if told.get("schema") not in {None, "null"}]
    assert len(described) > 80
    assert len(with_schema) > 60
