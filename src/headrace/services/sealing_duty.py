"""The duty that seals: follows the log of changes, and looks at the series of runs that got points.

A tail is sealed when it is long; a shorter one when its series has been quiet for a while or its run has ended. After a start, and if the log has not reached
back far enough, it walks over all series once, in slices, whenever there is nothing else to do. It pauses after each transaction as long as that
took, and `BUSY_PAUSE` times as long while points come in, so that requests come first.

How sealing is done, and why nothing is lost by it, is `headrace.store.sealing`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct, field

from headrace.api.runs import RunStatus
from headrace.services.background import Left
from headrace.services.context import Platform
from headrace.store import sealing, sealing_candidates
from headrace.store.chunks import LEAST_POINTS, MAX_POINTS
from headrace.store.claims import Claims
from headrace.store.connection import Connection
from headrace.store.engine import Store
from headrace.store.sealing import Plan
from headrace.store.sealing_candidates import Candidate
from headrace.store.transaction import Transaction

IDLE_S = 10.0
LOOK_S = 2.0
SLICE_S = 0.3
WALK_SPAN = 20_000
WEIGHT_AT_ONCE = 2 * MAX_POINTS
PLANS_AT_ONCE = 64
LOOKS_AT_ONCE = 500
FREE_PAGES = 256
PAGES_AT_ONCE = 256
PATIENCE = 3
BUSY_PAUSE = 4
"""What waits meanwhile is merged later, and more of it at once: a fifth of the time is enough for several times as many points as one server takes in."""
MOST_PAUSE_S = 2.0
_RUNNING = (RunStatus.RUNNING.number, RunStatus.SCHEDULED.number)


class _Task(NamedTuple):
    """A series to be looked at.

    Attributes:
        series: its id.
        least: at how many rows its tail is sealed.
        tail: whether it may have so many.
        merge: whether its chunks are merged.
        final: whether points that were sent again are removed, and tiny chunks merged, even if they are few.
    """

    series: int
    least: int
    tail: bool
    merge: bool
    final: bool


class _Series(Struct):
    """What was last seen of a series: points accepted and sealed, since when, and whether all is done as long as that stays so.

    `looked` is how many were sealed when its chunks were looked at, `grown` how often more were found since.
    """

    points: int
    sealed: int
    since_s: float
    done: bool = False
    looked: int = 0
    grown: int = 0


class _Run(Struct):
    """A run that got points lately, by moments of `time.monotonic`."""

    changed_s: float
    due_s: float
    series: dict[int, _Series] = field(default_factory=dict)


class SealingDuty:
    """See the module. One instance keeps what it has seen between its runs.

    Args:
        idle_s: after how many seconds without a new point a series is quiet.
        look_s: how often a run that gets points is looked at, in seconds.
    """

    name = "sealing"
    every_s = 1.0

    def __init__(self, idle_s: float = IDLE_S, look_s: float = LOOK_S) -> None:
        self._idle_s = idle_s
        self._look_s = look_s
        self._cursor: int | None = None
        self._walked: int | None = None
        self._runs: dict[int, _Run] = {}
        self._tasks: deque[_Task] = deque()
        self._conflicts: dict[int, int] = {}
        self._is_busy = False

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        """Work for a fraction of a second. While series may become quiet there is something left for later."""
        store, end_s = platform.store, time.monotonic() + SLICE_S
        with store.read() as conn:
            self._follow(conn, time.monotonic())
            self._look(conn, time.monotonic())
            if not self._tasks and self._walked is not None:
                found, self._walked = sealing_candidates.find_neglected(conn, self._walked, WALK_SPAN)
                self._tasks.extend(
                    _Task(series, LEAST_POINTS, tail=True, merge=True, final=False) for series in found
                )
        busy = bool(self._tasks)
        while self._tasks and not stop.is_set() and time.monotonic() < end_s:
            began_s = time.monotonic()
            self._work(store, end_s)
            took_s = time.monotonic() - began_s
            stop.wait(min(BUSY_PAUSE * took_s, MOST_PAUSE_S) if self._is_busy else min(took_s, SLICE_S))
        if busy:
            return Left.MORE
        if self._walked is not None:
            stop.wait(max(0.0, time.monotonic() - end_s + SLICE_S))  # as long as the slice took
            return Left.MORE
        if self._runs:
            return Left.LATER
        return Left.MORE if _shrink(store, stop) else Left.NOTHING

    def finish(self, store: Store, series: Iterable[int]) -> None:
        """Seal and merge all that there is of some series, without waiting for them to be quiet."""
        self._tasks.extend(_Task(each, LEAST_POINTS, tail=True, merge=True, final=True) for each in series)
        while self._tasks:
            self._work(store, time.monotonic() + SLICE_S)

    def _follow(self, conn: Connection, now_s: float) -> None:
        """Take in which runs have new points."""
        changes = sealing_candidates.read_changes(conn, self._cursor)
        self._cursor = changes.clock
        self._is_busy = bool(changes.runs)
        if not changes.complete:
            self._walked = 0
        for number in changes.runs:
            run = self._runs.get(number)
            if run is None:
                self._runs[number] = _Run(now_s, now_s)
            else:
                run.changed_s = now_s

    def _look(self, conn: Connection, now_s: float) -> None:
        """Find out what there is to do for the runs whose turn it is."""
        if self._tasks:
            return
        due = [number for number, run in self._runs.items() if run.due_s <= now_s][:LOOKS_AT_ONCE]
        ended = sealing_candidates.find_ended(conn, due, _RUNNING)
        candidates = sealing_candidates.find_candidates(conn, due)
        for number in due:
            run = self._runs[number]
            run.due_s = now_s + self._look_s
            tasks = [
                self._judge(run, each, now_s, ended=number in ended) for each in candidates.get(number, ())
            ]
            self._tasks.extend(task for task in tasks if task is not None)
            quiet = now_s - run.changed_s >= self._idle_s or number in ended
            if quiet and all(series.done for series in run.series.values()):
                del self._runs[number]

    def _judge(self, run: _Run, found: Candidate, now_s: float, *, ended: bool) -> _Task | None:
        """Return what there is to do for a series."""
        seen = run.series.get(found.series)
        fresh = seen is None
        if seen is None:
            seen = run.series[found.series] = _Series(found.points, found.sealed, now_s)
        merge = found.sealed > 0 and (fresh or _is_worth_a_look(seen, found.sealed))
        if merge:
            seen.looked, seen.grown = found.sealed, 0
        if (found.points, found.sealed) != (seen.points, seen.sealed):
            # What was sealed meanwhile is no sign of life.
            since_s = now_s if found.points != seen.points else seen.since_s
            seen.points, seen.sealed, seen.since_s, seen.done = found.points, found.sealed, since_s, False
        if seen.done:
            return None
        if ended or now_s - seen.since_s >= self._idle_s:
            seen.done = True
            return _Task(
                found.series,
                LEAST_POINTS,
                tail=found.points > found.sealed,
                merge=found.sealed > 0,
                final=True,
            )
        tail = found.points - found.sealed >= MAX_POINTS
        return _Task(found.series, MAX_POINTS, tail=tail, merge=merge, final=False) if merge or tail else None

    def _work(self, store: Store, end_s: float) -> None:
        """Carry out the next tasks, as many as fit into one short transaction; what is not finished stands in the list again."""
        taken: list[tuple[_Task, Plan]] = []
        weight = 0
        with store.read() as conn:
            while self._tasks and weight < WEIGHT_AT_ONCE and len(taken) < PLANS_AT_ONCE:
                if not taken and time.monotonic() > end_s:
                    return
                task = self._tasks.popleft()
                plan = _plan(conn, task)
                if plan is None:
                    self._conflicts.pop(task.series, None)
                else:
                    taken.append((task, plan))
                    weight += plan.weight
            if not taken:
                return
            claims = Claims(runs=sealing_candidates.runs_of_series(conn, {plan.series for _, plan in taken}))
        done: list[bool] = store.writer.call(
            lambda tx: sealing.apply_all(tx, [plan for _, plan in taken]), claims
        )
        again = []
        for (task, plan), success in zip(taken, done, strict=True):
            again.append(task)
            if success or not plan.rows:
                self._conflicts.pop(task.series, None)
            else:
                self._force(store, task)
        self._tasks.extendleft(reversed(again))

    def _force(self, store: Store, task: _Task) -> None:
        """Count a plan that came too late; after some of them plan within the transaction."""
        conflicts = self._conflicts[task.series] = self._conflicts.get(task.series, 0) + 1
        if conflicts >= PATIENCE:
            del self._conflicts[task.series]
            store.writer.call(_make_forced(task))


def _is_worth_a_look(seen: _Series, sealed: int) -> bool:
    """Tell whether there may be chunks to merge: so many came that they fill one, or so often that they may overlap. Counts what is seen."""
    seen.grown += sealed != seen.sealed
    return seen.grown >= sealing.FAN or abs(sealed - seen.looked) >= MAX_POINTS


def _shrink(store: Store, stop: threading.Event) -> bool:
    """Give a part of the space that sealed rows have left back, where that is much; tell whether it was."""
    with store.read() as conn:
        if store.dialect.count_free_pages(conn.cursor) < FREE_PAGES:
            return False
    began_s = time.monotonic()
    store.writer.call(lambda tx: tx.dialect.give_back_pages(tx.cursor, PAGES_AT_ONCE))
    stop.wait(time.monotonic() - began_s)
    return True


def _make_forced(task: _Task) -> Callable[[Transaction], bool]:
    return lambda tx: sealing.apply_tail(tx, task.series, task.least, few=task.final)


def _plan(conn: Connection, task: _Task) -> Plan | None:
    """Return the next plan of a task, None if it is finished."""
    plan = sealing.plan_tail(conn, task.series, task.least) if task.tail else None
    if plan is None and task.tail and task.final:
        plan = sealing.plan_repeated(conn, task.series)
    if plan is None and task.merge:
        plan = sealing.plan_merge(conn, task.series, final=task.final)
    return plan
