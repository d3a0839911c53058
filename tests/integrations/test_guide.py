"""The programs of docs/guides/integrations.md, all of them, with the frameworks that they are for, in an environment of its own (`make test-integrations`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guides.blocks import read_blocks, run_guide
from headrace.client import Client, connect
from serving import Server, start_server

GUIDE = "guides/integrations.md"
PYTHON = Path(__file__).parents[2] / ".env-integrations" / "bin" / "python"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    """A folder in which the guide has been run."""
    if not PYTHON.exists():
        pytest.skip("there is no .env-integrations: run `make test-integrations`")
    folder = tmp_path_factory.mktemp("guide")
    run_guide(GUIDE, folder, server.url, by_section=True, python=str(PYTHON))
    return folder


def find_runs(client: Client, experiment: str) -> list[tuple[str, set[str], set[str]]]:
    """Return the state of each run of an experiment, its params and its metrics."""
    found = client.experiments.get_by_name(experiment).experiment_id
    return [
        (
            str(run.info.status),
            {param.key for param in run.data.params or ()},
            {metric.key for metric in run.data.metrics or ()},
        )
        for run in client.runs.search([found])
    ]


def test_no_program_of_the_guide_is_left_out(folder: Path) -> None:
    assert [block.line for block in read_blocks(GUIDE) if not block.can_run(str(PYTHON))] == []


@pytest.mark.parametrize(
    ("experiment", "param", "metric"),
    [
        ("optuna", "x", "value"),
        ("lightning", "lr", "loss"),
        ("transformers", "learning_rate", "loss"),
        ("keras", "optimizer.learning_rate", "loss"),
    ],
)
def test_a_callback_of_a_few_lines_logs_what_the_framework_tells(
    folder: Path, experiment: str, param: str, metric: str
) -> None:
    with connect(f"sqlite:///{(folder / 'headrace.db').as_posix()}") as client:
        runs = find_runs(client, experiment)
    assert {status for status, _, _ in runs} == {"FINISHED"}
    assert any(param in params and metric in metrics for _, params, metrics in runs)


@pytest.mark.parametrize(
    ("experiment", "metric"),
    [("with mlflow's callback", "value"), ("lightning", "loss"), ("transformers with mlflow", "loss")],
)
def test_the_frameworks_own_mlflow_callbacks_log_to_a_server_of_headrace(
    folder: Path, server: Server, experiment: str, metric: str
) -> None:
    with connect(server.url) as client:
        runs = find_runs(client, experiment)
    assert any(metric in metrics for _, _, metrics in runs)
