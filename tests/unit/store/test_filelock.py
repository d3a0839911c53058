"""The lock between processes: one holder at a time, and none that outlives its process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.base.errors import Unavailable
from headrace.store.filelock import FileLock

HOLD = """
import sys
from pathlib import Path
from headrace.store.filelock import FileLock
with FileLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_waits_until_the_first_is_done(path: Path, holder: subprocess.Popen[str]) -> None:
    waiter = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    time.sleep(0.6)
    assert waiter.poll() is None
    holder.communicate("")
    assert waiter.communicate("", timeout=90)[0] == "held\n"


def test_a_killed_process_holds_nothing(path: Path, holder: subprocess.Popen[str]) -> None:
    lock = FileLock(path)
    holder.kill()
    with lock.held():
        pass
    lock.close()


def test_it_can_be_taken_again_and_again(path: Path) -> None:
    lock = FileLock(path)
    for _ in range(3):
        with lock.held():
            pass
    lock.close()
    with lock.held():  # after a close it opens the file anew
        pass
    lock.close()


def test_an_error_inside_sets_it_free(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    with pytest.raises(ZeroDivisionError), first.held():
        raise ZeroDivisionError
    with second.held():
        pass
    first.close()
    second.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "no such folder" / "store.db.lock")
    with (
        pytest.raises(
            Unavailable, match=r"lock file .*no such folder.* \(No such file or directory\).*permissions"
        ),
        lock.held(),
    ):
        pass
