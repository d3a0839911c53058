"""Changes since a cursor: what a follower is told. The waiting is done by the callers: `headrace.services.dispatch` and the server.

A follower that is told of a change reads what it needs by the other calls; nothing of the change itself is in the log.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from headrace.api.changes import (
    MAX_LIMIT,
    MAX_SUBJECTS,
    MAX_WAIT_MS,
    Change,
    ChangeKind,
    Changes,
    FollowChanges,
)
from headrace.base.errors import InvalidParameter
from headrace.services.context import Context
from headrace.services.validation import excerpt, get_run_id
from headrace.store.changes import Entry, Place, read_clock, read_entries, read_extent
from headrace.store.connection import Connection

PAGE_ENTRIES = 5000
"""So many entries of the log one call reads at most; a follower of few things among many is told that there is more."""

_CURSOR = re.compile(r"\d{1,18}(\.-?\d{1,18}){3}|\d{1,18}", re.ASCII)
_EXPERIMENT_ID = re.compile(r"\d{1,18}", re.ASCII)
OF_RUNS = frozenset({ChangeKind.RUN, ChangeKind.METRICS})
_KINDS = {kind.number: kind for kind in ChangeKind}


class Filter(Struct, frozen=True):
    """What a follower wants to hear of: with nothing named, everything.

    Args:
        experiments: ids.
        runs: ids.
    """

    experiments: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return not (self.experiments or self.runs)

    def passes(self, change: Change) -> bool:
        """Tell whether a change is to be told."""
        return (
            self.is_open
            or change.experiment_id in self.experiments
            or (change.id in self.runs and change.kind in OF_RUNS)
        )


_EVERYTHING = Filter()


class Question(Struct, frozen=True):
    """A request whose values were checked.

    Args:
        place: the cursor, None for now.
        wanted: what the follower wants to hear of.
        limit: how many changes one answer holds.
        wait_s: how long to wait for something to tell, in seconds.
    """

    place: Place | None
    wanted: Filter
    limit: int
    wait_s: float


def read_question(request: FollowChanges) -> Question:
    """Return a request with its values checked.

    Raises:
        InvalidParameter: one is wrong.
    """
    if not 0 <= request.wait_ms <= MAX_WAIT_MS:
        raise InvalidParameter(
            f"Invalid wait_ms {request.wait_ms}: it is counted in milliseconds and lies between 0 and {MAX_WAIT_MS}."
        )
    if not 1 <= request.limit <= MAX_LIMIT:
        raise InvalidParameter(f"Invalid limit {request.limit}: it must lie between 1 and {MAX_LIMIT}.")
    return Question(read_cursor(request.cursor), _read_filter(request), request.limit, request.wait_ms / 1000)


def _read_filter(request: FollowChanges) -> Filter:
    named = len(request.experiment_ids) + len(request.run_ids)
    if not named:
        return _EVERYTHING
    if named > MAX_SUBJECTS:
        raise InvalidParameter(
            f"The request names {named} experiments and runs; at most {MAX_SUBJECTS} can be followed at once. "
            "Follow their experiments, or everything."
        )
    for experiment_id in request.experiment_ids:
        if not _EXPERIMENT_ID.fullmatch(experiment_id):
            raise InvalidParameter(
                f"Invalid experiment id {excerpt(experiment_id)}: it is a number, such as '0'."
            )
    experiments = frozenset(str(int(each)) for each in request.experiment_ids)
    return Filter(experiments, frozenset(get_run_id(each) for each in request.run_ids))


def read_cursor(cursor: str | int) -> Place | None:
    """Return the place that a cursor stands for; None for an empty one.

    Raises:
        InvalidParameter: it is none.
    """
    text = str(cursor)
    if not text:
        return None
    if not _CURSOR.fullmatch(text):
        raise InvalidParameter(
            f"Invalid cursor {excerpt(text)}: send the cursor of an earlier answer, a clock, or none to begin now."
        )
    return Place(*map(int, text.split(".")))


def write_cursor(place: Place) -> str:
    """Return the cursor for a place."""
    return str(place.clock) if place.is_end else ".".join(map(str, place))


def describe(entries: Iterable[Entry]) -> list[tuple[Place, Change]]:
    """Return entries of the log as they are told, with their places."""
    return [
        (
            place,
            Change(
                clock=place.clock,
                kind=_KINDS[place.kind],
                id=name,
                experiment_id=str(place.experiment) if place.experiment >= 0 else "",
            ),
        )
        for place, name in entries
        if place.kind in _KINDS
    ]


def tell(passing: Sequence[tuple[Place, Change]], limit: int, end: Place, *, more: bool = False) -> Changes:
    """Return the answer that tells of entries of the log.

    Args:
        passing: what the follower wants to hear of behind its place, in order.
        limit: how many of them at most.
        end: the place that they were looked for up to.
        more: whether the log goes on behind it.
    """
    if len(passing) > limit:
        passing = passing[:limit]
        end, more = passing[-1][0], True
    told = [change for _, change in passing]
    return Changes(cursor=write_cursor(end), changes=told, reset=False, more=more)


def begin_anew(clock: int) -> Changes:
    """Return the answer to a follower whose cursor the log does not reach back to."""
    return Changes(cursor=write_cursor(Place(clock)), changes=[], reset=True, more=False)


def answer(conn: Connection, question: Question) -> Changes:
    """Return what can be told at once."""
    place = question.place
    if place is None:
        return tell((), question.limit, Place(read_clock(conn)))
    extent = read_extent(conn)
    if place.clock > extent.clock or place < Place(extent.begin):
        return begin_anew(extent.clock)
    entries = read_entries(conn, place, PAGE_ENTRIES)
    more = len(entries) == PAGE_ENTRIES
    end = entries[-1].place if more else Place(extent.clock)
    passing = [each for each in describe(entries) if question.wanted.passes(each[1])]
    return tell(passing, question.limit, end, more=more)


def follow(context: Context, request: FollowChanges) -> Changes:
    """Return what has changed since a cursor, without waiting."""
    return answer(context.conn, read_question(request))
