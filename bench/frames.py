"""How long it takes to have many runs as a data frame: `headrace.search_runs` to pandas, cold and warm, over HTTP and in the process.

    .venv/bin/python bench/frames.py                 # 30,000 runs x 100 columns, about 3 minutes
    .venv/bin/python bench/frames.py --runs 3000

The store is filled past HTTP. Cold is the first call of a process that has just begun, to a server that has just started; imports count.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from databases import SqliteFiles
from fill import RunShape
from fill_store import fill_store
from machine import describe_machine
from report import write_table
from run import prepare, say
from servers import HEADRACE, Server

_SHAPE = RunShape(metrics=50, params=45, tags=5)
_LIMIT_S = 300
_AIM_S = 3.0
_PROGRAM = """
import sys, time, json
start = time.perf_counter()
import headrace as hr
hr.set_tracking_uri(sys.argv[1])
times = []
for _ in range(4):
    frame = hr.search_runs(["0"])
    times.append(time.perf_counter() - start)
    start = time.perf_counter()
columns = [name for name in frame if name.startswith(("metrics.", "params.", "tags."))]
print(json.dumps({"rows": len(frame), "columns": len(columns), "seconds": times}))
"""


@dataclass(frozen=True)
class Sample:
    """What a process has read: the shape of the frame, and the seconds of each call, the first of them with all imports."""

    rows: int
    columns: int
    seconds: list[float]


def _read(uri: str, folder: Path) -> Sample:
    """Read the frame in a process of its own, four times."""
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM, uri],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=True,
        cwd=folder,
        env=os.environ | {"HEADRACE_SPOOL_DIR": str(folder / "spool")},
    )
    return Sample(**json.loads(ended.stdout.splitlines()[-1]))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=30_000)
    parser.add_argument("--repetitions", type=int, default=3, help="cold starts of each way")
    options = parser.parse_args()
    prepare()
    rows = []
    with tempfile.TemporaryDirectory(prefix="headrace-frames-") as name:
        folder = Path(name)
        server = Server(HEADRACE, HEADRACE.find_program(None), folder / "server", SqliteFiles())
        server.start()  # makes the store
        server.stop()
        say(f"filled in {fill_store(server.store_url, '0', range(options.runs), _SHAPE).seconds} s")
        for way, uri in (
            ("a server", f"http://{server.address.host}:{server.address.port}"),
            ("in the process, SQLite file", server.store_url),
        ):
            samples = []
            for _ in range(options.repetitions):
                if way == "a server":
                    server.start()
                samples.append(_read(uri, folder))
                server.stop()
                say(f"{way}: {samples[-1]}")
            cold = [sample.seconds[0] for sample in samples]
            warm = [value for sample in samples for value in sample.seconds[1:]]
            verdict = "met" if max(cold) < _AIM_S else "**missed**"
            rows.append(
                [
                    way,
                    f"{samples[0].rows:,} x {samples[0].columns}",
                    f"{statistics.median(cold):.2f}",
                    f"{statistics.median(warm):.2f}",
                    verdict,
                ]
            )
        print("; ".join(f"{key}: {value}" for key, value in describe_machine(folder).items()))
    print(
        write_table(
            ["`search_runs` to pandas, s", "runs x columns", "first call", "further calls", "aim 3 s"], rows
        )
    )


if __name__ == "__main__":
    main()
