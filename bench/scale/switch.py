"""Cuts the tables of a database into partitions while two servers write to it, and counts afterwards whether every answered request is there once.

cd bench && python -m scale.switch postgresql://postgres@127.0.0.1:5432/postgres
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psycopg

from load import Load, drive_each
from scale.calibrate import make_lanes, start_server
from scale.partitioned import CUTS, SCRIPTS

DATABASE = "headrace_bench_switch"
CLIENTS = 8


def convert(url: str, spans_ms: dict[str, float]) -> None:
    """Convert all tables by the documented script; note how long each call took."""
    with psycopg.connect(url, dbname=DATABASE, autocommit=True) as connection:
        connection.execute((SCRIPTS / "partition.sql").read_text())
        for table, (key, _) in CUTS.items():
            width = 1000 if key != "id" else 100
            for call in (
                f"CALL hr_partitions.prepare('{table}', '{key}', {width})",
                f"SELECT hr_partitions.switch('{table}', '{key}', {width}, 5)",
            ):
                begun = time.perf_counter()
                connection.execute(call)
                spans_ms[call] = round((time.perf_counter() - begun) * 1000)
                time.sleep(0.3)


def count_points(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """Return how many points the summaries count, and how many lie in the tail and in chunks."""
    row = connection.execute(
        "SELECT (SELECT sum(points) FROM hr_series), (SELECT count(*) FROM hr_point) + (SELECT sum(sealed) FROM hr_series)"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def main() -> None:
    """Write, convert, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=12.0)
    given = parser.parse_args()
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    found = psycopg.conninfo.conninfo_to_dict(given.url)
    store = f"postgresql://{found.get('user', 'postgres')}@{found.get('host', '127.0.0.1')}:{found.get('port', 5432)}/{DATABASE}"
    spans_ms: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        servers = [start_server(store, Path(folder)) for _ in range(2)]
        try:
            lanes = make_lanes(servers, "metric", CLIENTS, "while it is cut", given.seconds / 3)
            loads: list[Load] = []
            thread = threading.Thread(
                target=lambda: loads.append(
                    drive_each([each[0] for each in lanes], [each[1] for each in lanes], given.seconds)
                )
            )
            thread.start()
            time.sleep(1.0)
            convert(given.url, spans_ms)
            thread.join()
        finally:
            for process, _ in servers:
                process.terminate()
            for process, _ in servers:
                process.wait(30)
    with psycopg.connect(given.url, dbname=DATABASE, autocommit=True) as connection:
        counted, lying = count_points(connection)
        parts = connection.execute(
            "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r'"
        ).fetchone()
    load = loads[0]
    for call, span in spans_ms.items():
        print(f"{span:5.0f} ms  {call}")
    print(
        f"{load.done} requests answered, {load.errors} errors {load.first_error}; longest {max(load.latencies_s) * 1000:.0f} ms"
    )
    print(f"points by the summaries {counted}, lying there {lying}; partitions {parts[0] if parts else 0}")
    if not load.done == counted == lying or load.errors:
        raise SystemExit("Something is lost, or was refused.")
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


if __name__ == "__main__":
    main()
