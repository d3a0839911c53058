"""Values that are made once for each object, by threads and in forked children."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, threading
from headrace.base.cached import cached_property

class Thing:
    def __init__(self, make):
        self._make = make

    @cached_property
    def value(self):
        return self._make()

def make_slowly():
    begun.set()
    may_end.wait()
    return 1

begun, may_end = threading.Event(), threading.Event()
thread = threading.Thread(target=lambda: Thing(make_slowly).value)
thread.start()
begun.wait()
other = Thing(object)
assert other.value is other.value
child = os.fork()
if not child:
    os._exit(0 if Thing(lambda: 2).value == 2 else 1)
_, status = os.waitpid(child, 0)
may_end.set()
print(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_neither_another_object_nor_a_child_waits_for_a_thread_that_makes_a_value() -> None:
    command = [sys.executable, "-c", PROGRAM]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "0\n"
