"""Threads that Python has joined and that C libraries still keep busy, and forks."""

import subprocess
import sys

import pytest

# What a C library does at the end of a thread: here strfry() shuffles a long text, without Python's lock.
PROGRAM = """
import ctypes, os, sys, threading
from pathlib import Path
from headrace.base import loading, thread_ends

thread_ends.WAIT_S = float(sys.argv[1])
libc = ctypes.CDLL(None)
key = ctypes.c_uint()
assert libc.pthread_key_create(ctypes.byref(key), libc.strfry) == 0

def is_there(thread):
    return Path(f"/proc/self/task/{thread.native_id}").exists()

def end_slowly():
    size = 1 << 20
    while True:
        text = ctypes.create_string_buffer(b"x" * size)
        texts.append(text)
        thread = threading.Thread(target=lambda: libc.pthread_setspecific(key, ctypes.c_void_p(ctypes.addressof(text))))
        thread.start()
        thread.join()
        if is_there(thread):
            return thread
        size *= 2

texts = []
"""
FORKS = """
thread = end_slowly()
child = os.fork()
if not child:
    os._exit(0)
print(is_there(thread))
os.waitpid(child, 0)
os._exit(0)
"""
WAITS_IN_VAIN = """
while True:
    thread = end_slowly()
    thread_ends.wait_for_ends()
    found = thread_ends.find_ending()
    if is_there(thread):
        break
print(thread.native_id in found)
os._exit(0)
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="no other system tells which threads there are"
)


def _run(program: str, wait_s: float) -> str:
    command = [sys.executable, "-c", PROGRAM + program, str(wait_s)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_fork_waits_until_a_thread_that_was_joined_is_gone() -> None:
    assert _run(FORKS, wait_s=200) == "False"


def test_who_is_at_work_for_long_is_waited_for_once() -> None:
    assert _run(WAITS_IN_VAIN, wait_s=0) == "False"
