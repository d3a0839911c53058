"""Several processes: children by fork and by spawn, ranks of a job, restarts of a job, kills."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from headrace.client import Client, connect
from headrace.fluent.logging import log_metric
from headrace.fluent.runs import start_run
from headrace.fluent.state import flush_all

Script = Callable[..., subprocess.CompletedProcess[str]]
CHILD_S = 60


def values(client: Client, run_id: str, key: str = "m") -> list[float]:
    return sorted(float(point.value) for point in client.metrics.history(run_id, key))


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than the default to load all that a child sends with."""
    monkeypatch.setenv("HEADRACE_EXIT_WAIT_S", "30")


CHILDREN = """
import multiprocessing as mp, os, sys
from headrace.fluent.runs import start_run, active_run
from headrace.fluent.logging import log_metric

def say(run_id):  # in one step: several processes write to the same pipe
    os.write(1, f'{run_id}\\n'.encode())

def inherit(number):
    log_metric('m', float(number))

def own(number):
    run = active_run()
    with start_run(nested=run is not None) as run:
        log_metric('m', float(number))
        say(run.run_id)

def by_id(number, run_id):
    log_metric('m', float(number), run_id=run_id)

def fail(number):
    start_run(nested=active_run() is not None)
    say(active_run().run_id)
    log_metric('m', float(number))
    raise ValueError('in a child')

if __name__ == '__main__':
    context = mp.get_context(sys.argv[1])
    with start_run() as run:
        say(run.run_id)
        log_metric('m', 0.0)
        target = globals()[sys.argv[2]]
        more = (run.run_id,) if sys.argv[2] == 'by_id' else ()
        children = [context.Process(target=target, args=(number, *more)) for number in (1, 2, 3)]
        for child in children:
            child.start()
        log_metric('m', 10.0)
        for child in children:
            child.join()
        assert active_run() is run
        print([child.exitcode for child in children], file=sys.stderr)
"""


def test_forked_children_log_to_the_run_that_they_inherit_and_do_not_end_it(
    client: Client, script: Script
) -> None:
    done = script(CHILDREN, "fork", "inherit")
    assert done.returncode == 0, done.stderr
    assert "[0, 0, 0]" in done.stderr
    run_id = done.stdout.split()[0]
    assert values(client, run_id) == [0.0, 1.0, 2.0, 3.0, 10.0]
    assert client.runs.get(run_id).info.status == "FINISHED"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_have_runs_of_their_own(client: Client, script: Script, method: str) -> None:
    done = script(CHILDREN, method, "own")
    assert done.returncode == 0, done.stderr
    parent, *children = done.stdout.split()
    assert len(children) == 3
    assert sorted(values(client, child)[0] for child in children) == [1.0, 2.0, 3.0]
    assert values(client, parent) == [0.0, 10.0]
    assert {str(client.runs.get(run_id).info.status) for run_id in (parent, *children)} == {"FINISHED"}


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_log_to_the_run_of_their_parent_by_its_id(
    client: Client, script: Script, method: str
) -> None:
    done = script(CHILDREN, method, "by_id")
    assert done.returncode == 0, done.stderr
    assert "[0, 0, 0]" in done.stderr
    assert values(client, done.stdout.split()[0]) == [0.0, 1.0, 2.0, 3.0, 10.0]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_that_fails_leaves_its_run_failed_and_the_parents_as_it_is(
    client: Client, script: Script, method: str
) -> None:
    done = script(CHILDREN, method, "fail")
    assert "[1, 1, 1]" in done.stderr
    parent, *children = done.stdout.split()
    assert [str(client.runs.get(run_id).info.status) for run_id in children] == ["FAILED"] * 3
    assert client.runs.get(parent).info.status == "FINISHED"


def test_a_fork_in_the_middle_of_a_block_ends_the_run_once(client: Client, script: Script) -> None:
    done = script(
        """
import os
from headrace.fluent.runs import start_run
from headrace.fluent.logging import log_metric
with start_run() as run:
    log_metric('m', 1.0)
    child = os.fork()
    log_metric('m', 2.0)
    if child:
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        log_metric('m', 3.0)
        print(run.run_id, flush=True)
"""
    )
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.split()[0]
    assert values(client, run_id) == [1.0, 2.0, 2.0, 3.0]
    assert client.runs.get(run_id).info.status == "FINISHED"


def test_a_pool_of_forked_workers_logs_everything_although_it_is_terminated(
    client: Client, script: Script
) -> None:
    done = script(
        """
import multiprocessing as mp
from headrace.fluent.runs import start_run
from headrace.fluent.logging import log_metric

def work(number):
    log_metric('m', float(number))
    return number

if __name__ == '__main__':
    with start_run() as run:
        with mp.get_context('fork').Pool(3) as pool:
            assert pool.map(work, range(60)) == list(range(60))
    print(run.run_id, flush=True)
"""
    )
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.split()[0]
    until = time.monotonic() + 60
    while len(values(client, run_id)) < 60 and time.monotonic() < until:
        log_metric("k", 1.0)  # whoever logs here next sends what workers have left
        flush_all(5)
        time.sleep(0.2)
    assert values(client, run_id) == [float(number) for number in range(60)]
    assert client.runs.get(run_id).info.status == "FINISHED"


def test_a_forked_child_dies_of_sigterm_at_once_unless_it_has_a_run_of_its_own(script: Script) -> None:
    done = script(
        """
import os, signal
from headrace.fluent.runs import start_run

def look(begin):
    child = os.fork()
    if child == 0:
        if begin:
            start_run(run_name='child', nested=True)
        blocked = signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        is_ours = signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        os._exit(2 * blocked + is_ours)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

with start_run():
    print(look(False), look(True), look(False))
    print(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL, signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["0 1 0", "True set()"]


def test_a_fork_while_everything_is_still_being_loaded_harms_nobody(client: Client, script: Script) -> None:
    done = script(CHILDREN, "fork", "own", HEADRACE_PROVENANCE="true")
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[0, 0, 0]"
    parent, *children = done.stdout.split()
    assert values(client, parent) == [0.0, 10.0]
    assert sorted(values(client, child)[0] for child in children) == [1.0, 2.0, 3.0]


def test_a_child_sends_its_provenance_before_it_ends_however_long_that_takes(
    server_uri: str, script: Script
) -> None:
    done = script(
        """
import multiprocessing as mp, time
from headrace.fluent.provenance import collection
from headrace.fluent.runs import start_run

def collect_late(task, collect=collection.collect):
    time.sleep(3)
    collect(task)

def own():
    collection.collect = collect_late
    with start_run() as run:
        print(run.run_id, flush=True)

if __name__ == '__main__':
    child = mp.get_context('fork').Process(target=own)
    child.start()
    child.join()
""",
        HEADRACE_PROVENANCE="true",
    )
    assert (done.returncode, done.stderr) == (0, "")
    with connect(server_uri) as client:
        assert [file.path for file in client.artifacts.list(done.stdout.strip())] == ["provenance"]


RANK = """
import os, sys, time
from headrace.fluent.runs import start_run
from headrace.fluent.logging import log_metric, log_param
with start_run(job_id=sys.argv[1]) as run:
    print(run.run_id, flush=True)
    rank = int(os.environ['RANK'])
    for step in range(int(sys.argv[2]), int(sys.argv[3])):
        log_metric(f'rank_{rank}', float(step), step=step)
    if rank == 0:
        log_param('rate', sys.argv[4])
"""


def test_the_ranks_of_a_job_write_to_one_run(
    client: Client, begin_script: Callable[..., subprocess.Popen[str]]
) -> None:
    job = os.urandom(8).hex()
    ranks = [
        begin_script(
            RANK,
            job,
            0,
            20,
            1,
            RANK=rank,
            WORLD_SIZE=3,
            TORCHELASTIC_RUN_ID=job,
            TORCHELASTIC_RESTART_COUNT=0,
        )
        for rank in range(3)
    ]
    ids = set()
    for rank in ranks:
        out, errors = rank.communicate(timeout=CHILD_S)
        assert rank.returncode == 0, errors
        ids.add(out.strip())
    (run_id,) = ids
    for number in range(3):
        assert values(client, run_id, f"rank_{number}") == [float(step) for step in range(20)]
    found = client.runs.get(run_id)
    assert found.info.status == "FINISHED"
    assert [each.name for each in client.control.get(run_id).attempts] == [f"torchrun {job} 0"]


def test_a_job_that_starts_again_continues_its_run_as_a_new_attempt(client: Client, script: Script) -> None:
    job = os.urandom(8).hex()
    first = script(RANK, job, 0, 10, 0.1, RANK=0, SLURM_JOB_ID=7, SLURM_RESTART_COUNT=0)
    second = script(RANK, job, 6, 12, 0.2, RANK=0, SLURM_JOB_ID=7, SLURM_RESTART_COUNT=1)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout == second.stdout
    run_id = first.stdout.strip()
    assert values(client, run_id, "rank_0") == [float(step) for step in range(12)]
    control = client.control.get(run_id)
    assert [each.name for each in control.attempts] == ["slurm 7 0 0", "slurm 7 0 1"]
    assert [(each.key, each.value) for each in control.past_params] == [("rate", "0.1")]
    assert {each.key: each.value for each in client.runs.get(run_id).data.params or ()} == {"rate": "0.2"}


def test_a_job_killed_at_once_loses_nothing_and_goes_on(
    client: Client, script: Script, begin_script: Callable[..., subprocess.Popen[str]]
) -> None:
    job = os.urandom(8).hex()
    process = begin_script(
        """
import os, signal, sys
from headrace.fluent.runs import start_run
from headrace.fluent.logging import log_metric
run = start_run(job_id=sys.argv[1])
print(run.run_id, flush=True)
for step in range(5000):
    log_metric('rank_0', float(step), step=step)
os.kill(os.getpid(), signal.SIGKILL)
""",
        job,
    )
    out, _ = process.communicate(timeout=CHILD_S)
    assert process.returncode == -signal.SIGKILL
    again = script(RANK, job, 5000, 5010, 1, RANK=0)
    assert again.returncode == 0, again.stderr
    run_id = again.stdout.strip()
    assert out.strip() == run_id
    assert values(client, run_id, "rank_0") == [float(step) for step in range(5010)]
    assert client.runs.get(run_id).info.status == "FINISHED"
    assert len(client.control.get(run_id).attempts) == 2


def test_the_job_of_the_environment_is_that_of_the_first_run_only(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = os.urandom(8).hex()
    monkeypatch.setenv("HEADRACE_JOB_ID", job)
    with start_run() as first, start_run(nested=True) as child:
        pass
    with start_run() as second:
        pass
    with start_run(job_id=job) as named:
        pass
    assert first.run_id == named.run_id
    assert len({first.run_id, child.run_id, second.run_id}) == 3
    assert "HEADRACE_JOB_ID" not in os.environ
