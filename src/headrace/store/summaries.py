"""Summaries of series: what one row of a series says of all its points, from points and from other summaries.

The module knows no table beyond the names of these columns.
"""

from operator import itemgetter
from typing import Any

from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.transaction import PointList, RecordList

STATE = "latest_code, latest_step, latest_time, first_code, first_step, first_time, min_code, max_code, points, nans"
"""The columns of a summary, in the order of a `State`."""

State = tuple[Any, ...]
"""The values of `STATE`: the latest and the first point by step, time and value; least and greatest number; counts.

`LATEST_STEP` and `FIRST_STEP` are also the highest and the lowest step.
"""

LATEST_STEP, FIRST_STEP = 1, 4

_by_step = itemgetter(1, 0, 2)  # of (time, step, code): step, time, value
_by_place = itemgetter(1, 2, 0)  # of (code, step, time): the same


def summarise(points: PointList | RecordList) -> State:
    """Return the state of a series that has just these points, one at least."""
    if len(points) == 1:
        time, step, code, *_ = points[0]
        if LOWEST <= code <= HIGHEST:
            return (code, step, time, code, step, time, code, code, 1, 0)
        return (code, step, time, code, step, time, None, None, 1, 1)
    latest, first = max(points, key=_by_step), min(points, key=_by_step)
    codes = [point[2] for point in points]
    low: int | None
    high: int | None
    low, high, nans = min(codes), max(codes), 0
    if low < LOWEST or high > HIGHEST:
        numbers = [code for code in codes if LOWEST <= code <= HIGHEST]
        nans = len(codes) - len(numbers)
        low, high = min(numbers, default=None), max(numbers, default=None)
    return (latest[2], latest[1], latest[0], first[2], first[1], first[0], low, high, len(points), nans)


def merge(old: State, new: State) -> State:
    """Return the state of a series that has the points of both."""
    latest = max(old[:3], new[:3], key=_by_place)
    first = min(old[3:6], new[3:6], key=_by_place)
    lows = [each for each in (old[6], new[6]) if each is not None]
    highs = [each for each in (old[7], new[7]) if each is not None]
    low, high = min(lows, default=None), max(highs, default=None)
    return (*latest, *first, low, high, old[8] + new[8], old[9] + new[9])


def has_nan_last(state: State) -> bool:
    """Tell whether the latest value is NaN."""
    return not LOWEST <= state[0] <= HIGHEST
