"""Several headrace servers on one database: what two and three give against one, and whether they get in each other's way.

    .venv/bin/python bench/several.py                      # PostgreSQL, about 8 minutes
    .venv/bin/python bench/several.py --database mysql --quick

One to three servers on one store, the client's connections spread evenly over them; all figures over HTTP on loopback. On a machine with
few cores, servers, database and client take processor time from each other, so that the wall clock alone says little. So each load is measured
in three placings: as it comes; with a share of a processor for each server that no other takes (a quota, or a core where there are
enough); and with a network between servers and database that makes each answer of the database late. Beside each stands what one request took of
the processor in the servers and in the database, from which the number of servers follows that keep one database busy.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from databases import MYSQL, POSTGRESQL, Database, make_database
from fleet import Fleet
from load import drive_each
from machine import describe_machine
from payload import build_batch, build_metrics, make_metric_batches
from processes import measure_cpu_s, measure_machine_cpu_s, measure_own_cpu_s
from rounds import FAILURES
from run import RESULTS, prepare, say
from servers import HEADRACE, ServerFailed
from several_report import PLACINGS, SERVERS, WORKS, Outcome, Seen, Work, find_rate, write_outcome
from share import NoQuotas
from storms import raise_storms
from target import get_quantile_ms
from writers import write_from_many

_WRITERS = 100
_WARM = 5


@dataclass(frozen=True)
class Sizes:
    """How much is done: samples of each load, seconds of each, rounds of each storm."""

    repetitions: int
    budget_s: float
    storms: int


FULL, QUICK = Sizes(3, 3.0, 20), Sizes(2, 1.5, 4)


class Bodies:
    """The requests' parts that all samples share."""

    def __init__(self) -> None:
        self.batches = make_metric_batches(50)


def make_lanes(fleet: Fleet, servers: int, work: Work, bodies: Bodies, budget_s: float) -> tuple[list, list]:
    """Make the addresses and requests of a sample: each client has a run and a server of its own."""
    clients = work.count_clients(servers)
    runs = fleet.target.create_runs(clients)
    addresses = [fleet.servers[client % servers].address for client in range(clients)]
    if work.units_per_request == 1:
        count = int(12_000 * budget_s / clients)
        lanes = [
            build_metrics(address, run, "loss", count) for address, run in zip(addresses, runs, strict=True)
        ]
    else:
        lanes = [
            [build_batch(address, run, metrics) for metrics in bodies.batches] * 4
            for address, run in zip(addresses, runs, strict=True)
        ]
    return addresses, lanes


def measure(fleet: Fleet, servers: int, work: Work, bodies: Bodies, budget_s: float) -> Seen:
    """Measure one sample of a load on the first so many servers of a fleet."""
    addresses, lanes = make_lanes(fleet, servers, work, bodies, budget_s)
    drive_each(addresses, [lane[:_WARM] for lane in lanes], 5)
    before = _take_times(fleet, servers)
    load = drive_each(addresses, [lane[_WARM:] for lane in lanes], budget_s)
    after = _take_times(fleet, servers)
    servers_s, database_s, client_s, machine_s = (b - a for a, b in zip(before, after, strict=True))
    return Seen(
        per_s=round(load.per_second(work.units_per_request), 1),
        requests=load.done,
        errors=load.errors,
        first_error=load.first_error,
        p50_ms=get_quantile_ms(load.latencies_s, 0.5),
        p99_ms=get_quantile_ms(load.latencies_s, 0.99),
        wall_s=round(load.wall_s, 3),
        servers_cpu_s=round(servers_s, 2),
        database_cpu_s=round(database_s, 2),
        client_cpu_s=round(client_s, 2),
        other_cpu_s=round(max(0.0, machine_s - servers_s - database_s - client_s), 2),
    )


def _take_times(fleet: Fleet, servers: int) -> tuple[float, float, float, float]:
    """Take the processor seconds so far: of the loaded servers, the database, this client and the machine."""
    return (
        sum(measure_cpu_s(server.pid) for server in fleet.servers[:servers]),
        fleet.database.measure_cpu_s(),
        measure_own_cpu_s(),
        measure_machine_cpu_s(),
    )


def measure_placing(fleet: Fleet, sizes: Sizes, outcome: Outcome, wanted: set[str]) -> None:
    """Measure each load on one, two and three servers in turn, again and again in another order."""
    bodies = Bodies()
    for work in WORKS:
        if (wanted and work.key not in wanted) or fleet.placing.key not in work.placings:
            continue
        for repetition in range(sizes.repetitions):
            first = repetition % len(SERVERS)
            for servers in SERVERS[first:] + SERVERS[:first]:
                seen = measure(fleet, servers, work, bodies, sizes.budget_s)
                outcome.samples.setdefault((fleet.placing.key, work.key, servers), []).append(seen)
        figures = {n: find_rate(outcome.samples, fleet.placing.key, work.key, n) for n in SERVERS}
        say(f"{fleet.placing.key}, {work.key}: {figures}")


def measure_disputes(fleet: Fleet, sizes: Sizes, outcome: Outcome) -> None:
    """Let 100 writers write to one run and 32 clients ask for the same new rows, on one, two and three servers."""
    for servers in SERVERS:
        chosen = fleet.servers[:servers]
        outcome.written[servers] = write_from_many(fleet.target, _WRITERS, chosen)
        say(f"{servers} servers: {outcome.written[servers]}")
        for storm in raise_storms(fleet.target, chosen, sizes.storms):
            outcome.storms.append(storm)
            say(f"{storm.title}: {storm.requests} requests, {storm.errors} errors, {storm.missing} missing")
    time.sleep(1.5)  # the database counts late
    outcome.deadlocks[fleet.placing.key] = fleet.database.count_deadlocks(fleet.store)


def _run(
    options: argparse.Namespace, program: Path, folder: Path, database: Database, outcome: Outcome
) -> None:
    sizes = QUICK if options.quick else FULL
    placings = set(options.placings.split(","))
    for placing in PLACINGS:
        if placing.key not in placings:
            continue
        fleet = Fleet(placing, program, folder / placing.key, database, max(SERVERS))
        try:
            fleet.start()
            measure_placing(fleet, sizes, outcome, {key for key in options.works.split(",") if key})
            if placing.key == "shared" and options.disputes:
                measure_disputes(fleet, sizes, outcome)
        except NoQuotas as error:
            outcome.notes.append(f"{placing.title}: not measured, {error}")
        finally:
            fleet.stop()


def _save(outcome: Outcome, database: Database, machine: dict[str, str], report: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    content = {
        "machine": machine,
        "database": database.title,
        "samples": {
            " ".join(map(str, key)): [asdict(seen) for seen in each] for key, each in outcome.samples.items()
        },
        "written": {servers: asdict(written) for servers, written in outcome.written.items()},
        "storms": [asdict(storm) for storm in outcome.storms],
    }
    (RESULTS / f"several-{database.kind}.json").write_text(json.dumps(content, indent=1) + "\n")
    (RESULTS / f"several-{database.kind}.md").write_text(report + "\n")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=(POSTGRESQL, MYSQL), default=POSTGRESQL, help="(%(default)s)")
    parser.add_argument("--headrace", help="path of the program `headrace` (default: in .venv)")
    parser.add_argument("--quick", action="store_true", help="short samples; quote no figure of it")
    parser.add_argument(
        "--placings", default=",".join(placing.key for placing in PLACINGS), help="(%(default)s)"
    )
    parser.add_argument("--works", default="", help=f"of {','.join(work.key for work in WORKS)} (all)")
    parser.add_argument("--no-disputes", dest="disputes", action="store_false", help="loads alone")
    parser.add_argument(
        "--work",
        type=Path,
        help="folder for the stores: a real disk (default: the system's temporary folder)",
    )
    return parser.parse_args()


def main() -> int:
    """Measure; give the exit status."""
    options = _read_options()
    folder = Path(tempfile.mkdtemp(prefix="headrace-several-", dir=options.work))
    prepare()
    machine = describe_machine(folder)
    outcome = Outcome()
    database = None
    try:
        program = HEADRACE.find_program(options.headrace)
        database = make_database(options.database, folder / "database")
        database.start()
        _run(options, program, folder, database, outcome)
    except (ServerFailed, *FAILURES) as error:
        print(f"bench: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        if database:
            database.stop()
        shutil.rmtree(folder, ignore_errors=True)
    head = (
        f"Measured {time.strftime('%Y-%m-%d')}. " + "; ".join(f"{k}: {v}" for k, v in machine.items()) + "."
    )
    report = head + "\n\n" + write_outcome(outcome, database)
    _save(outcome, database, machine, report)
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
