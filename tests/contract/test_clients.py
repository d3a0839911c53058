"""The official clients, each in its own environment and process, over real HTTP: what works with MLflow works here.

An environment is made by ``scripts/bootstrap peer-NAME`` from ``requirements/peer-NAME.txt``. HEADRACE_PEERS may
name another folder that holds environments under their NAMEs. A missing environment is a failure, never a skip.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from wire.servers import Server

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "clients"
#: Seconds for one script; the slowest saves and loads models.
SCRIPT_S = 240

#: Environment -> the client's version, and the parts that it may leave out, by area.
PEERS = {
    "mlflow-3.17": ("3.17.2", {}),
    "mlflow-2.22": ("2.22.5", {"models": {"logged models"}}),
    "mlflow-1.30": (
        "1.30.1",
        {
            "experiments": {"delete_experiment_tag"},
            "runs": {"update_run"},
            "search": {"filters on times"},
            "artifacts": {"mlflow.artifacts", "log_figure", "log_image", "log_table"},
            "datasets": {"dataset inputs"},
            "async": {"asynchronous logging"},
            "models": {"logged models"},
        },
    ),
    "mlflow-skinny-3.17": (
        "3.17.2",
        {
            "search": {"pandas"},
            "artifacts": {"log_figure", "log_image", "log_table"},
            "datasets": {"pandas and numpy datasets"},
            "models": {"create_external_model", "scikit-learn"},
        },
    ),
}
AREAS = sorted(path.stem.removeprefix("area_") for path in SCRIPTS.glob("area_*.py"))


def _find_interpreter(peer: str) -> Path:
    folder = os.environ.get("HEADRACE_PEERS")
    environment = Path(folder) / peer if folder else ROOT / f".env-peer-{peer}"
    interpreter = environment / "bin" / "python"
    if not interpreter.exists():
        pytest.fail(f"no client at {interpreter}; make it: scripts/bootstrap peer-{peer}", pytrace=False)
    return interpreter


def _run_script(peer: str, area: str, server: Server, folder: Path) -> dict[str, object]:
    """Run an area's script in a peer's environment and return what it printed last."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "_MLFLOW", "PYTHON"))
    }
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
    # a script that waits for a server's error to pass would hide the error
    hasty = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
    ran = subprocess.run(
        [str(_find_interpreter(peer)), "-W", "ignore", str(SCRIPTS / f"area_{area}.py"), server.url],
        cwd=folder,
        env=kept | quiet | hasty | {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=SCRIPT_S,
    )
    assert ran.returncode == 0, f"{peer}, {area}:\n{ran.stdout[-2000:]}\n{ran.stderr[-6000:]}"
    return dict(json.loads(ran.stdout.strip().splitlines()[-1]))


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("peer", PEERS)
def test_official_client_works(server: Server, tmp_path: Path, peer: str, area: str) -> None:
    version, may_lack = PEERS[peer]
    result = _run_script(peer, area, server, tmp_path)
    assert result["client"] == version
    assert result["checks"]
    assert set(result["absent"]) == may_lack.get(area, set())
