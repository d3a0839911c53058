"""Metric points as plain Python lists and sets: what `headrace.store.series`, `points` and `visible` are held against."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from headrace.store.codes import HIGHEST, LOWEST

Point = tuple[int, int, int]
"""Time, step and code."""


def _by_step(point: Point) -> tuple[int, int, int]:
    return point[1], point[0], point[2]


@dataclass
class PointsModel:
    """What was logged to one run, by key and context."""

    series: dict[tuple[int, int], set[Point]] = field(default_factory=dict)

    def add(self, key: int, context: int, points: list[Point]) -> None:
        """Log points; those that are there already change nothing."""
        self.series.setdefault((key, context), set()).update(points)

    def list_keys(self) -> set[int]:
        """The keys that have points."""
        return {key for key, _ in self.series}

    def rows(self) -> dict[tuple[int, int], tuple[Any, ...]]:
        """The summaries by key and context; that of context 0 covers all contexts of its key."""
        wanted = {place: summarise(list(points)) for place, points in self.series.items()}
        for key in self.list_keys():
            wanted[key, 0] = summarise(
                [point for (each, _), points in self.series.items() if each == key for point in points]
            )
        return wanted

    def history(self, key: int) -> list[Point]:
        """All points of a key by time, step and value; a point of several contexts stands once."""
        every = {point for (each, _), points in self.series.items() if each == key for point in points}
        return sorted(every)


def summarise(points: list[Point]) -> tuple[Any, ...]:
    """The columns of a summary of some points, one at least: whether the latest is NaN, then those of `summaries.STATE`."""
    latest, first = max(points, key=_by_step), min(points, key=_by_step)
    numbers = [code for _, _, code in points if LOWEST <= code <= HIGHEST]
    return (
        int(not LOWEST <= latest[2] <= HIGHEST),
        *(latest[2], latest[1], latest[0]),
        *(first[2], first[1], first[0]),
        min(numbers, default=None),
        max(numbers, default=None),
        len(points),
        len(points) - len(numbers),
    )


def sample(points: list[Point], limit: int) -> list[Point]:
    """The points that a chart of at most `limit` points shows: the first of each of `limit` even slices, and the last of the last.

    The first slices are those that have a point more.
    """
    ordered = sorted(points, key=_by_step)
    if len(ordered) <= limit:
        return ordered
    kept: list[Point] = []
    rest = ordered
    for slices in range(limit, 0, -1):
        size = -(-len(rest) // slices)
        kept.append(rest[0])
        rest = rest[size:]
    return [*kept[:-1], ordered[-1]]


class Logged(NamedTuple):
    """One point that was logged. `record` is 0 for one of MLflow's wire: equal ones are one point."""

    key: str
    context: int
    attempt: int
    point: Point
    record: int


@dataclass
class RunModel:
    """A run with its attempts, and the run that it was forked from."""

    logged: list[Logged] = field(default_factory=list)
    from_steps: list[int | None] = field(default_factory=lambda: [None])
    parent: "RunModel | None" = None
    step: int = 0
    named: bool = False

    def attempt_history(self, key: str, attempt: int) -> list[Point]:
        """All points of one attempt by time, step and value."""
        return _history([each for each in self.logged if (each.key, each.attempt) == (key, attempt)])

    def history(self, key: str) -> list[Point]:
        """All visible points by time, step and value."""
        return _history([each for entries in self.visible(key) for each in entries])

    def summary(self, key: str) -> tuple[Any, ...] | None:
        """The summary of what is visible, None of nothing. Equal points of different contexts or attempts count each."""
        points = [
            each.point
            for entries in self.visible(key)
            for each in {
                (each.context, each.attempt, each.point, each.record): each for each in entries
            }.values()
        ]
        return summarise(points) if points else None

    def visible(self, key: str) -> list[list[Logged]]:
        """What is visible of a key: of this run, of its parent, and so on."""
        mine = [each for each in self.logged if each.key == key]
        shown = [
            each for each in mine if all(each.point[1] < begin for begin in self._begins(mine, each.attempt))
        ]
        if self.parent is None:
            return [shown]
        below = min([self.step, *self._begins(mine, -1)])
        above = self.parent.visible(key)
        return [shown, *([each for each in entries if each.point[1] < below] for entries in above)]

    def _begins(self, mine: list[Logged], attempt: int) -> list[int]:
        """The steps at which later attempts begin."""
        begins = [each.point[1] for each in mine if each.attempt > attempt]
        return begins + [
            step for later, step in enumerate(self.from_steps) if step is not None and later > attempt
        ]


def _history(entries: list[Logged]) -> list[Point]:
    plain = {each.point for each in entries if not each.record}
    return sorted([*plain, *(each.point for each in entries if each.record)])
