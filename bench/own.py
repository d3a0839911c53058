"""headrace's own API under load, beside MLflow and FastTrackML where they have the call: ingest, columns, charts, tables, size.

    .venv/bin/python bench/own.py --plan full

Each figure is the median of its repetitions, over HTTP on loopback. headrace runs on an SQLite store of its own; the
peers store the same points by their fastest call (log-batch). The report goes to standard output and `results/own.md`.
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fill import HISTORY_KEY, RunShape, fill_history
from fill_store import fill_store
from load import drive
from machine import describe_machine
from own_bodies import Shape, make_batches, pack
from run import add_options, find_products, prepare, say
from servers import API, HEADRACE, Server
from target import Target, get_quantile_ms
from wire import Address, Connection, RequestFailed, build_request

RESULTS = Path(__file__).resolve().parent / "results"
WIDE, LONG = Shape(100, 100), Shape(20, 1000)


@dataclass(frozen=True)
class Sizes:
    """How much is done."""

    batches: int
    lengths: tuple[int, ...]
    chart_points: int
    tables: tuple[int, ...]
    peer_points: int
    repetitions: int


PLANS = {
    "quick": Sizes(20, (100_000, 1_000_000), 20_000, (2_000,), 20_000, 5),
    "full": Sizes(100, (100_000, 1_000_000, 10_000_000), 100_000, (10_000, 100_000), 100_000, 15),
}


class Report:
    """The figures so far: printed as they come, and written down."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str]] = []

    def add(self, what: str, figure: str, beside: str = "") -> None:
        """Add a row."""
        self.rows.append((what, figure, beside))
        say(f"{what}: {figure} {beside}")

    def write(self, machine: str) -> str:
        """Return the report as Markdown."""
        lines = [machine, "", "| SQLite | headrace | beside it, in the same run |", "| --- | ---: | ---: |"]
        return "\n".join([*lines, *(f"| {a} | {b} | {c} |" for a, b, c in self.rows)])


def ask(connection: Connection, request: bytes) -> bytes:
    """Send a request and return the answer's body; a refusal is an error."""
    response = connection.exchange(request)
    if response.status >= 300:
        raise RequestFailed("the request", response.status, response.body)
    return response.body


def time_requests(server: Server, request: bytes, repetitions: int) -> tuple[float, int]:
    """Return the median in ms and the bytes of an answer; the first two answers, which load and fill caches, do not count."""
    taken = []
    with server.connect() as connection:
        for _ in range(repetitions + 2):
            begin = time.perf_counter()
            size = len(ask(connection, request))
            taken.append(time.perf_counter() - begin)
    return get_quantile_ms(taken[2:], 0.5), size


def measure_ingest(server: Server, report: Report, sizes: Sizes) -> None:
    """Points a second through ingest.send, for two shapes, with one writer and eight."""
    for shape in (LONG, WIDE):
        for writers in (1, 8):
            each = max(4, sizes.batches * 20_000 // shape.size // writers)
            each = min(each, 4 * sizes.batches)
            lanes = [
                list(make_batches(server.address, uuid.uuid4().hex, uuid.uuid4().hex, shape, each))
                for _ in range(writers)
            ]
            load = drive(server.address, lanes, 60)
            title = f"ingest, batches of {shape.series} series x {shape.points} points, {writers} writer{'s' * (writers > 1)}, points/s"
            report.add(
                title,
                f"{load.per_second(shape.size):,.0f}",
                f"p99 {get_quantile_ms(load.latencies_s, 0.99)} ms; {load.errors} errors",
            )
            server.settle(30)


def fill_series(server: Server, run_id: str, keys: int, points: int, kind: str = "loss") -> None:
    """Store series of one run."""
    shape = Shape(keys, min(points, 200_000 // keys))
    drive(
        server.address,
        [list(make_batches(server.address, uuid.uuid4().hex, run_id, shape, points // shape.points, kind))],
        300,
    )


def measure_charts(server: Server, report: Report, sizes: Sizes) -> None:
    """Columns and buckets of long series, and one large chart."""
    for length in sizes.lengths:
        run_id = f"long{length}"
        fill_series(server, run_id, 1, length)
        server.settle(60)
        chart = {"run_ids": [run_id], "keys": ["m0"], "buckets": 320}
        ms, size = time_requests(server, pack(server.address, "/series/chart", chart), sizes.repetitions)
        report.add(f"320 buckets of {length:,} points, p50 ms", f"{ms:.1f}", f"{size:,} bytes")
        if length == 1_000_000:
            columns = {"run_ids": [run_id], "keys": ["m0"]}
            ms, size = time_requests(
                server, pack(server.address, "/series/points", columns), sizes.repetitions
            )
            report.add(f"{length:,} points as columns, p50 ms", f"{ms:.1f}", f"{size:,} bytes")
    runs = [f"chart{number:02}" for number in range(50)]
    for run_id in runs:
        fill_series(server, run_id, 4, sizes.chart_points)
    server.settle(120)
    chart = {"run_ids": runs, "keys": [f"m{number}" for number in range(4)], "buckets": 600}
    ms, size = time_requests(server, pack(server.address, "/series/chart", chart), sizes.repetitions)
    report.add(
        f"chart of 50 runs x 4 keys x {sizes.chart_points:,} points, 600 buckets, p50 ms",
        f"{ms:.1f}",
        f"{size:,} bytes",
    )


def measure_histories(targets: list[Target], report: Report, sizes: Sizes) -> None:
    """MLflow's own history calls on the same points."""
    full: dict[str, float] = {}
    sampled: dict[str, float] = {}
    for target in targets:
        filled = fill_history(target, sizes.peer_points, 300)
        target.server.settle(30)
        with target.server.connect(quickack=True) as connection:
            # The answers are not decoded: this is about the server.
            query = urlencode({"run_id": target.history_run, "metric_key": HISTORY_KEY})
            request = build_request(target.server.address, "GET", f"{API}/metrics/get-history?{query}")
            full[target.key] = filled.done / _median_s(lambda c=connection, r=request: ask(c, r), 7)
            query = urlencode({"run_ids": target.history_run, "metric_key": HISTORY_KEY, "max_results": 320})
            request = build_request(
                target.server.address, "GET", f"{API}/metrics/get-history-bulk-interval?{query}"
            )
            try:
                sampled[target.key] = 1000 * _median_s(lambda c=connection, r=request: ask(c, r), 9)
            except RequestFailed as error:  # a peer may not have the call
                say(f"{target.key}: bulk-interval: {error}")
    _compare(
        report,
        f"full history of {sizes.peer_points:,} points by MLflow's wire, points/s",
        full,
        more_is_better=True,
    )
    _compare(
        report, f"bulk-interval, 320 of {sizes.peer_points:,} points, p50 ms", sampled, more_is_better=False
    )


def _median_s(call: Callable[[], object], repetitions: int) -> float:
    taken = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    return sorted(taken)[len(taken) // 2]


def _compare(report: Report, what: str, figures: dict[str, float], *, more_is_better: bool) -> None:
    own = figures["headrace"]
    beside = [
        f"{key} {figure:,.1f} ({(own / figure if more_is_better else figure / own):.1f}x)"
        for key, figure in figures.items()
        if key != "headrace"
    ]
    report.add(what, f"{own:,.1f}", "; ".join(beside))


def measure_size(products: list[tuple[Any, Path]], folder: Path, report: Report, sizes: Sizes) -> None:
    """Bytes per point of a store that holds little else, after sealing."""
    program = next(path for product, path in products if product is HEADRACE)
    for kind in ("noise", "loss", "constant"):
        server = Server(HEADRACE, program, folder / f"size-{kind}")
        server.start()
        try:
            with server.connect() as connection:
                connection.call("POST", f"{API}/experiments/search", {"max_results": 1})
            fill_series(server, "size", 10, 10 * sizes.chart_points // 10, kind)
            server.settle(60)
        finally:
            server.stop()
        points = 10 * sizes.chart_points
        size = (server.folder / "bench.db").stat().st_size
        report.add(f"database bytes per point, {points:,} points, {kind}", f"{size / points:.2f}")
    for product, path in products:
        if product is HEADRACE:
            continue
        server = Server(product, path, folder / f"size-{product.key}")
        server.start()
        target = Target(server)
        try:
            filled = fill_history(target, sizes.peer_points, 120)
        finally:
            server.stop()
        size = sum(each.stat().st_size for each in server.folder.glob("bench.db"))
        report.add(
            f"database bytes per point, {filled.done:,} points",
            "",
            f"{product.title}: {size / filled.done:.0f}",
        )


def measure_tables(server: Server, report: Report, sizes: Sizes) -> None:
    """Run tables of 40 columns: cold (first answer after a start) and warm."""
    for count in sizes.tables:
        with server.connect() as connection:
            name = {"name": f"table-{count}"}
            experiment = connection.call("POST", f"{API}/experiments/create", name)["experiment_id"]
        server.stop()
        filled = fill_store(server.store_url, experiment, range(count), RunShape())
        say(f"filled {filled}")
        server.start()
        with server.connect() as connection:
            body = {"experiment_ids": [experiment], "max_results": 1}
            run = connection.call("POST", f"{API}/runs/search", body)["runs"][0]
        select = [f"metrics.`{m['key']}`" for m in run["data"]["metrics"]] + [
            f"params.`{p['key']}`" for p in run["data"]["params"]
        ]
        table = {"experiment_ids": [experiment], "select": select[:40], "limit": count}
        request = pack(server.address, "/tables/runs", table)
        with server.connect() as connection:
            begin = time.perf_counter()
            ask(connection, request)
            cold = 1000 * (time.perf_counter() - begin)
        ms, size = time_requests(server, request, max(3, sizes.repetitions // 2))
        report.add(
            f"run table {count:,} x {len(select[:40])}, p50 ms",
            f"{ms:.1f}",
            f"first after a start {cold:.0f} ms; {size:,} bytes",
        )


def read_on(address: Address, request: bytes) -> None:
    """Send a request again and again, for ever."""
    with Connection(address) as connection:
        while True:
            ask(connection, request)


def measure_ingest_beside_reads(server: Server, report: Report) -> None:
    """The p99 of ingest, quiet and while heavy reads run."""
    runs = [f"chart{number:02}" for number in range(50)]
    chart = pack(
        server.address, "/series/chart", {"run_ids": runs, "keys": ["m0", "m1", "m2", "m3"], "buckets": 600}
    )
    columns = pack(server.address, "/series/points", {"run_ids": ["long1000000"], "keys": ["m0"]})

    def ingest() -> float:
        batches = list(make_batches(server.address, uuid.uuid4().hex, uuid.uuid4().hex, Shape(20, 50), 400))
        return get_quantile_ms(drive(server.address, [batches], 60).latencies_s, 0.99)

    quiet = sorted(ingest() for _ in range(3))[1]
    # Processes of their own: threads of this one would hold up the measuring client.
    readers = [
        multiprocessing.Process(target=read_on, args=(server.address, request))
        for request in (chart, columns)
    ]
    for reader in readers:
        reader.start()
    try:
        time.sleep(1)
        busy = sorted(ingest() for _ in range(3))[1]
    finally:
        for reader in readers:
            reader.terminate()
            reader.join()
    report.add(
        "ingest p99 while two clients read heavily, ms",
        f"{busy:.1f}",
        f"quiet {quiet:.1f}: {busy / quiet:.1f}x",
    )


def main() -> int:
    """Run the benchmark; give the exit status."""
    prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plan", choices=PLANS, default="quick")
    parser.add_argument(
        "--histories", action="store_true", help="only the part that the peers can do as well"
    )
    add_options(parser, "headrace,fasttrackml,mlflow")
    options = parser.parse_args()
    sizes, products = PLANS[options.plan], find_products(options)
    folder = Path(tempfile.mkdtemp(prefix="headrace-own-", dir=options.work))
    report, machine = Report(), describe_machine(folder)
    targets = [Target(Server(product, path, folder / product.key)) for product, path in products]
    own = next(target for target in targets if target.key == "headrace")
    try:
        for target in targets:
            target.server.start()
        for target in targets:
            target.server.settle(60)
        measure_histories(targets, report, sizes)
        for target in targets:
            if target is not own:
                target.server.stop()
        if options.histories:
            return 0
        measure_ingest(own.server, report, sizes)
        measure_charts(own.server, report, sizes)
        measure_ingest_beside_reads(own.server, report)
        measure_tables(own.server, report, sizes)
        measure_size(products, folder, report, sizes)
    finally:
        for target in targets:
            target.server.stop()
        text = report.write("; ".join(f"{name}: {value}" for name, value in machine.items()))
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"own-{options.plan}.md").write_text(text + "\n")
        print(text)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
