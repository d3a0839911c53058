"""Points of MLflow's wire on their way into their series: which of them are certainly new, which are sealed at once, and which may be there already.

A point is there already if its series has one of the same step, time and value: as a row, or in a chunk. What lies behind the highest step of a series cannot be
there, so that nobody has to look. Many such points that come at once are sealed, where rows of the tail are dear.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from headrace.base import plugins
from headrace.store.caches import SeriesKey
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.dialect import Inserted
from headrace.store.summaries import FIRST_STEP, State
from headrace.store.transaction import PointList, Transaction

if TYPE_CHECKING:
    from headrace.store.segments import Sealed

LEAST_PLAIN = 32
"""From so many points of a series on that come at once they are sealed, if the database asks for that."""
PLAIN_TOGETHER = 200
"""And if there are so many of them, of all such series together."""

_NOTHING = Inserted(0, 0)
_INSERT_NEW = "INSERT INTO hr_point (series, time, step, code, n) VALUES (?, ?, ?, ?, 0)"

_step = itemgetter(1)


class Before(NamedTuple):
    """What a series was before a transaction.

    Args:
        scope: None if only a view shows it.
        sealed: so many of its points are in chunks.
        latest_step: its highest step.
        state: its summary.
    """

    scope: int | None
    sealed: int
    latest_step: int
    state: State


def seal_many(tx: Transaction, points: Mapping[SeriesKey, PointList]) -> "dict[SeriesKey, Sealed]":
    """Return as chunks what is to be sealed if it turns out to be new.

    Args:
        tx: where to write.
        points: all that has come.
    """
    if not (
        tx.dialect.seals_at_once and tx.may_restart
    ):  # a transaction that has failed again and again trusts nothing
        return {}
    many = {series: each for series, each in points.items() if len(each) >= LEAST_PLAIN}
    if sum(map(len, many.values())) < PLAIN_TOGETHER:
        return {}
    sealed: dict[SeriesKey, Sealed] = plugins.load("headrace.store.segments").take_plain(many)
    # Those that have a point twice become rows, which are counted one by one.
    return {series: found for series, found in sealed.items() if found.points == len(many[series])}


def is_behind(state: State, before: Before | None) -> bool:
    """Tell whether all points lie behind what the series had before.

    Args:
        state: of a series that has just these points.
        before: None if the series is new.
    """
    return before is None or state[FIRST_STEP] > before.latest_step


def insert_points(
    tx: Transaction,
    ids: Mapping[SeriesKey, int],
    points: Mapping[SeriesKey, PointList],
    before: Mapping[int, Before],
) -> dict[SeriesKey, Inserted]:
    """Insert points as rows; those that are there already are ignored.

    Args:
        tx: where to write.
        ids: of the series.
        points: what has come to each.
        before: by id, what the series were before; new ones are left out.

    Returns:
        by series, how many points were there already.
    """
    new: list[tuple[int, int, int, int]] = []
    doubtful: dict[SeriesKey, PointList] = {}
    for series, each in points.items():
        number = ids[series]
        if tx.may_restart and _are_new(each, before.get(number)):
            new += [(number, *point) for point in each]
        else:
            doubtful[series] = each
    tx.change_many(_INSERT_NEW, new)
    return _insert_doubtful(tx, ids, doubtful, before) if doubtful else {}


def _are_new(points: PointList, before: Before | None) -> bool:
    """Tell whether points are certainly not there yet, and none stands twice among them."""
    if len(points) == 1:
        return before is None or points[0][1] > before.latest_step
    if before is not None and min(points, key=_step)[1] <= before.latest_step:
        return False
    return len(set(points)) == len(points)


def _insert_doubtful(
    tx: Transaction,
    ids: Mapping[SeriesKey, int],
    doubtful: Mapping[SeriesKey, PointList],
    before: Mapping[int, Before],
) -> dict[SeriesKey, Inserted]:
    """Insert points some of which may be there already; see `insert_points`."""
    given = {ids[series]: points for series, points in doubtful.items()}
    kept = given | _drop_sealed(tx, given, before) if tx.dialect.seals_at_once else given
    rows = [(number, *point) for number, points in kept.items() for point in points]
    inserted = tx.dialect.insert_points(tx.cursor, rows) if rows else {}
    if inserted is None:
        inserted = {number: _count(points) for number, points in kept.items()}
    repeated = {}
    for series, points in doubtful.items():
        came, found = _count(points), inserted.get(ids[series], _NOTHING)
        if came.points != found.points:
            repeated[series] = Inserted(came.points - found.points, came.nans - found.nans)
    return repeated


def _drop_sealed(
    tx: Transaction, points: Mapping[int, PointList], before: Mapping[int, Before]
) -> dict[int, PointList]:
    """Return what is left of points that would have been sealed if they were new, and are sealed already. Fewer are left to `headrace.store.sealing`."""
    again = {
        number: each
        for number, each in points.items()
        if len(each) >= LEAST_PLAIN and number in before and before[number].sealed
    }
    if not again:
        return {}
    found = plugins.load("headrace.store.sealing").find_sealed(tx, again)
    return {
        number: [point for point, is_there in zip(again[number], repeated, strict=True) if not is_there]
        for number, repeated in found.items()
    }


def _count(points: PointList) -> Inserted:
    return Inserted(len(points), sum(not LOWEST <= code <= HIGHEST for _, _, code in points))
