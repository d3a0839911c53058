"""The data of runs as MLflow's wire shows it: latest metrics, params, tags, inputs and outputs. Kept in memory, and kept right through the change clock.

What is kept of a run was read at one clock. It is given to a reader of another clock only if the log of changes does not name the run between the two,
whichever is the later: so each reader gets exactly what its snapshot holds. What a run is besides its data (its status, say, which changes as time goes by)
is not kept. Bounded: what was longest not asked for goes first.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import NamedTuple, TypeVar

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Tag
from headrace.api.inputs import RunInputs, RunOutputs
from headrace.api.metrics import Metric
from headrace.api.runs import Param, RunData
from headrace.base.json import wire_float
from headrace.store.codes import decode_many
from headrace.store.connection import Connection, Row
from headrace.store.inputs import ask_kinds, inputs_and_outputs
from headrace.store.keys import key_names
from headrace.store.run_changes import RunChanges
from headrace.store.series import ask_latest_points
from headrace.store.transaction import Transaction

T = TypeVar("T")

MAX_VALUES = 150_000
"""So many metrics, params and tags are kept in all: about 25 MB."""
LONGEST_PAGE = 1000
"""Whoever reads more runs at once reads all there are, and hardly twice."""
MAX_CLOCKS = 8
"""So many different clocks of what is kept are compared with the reader's; what is older is read again."""
MAX_COMMITS = 500
"""What lies more commits apart from the reader than this is read again: to read the log of all of them would cost as much."""
_RUN_WEIGHT = 5


class Content(NamedTuple):
    """What belongs to a run."""

    data: RunData
    inputs: RunInputs
    outputs: RunOutputs | UnsetType


class _Kept(NamedTuple):
    """What is kept of a run, and at which clock it was read or last found to be as it was."""

    clock: int
    content: Content
    weight: int


class ContentCache:
    """Content of runs that were read lately, by their integer ids. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._weight = 0

    def find(self, conn: Connection, runs: Iterable[int], clock: int) -> dict[int, Content]:
        """Return what is known of runs as the connection's snapshot has them.

        Args:
            conn: where the log of changes is read, if need be.
            runs: integer ids.
            clock: the clock of the connection's snapshot.
        """
        with self._lock:
            kept = {run: found for run in runs if (found := self._kept.get(run)) is not None}
        near = {found.clock for found in kept.values() if abs(found.clock - clock) <= MAX_COMMITS}
        clocks = sorted(near, reverse=True)[:MAX_CLOCKS]
        changes = conn.caches.part(RunChanges)
        changed = {each: changes.between(conn, each, clock) for each in reversed(clocks)}
        good = {}
        for run, found in kept.items():
            since = changed.get(found.clock)
            if since is not None and run not in since:
                good[run] = found
        with self._lock:
            for run, found in good.items():
                if self._kept.get(run) is found:
                    if found.clock < clock:
                        self._kept[run] = found._replace(clock=clock)
                    self._kept.move_to_end(run)
        return {run: found.content for run, found in good.items()}

    def keep(self, contents: dict[int, Content], clock: int) -> None:
        """Keep what was read of runs at a clock, unless something newer is kept."""
        with self._lock:
            for run, content in contents.items():
                held = self._kept.get(run)
                if held is not None:
                    if held.clock > clock:
                        continue
                    self._weight -= held.weight
                found = self._kept[run] = _Kept(clock, content, _weigh(content))
                self._kept.move_to_end(run)
                self._weight += found.weight
            while self._weight > MAX_VALUES:
                self._weight -= self._kept.popitem(last=False)[1].weight


def _weigh(content: Content) -> int:
    """Return how many values there are, long ones counted several times."""
    data = content.data
    texts = [*(data.params or ()), *(data.tags or ())]
    inputs = sum(1 for each in (content.inputs, content.outputs) if each) * _RUN_WEIGHT
    return (
        _RUN_WEIGHT
        + inputs
        + len(data.metrics or ())
        + len(texts)
        + sum(len(each.value) for each in texts) // 100
    )


def read_contents(conn: Connection, runs: Sequence[int], clock: int | None) -> dict[int, Content]:
    """Return what belongs to runs.

    Args:
        conn: where to read.
        runs: integer ids.
        clock: the clock of the connection's snapshot; None if nothing is to be kept or taken from what is kept.
    """
    if clock is None or isinstance(conn, Transaction) or len(runs) > LONGEST_PAGE:
        return _read(conn, runs)
    cache = conn.caches.part(ContentCache)
    found = cache.find(conn, runs, clock)
    missing = [run for run in runs if run not in found]
    if missing:
        fresh = _read(conn, missing)
        cache.keep(fresh, clock)
        found.update(fresh)
    return {run: _copy(content) for run, content in found.items()}


def _copy(content: Content) -> Content:
    """Return content with lists of its own: what is kept must stay as it is, whatever a caller in this process does with an answer."""
    data = content.data
    return content._replace(
        data=RunData(
            metrics=UNSET if data.metrics is UNSET else data.metrics[:],
            params=UNSET if data.params is UNSET else data.params[:],
            tags=UNSET if data.tags is UNSET else data.tags[:],
        )
    )


def _read(conn: Connection, runs: Sequence[int]) -> dict[int, Content]:
    asked = (
        conn.ask_in("SELECT run, key_id, value FROM hr_param WHERE run IN ({ids})", runs),
        conn.ask_in("SELECT run, key_id, value FROM hr_tag WHERE run IN ({ids})", runs),
        ask_latest_points(conn, runs),
        ask_kinds(conn, runs),
    )
    params, tags, points, kinds = (answer() for answer in asked)
    names = key_names(conn, {row[1] for rows in (params, tags, points) for row in rows})
    params_of = _gather(params, lambda row: Param(key=names[row[1]], value=row[2]))
    tags_of = _gather(tags, lambda row: Tag(key=names[row[1]], value=row[2]))
    metrics_of: dict[int, list[Metric]] = {}
    values = decode_many([row[2] for row in points])
    for (number, key, _, time, step), value in zip(points, values, strict=True):
        metric = Metric(key=names[key], value=wire_float(value), timestamp=time, step=step)
        metrics_of.setdefault(number, []).append(metric)
    inputs, outputs = inputs_and_outputs(conn, runs, kinds)
    return {
        number: Content(
            RunData(
                metrics=metrics_of.get(number, UNSET),
                params=params_of.get(number, UNSET),
                tags=tags_of.get(number, UNSET),
            ),
            inputs[number],
            outputs[number],
        )
        for number in runs
    }


def _gather(rows: Iterable[Row], build: Callable[[Row], T]) -> dict[int, list[T]]:
    """Return what is built from rows, by the run in their first column."""
    groups: dict[int, list[T]] = {}
    for row in rows:
        held = groups.get(row[0])
        if held is None:
            groups[row[0]] = [build(row)]
        else:
            held.append(build(row))
    return groups
