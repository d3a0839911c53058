"""Threads that load modules, and forks."""

import os
import subprocess
import sys

import pytest

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
