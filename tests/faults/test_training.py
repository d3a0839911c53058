"""Training processes, their server and the way between them are killed and cut, again and again: what a logging call has taken is there in the end, once.

HEADRACE_KILL_ROUNDS=200 makes a long run of it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.fleet import ServerProcess
from headrace.client import connect
from headrace.client.client import Client
from proxy import Fault, Proxy

ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "3"))
CHILD = Path(__file__).with_name("training_child.py")
SYNC_S = 120
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240 + 20 * ROUNDS)]


class Training:
    """A job whose process is started again and again.

    Args:
        folder: where its journal, spool and output are.
        job_id: the job.
        uri: the tracking URI.
    """

    def __init__(self, folder: Path, job_id: str, uri: str) -> None:
        self.journal, self._job_id, self._output = (
            folder / f"{job_id}.journal",
            job_id,
            folder / f"{job_id}.output",
        )
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "HEADRACE_"))}
        self.environment = inherited | {
            "HEADRACE_TRACKING_URI": uri,
            "HEADRACE_SPOOL_DIR": str(folder / "spool"),
            "HEADRACE_HTTP_REQUEST_TIMEOUT": "5",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self, calls: int | None = None) -> None:
        """Start the process; it goes on where the one before was."""
        command = [sys.executable, str(CHILD), str(self.journal), self._job_id]
        with self._output.open("ab") as out:
            self.process = subprocess.Popen(
                command + ([] if calls is None else [str(calls)]),
                env=self.environment,
                stdout=out,
                stderr=out,
            )

    def wait_for_calls(self) -> None:
        """Wait until the process has logged something since its start."""
        before, until = self.count(), time.monotonic() + 60
        while self.count() <= before:
            assert self.process is not None
            assert self.process.poll() is None, self.read_output()
            assert time.monotonic() < until, "the training logs nothing"
            time.sleep(0.01)

    def kill(self) -> None:
        """End the process with SIGKILL."""
        assert self.process is not None
        assert self.process.poll() is None, self.read_output()
        self.process.kill()
        self.process.wait(30)
        self.kills += 1

    def stop(self) -> None:
        """End the process if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def read_output(self) -> str:
        """What it has printed."""
        return self._output.read_text("utf-8", "replace")

    def count(self) -> int:
        """How many bytes its journal has."""
        return self.journal.stat().st_size if self.journal.exists() else 0

    def sync(self) -> None:
        """Do what its user does after a kill."""
        ran = subprocess.run(
            [sys.executable, "-m", "headrace", "sync"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SYNC_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def check(self, client: Client) -> int:
        """Hold what is stored against the journal; return how many calls that were."""
        told = [line.split() for line in self.journal.read_text("utf-8").splitlines()]
        by_kind = {kind: [int(line[1]) for line in told if line[0] == kind] for kind in "mptf"}
        (run_id,) = {line[1] for line in told if line[0] == "r"}
        run = client.runs.get(run_id)
        stored = Counter(
            point
            for attempt in client.control.get(run_id).attempts
            for history in client.series.points([run_id], ["loss"], attempt=attempt.attempt)
            for point in zip(history.step, history.value, strict=True)
        )
        wanted = {(step, 1 / (step + 1)) for step in by_kind["m"]}
        assert set(stored.values()) == {1}, "a point is there twice"
        assert wanted <= stored.keys(), f"lost: {sorted(wanted - stored.keys())[:10]}"
        shown = {(point.step, point.value) for point in client.metrics.history(run_id, "loss")}
        assert shown == stored.keys(), (
            "an attempt hides what another one has logged, though none has gone back"
        )
        # A call that had returned, and whose line was not written when the kill came.
        assert len(stored) - len(wanted) <= self.kills
        params = {param.key: param.value for param in run.data.params or ()}
        tags = {tag.key: tag.value for tag in run.data.tags or ()}
        assert {f"p{step}": str(step) for step in by_kind["p"]}.items() <= params.items()
        assert {f"t{step}": str(step) for step in by_kind["t"]}.items() <= tags.items()
        files = {entry.path for entry in client.artifacts.list(run_id, "files")}
        assert {f"files/{step}.txt" for step in by_kind["f"]} <= files
        ledger = client.ingest.ledger(run_id)
        assert ledger.rejections == []
        return len(told)


@contextmanager
def _trainings(folder: Path, uri: str, count: int) -> Iterator[list[Training]]:
    jobs = [Training(folder, f"job-{number}", uri) for number in range(count)]
    try:
        yield jobs
    finally:
        for job in jobs:
            job.stop()


def _finish(jobs: list[Training], client: Client) -> int:
    for job in jobs:
        job.sync()
    for job in jobs:
        job.start(100)
        assert job.process is not None
        assert job.process.wait(SYNC_S) == 0, job.read_output()
        job.sync()
    return sum(job.check(client) for job in jobs)


def test_processes_servers_and_connections_die_and_nothing_is_lost_or_doubled(
    tmp_path: Path, url: str
) -> None:
    chance = random.Random(5)
    server = ServerProcess(tmp_path, url)
    server.start()
    try:
        with Proxy(server.port) as proxy, _trainings(tmp_path, f"http://127.0.0.1:{proxy.port}", 2) as jobs:
            for number in range(ROUNDS):
                for job in jobs:
                    job.start()
                for job in jobs:
                    job.wait_for_calls()
                for _ in range(4):
                    proxy.arm(Fault.IN_ANSWER)
                    time.sleep(chance.uniform(0.05, 0.3))
                    proxy.cut()
                if number % 2:
                    server.kill()
                    time.sleep(chance.uniform(0.0, 0.5))
                    server.start()
                for job in jobs:
                    job.kill()
            assert proxy.struck[Fault.IN_ANSWER] >= ROUNDS
            proxy.disarm()
            with connect(f"http://127.0.0.1:{server.port}") as client:
                calls = _finish(jobs, client)
    finally:
        server.stop()
    print(f"{ROUNDS} rounds, {calls} calls, {proxy.struck[Fault.IN_ANSWER]} answers cut")


def test_without_a_server_processes_that_share_a_file_die_and_nothing_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    chance = random.Random(6)
    uri = f"sqlite:///{tmp_path}/headrace.db"
    with _trainings(tmp_path, uri, 2) as jobs:
        for _ in range(ROUNDS):
            for job in jobs:
                job.start()
            for job in jobs:
                job.wait_for_calls()
            time.sleep(chance.uniform(0.2, 1.5))
            for job in jobs:
                job.kill()
        with connect(uri) as client:
            calls = _finish(jobs, client)
    print(f"{ROUNDS} rounds, {calls} calls")


def test_a_whole_training_without_a_server_is_there_after_sync(tmp_path: Path, url: str) -> None:
    server = ServerProcess(tmp_path, url)
    with _trainings(tmp_path, f"http://127.0.0.1:{server.port}", 1) as [job]:
        job.start(2_000)
        assert job.process is not None
        assert job.process.wait(60) == 0, job.read_output()
        assert "headrace sync" in job.read_output()
        server.start()
        try:
            job.sync()
            with connect(f"http://127.0.0.1:{server.port}") as client:
                assert job.check(client) > 2_000
                assert client.runs.get(job.journal.read_text("utf-8").split()[1]).info.status == "FINISHED"
        finally:
            server.stop()


def test_a_training_that_is_asked_to_end_is_killed_and_keeps_what_it_could_not_send_in_time(
    tmp_path: Path, url: str
) -> None:
    server = ServerProcess(tmp_path, url)
    server.start()
    try:
        with _trainings(tmp_path, f"http://127.0.0.1:{server.port}", 1) as [job]:
            job.start()
            job.wait_for_calls()
            assert job.process is not None
            job.process.send_signal(signal.SIGTERM)
            assert job.process.wait(60) == -signal.SIGTERM, job.read_output()
            job.kills = 1  # the call that the signal has interrupted
            job.sync()
            with connect(f"http://127.0.0.1:{server.port}") as client:
                job.check(client)
                assert client.runs.get(job.journal.read_text("utf-8").split()[1]).info.status == "KILLED"
    finally:
        server.stop()
