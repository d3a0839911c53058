"""A simulation of headrace's write path on PostgreSQL: clients, servers with group commit, the database's processors, the row of the clock, its disk.

What is in it: a request costs its server's interpreter (one lock: event loop and writer in turn), waits for the writer, goes into the group of all that
wait (512 at most), which costs the server and the database a fixed part and one for each request, with a round trip for each statement; then the
group waits for the row of the clock, holds it over the last statements and the commit, and answers. A share of groups may be lost and run again. What
is not in it: readers, sealing, check-points, vacuum, garbage collection, failing disks, requests of different kinds beside each other.

Costs come from bench/scale/calibrate.py (JSON). First its cases are simulated on the same machine and compared; then servers, clients and disks vary,
with each server on a core of its own and the database on a machine of its own.

    cd bench && python -m scale.simulate scale.json
"""

import argparse
import heapq
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

MAX_GROUP = 512
MAX_WAITING = 10_000
_QUANTUM_US = 500.0


@dataclass(frozen=True)
class Costs:
    """What things cost, in microseconds.

    Attributes:
        client: processor time of the load generator for a request; it shares the machine when everything runs on one.
        loop: the server's event loop, for a request.
        answer: the same, for a group.
        writer: the server's writer, for a request.
        writer_group: the same, for a group.
        database: the database, for a request.
        database_group: the same, for a group.
        log_bytes: bytes of the write-ahead log for a request.
    """

    client: float
    loop: float
    answer: float
    writer: float
    writer_group: float
    database: float
    database_group: float
    log_bytes: float


@dataclass(frozen=True)
class Site:
    """Where it runs.

    Attributes:
        servers: how many.
        cores: of the database's machine; of the only machine if `shared`.
        shared: everything runs on one machine.
        round_trip_us: between a server and the database, for a statement.
        before: statements of a group before the clock is moved.
        held: statements that the clock's row is held for, the commit included.
        held_share: part of a group's fixed costs, on either side, that falls into this time.
        sync_us: until the log is on disk.
        hand_over_us: what each session that waits for the row adds to a commit.
        lost: share of groups that lose a race and run again.
        others: cores of the only machine that something else keeps busy.
    """

    servers: int
    cores: int = 16
    shared: bool = False
    round_trip_us: float = 100.0
    before: int = 5
    held: int = 2
    held_share: float = 0.35
    sync_us: float = 200.0
    hand_over_us: float = 10.0
    lost: float = 0.0
    others: float = 0.0


@dataclass
class Outcome:
    """What came out: answered requests a second, latencies, mean group, shares of time that were used, refused requests."""

    per_s: float
    p50_ms: float
    p99_ms: float
    group: float
    server_use: float
    database_use: float
    clock_use: float
    log_mb_per_s: float
    refused: int


class Cores:
    """Processors that take work in the order in which it comes."""

    def __init__(self, count: int) -> None:
        self.free = [0.0] * count
        self.used = 0.0

    def run(self, now: float, work: float, not_before: float = 0.0) -> float:
        """Do some work and return when it is done."""
        begin = max(now, heapq.heappop(self.free), not_before)
        heapq.heappush(self.free, begin + work)
        self.used += work
        return begin + work


class Server:
    """A server: one interpreter for its event loop and its writer, and a queue between the two."""

    def __init__(self, cores: Cores) -> None:
        self.cores = cores
        self.loop_free = 0.0
        self.used = 0.0
        self.queue: list[tuple[int, float]] = []
        self.writing = False

    def run_loop(self, now: float, work: float) -> float:
        """Do some work of the event loop, behind what it has to do already, and return when it is done."""
        self.used += work
        self.loop_free = self.cores.run(now, work, self.loop_free)
        return self.loop_free

    def run_writer(self, now: float, work: float) -> float:
        """Do some work of the writer and return when it is done: it gets every other turn while the event loop is busy."""
        self.used += work
        busy = min(max(self.loop_free - now, 0.0), work)
        self.loop_free = max(self.loop_free, now) + work
        return self.cores.run(now, work) + busy


class Simulation:
    """One simulated run. Times are microseconds.

    Args:
        site: where it runs.
        costs: what things cost.
        clients: how many, spread evenly over the servers.
        think_us: mean pause of a client between an answer and its next request; 0 for none.
    """

    def __init__(self, site: Site, costs: Costs, clients: int, think_us: float, seed: int = 1) -> None:
        self.site, self.costs, self.clients, self.think_us = site, costs, clients, think_us
        self.random = random.Random(seed)
        self.now, self.number = 0.0, 0
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.database = Cores(site.cores)
        shared = self.database if site.shared else None
        self.servers = [Server(shared or Cores(1)) for _ in range(site.servers)]
        self.machine = shared
        self.holder = False
        self.waiting: list[Callable[[], None]] = []
        self.held_us = 0.0
        self.groups = self.answered = self.refused = 0
        self.latencies: list[float] = []
        self.warm_us = 0.0

    def at(self, when: float, what: Callable[..., None], *given: Any) -> None:
        """Let something happen at a time."""
        self.number += 1
        heapq.heappush(self.events, (when, self.number, what, given))

    def run(self, seconds: float, warm: float) -> Outcome:
        """Run for so many simulated seconds after a time to warm up, and return what came out."""
        for client in range(self.clients):
            self.at(self.random.random() * max(self.think_us, 1000), self.send, client)
        if self.site.others:
            self.at(0.0, self.disturb)
        self.warm_us, end = warm * 1e6, (warm + seconds) * 1e6
        used: tuple[float, float, float, int] | None = None
        while self.events and self.events[0][0] < end:
            when, _, what, given = heapq.heappop(self.events)
            self.now = when
            if used is None and when >= self.warm_us:
                used = (
                    sum(each.used for each in self.servers),
                    self.database.used,
                    self.held_us,
                    self.groups,
                )
            what(*given)
        before = used or (0.0, 0.0, 0.0, 0)
        latencies = sorted(self.latencies) or [0.0]
        span = seconds * 1e6
        return Outcome(
            self.answered / seconds,
            median(latencies) / 1000,
            latencies[len(latencies) * 99 // 100] / 1000,
            self.answered / max(self.groups - before[3], 1),
            (sum(each.used for each in self.servers) - before[0]) / span / self.site.servers,
            (self.database.used - before[1]) / span / self.site.cores,
            (self.held_us - before[2]) / span,
            self.answered * self.costs.log_bytes / seconds / 1e6,
            self.refused,
        )

    def disturb(self) -> None:
        """Something else wants the machine."""
        self.database.run(self.now, self.site.others * _QUANTUM_US)
        self.at(self.now + _QUANTUM_US, self.disturb)

    def send(self, client: int) -> None:
        """A client sends its next request."""
        sent = self.now
        arrives = self.machine.run(self.now, self.costs.client) if self.machine else self.now
        self.at(arrives, self.arrive, client, sent)

    def arrive(self, client: int, sent: float) -> None:
        """A request reaches its server."""
        server = self.servers[client % len(self.servers)]
        if len(server.queue) >= MAX_WAITING:
            self.refused += 1
            self.at(self.now + 1e6, self.send, client)
            return
        self.at(server.run_loop(self.now, self.costs.loop), self.queue, server, client, sent)

    def queue(self, server: Server, client: int, sent: float) -> None:
        """A request waits for the writer."""
        server.queue.append((client, sent))
        if not server.writing:
            server.writing = True
            self.begin(server, [])

    def begin(self, server: Server, again: list[tuple[int, float]]) -> None:
        """The writer takes a group, or the one that lost a race."""
        group = again
        if not group:
            group, server.queue = server.queue[:MAX_GROUP], server.queue[MAX_GROUP:]
        costs, site = self.costs, self.site
        open_share = 1 - site.held_share
        done = server.run_writer(self.now, costs.writer_group * open_share + costs.writer * len(group))
        work = costs.database_group * open_share + costs.database * len(group)
        self.at(done, self.read, server, group, work)

    def read(self, server: Server, group: list[tuple[int, float]], work: float) -> None:
        """The database does what comes before the clock."""
        done = self.database.run(self.now, work) + self.site.before * self.site.round_trip_us
        self.at(done, self.ask, server, group)

    def ask(self, server: Server, group: list[tuple[int, float]]) -> None:
        """The group wants the row of the clock."""
        if self.site.lost and self.random.random() < self.site.lost:
            self.begin(server, group)
            return
        if self.holder:
            self.waiting.append(lambda: self.hold(server, group))
        else:
            self.hold(server, group)

    def hold(self, server: Server, group: list[tuple[int, float]]) -> None:
        """The group has the row until its commit is on disk."""
        self.holder = True
        begun, site = self.now, self.site
        done = server.run_writer(self.now, self.costs.writer_group * site.held_share)
        done = self.database.run(done, self.costs.database_group * site.held_share)
        done += (
            site.held * site.round_trip_us
            + self.random.expovariate(1) * site.sync_us * 0.5
            + site.sync_us * 0.5
        )
        done += site.hand_over_us * len(self.waiting)
        self.at(done, self.commit, server, group, begun)

    def commit(self, server: Server, group: list[tuple[int, float]], begun: float) -> None:
        """The commit is on disk: the next may have the row, the clients have their answers."""
        self.held_us += self.now - begun
        self.holder = False
        if self.waiting:
            self.waiting.pop(0)()
        self.groups += self.now >= self.warm_us
        self.at(server.run_loop(self.now, self.costs.answer), self.answer, group)
        if server.queue:
            self.begin(server, [])
        else:
            server.writing = False

    def answer(self, group: list[tuple[int, float]]) -> None:
        """Clients have their answers and go on."""
        for client, sent in group:
            if self.now >= self.warm_us:
                self.answered += 1
                self.latencies.append(self.now - sent)
            pause = self.random.expovariate(1 / self.think_us) if self.think_us else 0.0
            self.at(self.now + pause, self.send, client)


def fit_costs(samples: list[dict[str, Any]], kind: str) -> Costs:
    """Split what was measured with one server into parts for a group and for a request: least squares over the sizes of groups."""
    found = [each for each in samples if each["kind"] == kind and each["servers"] == 1]
    few, many = min(found, key=lambda each: each["group"]), max(found, key=lambda each: each["group"])

    def split(name: str) -> tuple[float, float]:
        # A request costs `own + fixed / group`: two sizes of groups give both.
        fixed = (few[name] - many[name]) / (1 / few["group"] - 1 / many["group"])
        return max(many[name] - fixed / many["group"], 0.0), max(fixed, 0.0)

    loop, writer, database = split("loop_us"), split("writer_us"), split("database_us")
    return Costs(many["client_us"], loop[0], loop[1], *writer, *database, many["log_bytes"])


def compare(samples: list[dict[str, Any]], site: Site) -> None:
    """Simulate what was measured, on the same machine, and print both."""
    print(
        "| request | servers | clients | measured /s | simulated /s | error | measured p50, ms | simulated | group | simulated |"
    )
    print("| --- |" + " ---: |" * 9)
    for each in samples:
        costs = fit_costs(samples, each["kind"])
        here = replace(
            site, servers=each["servers"], shared=True, cores=2, round_trip_us=0.0, others=each["others"]
        )
        made = Simulation(here, costs, each["clients"], 0.0).run(3.0, 0.5)
        error = made.per_s / each["per_s"] - 1
        print(
            f"| {each['kind']} | {each['servers']} | {each['clients']} | {each['per_s']:,.0f} | {made.per_s:,.0f} | {error:+.0%} | "
            f"{each['p50_ms']:.1f} | {made.p50_ms:.1f} | {each['group']:.1f} | {made.group:.1f} |"
        )


def name_limit(made: Outcome) -> str:
    """Say what is used the most, and how much of its time."""
    uses = {"server": made.server_use, "database": made.database_use, "clock": made.clock_use}
    name, use = max(uses.items(), key=lambda each: each[1])
    return f"{name} {use:.0%}"


def extrapolate(
    title: str, site: Site, costs: Costs, servers: list[int], clients: list[int], crowd: int = 2 * MAX_GROUP
) -> None:
    """Vary servers and clients, each of which sends once a second, and print latencies (p50 / p99).

    Args:
        title: stands above the table.
        site: where it runs, but for the servers.
        costs: of the kind of request.
        servers: how many.
        clients: how many in all.
        crowd: clients of each server that never pause, for the most that can be answered.
    """
    print(f"\n{title}\n")
    columns = [f"{count:,}/s wanted" for count in clients]
    print(f"| servers | {' | '.join(columns)} | most, requests/s | group | p50, ms | limit | log MB/s |")
    print("| ---: |" + " --- |" * len(clients) + " ---: | ---: | ---: | --- | ---: |")
    for count in servers:
        here = replace(site, servers=count)
        cells = []
        most = Simulation(here, costs, count * crowd, 0.0).run(0.6, 0.6)
        for each in clients:
            if each > 1.1 * most.per_s:
                cells.append("too much")
                continue
            made = Simulation(here, costs, each, 1e6).run(0.8, 1.2)
            kept = made.per_s >= 0.9 * each / (1 + made.p50_ms / 1000) and made.p99_ms < 1000
            cells.append(f"{made.p50_ms:.0f} / {made.p99_ms:.0f} ms" if kept else "too much")
        cells += [
            f"{most.per_s:,.0f}",
            f"{most.group:.0f}",
            f"{most.p50_ms:.0f}",
            name_limit(most),
            f"{most.log_mb_per_s:.0f}",
        ]
        print(f"| {count} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Check the simulation against what was measured, then extrapolate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--servers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--clients", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument(
        "--hand-over-us", type=float, default=10.0, help="what each waiting session adds to a commit"
    )
    parser.add_argument("--check-only", action="store_true")
    parser.add_argument(
        "--first-only", action="store_true", help="only the first of the tables that are computed"
    )
    given = parser.parse_args()
    measured = json.loads(given.samples.read_text())
    samples, hold = measured["samples"], measured["hold"]
    metric, batch = fit_costs(samples, "metric"), fit_costs(samples, "batch")
    share = min(hold["statement_us"] / (metric.writer_group + metric.database_group), 1.0)
    here = Site(1, sync_us=hold["commit_us"] - hold["empty_commit_us"], held_share=share)
    print(
        f"Until the log is on disk: {here.sync_us:.0f} us. Part of a group's fixed costs that the clock is held for: {share:.0%}.\n"
    )
    compare(samples, here)
    if given.check_only:
        return
    print(f"\nCosts of log-metric: {metric}\nCosts of log-batch: {batch}")
    some = [count for count in given.servers if count in {1, 4, 16, 64}]
    near = replace(here, sync_us=200.0, hand_over_us=given.hand_over_us)
    extrapolate("log-metric, a commit is on disk in 0.2 ms", near, metric, given.servers, given.clients)
    if given.first_only:
        return
    extrapolate(
        "The same, clock and commit in one round trip", replace(near, held=1), metric, some, given.clients
    )
    extrapolate("The same as the first, 1 ms", replace(near, sync_us=1000.0), metric, some, given.clients)
    extrapolate("The same as the first, 4 ms", replace(near, sync_us=4000.0), metric, some, given.clients)
    extrapolate(
        "The same as the first, one group in ten is lost",
        replace(near, lost=0.1),
        metric,
        some,
        given.clients,
    )
    small = [count for count in given.clients if count <= 10_000]
    extrapolate("log-batch of 1,000 metrics, 0.2 ms", near, batch, some, small, 32)


if __name__ == "__main__":
    main()
