"""Points in plain Python: what a history and a chart must be, with no array and no database."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from headrace.store.codes import encode


class Point(NamedTuple):
    """One point."""

    time: int
    step: int
    value: float

    @property
    def order(self) -> tuple[int, int, int]:
        return self.time, self.step, encode(self.value)


@dataclass
class Attempt:
    """The points of one attempt: of MLflow's wire, by their place in the order, and a writer's."""

    plain: dict[tuple[int, int, int], Point] = field(default_factory=dict)
    own: list[Point] = field(default_factory=list)
    from_step: int | None = None

    @property
    def points(self) -> list[Point]:
        return [*self.plain.values(), *self.own]

    @property
    def first_step(self) -> int | None:
        return min((point.step for point in self.points), default=None)


@dataclass
class History:
    """A metric of a run."""

    attempts: dict[int, Attempt] = field(default_factory=dict)

    def visible(self) -> list[Point]:
        found: dict[tuple[int, int, int], Point] = {}
        own: list[Point] = []
        for number, attempt in self.attempts.items():
            later = [each for other, each in self.attempts.items() if other > number]
            ends = [end for each in later for end in (each.first_step, each.from_step) if end is not None]
            end = min(ends, default=None)
            found |= {key: point for key, point in attempt.plain.items() if end is None or point.step < end}
            own += [point for point in attempt.own if end is None or point.step < end]
        return sorted([*found.values(), *own], key=lambda point: point.order)


class Cell(NamedTuple):
    """What lies in one bucket of a line."""

    points: int
    nans: int
    mean: float
    low: float
    high: float


class Drawn(NamedTuple):
    """A chart: where its buckets begin, and each line's cells by bucket."""

    x: list[float]
    lines: dict[object, dict[int, Cell]]
    ends: dict[object, tuple[float, float, float, float]]


def draw(lines: dict[object, list[tuple[float, Point]]], limit: int) -> Drawn:
    """Draw lines of (x, point)."""
    values = sorted({x for line in lines.values() for x, _ in line})
    place, starts = _grid(values, limit)
    cells: dict[object, dict[int, Cell]] = {}
    ends = {}
    for name, line in lines.items():
        if not line:
            continue
        held: dict[int, list[float]] = {}
        for x, point in line:
            held.setdefault(place(x), []).append(point.value)
        cells[name] = {number: _cell(found) for number, found in sorted(held.items())}
        first = min(line, key=lambda each: (each[0], each[1].order))
        last = max(line, key=lambda each: (each[0], each[1].order))
        ends[name] = (first[0], first[1].value, last[0], last[1].value)
    return Drawn(starts, cells, ends)


def _grid(values: list[float], limit: int) -> tuple[Callable[[float], int], list[float]]:
    if len(values) <= limit:
        places = {x: number for number, x in enumerate(values)}
        return places.__getitem__, values
    low, high = Fraction(values[0]), Fraction(values[-1])
    span = high - low
    exponent = span.numerator.bit_length() - span.denominator.bit_length() - limit.bit_length() - 3
    if isinstance(values[0], int):
        exponent = max(exponent, 0)
    width = Fraction(2) ** exponent
    while high // width - low // width >= limit:
        width *= 2
    first, last = low // width, high // width
    return (lambda x: Fraction(x) // width - first), [float(each * width) for each in range(first, last + 1)]


def _cell(values: list[float]) -> Cell:
    numbers = [value for value in values if not math.isnan(value)]
    if not numbers:
        return Cell(len(values), len(values), math.nan, math.nan, math.nan)
    low, high = min(numbers, key=encode), max(numbers, key=encode)
    return Cell(len(values), len(values) - len(numbers), mean(numbers), low, high)


def mean(numbers: Iterable[float]) -> float:
    """The mean: NaN of both infinities, an infinity of one."""
    numbers = list(numbers)
    infinite = {value for value in numbers if math.isinf(value)}
    if infinite:
        return math.nan if len(infinite) > 1 else infinite.pop()
    return math.fsum(value / len(numbers) for value in numbers)
