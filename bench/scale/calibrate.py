"""What a write costs on PostgreSQL, part by part: real servers under a closed loop, with the processor time of each side, groups and log bytes counted.

From the figures of a lone client (groups of one) and of many (big groups) follow the costs of a group and of a request, on the server and in the
database. `bench/scale/simulate.py` computes with them, and is checked against the rates that are measured here. Everything runs on one machine.

    cd bench && python -m scale.calibrate postgresql://postgres@127.0.0.1:5432/postgres > scale.json
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg

from load import Load, drive_each
from wire import Address, build_request, find_free_port

DATABASE = "headrace_bench_calibrate"
CASES = [
    ("metric", 1, 1),
    ("metric", 1, 16),
    ("metric", 1, 64),
    ("metric", 2, 2),
    ("metric", 2, 16),
    ("metric", 2, 64),
    ("batch", 1, 1),
    ("batch", 1, 8),
    ("batch", 2, 8),
]
"""Kind of request, servers, clients."""

BATCH_KEYS, BATCH_STEPS = 20, 50
_TICKS_PER_S = 100


@dataclass
class Sample:
    """One case as it was measured.

    Times of processors are microseconds a request; `others` is how many cores were busy with anything else.
    """

    kind: str
    servers: int
    clients: int
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int
    group: float
    client_us: float
    loop_us: float
    writer_us: float
    database_us: float
    log_bytes: float
    others: float


def start_server(url: str, folder: Path) -> tuple[subprocess.Popen[bytes], Address]:
    """Start a server and wait until it answers."""
    address = Address("127.0.0.1", find_free_port())
    command = [sys.executable, "-m", "headrace", "server", "--port", str(address.port)]
    command += ["--backend-store-uri", url, "--artifacts-destination", str(folder / "artifacts")]
    with (folder / f"{address.port}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit((folder / f"{address.port}.log").read_text())
        try:
            post(address, "experiments/search", {"max_results": 1})
        except OSError:
            time.sleep(0.05)
        else:
            return process, address
    raise SystemExit("The server did not answer within 10 s.")


def post(address: Address, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call an endpoint once."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=30)
    connection.request(
        "POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status != http.client.OK:
        raise OSError(f"{path} answered {answer.status}: {data[:200]!r}")
    found: dict[str, Any] = json.loads(data)
    return found


def make_lane(address: Address, run_id: str, kind: str, count: int, first: int) -> list[bytes]:
    """Make the requests of one client, each with points of its own."""
    lane = []
    for number in range(first, first + count):
        if kind == "metric":
            path = "log-metric"
            body = {
                "run_id": run_id,
                "key": "loss",
                "value": 1 / (number + 1),
                "timestamp": 1_700_000_000_000 + number,
                "step": number,
            }
        else:
            path = "log-batch"
            metrics = [
                {
                    "key": f"m{key}",
                    "value": key / (step + 1),
                    "timestamp": 1_700_000_000_000 + step,
                    "step": step,
                }
                for step in range(number * BATCH_STEPS, (number + 1) * BATCH_STEPS)
                for key in range(BATCH_KEYS)
            ]
            body = {"run_id": run_id, "metrics": metrics}
        lane.append(build_request(address, "POST", f"/api/2.0/mlflow/runs/{path}", json.dumps(body).encode()))
    return lane


def read_cpu_s(path: Path) -> float:
    """Return the processor time of a process or a thread from its folder in /proc, 0 if it has ended."""
    try:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


@dataclass
class Meters:
    """Counters at one moment.

    Processor seconds of event loops, of the servers' other threads, of the database and of the whole machine; commits; log bytes.
    """

    loop_s: float
    other_s: float
    database_s: float
    clock: int
    log_bytes: int
    machine_s: float


def read_meters(connection: psycopg.Connection[Any], servers: list[int]) -> Meters:
    """Read all counters."""
    loop = sum(read_cpu_s(Path(f"/proc/{pid}/task/{pid}")) for pid in servers)
    whole = sum(read_cpu_s(Path(f"/proc/{pid}")) for pid in servers)
    row = connection.execute(
        "SELECT (SELECT value FROM hr_clock), pg_current_wal_insert_lsn() - '0/0', "
        "(SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database() OR backend_type IN ('walwriter', 'checkpointer'))"
    ).fetchone()
    assert row is not None
    database = sum(read_cpu_s(Path(f"/proc/{pid}")) for pid in row[2])
    machine = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    busy = (sum(machine[:3]) + sum(machine[5:8])) / _TICKS_PER_S  # all but idle and waiting for a disk
    return Meters(loop, whole - loop, database, int(row[0]), int(row[1]), busy)


def measure(
    connection: psycopg.Connection[Any],
    servers: list[tuple[subprocess.Popen[bytes], Address]],
    case: tuple[str, int],
    lanes: list[tuple[Address, list[bytes]]],
    seconds: float,
) -> Sample:
    """Send the lanes' requests for some seconds and work out what each cost."""
    pids = [process.pid for process, _ in servers]
    warm = drive_each([each[0] for each in lanes], [each[1][:20] for each in lanes], seconds)
    before, client = read_meters(connection, pids), time.process_time()
    load: Load = drive_each([each[0] for each in lanes], [each[1][20:] for each in lanes], seconds)
    client = time.process_time() - client
    after = read_meters(connection, pids)
    own = (
        client
        + after.loop_s
        + after.other_s
        + after.database_s
        - before.loop_s
        - before.other_s
        - before.database_s
    )
    done, groups = max(load.done, 1), max(after.clock - before.clock, 1)
    latencies_ms = [each * 1000 for each in load.latencies_s]
    return Sample(
        case[0],
        len(servers),
        case[1],
        round(load.per_second(), 1),
        round(median(latencies_ms), 2),
        round(quantiles(latencies_ms, n=100)[98], 2),
        load.errors + warm.errors,
        round(done / groups, 2),
        round(client / done * 1e6, 1),
        round((after.loop_s - before.loop_s) / done * 1e6, 1),
        round((after.other_s - before.other_s) / done * 1e6, 1),
        round((after.database_s - before.database_s) / done * 1e6, 1),
        round((after.log_bytes - before.log_bytes) / done),
        round(max(after.machine_s - before.machine_s - own, 0.0) / load.wall_s, 2),
    )


_MOVE_CLOCK = (
    "WITH moved AS (UPDATE hr_clock SET value = value + 1 WHERE id = 1 RETURNING value) "
    "INSERT INTO hr_change SELECT value, 3, 1, 1 FROM moved RETURNING clock"
)


def measure_hold(url: str) -> dict[str, float]:
    """Return how long the row of the clock is held by one session, in microseconds: over the statement, and over the commit with and without a disk."""
    spans: dict[str, list[float]] = {"statement_us": [], "commit_us": [], "empty_commit_us": []}
    with psycopg.connect(url, dbname=DATABASE, autocommit=True) as connection:
        for number in range(600):
            connection.execute("BEGIN")
            connection.execute("INSERT INTO hr_point VALUES (%s, %s, 0, 0, 0)", (2**60, number))
            begun = time.perf_counter()
            connection.execute(_MOVE_CLOCK)
            moved = time.perf_counter()
            connection.execute("COMMIT")
            spans["statement_us"].append(moved - begun)
            spans["commit_us"].append(time.perf_counter() - moved)
            connection.execute("BEGIN")
            connection.execute("SELECT 1")
            begun = time.perf_counter()
            connection.execute("COMMIT")
            spans["empty_commit_us"].append(time.perf_counter() - begun)
    return {name: round(median(each) * 1e6) for name, each in spans.items()}


def make_lanes(
    servers: list[tuple[subprocess.Popen[bytes], Address]], kind: str, clients: int, name: str, seconds: float
) -> list[tuple[Address, list[bytes]]]:
    """Make an experiment with a run for each client, and its requests; clients are spread over the servers."""
    experiment = post(servers[0][1], "experiments/create", {"name": name})
    lanes = []
    for number in range(clients):
        address = servers[number % len(servers)][1]
        run = post(address, "runs/create", {"experiment_id": experiment["experiment_id"], "start_time": 1})
        count = int(seconds * (8000 if kind == "metric" else 250) / clients) + 100
        lanes.append((address, make_lane(address, run["run"]["info"]["run_id"], kind, count, 0)))
    return lanes


def run_cases(url: str, seconds: float, tries: int, folder: Path) -> tuple[list[Sample], dict[str, float]]:
    """Measure how long the clock is held, then all cases in turn; keep the shortest, and of each case the try that others disturbed least. Servers stay."""
    samples: list[Sample] = []
    hold: dict[str, float] = {}
    found: list[tuple[subprocess.Popen[bytes], Address]] = []
    store = psycopg.conninfo.conninfo_to_dict(url)
    address = f"postgresql://{store.get('user', 'postgres')}@{store.get('host', '127.0.0.1')}:{store.get('port', 5432)}/{DATABASE}"
    try:
        found.append(start_server(address, folder))
        found.append(start_server(address, folder))
        hold = min((measure_hold(url) for _ in range(tries)), key=lambda each: each["commit_us"])
        with psycopg.connect(url, dbname=DATABASE, autocommit=True) as connection:
            for number in range(tries * len(CASES)):
                kind, servers, clients = CASES[number % len(CASES)]
                lanes = make_lanes(found[:servers], kind, clients, f"{number}", seconds)
                samples.append(measure(connection, found[:servers], (kind, clients), lanes, seconds))
                print(samples[-1], file=sys.stderr, flush=True)
    finally:
        for process, _ in found:
            process.terminate()
        for process, _ in found:
            process.wait(30)
    quiet = [min(samples[number :: len(CASES)], key=lambda each: each.others) for number in range(len(CASES))]
    return quiet, hold


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--tries", type=int, default=3)
    given = parser.parse_args()
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with tempfile.TemporaryDirectory() as folder:
        samples, hold = run_cases(given.url, given.seconds, given.tries, Path(folder))
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    json.dump({"hold": hold, "samples": [asdict(each) for each in samples]}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
