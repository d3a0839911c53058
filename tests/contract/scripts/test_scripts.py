"""Training scripts do the same with headrace as with MLflow: run once on each, they see the same values and leave the same behind.

A script of this folder is written for MLflow. For headrace its imports are changed as a user would change them: ``import headrace as mlflow``, ``from headrace.x import y``. What it
has seen is in its ``seen.json``; what it has left is written down by write_down.py, through the same API.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_clients import find_python, make_environment

from serving import start_server

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
SCRIPTS = sorted(path.stem for path in HERE.glob("train_*.py"))
PEER = "mlflow-3.17"
TIMEOUT_S = 240
#: Tags that headrace sets besides MLflow's.
OWN_TAG = "headrace."

Findings = dict[str, Any]


def _rewrite(text: str) -> str:
    text = re.sub(r"^import mlflow$", "import headrace as mlflow", text, flags=re.MULTILINE)
    return re.sub(r"^from mlflow\b", "from headrace", text, flags=re.MULTILINE)


def _play(python: str | Path, script: str, folder: Path, uri: str, *, rewrite: bool) -> Findings:
    """Run a script and what writes down its results, and return both."""
    folder.mkdir(parents=True)
    for name in (script, "write_down"):
        text = (HERE / f"{name}.py").read_text("utf-8")
        (folder / f"{name}.py").write_text(_rewrite(text) if rewrite else text, "utf-8")
    environment = make_environment(folder) | {
        "MLFLOW_TRACKING_URI": uri,
        "HEADRACE_SPOOL_DIR": str(folder / "spools"),
        "HEADRACE_PROVENANCE": "false",
    }
    for command in ([f"{script}.py"], ["write_down.py", "left.json"]):
        ran = subprocess.run(
            [python, *command],
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
        output = (ran.stdout + ran.stderr).decode("utf-8", "replace")
        assert ran.returncode == 0, f"{command}:\n{output[-4000:]}"
    seen, left = (json.loads((folder / name).read_text("utf-8")) for name in ("seen.json", "left.json"))
    return {"seen": seen, "left": left}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_does_the_same_with_a_database_and_with_a_server(tmp_path: Path, script: str) -> None:
    wanted = _play(find_python(PEER), script, tmp_path / "mlflow", "sqlite:///mlflow.db", rewrite=False)
    with start_server(tmp_path / "tracking") as server:
        given = {
            name: _play(sys.executable, script, tmp_path / name, uri, rewrite=True)
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
