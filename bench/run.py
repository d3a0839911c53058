"""`make bench`: headrace, FastTrackML and MLflow side by side in one run, as a Markdown table with ratios.

All servers run at once on loopback, each with its own store; each case goes round them in turn. This file puts the
run together: options, start and stop, the order of the cases, and the results that are written down.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from cases import Case, make_artifact_case, make_ingest_cases, make_read_cases
from databases import DATABASES, SQLITE, Database, make_database
from fill import fill_history, fill_runs
from machine import describe_machine
from plan import PLANS, Plan
from processes import Memory
from report import Course, Run, write_report
from rounds import measure_case, to_json
from servers import PRODUCTS, BareServer, Product, Server, ServerFailed
from target import Target

RESULTS = Path(__file__).resolve().parent / "results"


class Session:
    """The servers of a run, their targets and their courses.

    Args:
        products: What to start, with the path of each program.
        database: Where the stores are; it runs.
        folder: An empty folder for all that the servers keep.
        plan: The sizes.
    """

    def __init__(
        self, products: Sequence[tuple[Product, Path]], database: Database, folder: Path, plan: Plan
    ) -> None:
        self.plan = plan
        self.database = database
        self.targets = [
            Target(Server(product, program, folder / product.key, database)) for product, program in products
        ]
        self.bare = BareServer(folder / "bare")
        self.courses = {product.key: Course() for product, _ in products}

    def start(self) -> None:
        """Start each server on no store, then the planned times again, in turn; each start on a quiet machine."""
        for target in self.targets:
            self.courses[target.key].first_start_s = round(target.server.start(), 3)
            target.server.settle(self.plan.settle_s)
            say(f"{target.key}: first start {self.courses[target.key].first_start_s} s")
        for _ in range(self.plan.starts):
            for target in self.targets:
                target.server.stop()
                self.courses[target.key].starts_s.append(round(target.server.start(), 3))
                target.server.settle(self.plan.settle_s)
        for target in self.targets:
            course = self.courses[target.key]
            course.settle_s = target.server.settle(self.plan.settle_s)
            course.memory_after_start = target.server.measure_memory()
            say(f"{target.key}: starts {course.starts_s} s, then {course.memory_after_start}")
        self.bare.start()

    def fill(self) -> None:
        """Fill all servers at once with the runs that are searched, then with the long history."""
        taking_part = [target for target in self.targets if target.server.product.filled]

        def fill_one(target: Target) -> None:
            fills = self.courses[target.key].fills
            try:
                fills["runs"] = fill_runs(target, self.plan.search_runs, self.plan.fill_budget_s)
                fills["points"] = fill_history(target, self.plan.history_points, self.plan.fill_budget_s)
            except Exception as error:  # noqa: BLE001 - the outermost frame of a thread: one server's failure is its own
                self.courses[target.key].failure = f"{type(error).__name__}: {error}"
            say(f"{target.key}: {fills}")

        threads = [threading.Thread(target=fill_one, args=(target,)) for target in taking_part]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def measure_memory(self) -> dict[str, Memory]:
        """Measure the memory of each server that still runs; note the failure of each that does not."""
        seen = {}
        for target in self.targets:
            try:
                seen[target.key] = target.server.measure_memory()
            except ServerFailed as error:
                self.courses[target.key].failure = str(error)
        return seen

    def note_ingested(self) -> None:
        """Note the memory of each server after the cases that write."""
        for key, memory in self.measure_memory().items():
            self.courses[key].memory_after_ingest = memory

    def note_end(self) -> None:
        """Note the memory and the size of the store of each server at the end."""
        for key, memory in self.measure_memory().items():
            self.courses[key].memory_at_end = memory
        for target in self.targets:
            self.courses[target.key].store_mib = target.server.measure_store_mib()

    def stop(self) -> None:
        """Stop all servers."""
        for target in self.targets:
            target.server.stop()
        self.bare.stop()


def say(text: str) -> None:
    """Report progress on standard error; standard output holds the report alone."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _measure(session: Session, run: Run, wanted: set[str]) -> None:
    """Measure all wanted cases in their order, fills between, and save after each."""
    plan = session.plan

    def measure(cases: list[Case]) -> None:
        for case in cases:
            run.cases.append(case)
            run.results[case.key] = measure_case(case, session.targets)
            figures = {
                name: [sample.figure if sample.figure is not None else sample.note for sample in samples]
                for name, samples in run.results[case.key].items()
            }
            say(f"{case.key}: {figures}")
            _save(run)

    def choose(cases: list[Case]) -> list[Case]:
        return [case for case in cases if not wanted or case.key in wanted]

    measure(choose(make_ingest_cases(plan, session.bare, session.database)))
    session.note_ingested()
    reads = choose(make_read_cases(plan))
    if reads:
        session.fill()
        measure(reads)
    measure(choose([make_artifact_case(plan)]))
    session.note_end()


def _save(run: Run) -> None:
    """Write the results as JSON and the report beside them."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "plan": asdict(PLANS[run.plan]),
        "when": run.when,
        "machine": run.machine,
        "database": run.database.title,
        "courses": {key: asdict(course) for key, course in run.courses.items()},
        "results": to_json(run.results),
    }
    name = run.plan if run.database.kind == SQLITE else f"{run.plan}-{run.database.kind}"
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(write_report(run) + "\n")


def prepare() -> None:
    """Let SIGTERM end this process like an error, so that the servers are stopped, and let all that is measured keep what it compiles, as an installed program does."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))


def add_options(parser: argparse.ArgumentParser, default_servers: str) -> None:
    """Add the options that say which servers run, and where; without default servers it is all that can."""
    parser.add_argument(
        "--servers",
        default=default_servers,
        help=f"which, by comma; of {','.join(PRODUCTS)} ({default_servers or 'all that can use the database'})",
    )
    parser.add_argument("--headrace", help="path of the program `headrace` (default: in .venv)")
    parser.add_argument("--mlflow", help="path of the program `mlflow` (default: in .env-bench-mlflow)")
    parser.add_argument(
        "--fml", help="path of FastTrackML's program `fml` (default: in .env-bench-fasttrackml)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder for the stores (default: the system's temporary folder)"
    )


def find_products(options: argparse.Namespace, kind: str = SQLITE) -> list[tuple[Product, Path]]:
    """Find the programs of the chosen servers; where none is chosen, of all that can use this kind of database.

    Raises:
        ServerFailed: A server's name is unknown, or its program is not there.
    """
    able = [product.key for product in PRODUCTS.values() if kind in product.stores]
    chosen = []
    for key in options.servers.split(",") if options.servers else able:
        if key not in PRODUCTS:
            raise ServerFailed(f"there is no server {key!r}; choose from {', '.join(PRODUCTS)}")
        product = PRODUCTS[key]
        chosen.append((product, product.find_program(getattr(options, product.program))))
    return chosen


def main() -> int:
    """Run the benchmark; give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, "")
    parser.add_argument(
        "--database", choices=DATABASES, default=SQLITE, help="what the stores are kept in (%(default)s)"
    )
    parser.add_argument("--plan", choices=PLANS, default="full", help="how much to measure (%(default)s)")
    parser.add_argument(
        "--quick", dest="plan", action="store_const", const="quick", help="the same as --plan quick"
    )
    parser.add_argument("--cases", default="", help="only these cases, by comma")
    options = parser.parse_args()
    try:
        products = find_products(options, options.database)
        folder = Path(tempfile.mkdtemp(prefix="headrace-bench-", dir=options.work))
        database = make_database(options.database, folder / "database")
    except ServerFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    prepare()
    machine = describe_machine(folder)
    session = None
    try:
        database.start()
        session = Session(products, database, folder, PLANS[options.plan])
        run = Run(
            plan=options.plan,
            when=time.strftime("%Y-%m-%d"),
            machine=machine,
            database=database,
            products=[product for product, _ in products],
            courses=session.courses,
        )
        session.start()
        _measure(session, run, {case for case in options.cases.split(",") if case})
        _save(run)
    except ServerFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        if session:
            session.stop()
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(write_report(run))
    return 0


if __name__ == "__main__":
    sys.exit(main())
