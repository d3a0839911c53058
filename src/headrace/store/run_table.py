"""Run tables: which runs a search finds, and chosen columns of them as arrays, all of one snapshot.

The module knows what each field of the search language is in the store; it does not know how a table goes over the wire.
"""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from headrace.api.runs import RunStatus
from headrace.search.tree import Entity, Field, Statistic, iter_fields
from headrace.store import leases, step_columns
from headrace.store.column_cache import Cells, ColumnCache, Mask, Wanted
from headrace.store.connection import Connection
from headrace.store.experiments import STAGES
from headrace.store.keys import find_key_ids
from headrace.store.ordering import Place
from headrace.store.run_columns import Integers, Kind, Source
from headrace.store.run_search import RunSearch, find_all, search_runs

MISSING = 0xFFFF_FFFF
_KEPT_SEARCHES = 16
_FLIP = np.int64(0x7FFF_FFFF_FFFF_FFFF)

_ATTRIBUTES = {
    "run_id": "run_id",
    "run_name": "name",
    "user_id": "user_id",
    "artifact_uri": "artifact_uri",
    "status": "status",
    "start_time": "start_time",
    "end_time": "end_time",
    "experiment_id": "experiment",
    "lifecycle_stage": "scope",
    "number": "id",
}
_PARTS = {
    Statistic.LATEST: "latest_code",
    Statistic.MIN: "min_code",
    Statistic.MAX: "max_code",
    Statistic.FIRST: "first_code",
    Statistic.COUNT: "points",
}
_STEPS = {
    Statistic.LATEST: "latest_step",
    Statistic.MIN: step_columns.MIN_STEP,
    Statistic.MAX: step_columns.MAX_STEP,
    Statistic.FIRST: "first_step",
}
_NUMBERS = {"start_time", "end_time", "duration", "number"}
_NAMED: dict[str, Callable[[int], str]] = {
    "experiment_id": str,
    "lifecycle_stage": lambda scope: STAGES[scope & 1],
    "status": leases.STATUS_NAMES.__getitem__,
}
_KINDS = {Entity.PARAM: Kind.PARAM, Entity.TAG: Kind.TAG, Entity.METRIC: Kind.METRIC}


class StepField(Field, frozen=True):
    """The step of a metric's latest or first value, or the first step of its least or greatest one; COUNT has none.

    Args:
        of_nan: of the first NaN, and not of the statistic.
    """

    of_nan: bool = False

    @property
    def part(self) -> str:
        """The part of a series that says it."""
        return step_columns.NAN_STEP if self.of_nan else _STEPS[self.statistic]


class TextCells(NamedTuple):
    """A column of texts.

    Args:
        codes: of each run the place of its text in `texts`; `MISSING` where it has none.
        texts: distinct texts, each of which stands in the column.
    """

    codes: npt.NDArray[np.uint32]
    texts: list[str]


class NumberCells(NamedTuple):
    """A column of numbers.

    Args:
        present: where there is a number; NaN is one.
        values: float64 or int64; 0 where there is none.
    """

    present: Mask
    values: npt.NDArray[Any]


class FoundRuns(NamedTuple):
    """What a search finds.

    Args:
        runs: integer ids in order.
        place: where the next page begins; None if there is none.
    """

    runs: Integers
    place: Place | None


class _Searches:
    """What searches found lately: a page that scrolls to further columns asks for the same runs again. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[Any, FoundRuns] = {}

    def find(self, key: Any, search: Callable[[], FoundRuns]) -> FoundRuns:
        """Return what was found under a key, or search."""
        with self._lock:
            found = self._found.pop(key, None)
        found = found or search()
        with self._lock:
            self._found[key] = found
            while len(self._found) > _KEPT_SEARCHES:
                del self._found[next(iter(self._found))]
        return found


def find_runs(conn: Connection, clock: int, search: RunSearch, place: Place | None) -> FoundRuns:
    """Return a page of runs.

    Args:
        conn: where to read.
        clock: the change clock of its snapshot.
        search: what is searched.
        place: the last row of the page before.
    """

    def read() -> FoundRuns:
        runs, next_place = search_runs(conn, search, place)
        return FoundRuns(np.array(runs, np.int64), next_place)

    if _looks_at_status(search):  # which changes by itself, when a lease ends
        return read()
    key = (clock, replace(search, now=0), None if place is None else tuple(place))
    return conn.caches.part(_Searches).find(key, read)


def find_all_runs(conn: Connection, clock: int, search: RunSearch) -> Integers:
    """Return the integer ids of all runs that a search finds, on whatever page, in no order."""

    def read() -> FoundRuns:
        return FoundRuns(np.array(find_all(conn, search), np.int64), None)

    if _looks_at_status(search):
        return read().runs
    return conn.caches.part(_Searches).find((clock, search.scopes, search.node), read).runs


def _looks_at_status(search: RunSearch) -> bool:
    fields = [key.field for key in search.order]
    if search.node is not None:
        fields += iter_fields(search.node)
    return any(each.entity is Entity.ATTRIBUTE and each.key == "status" for each in fields)


def read_cells(
    conn: Connection, clock: int, search: RunSearch, runs: Integers, fields: Sequence[Field]
) -> list[TextCells | NumberCells]:
    """Return columns of runs, in the order of the fields.

    Args:
        conn: where to read.
        clock: the change clock of its snapshot.
        search: what found the runs.
        runs: integer ids, each once.
        fields: the columns; besides the attributes that can be searched: ``duration``, ``experiment_id``, ``lifecycle_stage``, ``number``; and steps.
    """
    keys = find_key_ids(conn, {field.key for field in fields if field.entity in _KINDS})
    sources = {source for field in fields for source in _sources(field, keys)}
    cells = conn.caches.part(ColumnCache).read(conn, Wanted(clock, search.scopes, runs), sorted(sources))
    return [_build(conn, field, keys, cells, (search, runs)) for field in fields]


def _sources(field: Field, keys: dict[str, int]) -> list[Source]:
    if field.entity is Entity.ATTRIBUTE:
        names = ("start_time", "end_time") if field.key == "duration" else (_ATTRIBUTES[field.key],)
        return [Source(Kind.ATTRIBUTE, 0, name) for name in names]
    if field.key not in keys:  # never logged
        return []
    if isinstance(field, StepField):
        part = field.part
    else:
        part = _PARTS[field.statistic] if field.entity is Entity.METRIC else "value"
    return [Source(_KINDS[field.entity], keys[field.key], part)]


def _build(
    conn: Connection,
    field: Field,
    keys: dict[str, int],
    cells: dict[Source, Cells],
    where: tuple[RunSearch, Integers],
) -> TextCells | NumberCells:
    found = [cells[source] for source in _sources(field, keys)]
    if field.entity is Entity.METRIC:
        is_integer = isinstance(field, StepField) or field.statistic is Statistic.COUNT
        return _metric(found[0] if found else None, len(where[1]), is_integer=is_integer)
    if not found:
        return TextCells(np.full(len(where[1]), MISSING, np.uint32), [])
    if field.entity is Entity.ATTRIBUTE and field.key in _NUMBERS:
        begin, end = found[0], found[-1]
        present = begin.present & end.present
        return NumberCells(
            present,
            np.where(present, end.values - begin.values if field.key == "duration" else end.values, 0),
        )
    if field.entity is Entity.ATTRIBUTE and field.key in _NAMED:
        values = found[0].values
        if field.key == "status":
            values = _statuses(conn, values, where)
        return _name(values, _NAMED[field.key])
    return _narrow(*found[0])


def _metric(cells: Cells | None, count: int, *, is_integer: bool) -> NumberCells:
    kind: type[Any] = np.int64 if is_integer else np.float64
    if cells is None:
        return NumberCells(np.zeros(count, np.bool_), np.zeros(count, kind))
    if is_integer:
        return NumberCells(cells.present, np.where(cells.present, cells.values, 0))
    bits = np.where(cells.values < 0, cells.values ^ _FLIP, cells.values)
    bits[~cells.present] = 0
    return NumberCells(cells.present, bits.view(np.float64))


def _statuses(conn: Connection, values: Integers, where: tuple[RunSearch, Integers]) -> Integers:
    """Return status numbers with `LOST` among them."""
    search, runs = where
    over = [row[0] for row in conn.rows("SELECT run FROM hr_lease WHERE until < ?", (search.now,))]
    is_lost = (values == RunStatus.RUNNING.number) & np.isin(runs, np.array(over, np.int64))
    return np.where(is_lost, leases.LOST, values)


def _name(values: Integers, name: Callable[[int], str]) -> TextCells:
    """Return a column of few distinct integers as texts."""
    distinct, codes = np.unique(values, return_inverse=True)
    return TextCells(codes.astype(np.uint32), [name(int(each)) for each in distinct])


def _narrow(present: Mask, codes: Integers, texts: list[str]) -> TextCells:
    """Return a column of texts with those texts alone that stand in it, in the order in which the store met them."""
    used = np.zeros(len(texts) + 1, np.bool_)
    used[codes[present]] = True
    fresh = np.cumsum(used) - 1
    kept = list(map(texts.__getitem__, np.flatnonzero(used).tolist()))
    return TextCells(np.where(present, fresh[codes], MISSING).astype(np.uint32), kept)


def read_bounds(cells: NumberCells) -> tuple[float, float] | None:
    """Return the least and the greatest finite number of a column; None if it has none."""
    values = cells.values[cells.present]
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else None


def pack_bits(present: Iterable[Any]) -> bytes:
    """Return a bitmap, the first run in the lowest bit of the first byte."""
    return np.packbits(np.asarray(present), bitorder="little").tobytes()
