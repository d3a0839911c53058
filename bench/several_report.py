"""What was seen of several servers on one database, and its report as Markdown.

It knows samples; it measures nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from databases import Database
from fleet import Placing
from payload import BATCH_METRICS
from report import format_figure, write_table
from storms import Storm
from target import get_quantile_ms
from writers import Written

SERVERS = (1, 2, 3)
_AIM = 1.7
_NEAR = ("shared", "own")  # clients of a fixed number wait for a far database, however many servers ask it
PLACINGS = (
    Placing("shared", "as it comes: servers, database and client on the same cores"),
    Placing("own", "each server with 20 % of a core to itself", share=0.2),
    Placing("far", "the database a network away (2 ms a round trip)", delay_ms=1.0),
)


@dataclass(frozen=True)
class Work:
    """One load: so many clients in all, however many servers, or so many for each server."""

    key: str
    title: str
    unit: str
    clients: int
    units_per_request: int
    each: bool = False
    placings: tuple[str, ...] = ("shared", "own", "far")

    def count_clients(self, servers: int) -> int:
        """Count the clients of so many servers together."""
        return self.clients * servers if self.each else self.clients


WORKS = (
    Work("metric", "log-metric, 192 clients", "requests/s", 192, 1, placings=_NEAR),
    Work("metric-each", "log-metric, 16 clients a server", "requests/s", 16, 1, each=True),
    Work("batch", "log-batch of 1,000 metrics, 24 clients", "metrics/s", 24, BATCH_METRICS, placings=_NEAR),
    Work(
        "batch-each",
        "log-batch of 1,000 metrics, 4 clients a server",
        "metrics/s",
        4,
        BATCH_METRICS,
        each=True,
    ),
)


@dataclass
class Seen:
    """One sample of a load on so many servers; processor times are of all servers, of the database, and of others."""

    per_s: float
    requests: int
    errors: int
    first_error: str
    p50_ms: float
    p99_ms: float
    wall_s: float
    servers_cpu_s: float
    database_cpu_s: float
    client_cpu_s: float
    other_cpu_s: float


Samples = dict[tuple[str, str, int], list[Seen]]
"""For each placing, load and number of servers: its samples."""


@dataclass
class Outcome:
    """All that was seen."""

    samples: Samples = field(default_factory=dict)
    written: dict[int, Written] = field(default_factory=dict)
    storms: list[Storm] = field(default_factory=list)
    deadlocks: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_rate(samples: Samples, placing: str, work: str, servers: int) -> float | None:
    """Find the median rate of a load on so many servers, a second."""
    found = samples.get((placing, work, servers))
    return median(seen.per_s for seen in found) if found else None


def write_outcome(outcome: Outcome, database: Database) -> str:
    """Write everything as Markdown."""
    parts = []
    for placing in PLACINGS:
        rows = [
            _write_row(outcome.samples, placing, work)
            for work in WORKS
            if (placing.key, work.key, 1) in outcome.samples
        ]
        if rows:
            head = [f"{database.title}, {placing.title}", "unit", "1 server", "2", "2 to 1", "3", "3 to 1"]
            parts.append(write_table([*head, "servers' ms a request, 1 / 2 / 3", "database's ms"], rows))
    parts += [
        _write_capacity(outcome.samples),
        _write_written(outcome),
        _write_storms(outcome),
        _write_notes(outcome),
    ]
    return "\n\n".join(part for part in parts if part)


def _write_row(samples: Samples, placing: Placing, work: Work) -> list[str]:
    one, two, three = (find_rate(samples, placing.key, work.key, n) or 0.0 for n in SERVERS)
    every = [samples[placing.key, work.key, n] for n in SERVERS]
    errors = sum(seen.errors for each in every for seen in each)
    return [
        work.title + (f", {errors} errors" if errors else ""),
        work.unit,
        format_figure(one),
        format_figure(two),
        f"**{two / one:.2f}x**" if one else "-",
        format_figure(three),
        f"{three / one:.2f}x" if one else "-",
        " / ".join(format_figure(_find_cost_ms(each, "servers_cpu_s")) for each in every),
        " / ".join(format_figure(_find_cost_ms(each, "database_cpu_s")) for each in every),
    ]


def _find_cost_ms(samples: Sequence[Seen], name: str) -> float:
    """Find the processor time of one request over all samples, in milliseconds."""
    requests = sum(seen.requests for seen in samples)
    return 1e3 * sum(getattr(seen, name) for seen in samples) / requests if requests else 0.0


def _write_capacity(samples: Samples) -> str:
    """Write how many requests one server's core and one core of the database give, from what a request took."""
    rows = []
    for work in WORKS:
        found = samples.get(("shared", work.key, 2))
        if not found:
            continue
        server_ms, database_ms = (_find_cost_ms(found, name) for name in ("servers_cpu_s", "database_cpu_s"))
        if not server_ms or not database_ms:
            continue
        rate = 1e3 * work.units_per_request
        rows.append(
            [
                f"{work.title}, {work.unit}",
                format_figure(rate / server_ms),
                format_figure(rate / database_ms),
                f"{database_ms / server_ms:.2f}",
            ]
        )
    head = [
        "by processor time, with two servers",
        "one core of servers gives",
        "one core of the database takes",
    ]
    return write_table([*head, "cores of the database for each server's core"], rows) if rows else ""


def _write_written(outcome: Outcome) -> str:
    rows = [
        [
            f"{written.writers} writers on one run, {servers} servers",
            f"{written.requests:,} of {written.planned_requests:,}",
            str(written.errors),
            f"{written.points:,}",
            str(written.lost),
            str(written.surplus),
            format_figure(written.wall_s),
        ]
        for servers, written in outcome.written.items()
    ]
    return write_table(["", "answered", "errors", "points", "lost", "too many", "s"], rows) if rows else ""


def _write_storms(outcome: Outcome) -> str:
    rows = [
        [
            storm.title,
            str(storm.rounds),
            f"{storm.requests:,}",
            str(storm.errors),
            str(storm.missing),
            format_figure(get_quantile_ms(storm.latencies_s, 0.5)),
            format_figure(storm.longest_ms),
        ]
        for storm in outcome.storms
    ]
    return (
        write_table(["", "rounds", "requests", "errors", "missing", "p50, ms", "longest, ms"], rows)
        if rows
        else ""
    )


def _write_notes(outcome: Outcome) -> str:
    notes = list(outcome.notes)
    notes += [
        f"deadlocks that the database ended in these disputes, all tried again by the server that lost: {count}"
        for count in outcome.deadlocks.values()
    ]
    best = [
        (find_rate(outcome.samples, "own", work.key, 2) or 0.0)
        / (find_rate(outcome.samples, "own", work.key, 1) or 1.0)
        for work in WORKS
        if ("own", work.key, 1) in outcome.samples
    ]
    if best:
        reached = sum(ratio >= _AIM for ratio in best)
        notes.append(
            f"two servers to one, each with a share of its own: {min(best):.2f} to {max(best):.2f}; "
            f"{reached} of {len(best)} loads reach the aim of {_AIM:g}"
        )
    others = [
        seen.other_cpu_s / seen.wall_s for each in outcome.samples.values() for seen in each if seen.wall_s
    ]
    if others:
        notes.append(
            f"CPUs kept busy by other programs (the proxy and idle servers among them): median {median(others):.2f}, most {max(others):.2f}"
        )
    notes += sorted(
        {
            f"{key}: {seen.first_error}"
            for key, each in outcome.samples.items()
            for seen in each
            if seen.first_error
        }
    )
    notes += [f"{storm.title}: {storm.first_error}" for storm in outcome.storms if storm.first_error]
    notes += [
        f"{n} servers: {written.first_error}" for n, written in outcome.written.items() if written.first_error
    ]
    return "\n".join(f"- {note}" for note in notes)
