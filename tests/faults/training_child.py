"""A training process for the fault tests: logs through the fluent API without end, and writes down each call after it has returned.

    training_child.py JOURNAL JOB_ID [CALLS]

The journal is plain text, one line a call, written without a buffer: "m 17" says that the point of step 17 was logged. After a kill the process is started again with
the same journal; it goes on 1,000 numbers further, so that a call whose line is missing is never made again. Tracking URI and spool come from the environment.
"""

import sys
import time
from pathlib import Path

import headrace as hr

GAP = 1_000
PAUSE_EVERY = 40
"""A step of a training takes some time now and then."""


def main() -> None:
    """Log until somebody ends this, or so many calls were made."""
    journal, job_id = Path(sys.argv[1]), sys.argv[2]
    calls = int(sys.argv[3]) if len(sys.argv) > 3 else sys.maxsize
    told = [line.split() for line in journal.read_text("utf-8").splitlines()] if journal.exists() else []
    number = max((int(line[1]) for line in told if line[0] == "m"), default=-GAP) + GAP
    with journal.open("ab", buffering=0) as lines:
        with hr.start_run(job_id=job_id, provenance=False) as run:
            lines.write(b"r %s\n" % run.info.run_id.encode())
            for step in range(number, number + calls):
                hr.log_metric("loss", 1 / (step + 1), step=step)
                lines.write(b"m %d\n" % step)
                if step % PAUSE_EVERY == 0:
                    hr.log_param(f"p{step}", step)
                    lines.write(b"p %d\n" % step)
                    hr.set_tag(f"t{step}", step)
                    lines.write(b"t %d\n" % step)
                    hr.log_text(f"file {step}", f"files/{step}.txt")
                    lines.write(b"f %d\n" % step)
                    time.sleep(0.002)
        lines.write(b"e 0\n")  # the run was ended


if __name__ == "__main__":
    main()
