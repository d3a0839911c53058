"""Series of points as plain Python sets: what `headrace.store.series` is held against."""

from dataclasses import dataclass, field
from typing import Any

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
        wanted = {place: _summarise([points]) for place, points in self.series.items()}
        for key in self.list_keys():
            wanted[key, 0] = _summarise([points for (each, _), points in self.series.items() if each == key])
        return wanted

    def history(self, key: int) -> list[Point]:
        """All points of a key by time, step and value; a point of several contexts stands once."""
        every = {point for (each, _), points in self.series.items() if each == key for point in points}
        return sorted(every)


def _summarise(parts: list[set[Point]]) -> tuple[Any, ...]:
    points = [point for part in parts for point in part]
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
