"""Children: what they log goes to the same run, once, whichever way they begin and end; the parent's spool is none of their business."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.api.ingest import AttemptRecord
from headrace.base.errors import Unavailable
from headrace.client import connect
from headrace.spool.folder import list_folders
from headrace.spool.recover import find_spools
from serving import start_server
from spool.conftest import RUN, START, MakeSpool
from spool.forks import CHILDREN, POINTS
from spool.model_server import ModelServer

PROGRAM = Path(__file__).with_name("forks.py")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


@pytest.fixture(params=["http", "local"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
        return
    with start_server(tmp_path / "server") as server:
        yield server.url


@pytest.mark.parametrize("method", ["fork", "spawn", "raw", "killed"])
def test_parent_and_children_write_to_one_run(method: str, uri: str, tmp_path: Path) -> None:
    root = tmp_path / "spools"
    ran = subprocess.run(
        [sys.executable, PROGRAM, method, uri, root, RUN], capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert [spool for spool in find_spools(root) if not spool.in_use] == []
    with connect(uri) as client:
        for who in (*range(CHILDREN), 100, 101):
            assert [point.step for point in client.metrics.history(RUN, f"of-{who}")] == list(range(POINTS))
        assert client.runs.get(RUN).info.status == "FINISHED"
        files = {file.path for file in client.artifacts.list(RUN)}
        assert files == {f"of-{who}.txt" for who in (*range(CHILDREN), 100, 101)}


def _in_child(work: Callable[[], object]) -> None:
    """Do something in a forked child, and fail if it fails."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert status == 0


@needs_fork
def test_a_child_has_a_folder_of_its_own_and_leaves_the_parent_s_alone(
    make_spool: MakeSpool, server: ModelServer, root: Path
) -> None:
    server.down = Unavailable("down")
    spool = make_spool(adopt=False)
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_point("a", 1, 1, 1)
    (mine,) = list_folders(root)
    before = {path: path.read_bytes() for path in mine.rglob("*.seg")}
    _in_child(lambda: [run.log_point("a", 1, 2, 1), run.log_params([("p", "1")]), run.add_bytes(b"x", "x")])
    assert {path: path.read_bytes() for path in mine.rglob("*.seg")} == before
    spools = {spool.path: spool for spool in find_spools(root)}
    assert spools.pop(mine).in_use
    (child,) = spools.values()
    assert not child.in_use
    assert (child.records, child.files) == (4, 1)


@needs_fork
def test_a_child_that_never_logs_leaves_no_trace_and_does_not_hold_the_parent_s_lock(
    make_spool: MakeSpool, root: Path, server: ModelServer
) -> None:
    server.down = Unavailable("down")
    spool = make_spool(adopt=False)
    spool.open_run(RUN, START, lease_ms=None)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.read(reader, 1)
        os._exit(0)
    assert len(find_spools(root)) == 1
    spool.close(0)
    time.sleep(0.2)
    (left,) = find_spools(root)
    os.write(writer, b"x")
    os.waitpid(pid, 0)
    assert not left.in_use


@needs_fork
def test_what_a_child_has_left_does_not_begin_the_run_anew(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    _in_child(lambda: run.log_point("a", 1, 2, 1))
    assert spool.flush(10)
    spool.close(10)
    held = server.runs[RUN]
    assert held.series("a") == [("a", 2, 1, held.points[0][3])]
    assert set(held.attempts) == {"1"}, "the same start, not another one"


@needs_fork
def test_a_child_writes_to_the_parent_s_attempt(make_spool: MakeSpool, server: ModelServer) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, AttemptRecord(name="job-7"), lease_ms=None)
    _in_child(lambda: run.log_point("a", 1, 2, 1))
    spool.close(10)
    assert set(server.runs[RUN].attempts) == {"job-7"}


@needs_fork
def test_a_fork_in_the_middle_of_everything_does_not_stop_the_child(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool(segment_bytes=4096)
    run = spool.open_run(RUN, START, lease_ms=None)
    is_over = threading.Event()

    def work(who: int) -> None:
        step = 0
        while not is_over.is_set():
            run.log_point(f"thread-{who}", 1, step, 1)
            run.log_params([(f"p{who}-{step}", "x" * 300)])
            step += 1

    threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(20):
            _in_child(lambda number=number: run.log_point("child", 1, number, 1))  # type: ignore[misc]
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    spool.close(30)
    assert sorted(step for _, step, _, _ in server.runs[RUN].series("child")) == list(range(20))
