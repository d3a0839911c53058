"""A process that opens a run, starts children that log to the same run, and ends. For tests of fork and spawn.

    python forks.py METHOD URI ROOT RUN_ID

METHOD is fork or spawn (through multiprocessing), raw (os.fork, and an end without any ceremony), or killed (the same, by a signal).
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

from headrace.api.ingest import StartRecord
from headrace.api.runs import RunStatus
from headrace.fluent.destination import open_destination
from headrace.spool.contract import SpoolSettings
from headrace.spool.runlog import RunLog
from headrace.spool.writer import Spool, open_spool

CHILDREN, POINTS = 3, 500
START = StartRecord(experiment_name="forks", run_name="n")


def open_here(uri: str, root: str) -> Spool:
    """Open the spool of this process."""
    settings = SpoolSettings(root=Path(root), segment_bytes=16_384, pace_s=0.01, reserve_bytes=0)
    return open_spool(uri, lambda: open_destination(uri, lambda _: None), settings)


def log(run: RunLog, who: int) -> None:
    """Log the points of one process."""
    for step in range(POINTS):
        run.log_point(f"of-{who}", float(step), step, step)
    run.add_bytes(str(who).encode(), f"of-{who}.txt")


def begin_anew(uri: str, root: str, run_id: str, who: int) -> None:
    """What a spawned child does: it has inherited nothing."""
    spool = open_here(uri, root)
    log(spool.open_run(run_id, START, lease_ms=None), who)


def main(method: str, uri: str, root: str, run_id: str) -> None:
    """Log in this process, in a thread of it, and in children that begin meanwhile."""
    spool = open_here(uri, root)
    run = spool.open_run(run_id, START, lease_ms=60_000)
    busy = threading.Thread(target=log, args=(run, 100))
    busy.start()
    time.sleep(0.05)
    if method in {"fork", "spawn"}:
        context = multiprocessing.get_context(method)
        target, arguments = (log, (run,)) if method == "fork" else (begin_anew, (uri, root, run_id))
        children = [context.Process(target=target, args=(*arguments, who)) for who in range(CHILDREN)]  # type: ignore[attr-defined]
        for child in children:
            child.start()
        log(run, 101)
        for child in children:
            child.join()
    else:
        pids = []
        for who in range(CHILDREN):
            pid = os.fork()
            if not pid:
                log(run, who)
                os.kill(os.getpid(), signal.SIGKILL if method == "killed" else 0)
                os._exit(0)
            pids.append(pid)
        log(run, 101)
        for pid in pids:
            os.waitpid(pid, 0)
    busy.join()
    run.set_status(RunStatus.FINISHED)
    backlog = spool.close(60)
    assert backlog.empty, backlog


if __name__ == "__main__":
    main(*sys.argv[1:5])
