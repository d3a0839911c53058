"""Series of metric points as columns: whole histories, and charts of many of them. Nouns, calls, rows.

Columns are bytes: numbers one after another, little-endian, of the type that the field's text names. They hold the series one
after another, in the order of the answer's list, which says how many entries each of them has.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Endpoint, Need, Permission, Resource
from headrace.base.json import Int32, Int64, Wire

MAX_RUNS = 500
"""Runs that may be drawn by themselves; runs of groups do not count."""
MAX_KEYS = 200
MAX_SERIES = 2000
"""Pairs of a run, grouped ones included, and a key."""
MAX_BUCKETS = 2000
MAX_CELLS = 1_200_000
"""Lines times buckets."""
MAX_GROUPS = 200
MAX_POINTS = 2_000_000
"""Points in one answer of series.points."""


class GetPoints(Wire, kw_only=True):
    """Parameters of series.points.

    All pairs of a run and a key, with whatever was measured on a model or a dataset. `attempt`: of that attempt alone, everything; without it, what is
    visible of all of them. The ends of ranges are included; times are in Unix milliseconds.
    """

    run_ids: list[str]
    keys: list[str]
    attempt: Int32 | UnsetType = UNSET
    start_step: Int64 | UnsetType = UNSET
    end_step: Int64 | UnsetType = UNSET
    start_time: Int64 | UnsetType = UNSET
    end_time: Int64 | UnsetType = UNSET
    max_points: Int32 = 1_000_000
    page_token: str = ""


class PointsOfSeries(Wire, kw_only=True):
    """How many of the columns' points, from where the series before ends, belong to a run and a key."""

    run_id: str
    key: str
    count: int


class Points(Wire, kw_only=True):
    """Answer of series.points: by series, and within a series by time, step and value.

    `time`: int64, Unix milliseconds. `step`: int64. `value`: float64. `missing_run_ids`: runs that do not exist.
    """

    series: list[PointsOfSeries]
    time: bytes
    step: bytes
    value: bytes
    missing_run_ids: list[str] = []
    next_page_token: str | UnsetType = UNSET


class ChartGroup(Wire, kw_only=True):
    """Runs that are drawn as one line, with a band."""

    name: str
    run_ids: list[str]


class GetChart(Wire, kw_only=True):
    """Parameters of series.chart.

    `x`: `step`; `time` in Unix milliseconds; `relative`, milliseconds since the start of the run; `metric`, the value of the metric `x_key` at the same
    step (points without one are left out, as are those where it is NaN or beyond 1e300 on either side). `start` and `end`: the range of x, both ends included; without them all. `buckets`: at most so many.
    `since`: the `cursor` of the last answer to the same question, to be sent only what is new. `attempt`: as in series.points.
    """

    run_ids: list[str] = []
    keys: list[str]
    groups: list[ChartGroup] = []
    x: Literal["step", "time", "relative", "metric"] = "step"
    x_key: str = ""
    start: float | UnsetType = UNSET
    end: float | UnsetType = UNSET
    buckets: Int32 = 600
    precision: Literal["double", "single"] = "double"
    since: str = ""
    attempt: Int32 | UnsetType = UNSET


class ChartLine(Wire, kw_only=True):
    """One line of a chart.

    `name` is the run's id, or the group's name. `entries`: how many entries of the columns belong to it. `sent`: `whole`, forget what you have of it;
    `tail`, forget only what you have of it at the bucket `since` and behind; `same`, keep all of it.
    """

    name: str
    key: str
    entries: int
    sent: Literal["whole", "tail", "same"] = "whole"
    since: int = 0


class Cells(Wire, kw_only=True):
    """Columns of lines of single runs: one entry for each bucket that holds points of the line.

    `bucket`: int32, the place on the grid, ascending. `count`: uint32, points. `nans`: uint32, how many of them are NaN. `mean`, `min`, `max`: of the
    numbers, NaN if there are none; float64, or float32 if the precision is single. Infinities are numbers here: a mean of both of them is NaN.
    What would say nothing is left empty: `count` if every entry is of one point, `nans` if there are none, `min` and `max` if they are the means, to the bit.
    """

    bucket: bytes = b""
    count: bytes = b""
    nans: bytes = b""
    mean: bytes = b""
    min: bytes = b""
    max: bytes = b""


class GroupCells(Wire, kw_only=True):
    """Columns of lines of groups: one entry for each bucket that holds numbers of one of the runs.

    `bucket`: int32. `runs`: uint32, how many have numbers there. `mean`: of the runs' means. `min`, `max`: of all their points. `std`: of the runs' means, as of a
    population (0 for one run). The last four are of the type that `Cells` names.
    """

    bucket: bytes = b""
    runs: bytes = b""
    mean: bytes = b""
    min: bytes = b""
    max: bytes = b""
    std: bytes = b""


class Chart(Wire, kw_only=True):
    """Answer of series.chart.

    `changed`: false if nothing has happened since the answer that `since` names; keep all of it, the other fields but `cursor` say nothing then.

    `mode`: `points` if no more than the buckets asked for are needed to give every value of x a place of its own: `x` (float64) then holds these values. Else `buckets`:
    bucket i holds the points from `start + i * width` up to the next one; the width is a power of two, and `start` a multiple of it, so that a grid stays
    as it is until it must grow twice as wide. `grid`: `new`, or `same` as in the answer that `since` names, with perhaps more buckets at its end; only
    then is a line's `sent` anything but `whole`. Lines without points in the range are not listed; one that was and is no more, is gone.

    `ends`: float64, for each of `series` the x and the value of its first and of its last point in the range: four numbers (of several points at one x,
    the first and the last by time).
    """

    changed: bool = True
    mode: Literal["points", "buckets"] = "points"
    grid: Literal["new", "same"] = "new"
    buckets: int = 0
    start: float = 0.0
    width: float = 0.0
    x: bytes = b""
    series: list[ChartLine] = []
    ends: bytes = b""
    cells: Cells = msgspec.field(default_factory=Cells)
    groups: list[ChartLine] = []
    group_cells: GroupCells = msgspec.field(default_factory=GroupCells)
    missing_run_ids: list[str] = []
    cursor: str


POINTS = Endpoint(
    "series.points",
    "POST",
    "/headrace/v1/series/points",
    GetPoints,
    Points,
    (Need(Permission.READ, Resource.RUN, "run_ids"),),
    "Get all points of metrics of runs, as columns.",
    binary=True,
    prefixes=("/api",),
)
CHART = Endpoint(
    "series.chart",
    "POST",
    "/headrace/v1/series/chart",
    GetChart,
    Chart,
    (
        Need(Permission.READ, Resource.RUN, "run_ids"),
        Need(Permission.READ, Resource.RUN, "groups.run_ids"),
    ),
    "Get metrics of many runs, on one grid of at most so many buckets.",
    binary=True,
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (POINTS, CHART)
