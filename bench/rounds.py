"""Measures a case on all servers in turn, again and again, so that a drift of the machine hits all of them alike.

It knows neither what a case does nor how the figures are shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from cases import Case
from processes import measure_cpu_s, measure_machine_cpu_s, measure_own_cpu_s
from servers import ServerFailed
from target import Sample, Target
from wire import RequestFailed, WireError

FAILURES = (OSError, WireError, RequestFailed, ServerFailed, ValueError, KeyError)
_SHORTEST_USAGE_S = 0.2  # processor times are counted in hundredths of a second
Results = dict[str, dict[str, list[Sample]]]
"""For each case, for each server or reference: its samples."""


def measure_case(case: Case, targets: Sequence[Target]) -> dict[str, list[Sample]]:
    """Measure a case: one sample on each server in turn, as often as the case says, each round in another order."""
    samples: dict[str, list[Sample]] = {}
    taking_part = [target for target in targets if target.server.product.filled or not case.filled]
    for repetition in range(case.repetitions):
        first = repetition % max(1, len(taking_part))
        for target in taking_part[first:] + taking_part[:first]:
            sample = _measure(partial(case.measure, target, repetition), target, targets)
            samples.setdefault(target.key, []).append(sample)
        for name, measure in case.references.items():
            samples.setdefault(name, []).append(_measure(measure, None, targets))
    return samples


@dataclass(frozen=True)
class _Usage:
    """Processor time so far, in seconds: of the machine, this client, the measured server, the database and those that wait."""

    machine_s: float
    client_s: float
    server_s: float
    database_s: float
    waiting_s: float


def _take_usage(measured: Target | None, targets: Sequence[Target]) -> _Usage:
    server_s = measure_cpu_s(measured.server.pid) if measured else 0.0
    database_s = targets[0].server.database.measure_cpu_s() if targets else 0.0
    waiting_s = 0.0
    for target in targets:
        if target is not measured and target.server.is_running:
            waiting_s += measure_cpu_s(target.server.pid)
    return _Usage(measure_machine_cpu_s(), measure_own_cpu_s(), server_s, database_s, waiting_s)


def _measure(measure: Callable[[], Sample], target: Target | None, targets: Sequence[Target]) -> Sample:
    """Measure one sample, and how many CPUs other servers and other programs kept busy meanwhile."""
    try:
        before = _take_usage(target, targets)
        begin_s = time.perf_counter()
        sample = measure()
        wall_s = time.perf_counter() - begin_s
        after = _take_usage(target, targets)
    except FAILURES as error:
        return Sample(None, errors=1, note=f"{type(error).__name__}: {error}"[:300])
    if target and wall_s > _SHORTEST_USAGE_S:
        server_s = after.server_s - before.server_s
        waiting_s = after.waiting_s - before.waiting_s
        client_s = after.client_s - before.client_s
        database_s = after.database_s - before.database_s
        other_s = after.machine_s - before.machine_s - server_s - database_s - waiting_s - client_s
        sample.details["server_cpu_s"] = round(server_s, 2)
        sample.details["database_cpu_s"] = round(database_s, 2)
        sample.details["waiting_cpus"] = round(waiting_s / wall_s, 2)
        sample.details["other_cpus"] = round(max(0.0, other_s / wall_s), 2)
    return sample


def to_json(results: Results) -> dict[str, dict[str, list[dict[str, object]]]]:
    """Turn results into what JSON can hold."""
    return {
        case: {column: [asdict(sample) for sample in samples] for column, samples in columns.items()}
        for case, columns in results.items()
    }
