"""A process that logs through a spool, for tests that kill it. It prints what it has logged, line by line, after each call has returned.

    python child.py URI ROOT RUN_ID COUNT [down]

With ``down`` its destination can never be reached.
"""

import sys
import time
from pathlib import Path

from headrace.api.ingest import StartRecord
from headrace.api.runs import RunStatus
from headrace.base.errors import Unavailable
from headrace.fluent.destination import open_destination
from headrace.spool.contract import Destination, SpoolSettings
from headrace.spool.writer import open_spool


def main(uri: str, root: str, run_id: str, count: int, *, is_down: bool) -> None:
    """Log points, and now and then a param and a file."""

    def connect() -> Destination:
        if is_down:
            raise Unavailable("down")
        return open_destination(uri, lambda _: None)

    settings = SpoolSettings(
        root=Path(root),
        segment_bytes=16_384,
        pace_s=0.01,
        reserve_bytes=0,
        first_pause_s=0.05,
        max_pause_s=0.2,
    )
    spool = open_spool(uri, connect, settings)
    run = spool.open_run(run_id, StartRecord(experiment_name="kills", run_name="n"), lease_ms=60_000)
    for step in range(count):
        run.log_point("loss", step / 2, step, step)
        if step % 100 == 0:
            run.log_params([(f"p{step}", "1")])
            run.add_bytes(str(step).encode(), f"files/{step}.txt")
            time.sleep(0.001)
        sys.stdout.write(f"{step}\n")
        sys.stdout.flush()
    run.set_status(RunStatus.FINISHED)
    backlog = spool.close(60)
    sys.stdout.write("done\n" if backlog.empty else f"left {backlog.records}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), is_down="down" in sys.argv[5:])
