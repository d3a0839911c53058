"""How the cost of one server's calls grows with what it holds: 1,000, 10,000 and 100,000 runs, and a hundred writers.

The same samples as in `run.py`, at each size of one store that is filled further and further by HTTP. `--million`
goes on to 1,000,000 runs of fewer values (headrace's are written into its store directly) and measures the searches there.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from fill import Filled, RunShape, fill_runs
from fill_store import fill_store
from ingest import (
    BatchBodies,
    measure_batches,
    measure_created_runs,
    measure_metrics,
    measure_metrics_of_many,
)
from machine import describe_machine
from plan import PLANS, Plan
from reads import QUERIES, measure_search
from report import format_figure, write_table
from rounds import FAILURES
from run import RESULTS, add_options, find_products, prepare, say
from servers import Server, ServerFailed
from target import Sample, Target, find_median
from writers import Written, write_from_many

_MILLION = 1_000_000
_MILLION_SHAPE = RunShape(metrics=5, params=5, tags=1)
_WRITERS = 100
_REPETITIONS = 3


@dataclass
class Level:
    """What was measured with so many runs in the store."""

    runs: int
    fill: Filled
    start_s: float = 0.0
    rss_mib: float = 0.0
    store_mib: float = 0.0
    rss_after_mib: float = 0.0
    samples: dict[str, list[Sample]] = field(default_factory=dict)


@dataclass
class Growth:
    """What was measured of one server."""

    title: str
    levels: list[Level] = field(default_factory=list)
    written: Written | None = None
    failure: str = ""


def measure_growth(target: Target, plan: Plan, sizes: list[int], *, million: bool) -> Growth:
    """Fill a server to each size in turn and measure there; end with a hundred writers on one run."""
    growth = Growth(target.server.product.title)
    bodies = BatchBodies(plan)
    target.server.start()
    target.server.settle(plan.settle_s)
    try:
        for size in sizes:
            level = _reach(target, plan, size, RunShape())
            growth.levels.append(level)
            _sample(level, target, _list_measures(target, plan, bodies))
        growth.written = write_from_many(target, _WRITERS)
        say(f"{target.key}: {growth.written}")
        if million:
            level = _reach(target, plan, _MILLION, _MILLION_SHAPE)
            growth.levels.append(level)
            _sample(level, target, _list_searches(target, plan))
    except FAILURES as error:
        growth.failure = f"{type(error).__name__}: {error}"
    finally:
        target.server.stop()
    return growth


def _reach(target: Target, plan: Plan, size: int, shape: RunShape) -> Level:
    """Fill up to a size, start the server anew, and note its start, memory and store."""
    if size >= _MILLION and target.key == "headrace":
        target.server.stop()
        numbers = range(target.searched_runs, size)
        filled = fill_store(target.server.store_url, target.searched_experiment, numbers, shape)
        target.searched_runs = size
    else:
        filled = fill_runs(target, size, plan.fill_budget_s, shape)
        target.server.stop()
    start_s = target.server.start()
    target.server.settle(plan.settle_s)
    level = Level(target.searched_runs, filled, round(start_s, 3))
    level.rss_mib = target.server.measure_memory().rss_mib
    level.store_mib = target.server.measure_store_mib()
    return level


def _list_searches(target: Target, plan: Plan) -> dict[str, Callable[[], Sample]]:
    def search(index: int) -> Callable[[], Sample]:
        return lambda: measure_search(target, plan, QUERIES[index])

    return {f"search: {query.title}, p50, ms": search(index) for index, query in enumerate(QUERIES)}


def _list_measures(target: Target, plan: Plan, bodies: BatchBodies) -> dict[str, Callable[[], Sample]]:
    return {
        "log-batch, 1 client, metrics/s": lambda: measure_batches(target, plan, bodies, 1),
        "log-batch, 8 clients, metrics/s": lambda: measure_batches(target, plan, bodies, 8),
        "log-metric, 1 client, requests/s": lambda: measure_metrics(target, plan),
        "log-metric, 16 clients, requests/s": lambda: measure_metrics_of_many(target, plan),
        "create run + 45 values, runs/s": lambda: measure_created_runs(target, plan),
        **_list_searches(target, plan),
    }


def _sample(level: Level, target: Target, measures: dict[str, Callable[[], Sample]]) -> None:
    """Measure each case three times, in turn; note the memory afterwards."""
    for _ in range(_REPETITIONS):
        for name, measure in measures.items():
            try:
                sample = measure()
            except FAILURES as error:
                sample = Sample(None, errors=1, note=f"{type(error).__name__}: {error}"[:300])
            level.samples.setdefault(name, []).append(sample)
    level.rss_after_mib = target.server.measure_memory().rss_mib
    figures = {name: find_median(samples) for name, samples in level.samples.items()}
    say(f"{target.key}, {level.runs:,} runs: {level.fill}, start {level.start_s} s, {figures}")


def write_growth(growth: Growth) -> str:
    """Write one server's growth as Markdown."""
    levels = growth.levels
    rows = [
        [name, *[format_figure(find_median(level.samples.get(name, []))) for level in levels]]
        for name in (levels[0].samples if levels else ())
    ]
    rows += [
        ["start, s", *[format_figure(level.start_s) for level in levels]],
        ["RSS after start, MiB", *[format_figure(level.rss_mib) for level in levels]],
        ["RSS after these cases, MiB", *[format_figure(level.rss_after_mib) for level in levels]],
        ["store before them, MiB", *[format_figure(level.store_mib) for level in levels]],
        [
            "filled, runs/s",
            *[format_figure(level.fill.done / max(level.fill.seconds, 0.1)) for level in levels],
        ],
    ]
    parts = [write_table([growth.title, *[f"{level.runs:,} runs" for level in levels]], rows)]
    written = growth.written
    if written:
        parts.append(
            f"{written.writers} writers on one run: {written.requests:,} of {written.planned_requests:,} requests "
            f"with {written.points:,} points in {written.wall_s:g} s, "
            f"{written.errors} errors, {written.lost} lost, {written.surplus} too many. {written.first_error}".strip()
        )
    for level in levels:
        notes = {sample.note for samples in level.samples.values() for sample in samples if sample.note}
        parts += [
            f"At {level.runs:,} runs: {note}" for note in sorted(notes | {level.fill.first_error} - {""})
        ]
    if growth.failure:
        parts.append(growth.failure)
    return "\n\n".join(parts)


def main() -> int:
    """Measure the growth of each chosen server, one after the other; give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, "headrace")
    parser.add_argument("--plan", choices=PLANS, default="full", help="sizes of the samples (%(default)s)")
    parser.add_argument("--sizes", default="1000,10000,100000", help="runs, by comma (%(default)s)")
    parser.add_argument("--million", action="store_true", help="search in 1,000,000 runs too")
    parser.add_argument("--fill-budget", type=float, help="longest time of one fill, in seconds")
    options = parser.parse_args()
    plan = PLANS[options.plan]
    if options.fill_budget:
        plan = replace(plan, fill_budget_s=options.fill_budget)
    try:
        products = find_products(options)
    except ServerFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    prepare()
    folder = Path(tempfile.mkdtemp(prefix="headrace-growth-", dir=options.work))
    grown = []
    machine = describe_machine(folder)
    try:
        for product, program in products:
            target = Target(Server(product, program, folder / product.key))
            grown.append(
                measure_growth(
                    target, plan, [int(size) for size in options.sizes.split(",")], million=options.million
                )
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    head = (
        f"Measured {time.strftime('%Y-%m-%d')}. " + "; ".join(f"{k}: {v}" for k, v in machine.items()) + "."
    )
    report = "\n\n".join([head, *[write_growth(growth) for growth in grown]])
    RESULTS.mkdir(exist_ok=True)
    content = {"machine": machine, "growth": [asdict(growth) for growth in grown]}
    (RESULTS / "growth.json").write_text(json.dumps(content, indent=1) + "\n")
    (RESULTS / "growth.md").write_text(report + "\n")
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
