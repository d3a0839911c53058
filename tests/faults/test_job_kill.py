"""A job that moves thousands of runs and is cut off with SIGKILL, and one whose runs are logged to meanwhile: nothing is lost, nothing done twice."""

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from databases import check_integrity, query
from faults.fleet import Connection, ServerProcess, run_server
from headrace.api.endpoint import Tag
from headrace.api.inputs import Dataset, DatasetInput
from headrace.client import Client, connect
from headrace.client.jobs import OPEN
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import annotations, experiments, inputs, models, runs, series
from headrace.store.codes import encode
from headrace.store.keys import intern_keys
from headrace.store.models import NewModel
from headrace.store.transaction import Kind, Transaction

RUNS = 2000
LOGGED_TO = 400
MODELS_EVERY = 10
WAIT_S = 240


def _fill(folder: Path, url: str, count: int) -> None:
    """Make the experiments 1 and 2, and runs in the first: params, tags, metrics, a dataset; some have made a model."""
    settings = PlatformSettings(url, str(folder / "artifacts"))
    platform = open_platform(settings)
    try:
        for name in ("old", "new"):
            platform.store.writer.call(
                lambda tx, name=name: experiments.insert_experiment(tx, name, "mlflow-artifacts:/", 1)
            )
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            platform.store.writer.call(lambda tx, numbers=numbers: _insert(tx, numbers))
    finally:
        platform.store.close()


def _insert(tx: Transaction, numbers: range) -> None:
    used = DatasetInput(dataset=Dataset(name="train", digest="d", source_type="local", source="s"))
    keys = intern_keys(tx, ["loss", "accuracy"])
    for number in numbers:
        run_id = f"r{number:05}"
        run = runs.insert_run(
            tx, (run_id, 1, run_id, "user", number, f"mlflow-artifacts:/1/{run_id}/artifacts")
        )
        annotations.insert_params(tx, run, {"lr": "0.1", "number": str(number)})
        annotations.set_tags(tx, run, [Tag(key="team", value="red")])
        for key in keys.values():
            series.add_points(tx, run, key, 0, [(1, 1, encode(number / 8)), (2, 2, encode(float(number)))])
        inputs.insert_datasets(tx, run, [used])
        if number % MODELS_EVERY == 0:
            models.insert_model(tx, NewModel(f"m-{number}", 1, "model", "", run_id, "mlflow-artifacts:/m", 1))


def _count(connection: Connection, experiment: str, text: str = "", **more: Any) -> int:
    """How many runs a search finds, all pages together, each once."""
    found: list[str] = []
    token = ""
    while True:
        page = connection.post(
            "runs/search",
            experiment_ids=[experiment],
            filter=text,
            max_results=2000,
            page_token=token,
            **more,
        )
        found += [run["info"]["run_id"] for run in page.get("runs", [])]
        token = page.get("next_page_token", "")
        if not token:
            assert len(found) == len(set(found))
            return len(found)


def _wait_until_it_moves(client: Client, job_id: str, more_than: int) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        job = client.jobs.get(job_id)
        if job.done > more_than or job.state not in OPEN:
            return
        assert time.monotonic() < until, "the job stands still"
        time.sleep(0.01)


def _kill(server: ServerProcess) -> int:
    """Kill a server and return how many runs its job has counted: as many as it has moved."""
    server.kill()
    ((done, moved),) = query(
        server.store, "SELECT done, (SELECT COUNT(*) FROM hr_run WHERE experiment = 2) FROM hr_job"
    )
    assert moved == done
    return int(done)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_move_that_is_killed_goes_on_here_and_on_another_server_and_moves_every_run_once(
    tmp_path: Path, url: str
) -> None:
    _fill(tmp_path, url, RUNS)
    server, other = ServerProcess(tmp_path, url), ServerProcess(tmp_path, url)
    try:
        server.start()
        with connect(f"http://127.0.0.1:{server.port}") as client:
            job_id = client.jobs.move_runs("2", experiment_ids=["1"], filter="params.lr = '0.1'").job_id
            _wait_until_it_moves(client, job_id, 0)
            first = _kill(server)
            server.start()
            other.start()
            _wait_until_it_moves(client, job_id, first)
            # whichever of the two does it: both are killed, one after the other
            second = _kill(server)
        with connect(f"http://127.0.0.1:{other.port}") as client:
            _wait_until_it_moves(client, job_id, second)
            third = _kill(other)
            other.start()
            job = client.jobs.wait(job_id, WAIT_S)
        assert 0 < first < RUNS
        assert first < third <= RUNS
        assert (job.state.value, job.total, job.done, job.failed) == ("FINISHED", RUNS, RUNS, 0)
        _check_all_is_in_the_new_experiment(other)
    finally:
        server.stop()
        other.stop()
    assert "Traceback" not in server.read_log() + other.read_log()


def _check_all_is_in_the_new_experiment(server: ServerProcess) -> None:
    connection = server.connect()
    by_metric = {"order_by": ["metrics.loss DESC"]}
    dataset = "datasets.name = 'train'"
    for text, more in (
        ("", {}),
        ("params.lr = '0.1'", {}),
        ("tags.team = 'red'", {}),
        ("metrics.loss >= 0", by_metric),
        (dataset, {}),
    ):
        assert _count(connection, "2", text, **more) == RUNS, text
        assert _count(connection, "1", text, **more) == 0, text
    for experiment, count in (("1", 0), ("2", RUNS // MODELS_EVERY)):
        answer = connection.post("logged-models/search", experiment_ids=[experiment], max_results=1000)
        assert len(answer.get("models", [])) == count
        summaries = connection.post("experiments/search-datasets", experiment_ids=[experiment])
        assert len(summaries.get("dataset_summaries", [])) == (1 if count else 0)
    assert connection.read_history("r00008", "loss") == [(1, 1.0), (2, 8.0)]
    connection.close()
    _check_scopes(server)
    moves = query(
        server.store,
        "SELECT subject, COUNT(*) FROM hr_change WHERE kind = ? AND experiment = 2 GROUP BY subject",
        int(Kind.RUN),
    )
    assert len(moves) == RUNS
    assert {count for _, count in moves} == {1}
    check_integrity(server.store)


def _check_scopes(server: ServerProcess) -> None:
    for table in ("hr_run", "hr_param", "hr_tag", "hr_series"):
        scopes = query(server.store, f"SELECT DISTINCT scope FROM {table} WHERE scope IS NOT NULL")
        assert scopes == [(4,)], table


class _Logger:
    """Logs to runs until it is told to stop, and remembers what was answered."""

    def __init__(self, server: ServerProcess, name: str, run_ids: list[str]) -> None:
        self._server, self._name, self._run_ids = server, name, run_ids
        self.stop = threading.Event()
        self.answered: list[tuple[str, int]] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._log)

    def _log(self) -> None:
        connection = self._server.connect()
        try:
            for number, run_id in zip(itertools.count(), itertools.cycle(self._run_ids), strict=False):
                if self.stop.is_set():
                    return
                mark = f"{self._name}{number}"
                connection.post(
                    "runs/log-batch",
                    run_id=run_id,
                    metrics=[
                        {"key": key, "value": float(number), "timestamp": number, "step": number}
                        for key in (self._name, mark)
                    ],
                    params=[{"key": mark, "value": "1"}],
                    tags=[{"key": mark, "value": "1"}],
                )
                self.answered.append((run_id, number))
        except BaseException as error:
            self.error = error
            raise
        finally:
            connection.close()

    def check(self, connection: Connection) -> None:
        """Find all that was answered, in the new experiment and not in the old one."""
        for run_id, number in self.answered[:: max(1, len(self.answered) // 60)]:
            mark = f"{self._name}{number}"
            for text in (f"metrics.{mark} = {number}", f"params.{mark} = '1'", f"tags.{mark} = '1'"):
                answer = connection.post("runs/search", experiment_ids=["1", "2"], filter=text)
                infos = [run["info"] for run in answer.get("runs", [])]
                assert [(info["run_id"], info["experiment_id"]) for info in infos] == [(run_id, "2")], text
        for run_id in self._run_ids:
            wanted = [(number, number) for run, number in self.answered if run == run_id]
            assert connection.read_history(run_id, self._name) == wanted


@pytest.mark.timeout(900)
def test_runs_that_are_logged_to_while_they_move_lose_nothing(tmp_path: Path, url: str) -> None:
    _fill(tmp_path, url, LOGGED_TO)
    run_ids = [f"r{number:05}" for number in range(LOGGED_TO)]
    with run_server(tmp_path, url) as server, connect(f"http://127.0.0.1:{server.port}") as client:
        loggers = [_Logger(server, f"w{number}_", run_ids[number::97]) for number in range(4)]
        for logger in loggers:
            logger.thread.start()
        try:
            for target in ("2", "1", "2"):
                job = client.jobs.wait(client.jobs.move_runs(target, run_ids).job_id, WAIT_S)
                assert job.state not in OPEN
                assert (job.done, job.failed) == (LOGGED_TO, 0)
        finally:
            for logger in loggers:
                logger.stop.set()
                logger.thread.join(60)
        assert [logger.error for logger in loggers] == [None] * 4
        assert min(len(logger.answered) for logger in loggers) > 20
        connection = server.connect()
        for logger in loggers:
            logger.check(connection)
        connection.close()
        assert "Traceback" not in server.read_log()
        _check_scopes(server)
