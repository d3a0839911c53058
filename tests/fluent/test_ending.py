"""How processes end: the status that their runs get, and that nothing is lost. Real processes, on a server and on a database."""

import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from headrace.client import Client

BEGIN = """
import os, signal, sys, threading, time
from headrace.fluent.runs import start_run, end_run
from headrace.fluent.logging import log_metric, log_param

def started(**options):
    run = start_run(**options)
    print(run.run_id, flush=True)
    return run
"""


def run_of(process: subprocess.CompletedProcess[str]) -> str:
    return process.stdout.split()[0]


def status(client: Client, run_id: str) -> str:
    return str(client.runs.get(run_id).info.status)


def _stored(client: Client, done: subprocess.CompletedProcess[str]) -> tuple[str, list[float]]:
    """The status of the run that a script has begun, and the values of its metric m."""
    run_id = run_of(done)
    return status(client, run_id), [point.value for point in client.metrics.history(run_id, "m")]


@pytest.mark.parametrize(
    ("end", "code", "expected"),
    [
        ("", 0, "FINISHED"),
        ("sys.exit()", 0, "FINISHED"),
        ("sys.exit(0)", 0, "FINISHED"),
        ("sys.exit(3)", 3, "FAILED"),
        ("sys.exit('broken')", 1, "FAILED"),
        ("exit(2)", 2, "FAILED"),
        ("1 / 0", 1, "FAILED"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "KILLED"),
    ],
)
def test_a_run_without_a_block_gets_the_status_that_is_true(
    client: Client,
    script: Callable[..., subprocess.CompletedProcess[str]],
    end: str,
    code: int,
    expected: str,
) -> None:
    done = script(f"{BEGIN}\nstarted()\nlog_metric('m', 1.0)\n{end}\n")
    assert done.returncode == code, done.stderr
    assert _stored(client, done) == (expected, [1.0])
    if end == "1 / 0":
        assert "ZeroDivisionError" in done.stderr


def test_a_database_that_is_opened_while_the_process_ends_stays_open_until_all_is_stored(
    client: Client, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = script(
        BEGIN
        + """
import atexit
from headrace.fluent import state

loaded, exiting = threading.Event(), threading.Event()
open_destination = state.open_destination

def open_late(*arguments):
    destination = open_destination(*arguments)
    loaded.set()
    exiting.wait(30)
    return destination

state.open_destination = open_late
started()
log_metric('m', 1.0)
assert loaded.wait(30)
atexit.register(exiting.set)
"""
    )
    assert "could not be sent" not in done.stderr
    assert "cannot be sent" not in done.stderr
    assert _stored(client, done) == ("FINISHED", [1.0])


def test_an_exit_that_somebody_has_caught_does_not_count(
    client: Client, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = script(
        BEGIN
        + """
started()
try:
    sys.exit(3)
except SystemExit:
    pass
"""
    )
    assert done.returncode == 0, done.stderr
    assert status(client, run_of(done)) == "FINISHED"


def test_all_runs_of_all_threads_are_ended(
    client: Client, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = script(
        BEGIN
        + """
started()
started(nested=True)

def work():
    started()
    log_metric('m', 1.0)

def fail():
    started()
    raise ValueError('in a thread')

for target in (work, fail):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
"""
    )
    assert done.returncode == 0, done.stderr
    assert [status(client, run_id) for run_id in done.stdout.split()] == ["FINISHED"] * 3 + ["FAILED"]


@pytest.mark.parametrize("block", ["started()", "with started():"])
@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, "KILLED"), (signal.SIGINT, "KILLED")])
def test_a_signal_to_end_leaves_the_run_killed_and_all_its_points(
    client: Client,
    begin_script: Callable[..., subprocess.Popen[str]],
    block: str,
    number: int,
    expected: str,
) -> None:
    indent = "    " if block.startswith("with") else ""
    process = begin_script(
        f"{BEGIN}\n{block}\n{indent}for step in range(10**9):\n{indent}    log_metric('m', 1.0, step=step)\n"
        f"{indent}    if step == 1000: print('busy', flush=True)\n{indent}    time.sleep(0.0001)\n"
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    assert process.stdout.readline().strip() == "busy"
    process.send_signal(number)
    process.wait(30)
    assert process.returncode == -number, process.communicate()
    assert status(client, run_id) == expected
    steps = sorted(point.step for point in client.metrics.history(run_id, "m"))
    assert steps == list(range(len(steps)))
    assert len(steps) > 1000


def test_a_handler_that_was_there_is_called_and_decides(
    client: Client, begin_script: Callable[..., subprocess.Popen[str]]
) -> None:
    process = begin_script(
        BEGIN
        + """
told = []
signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
with started():
    while not told:
        time.sleep(0.01)
    log_metric('m', 1.0)
print('requeued', flush=True)
"""
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert out.strip() == "requeued"
    assert status(client, run_id) == "FINISHED"


def test_a_handler_that_exits_leaves_the_run_killed(
    client: Client, begin_script: Callable[..., subprocess.Popen[str]]
) -> None:
    process = begin_script(
        BEGIN
        + """
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
with started():
    time.sleep(60)
"""
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert status(client, run_id) == "KILLED"


def test_a_signal_that_is_ignored_stays_so(
    client: Client, begin_script: Callable[..., subprocess.Popen[str]]
) -> None:
    process = begin_script(
        BEGIN
        + """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with started():
    time.sleep(1)
"""
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=90)
    assert process.returncode == 0
    assert status(client, run_id) == "FINISHED"


def test_a_short_program_stores_everything(
    client: Client, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = script(
        BEGIN + "\nrun = started()\nfor step in range(20_000):\n    log_metric('m', step / 2, step=step)\n"
    )
    assert done.returncode == 0, done.stderr
    assert "could not be sent" not in done.stderr
    points = [*client.metrics.history(run_of(done), "m")]
    assert sorted(point.step for point in points) == list(range(20_000))


def test_the_hooks_that_were_there_are_called(
    script: Callable[..., subprocess.CompletedProcess[str]], uri: str
) -> None:
    done = script(
        "import sys\nsys.excepthook = lambda *_: print('mine', flush=True)\n" + BEGIN + "\nstarted()\n1 / 0\n"
    )
    assert done.returncode == 1
    assert done.stdout.split()[1:] == ["mine"]
