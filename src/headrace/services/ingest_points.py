"""The metric points of a block of ingest: checked, and handed to the store by series.

Short series are taken apart here; long ones stay arrays, and the file that handles those is loaded when the first one comes.
"""

import array
import sys
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET

from headrace.api.ingest import MetricColumns, MetricSeries, RunBlock
from headrace.base import plugins
from headrace.base.errors import InvalidParameter
from headrace.services.ingest_records import Account, Fault
from headrace.services.validation import check_key, check_timestamp, excerpt
from headrace.store import contexts, series
from headrace.store.codes import encode_many
from headrace.store.keys import intern_keys
from headrace.store.transaction import PointList, RunRef, Transaction
from headrace.store.writers import point_number

LONG_SERIES = 64
"""Points from which on a series is handled as arrays."""

_NOWHERE = ("", "", "")
_FLIP = 0x7FFF_FFFF_FFFF_FFFF
"""Makes a code of the bits of a negative double, see `headrace.store.codes`; a detour over floats might change a NaN's bits."""


class Target(NamedTuple):
    """Where the points of a series go: the ids of its key and of what was measured."""

    key: int
    context: int


class _Numbers:
    """The columns of a block as numbers, for its short series."""

    __slots__ = ("bits", "steps", "times")

    def __init__(self, metrics: MetricColumns) -> None:
        self.times, self.steps, self.bits = map(_read_integers, (metrics.time, metrics.step, metrics.value))


def _read_integers(column: bytes) -> "array.array[int]":
    numbers = array.array("q", column)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def add_points(tx: Transaction, run: RunRef, block: RunBlock, writer: int, account: Account) -> None:
    """Add the points of a block to a run, and tell the account.

    Args:
        tx: where to write.
        run: the run; its `attempt` is the one that the points belong to.
        block: the block; its columns have the lengths that they say.
        writer: the writer's number.
        account: where outcomes go.
    """
    if block.metrics is not UNSET:
        _add_columns(tx, run, block.metrics, writer, account)
    elif block.points:
        _add_rows(tx, run, block, writer, account)


def _add_columns(tx: Transaction, run: RunRef, metrics: MetricColumns, writer: int, account: Account) -> None:
    targets = _find_targets(tx, metrics.series)
    counts = [each.count for each in metrics.series]
    if any(count >= LONG_SERIES for count in counts):
        arrays = plugins.load("headrace.services.ingest_arrays").Arrays(metrics, writer, account.next_record)
    if any(0 < count < LONG_SERIES for count in counts):
        numbers = _Numbers(metrics)
    start = 0
    for each, target in zip(metrics.series, targets, strict=True):
        end = start + each.count
        if start == end:
            continue
        if isinstance(target, str):
            account.take(each.count, [Fault(f"metric {excerpt(each.key)}", target, range(each.count))])
        elif each.count >= LONG_SERIES:
            early, example = arrays.add(tx, run, target, start, end)
            account.take(each.count, _time_faults(early, example, each.key))
        else:
            points = _pick_points(numbers, start, end)
            first = account.next_record
            n = [point_number(writer, record) for record in range(first, first + each.count)]
            account.take(each.count, _add_short(tx, run, target, points, n, each.key))
        start = end


def _pick_points(numbers: _Numbers, start: int, end: int) -> PointList:
    return [
        (numbers.times[place], numbers.steps[place], bits if bits >= 0 else bits ^ _FLIP)
        for place, bits in enumerate(numbers.bits[start:end], start)
    ]


def _find_targets(tx: Transaction, wanted: list[MetricSeries]) -> list[Target | str]:
    """Return for each series where its points go, or why they go nowhere."""
    faults: dict[int, str] = {}
    for place, each in enumerate(wanted):
        try:
            check_key(each.key, "metric")
            if each.model_id or each.dataset_name or each.dataset_digest:
                contexts.check_context(*_context_of(each))
        except InvalidParameter as error:
            faults[place] = error.message
    legal = [each for place, each in enumerate(wanted) if place not in faults and each.count]
    keys = intern_keys(tx, {each.key: None for each in legal})
    numbers = {_NOWHERE: series.NO_CONTEXT}
    for each in legal:
        context = _context_of(each)
        if context not in numbers:
            numbers[context] = contexts.intern_context(tx, context)
    return [
        faults[place] if place in faults else Target(keys.get(each.key, 0), numbers.get(_context_of(each), 0))
        for place, each in enumerate(wanted)
    ]


def _context_of(each: MetricSeries) -> tuple[str, str, str]:
    return each.model_id, each.dataset_name, each.dataset_digest


def _add_short(
    tx: Transaction, run: RunRef, target: Target, points: PointList, n: list[int], key: str
) -> list[Fault]:
    """Add a series of few points with their record numbers; return what is wrong with some of them."""
    early = [place for place, point in enumerate(points) if point[0] < 0]
    faults = _time_faults(early, points[early[0]][0] if early else 0, key)
    if early:
        n = [number for number, point in zip(n, points, strict=True) if point[0] >= 0]
        points = [point for point in points if point[0] >= 0]
    if points:
        series.add_points(tx, run, target.key, target.context, points, n)
    return faults


def _time_faults(early: Sequence[int], example: int, key: str) -> list[Fault]:
    """Return what is wrong with points before 1970, at these places, one of them at the time `example`; nothing if there are none."""
    if not early:
        return []
    try:
        check_timestamp(example, key)
    except InvalidParameter as error:
        return [Fault(f"metric {excerpt(key)}", error.message, early)]
    return []


def _add_rows(tx: Transaction, run: RunRef, block: RunBlock, writer: int, account: Account) -> None:
    """Add points of the format before: rows of key, value, time and step."""
    rows, first = block.points, account.next_record
    codes = encode_many([row[1] for row in rows])
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row[0], []).append(place)
    faults: list[Fault] = []
    sound: dict[str, list[int]] = {}
    for key, members in places.items():
        try:
            check_key(key, "metric")
        except InvalidParameter as error:
            faults.append(Fault(f"metric {excerpt(key)}", error.message, members))
            continue
        early = [place for place in members if rows[place][2] < 0]
        faults += _time_faults(early, rows[early[0]][2] if early else 0, key)
        if len(early) < len(members):
            sound[key] = [place for place in members if rows[place][2] >= 0]
    keys = intern_keys(tx, sound)
    for key, members in sound.items():
        points = [(rows[place][2], rows[place][3], codes[place]) for place in members]
        n = [point_number(writer, first + place) for place in members]
        series.add_points(tx, run, keys[key], series.NO_CONTEXT, points, n)
    account.take(len(rows), faults)
