"""Threads that load modules, and forks."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.base.loading import Loading

PROGRAM = """
import os, threading, time
from headrace.base.loading import LOADING
import logging
begun = threading.Event()
def load():
    with LOADING:
        begun.set()
        time.sleep(0.3)
        logging.getLogger("of a module that is loaded")
        ended.append(True)
ended = []
thread = threading.Thread(target=load)
thread.start()
begun.wait()
at_s = time.monotonic()
pid = os.fork()
if not pid:
    logging.getLogger("of the child")
    os._exit(0 if ended else 1)
_, status = os.waitpid(pid, 0)
print(status, time.monotonic() - at_s)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_waits_for_who_loads_and_nobody_waits_for_the_fork() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    status, seconds = told.split()
    assert status == "0"
    assert 0.2 < float(seconds) < 4.5


def test_threads_within_the_gate_do_not_wait_for_each_other_and_may_enter_again() -> None:
    gate, barrier = Loading(), threading.Barrier(3)

    def work(_: int) -> None:
        with gate, gate:
            barrier.wait(timeout=60)

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(work, range(3))) == [None] * 3


FORKS_WITHIN = """
import os
from headrace.base.loading import LOADING
with LOADING:
    child = os.fork()
with LOADING:
    if not child:
        os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_who_forks_within_the_gate_leaves_it_in_the_child_too() -> None:
    command = [sys.executable, "-c", FORKS_WITHIN]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "7\n"
