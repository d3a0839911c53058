"""A disk without space: one clear error for what could not be taken, nothing half written, and all that was taken arrives when there is space again."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from headrace.base.errors import SpoolFull, Unavailable
from headrace.spool.recover import find_spools
from spool.conftest import RUN, START, MakeSpool, wait_until
from spool.model_server import ModelServer


@contextmanager
def _no_file_longer_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: what a quota looks like, and what needs no rights to set up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_segment_for_which_there_is_no_space_is_one_clear_error(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool(wait_s=0.1)
    run = spool.open_run(RUN, START, lease_ms=None)
    taken = 0
    server.down = Unavailable("down")
    with _no_file_longer_than(4096), pytest.raises(SpoolFull, match="the disk is full"):  # noqa: PT012 - which call is refused is what is found out
        while True:
            run.log_point("loss", 1, taken, taken)
            taken += 1
    assert 0 < taken < 300
    assert len(list(spool.backlog.folder.glob("*.seg"))) == 1 if spool.backlog.folder else False
    server.down = None
    run.log_point("loss", 1, taken, taken)
    wait_until(spool.flush)
    assert [step for _, step, _, _ in server.runs[RUN].points] == list(range(taken + 1))


def test_a_file_for_which_there_is_no_space_leaves_nothing_behind(
    make_spool: MakeSpool, server: ModelServer, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(100_000))
    spool = make_spool(wait_s=0.1)
    run = spool.open_run(RUN, START, lease_ms=None)
    assert spool.flush(10)
    folder = spool.backlog.folder
    assert folder is not None
    with _no_file_longer_than(50_000):
        with pytest.raises(SpoolFull):
            run.add_file(large, "large")
        with pytest.raises(SpoolFull):
            run.add_bytes(bytes(100_000), "large")
    assert list((folder / "files").iterdir()) == []
    assert large.exists()
    run.add_file(large, "large", move=True)
    assert not large.exists()
    assert spool.flush(10)
    assert server.runs[RUN].files == {"large": bytes(100_000)}


class Disk(Protocol):
    """A disk that can be full."""

    folder: Path

    def fill(self) -> None:
        """Leave almost no space."""

    def free(self) -> None:
        """Make space again."""


class LimitedFiles:
    """Files may not be longer than almost nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, self._before[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


class SmallFileSystem:
    """A file system of a few megabytes, with ballast on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        (self.folder / "ballast").write_bytes(bytes(shutil.disk_usage(self.folder).free))

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


def _may_mount() -> bool:
    """Tell whether this user may mount: root may, but not in every container."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


# Where nobody may mount, the limit of file sizes alone has to do: it reaches the same code by another error.
@pytest.fixture(params=["limited files", *(["small file system"] if _may_mount() else [])])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limited files":
        made: Disk = LimitedFiles(folder)
        yield made
        made.free()
        return
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True, capture_output=True
    )
    try:
        yield SmallFileSystem(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_process_on_a_full_disk_is_refused_sends_what_it_has_and_goes_on_when_there_is_space(
    make_spool: MakeSpool, server: ModelServer, disk: Disk
) -> None:
    server.down = Unavailable("down")
    spool = make_spool(root=disk.folder / "spools", wait_s=0.2, segment_bytes=2**18, max_bytes=2**30)
    run = spool.open_run(RUN, START, lease_ms=None)
    disk.fill()
    taken = 0
    with pytest.raises(SpoolFull, match="the disk is full"):  # noqa: PT012 - which call is refused is what is found out
        while True:
            run.log_point("loss", 1, taken, taken)
            taken += 1
    assert taken > 8000
    with pytest.raises(SpoolFull):
        run.log_params([("p", "x" * 1000)])
    server.down = None
    wait_until(spool.flush, 30)  # the sending needs no space
    assert sorted(step for _, step, _, _ in server.runs[RUN].points) == list(range(taken))
    disk.free()
    run.log_params([("p", "1")])
    run.log_point("loss", 1, taken, taken)
    assert spool.flush(20)
    assert sorted(step for _, step, _, _ in server.runs[RUN].points) == list(range(taken + 1))
    assert server.runs[RUN].params == [("p", "1")]


def test_a_process_that_begins_on_a_full_disk_is_told_so_and_not_stopped(
    make_spool: MakeSpool, disk: Disk
) -> None:
    disk.fill()
    spool = make_spool(root=disk.folder / "spools", wait_s=0.2)
    before = time.monotonic()
    with pytest.raises(SpoolFull):
        spool.open_run(RUN, START, lease_ms=None)
    assert time.monotonic() - before < 20
    disk.free()
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_point("a", 1, 1, 1)
    assert spool.flush(10)
    assert all(each.in_use for each in find_spools(disk.folder / "spools"))
