"""How many commits a second pass the one row of the change clock, on a PostgreSQL that is given by its URL.

Each session repeats what ends a writing transaction of headrace: one row inserted, the clock moved, one row of the change log, COMMIT. The row lock is
held from the move until the commit is on disk. Variants show what holds it: as separate statements, as one statement, in one round trip with the
commit, without the clock. The load is made by pgbench, so that the client costs little. It makes a database of its own and drops it.

    python bench/scale/clock.py postgresql://postgres@127.0.0.1:5432/postgres --pgbench /path/to/pgbench
"""

import argparse
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg

DATABASE = "headrace_bench_clock"
_SCHEMA = """
CREATE TABLE hr_clock (id smallint PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO hr_clock VALUES (1, 0);
CREATE TABLE hr_change (clock bigint, kind smallint, subject bigint, experiment bigint,
  PRIMARY KEY (clock, kind, subject, experiment));
CREATE TABLE hr_point (series bigint, time bigint, step bigint, code bigint, n bigint,
  PRIMARY KEY (series, time, step, code, n));
CREATE SEQUENCE steps;
"""
_POINT = "INSERT INTO hr_point VALUES (:client_id, 1700000000000, nextval('steps'), 4607182418800017408, 0);"
_MOVE = "UPDATE hr_clock SET value = value + 1 WHERE id = 1"
_CHANGE = "INSERT INTO hr_change VALUES (:value, 3, :client_id, 1);"
_ONE = (
    f"WITH tick AS ({_MOVE} RETURNING value) INSERT INTO hr_change SELECT value, 3, :client_id, 1 FROM tick;"
)
_NUMBER = "INSERT INTO hr_change VALUES (pg_current_xact_id()::text::bigint, 3, :client_id, 1);"
SCRIPTS = {
    "no clock": f"BEGIN;\n{_POINT}\nCOMMIT;\n",
    "statements": f"BEGIN;\n{_POINT}\n{_MOVE};\nSELECT value FROM hr_clock WHERE id = 1 \\gset\n{_CHANGE}\nCOMMIT;\n",
    "one statement": f"BEGIN;\n{_POINT}\n{_ONE}\nCOMMIT;\n",
    "advisory lock first": f"BEGIN;\n{_POINT}\nSELECT pg_advisory_xact_lock(1);\n{_ONE}\nCOMMIT;\n",
    "transaction number instead": f"BEGIN;\n{_POINT}\n{_NUMBER}\nCOMMIT;\n",
    "one round trip": f"BEGIN;\n{_POINT}\n\\startpipeline\n{_ONE}\nCOMMIT;\n\\endpipeline\n",
}
"""By variant, what a session repeats."""

SETTINGS = {
    "durable": ("fsync = on", "synchronous_commit = on"),
    "no wait for the disk": ("fsync = off", "synchronous_commit = on"),
}


@dataclass(frozen=True)
class Rate:
    """What one measurement gave: commits a second, mean time of a transaction in milliseconds."""

    per_s: float
    mean_ms: float


def measure(url: str, pgbench: Path, script: str, sessions: int, seconds: int) -> Rate:
    """Run a script in so many sessions at once for so many seconds."""
    parts = urlsplit(url)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        command = [str(pgbench), "-n", "-M", "prepared" if "pipeline" in script else "simple"]
        command += ["-f", str(path), "-c", str(sessions), "-j", "1", "-T", str(seconds)]
        command += ["-h", parts.hostname or "127.0.0.1", "-p", str(parts.port or 5432)]
        command += ["-U", parts.username or "postgres", DATABASE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    mean = re.search(r"^latency average = ([\d.]+) ms", done.stdout, re.MULTILINE)
    if done.returncode or not rate or not mean:
        raise SystemExit(f"pgbench failed: {done.stdout}{done.stderr}")
    return Rate(float(rate[1]), float(mean[1]))


def prepare(url: str) -> None:
    """Make an empty database with the tables that a commit touches."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with psycopg.connect(url, dbname=DATABASE, autocommit=True) as connection:
        connection.execute(_SCHEMA)


def measure_trims(url: str, rows_per_commit: int) -> float:
    """Return how many milliseconds it takes to delete 1,024 commits of the change log, as a server does it while it holds the clock."""
    prepare(url)
    with psycopg.connect(url, dbname=DATABASE, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO hr_change SELECT c, 3, s, 1 FROM generate_series(1, 4096) c, generate_series(1, %s) s",
            (rows_per_commit,),
        )
        connection.execute("VACUUM ANALYZE hr_change")
        spans = []
        for last in (1024, 2048, 3072):
            begun = time.perf_counter()
            connection.execute("DELETE FROM hr_change WHERE clock <= %s", (last,))
            spans.append(time.perf_counter() - begun)
    return median(spans) * 1000


def configure(url: str, *settings: str) -> None:
    """Set parameters of the whole database server; none resets them."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in settings:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        if not settings:
            connection.execute("ALTER SYSTEM RESET fsync")
            connection.execute("ALTER SYSTEM RESET synchronous_commit")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("SELECT pg_sleep(0.2)")


def main() -> None:
    """Measure all variants and print them as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pgbench", type=Path, default=Path("pgbench"))
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 2, 4, 16, 64])
    parser.add_argument("--seconds", type=int, default=4)
    given = parser.parse_args()
    print("| disk | variant | " + " | ".join(f"{count} sessions" for count in given.sessions) + " |")
    print("| --- | --- |" + " ---: |" * len(given.sessions))
    try:
        for disk, settings in SETTINGS.items():
            configure(given.url, *settings)
            for name, script in SCRIPTS.items():
                cells = []
                for count in given.sessions:
                    prepare(given.url)
                    rate = measure(given.url, given.pgbench, script, count, given.seconds)
                    cells.append(f"{rate.per_s:,.0f}")
                print(f"| {disk} | {name} | " + " | ".join(cells) + " |", flush=True)
        print("\n| rows a commit in the change log | trimming 1,024 commits, ms |\n| ---: | ---: |")
        for rows in (1, 32, 512):
            print(f"| {rows} | {measure_trims(given.url, rows):,.0f} |", flush=True)
    finally:
        configure(given.url)
        with psycopg.connect(given.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


if __name__ == "__main__":
    main()
