"""Fills servers with runs and with one long history, by HTTP. Nothing here is measured but how far it came.

It knows bodies and servers. A fill that goes round HTTP would stand beside this one and leave the same runs.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from payload import BATCH_METRICS, make_metric, make_run, make_run_data
from servers import API
from target import Target
from wire import Connection, RequestFailed, WireError

_CLIENTS = 4
_TRIES = 3
HISTORY_KEY = "loss"


@dataclass(frozen=True)
class RunShape:
    """How much each filled run holds."""

    metrics: int = 20
    params: int = 20
    tags: int = 5


@dataclass
class Filled:
    """What a fill stored, in how many seconds."""

    done: int
    planned: int
    seconds: float
    first_error: str = ""


def fill_runs(target: Target, until: int, budget_s: float, shape: RunShape | None = None) -> Filled:
    """Fill the searched experiment of a server up to `until` runs, or as far as the time allows."""
    shape = shape or RunShape()
    if not target.searched_experiment:
        with target.server.connect() as connection:
            target.searched_experiment = target.create_experiment(connection)

    def add(connection: Connection, number: int) -> None:
        body = make_run(number, target.searched_experiment)
        created = connection.call("POST", f"{API}/runs/create", body)
        data = make_run_data(number, shape.metrics, shape.params, shape.tags)
        connection.call("POST", f"{API}/runs/log-batch", {"run_id": created["run"]["info"]["run_id"], **data})

    filled = _fill(target, range(target.searched_runs, until), budget_s, add)
    target.searched_runs += filled.done
    return filled


def fill_history(target: Target, until: int, budget_s: float) -> Filled:
    """Fill one metric of one run up to `until` points, or as far as the time allows."""
    if not target.history_run:
        (target.history_run,) = target.create_runs(1)

    def add(connection: Connection, number: int) -> None:
        first = number * BATCH_METRICS
        metrics = [
            make_metric(HISTORY_KEY, 1 / (step + 1), step) for step in range(first, first + BATCH_METRICS)
        ]
        connection.call("POST", f"{API}/runs/log-batch", {"run_id": target.history_run, "metrics": metrics})

    numbers = range(target.history_points // BATCH_METRICS, until // BATCH_METRICS)
    filled = _fill(target, numbers, budget_s, add)
    filled.done *= BATCH_METRICS
    filled.planned *= BATCH_METRICS
    target.history_points += filled.done
    return filled


def _fill(target: Target, numbers: range, budget_s: float, add: Callable[[Connection, int], None]) -> Filled:
    """Add each number once, by four clients; a number that fails three times ends the fill."""
    filled = Filled(0, len(numbers), 0.0)
    waiting = iter(numbers)
    lock = threading.Lock()
    begin_s = time.perf_counter()

    def work() -> None:
        with target.server.connect(quickack=True) as connection:
            for number in _take(waiting, lock, begin_s + budget_s):
                error = _try(add, connection, number)
                with lock:
                    filled.done += not error
                    filled.first_error = filled.first_error or error
                if error:
                    return

    threads = [threading.Thread(target=work) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    filled.seconds = round(time.perf_counter() - begin_s, 1)
    return filled


def _take(waiting: Iterator[int], lock: threading.Lock, stop_s: float) -> Iterator[int]:
    """Take numbers that no other client took, until they or the time are over."""
    while time.perf_counter() < stop_s:
        with lock:
            numbers = list(itertools.islice(waiting, 1))
        if not numbers:
            return
        yield numbers[0]


def _try(add: Callable[[Connection, int], None], connection: Connection, number: int) -> str:
    """Add one number; give the last error, or nothing."""
    error = ""
    for _ in range(_TRIES):
        try:
            add(connection, number)
        except (OSError, WireError, RequestFailed) as failed:
            error = f"{type(failed).__name__}: {failed}"
            time.sleep(0.1)
        else:
            return ""
    return error
