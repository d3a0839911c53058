"""The arithmetic to ten million runs and a hundred thousand million points: from measured bytes and costs to disks, log, processors and rates.

It multiplies and adds; what it multiplies was measured by bench/scale/sizes.py and bench/scale/calibrate.py. It knows no database.

    cd bench && python -m scale.arithmetic sizes.json scale.json
"""

import argparse
import json
from pathlib import Path
from typing import Any

from scale.simulate import fit_costs

RUNS = 10_000_000
METRICS, PARAMS, TAGS = 20, 20, 5
POINTS = 100_000_000_000
LIVE_RUNS = 2_000
TAIL_ROWS = 2_048  # of a series that is written to: sealed when there are 4,096
YEAR_S = 365 * 86_400
PEAK = 20
GB = 1e9


def print_tables(sizes: dict[str, Any]) -> float:
    """Print what lies where, and return all of it in GB with losses as points."""
    rows = sizes["rows"]
    counts = {"hr_run": RUNS, "hr_series": RUNS * METRICS, "hr_param": RUNS * PARAMS, "hr_tag": RUNS * TAGS}
    print("| table | rows | bytes a row, of them indexes | GB |\n| --- | ---: | ---: | ---: |")
    whole = 0.0
    for table, count in counts.items():
        size = rows[table]["bytes"] * count / GB
        whole += size
        print(
            f"| {table} | {count:,} | {rows[table]['bytes']:.0f}, {rows[table]['indexes']:.0f} | {size:,.0f} |"
        )
    tail = LIVE_RUNS * METRICS * TAIL_ROWS
    size = rows["hr_point"]["bytes"] * tail / GB
    whole += size
    print(
        f"| hr_point: {LIVE_RUNS:,} live runs, {TAIL_ROWS:,} rows a series | {tail:,} | {rows['hr_point']['bytes']:.0f}, "
        f"{rows['hr_point']['indexes']:.0f} | {size:,.0f} |"
    )
    print("\n| sealed points | bytes a point | GB |\n| --- | ---: | ---: |")
    for kind, found in sizes["chunks"].items():
        print(f"| {kind} | {found['bytes']:.2f} | {found['bytes'] * POINTS / GB:,.0f} |")
    points = sizes["chunks"]["losses, 500 a chunk"]["bytes"] * POINTS / GB
    print(f"\nTables {whole:,.0f} GB, with losses of 500 points a series {whole + points:,.0f} GB.")
    return whole + points


def print_rates(sizes: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    """Print what a year of it is as a rate, and what it costs."""
    batch, log = fit_costs(samples, "batch"), sizes["log"]
    single = fit_costs(samples, "metric")
    mean = POINTS / YEAR_S
    print(
        f"\nIn one year: {RUNS / YEAR_S:.2f} runs/s, {mean:,.0f} points/s; a peak of {PEAK} times that is {mean * PEAK:,.0f} points/s."
    )
    seal = sizes["chunks"]["losses, 500 a chunk"]["seal_us"]
    print("\n| a point costs | by log-batch of 1,000 | by log-metric, groups of 32 |\n| --- | ---: | ---: |")
    server = (
        (batch.loop + batch.writer) / 1000,
        single.loop + single.writer + (single.answer + single.writer_group) / 32,
    )
    database = batch.database / 1000, single.database + single.database_group / 32
    print(f"| server, us | {server[0]:.2f} | {server[1]:.0f} |")
    print(f"| database, us | {database[0]:.2f} | {database[1]:.0f} |")
    print(f"| log when it comes, bytes | {batch.log_bytes / 1000:.0f} | {single.log_bytes:.0f} |")
    print(f"| log when it is sealed, bytes | {log['taken away'] + log['in a chunk']:.0f} | the same |")
    print(f"| sealing, us of a server | {seal:.2f} | the same |")
    sealed = log["taken away"] + log["in a chunk"]
    logs = batch.log_bytes / 1000 + sealed, single.log_bytes + sealed
    print(
        "\n| | points/s | log, MB/s | database, cores | servers, cores |\n| --- | ---: | ---: | ---: | ---: |"
    )
    for name, rate in (("mean", mean), ("peak", mean * PEAK)):
        for kind, way in (("log-batch", 0), ("log-metric", 1)):
            print(
                f"| {name}, all by {kind} | {rate:,.0f} | {rate * logs[way] / 1e6:,.1f} | {rate * database[way] / 1e6:.2f} | "
                f"{rate * (server[way] + seal) / 1e6:.2f} |"
            )
    print(
        f"\nBy headrace's own ingest a point that comes sealed writes {log['in a chunk']:.1f} bytes of log: {logs[0] / log['in a chunk']:.0f} times less."
    )
    row, short = sizes["rows"]["hr_point"]["bytes"], sizes["chunks"]["losses, 50 a chunk"]["bytes"]
    count = RUNS * METRICS // 10
    print(
        f"\nIf one series in ten has 50 points: {count * 50 * row / GB:,.0f} GB as rows, {count * 50 * short / GB:,.0f} GB if they were sealed."
    )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=Path)
    parser.add_argument("scale", type=Path)
    given = parser.parse_args()
    sizes = json.loads(given.sizes.read_text())
    print_tables(sizes)
    print_rates(sizes, json.loads(given.scale.read_text())["samples"])


if __name__ == "__main__":
    main()
