"""Training scripts do the same with headrace as with MLflow: run once on each, they see the same values and leave the same behind.

A script of this folder is written for MLflow. For headrace its imports are changed as a user would change them: ``import headrace as mlflow``, ``from headrace.x import y``. What it
has seen is in its ``seen.json``; what it has left is written down by write_down.py, through the same API.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_clients import Client, make_environment

from serving import start_server

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
SCRIPTS = sorted(path.stem for path in HERE.glob("train_*.py"))
PEER = "mlflow-3.17"
#: What the peer's scripts import that takes long.
STORE = ("mlflow.store.tracking.sqlalchemy_store",)
TIMEOUT_S = 240
#: Tags that headrace sets besides MLflow's.
OWN_TAG = "headrace."

Findings = dict[str, Any]


def _rewrite(text: str) -> str:
    text = re.sub(r"^import mlflow$", "import headrace as mlflow", text, flags=re.MULTILINE)
    return re.sub(r"^from mlflow\b", "from headrace", text, flags=re.MULTILINE)


def _copy(script: str, folder: Path, change: Callable[[str], str] = str) -> tuple[str, str]:
    """Write a script, and what writes down its results, into a new folder, which is no checkout: the peer would note its commit. Return their names."""
    folder.mkdir()
    names = f"{script}.py", "write_down.py"
    for name in names:
        (folder / name).write_text(change((HERE / name).read_text("utf-8")), "utf-8")
    return names


class Mlflow:
    """The peer, which keeps what scripts log in a file of their folder.

    Args:
        home: its home folder; will hold a database with nothing in it.
    """

    def __init__(self, home: Path) -> None:
        self._database = home / "mlflow.db"
        self.client = Client(PEER, home, STORE, MLFLOW_TRACKING_URI="sqlite:///mlflow.db")
        self.client.run(HERE / "empty_database.py", ["sqlite:///mlflow.db"], home)

    def play(self, script: str, folder: Path) -> Findings:
        """Run a script and what writes down its results, and return both."""
        script, writer = _copy(script, folder)
        shutil.copy(self._database, folder)
        self.client.run(script, [], folder)
        self.client.run(writer, ["left.json"], folder)
        return _read_findings(folder)


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    peer = Mlflow(tmp_path_factory.mktemp("mlflow"))
    yield peer
    peer.client.stop()


def _play(script: str, folder: Path, uri: str) -> Findings:
    """Run a script with headrace, and what writes down its results, and return both."""
    script, writer = _copy(script, folder, _rewrite)
    environment = make_environment(folder) | {
        "MLFLOW_TRACKING_URI": uri,
        "HEADRACE_SPOOL_DIR": str(folder / "spools"),
        "HEADRACE_PROVENANCE": "false",
    }
    for command in ([script], [writer, "left.json"]):
        ran = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
        output = (ran.stdout + ran.stderr).decode("utf-8", "replace")
        assert ran.returncode == 0, f"{command}:\n{output[-4000:]}"
    return _read_findings(folder)


def _read_findings(folder: Path) -> Findings:
    seen, left = (json.loads((folder / name).read_text("utf-8")) for name in ("seen.json", "left.json"))
    return {"seen": seen, "left": left}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_does_the_same_with_a_database_and_with_a_server(
    tmp_path: Path, mlflow: Mlflow, script: str
) -> None:
    wanted = mlflow.play(script, tmp_path / "mlflow")
    with start_server(tmp_path / "tracking") as server:
        given = {
            name: _play(script, tmp_path / name, uri)
            for name, uri in (("database", "sqlite:///headrace.db"), ("server", server.url))
        }
    differences = [line for name in given for line in _compare(name, wanted, _without_own(given[name]))]
    assert not differences, "\n".join(differences)


def _without_own(value: Any) -> Any:
    """The findings without what headrace alone has: tags of its own, in runs and as columns of frames."""
    if isinstance(value, dict):
        return {
            name: _without_own(each)
            for name, each in value.items()
            if not name.removeprefix("tags.").startswith(OWN_TAG)
        }
    if isinstance(value, list):
        return [
            _without_own(each)
            for each in value
            if not (isinstance(each, str) and each.removeprefix("tags.").startswith(OWN_TAG))
        ]
    return value


def _compare(place: str, wanted: Any, given: Any) -> Iterator[str]:
    """Where two findings differ."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        for name in sorted({*wanted, *given}):
            if name not in wanted or name not in given:
                yield f"{place}.{name}: only with {'mlflow' if name in wanted else 'headrace'}"
            else:
                yield from _compare(f"{place}.{name}", wanted[name], given[name])
    elif isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        for number, (one, other) in enumerate(zip(wanted, given, strict=True)):
            yield from _compare(f"{place}[{number}]", one, other)
    elif wanted != given or type(wanted) is not type(given):
        yield f"{place}: mlflow {wanted!r:.600}, headrace {given!r:.600}"


def test_every_script_is_played() -> None:
    assert len(SCRIPTS) >= 5
    assert os.pathsep not in "".join(SCRIPTS)
