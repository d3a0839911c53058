"""Whole histories and charts of metrics, from the client's side: columns as Python's arrays, and charts that are kept up to date."""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, cast

import msgspec
from msgspec import UNSET, Struct

from headrace.api import series as rows
from headrace.api.series import Chart, ChartGroup, ChartLine, GetChart, GetPoints
from headrace.client.transport import Transport
from headrace.client.values import read_list

_OF_METRIC = "metric:"


def read_column(data: bytes | memoryview, code: str) -> "array[Any]":
    """Return a column of an answer as an array.

    Args:
        data: numbers one after another, little-endian.
        code: the type, as in the module `array`: ``q`` int64, ``i`` int32, ``I`` uint32, ``d`` float64, ``f`` float32.
    """
    column: array[Any] = array(code, bytes(data))
    if sys.byteorder == "big":
        column.byteswap()
    return column


class History(Struct, frozen=True):
    """All points of a metric of a run, by time, step and value.

    Args:
        run_id: the run.
        key: the metric.
        time: Unix milliseconds.
        step: the steps.
        value: the values.
    """

    run_id: str
    key: str
    time: "array[int]"
    step: "array[int]"
    value: "array[float]"


class RunCells(NamedTuple):
    """The line of a run, one entry for each bucket with points; see `headrace.api.series.Cells`."""

    bucket: "array[int]"
    points: "array[int]"
    nans: "array[int]"
    mean: "array[float]"
    min: "array[float]"
    max: "array[float]"


class GroupCells(NamedTuple):
    """The line of a group, one entry for each bucket with numbers; see `headrace.api.series.GroupCells`."""

    bucket: "array[int]"
    runs: "array[int]"
    mean: "array[float]"
    min: "array[float]"
    max: "array[float]"
    std: "array[float]"


class Ends(NamedTuple):
    """x and value of the first and of the last point of a line."""

    first_x: float
    first_value: float
    last_x: float
    last_value: float


LineName = tuple[str, str]
"""The run's id or the group's name, and the metric."""

C = TypeVar("C", RunCells, GroupCells)


class ChartView(Struct, frozen=True):
    """A chart as it stands.

    Args:
        mode: `points` if every value of x has a bucket of its own, else `buckets`.
        x: where each bucket begins, or its value of x.
        width: of a bucket; 0 in the mode `points`.
        series: the lines of runs.
        ends: of the lines of runs.
        groups: the lines of groups.
        missing_run_ids: runs that do not exist.
        request: what was asked.
        cursor: what `Series.refresh` asks with.
    """

    mode: Literal["points", "buckets"]
    x: Sequence[float]
    width: float
    series: Mapping[LineName, RunCells]
    ends: Mapping[LineName, Ends]
    groups: Mapping[LineName, GroupCells]
    missing_run_ids: Sequence[str]
    request: GetChart
    cursor: str


class Series:
    """Calls that read many points at once.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def points(
        self,
        run_ids: Sequence[str],
        keys: Sequence[str],
        *,
        steps: tuple[int, int] | None = None,
        times: tuple[int, int] | None = None,
        attempt: int | None = None,
        page_size: int = rows.MAX_POINTS,
    ) -> list[History]:
        """Return all points of metrics of runs; pairs without any are left out.

        Args:
            run_ids: the runs.
            keys: the metrics.
            steps: the first and the last step.
            times: the first and the last time, in Unix milliseconds.
            attempt: of this attempt alone; by default what is visible of all.
            page_size: how many are fetched at once.

        Raises:
            InvalidParameter: more is asked for than is allowed at once.
        """
        request = GetPoints(
            run_ids=read_list(run_ids, "run_ids"),
            keys=read_list(keys, "keys"),
            start_step=steps[0] if steps else UNSET,
            end_step=steps[1] if steps else UNSET,
            start_time=times[0] if times else UNSET,
            end_time=times[1] if times else UNSET,
            attempt=UNSET if attempt is None else attempt,
            max_points=page_size,
        )
        found: dict[LineName, History] = {}
        while True:
            answer = self._transport.call(rows.POINTS, request)
            time, step = memoryview(answer.time), memoryview(answer.step)
            value, begin = memoryview(answer.value), 0
            for part in answer.series:
                here = slice(begin, begin := begin + 8 * part.count)
                name = (part.run_id, part.key)
                if name not in found:
                    found[name] = History(*name, array("q"), array("q"), array("d"))
                found[name].time.extend(read_column(time[here], "q"))
                found[name].step.extend(read_column(step[here], "q"))
                found[name].value.extend(read_column(value[here], "d"))
            if not answer.next_page_token:
                return list(found.values())
            request = msgspec.structs.replace(request, page_token=answer.next_page_token)

    def chart(
        self,
        run_ids: Sequence[str],
        keys: Sequence[str],
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
        x: str = "step",
        within: tuple[float | None, float | None] = (None, None),
        buckets: int = 600,
        precision: Literal["double", "single"] = "double",
        attempt: int | None = None,
    ) -> ChartView:
        """Return metrics of many runs on one grid.

        Args:
            run_ids: runs with lines of their own.
            keys: the metrics.
            groups: runs that are averaged, by the group's name.
            x: ``step``; ``time``, Unix milliseconds; ``relative``, milliseconds since the run's start; or ``metric:NAME``, another metric's
                value at the same step.
            within: the range of x, both ends included; None for an open end.
            buckets: at most so many.
            precision: of means and bounds.
            attempt: of this attempt alone; by default what is visible of all.

        Raises:
            InvalidParameter: more is asked for than is allowed at once.
        """
        start, end = within
        request = GetChart(
            run_ids=read_list(run_ids, "run_ids"),
            keys=read_list(keys, "keys"),
            groups=[
                ChartGroup(name=name, run_ids=read_list(members, "groups"))
                for name, members in (groups or {}).items()
            ],
            x=cast("Any", "metric" if x.startswith(_OF_METRIC) else x),  # the server knows what there is
            x_key=x.removeprefix(_OF_METRIC) if x.startswith(_OF_METRIC) else "",
            start=UNSET if start is None else start,
            end=UNSET if end is None else end,
            buckets=buckets,
            precision=precision,
            attempt=UNSET if attempt is None else attempt,
        )
        return _read_chart(self._transport.call(rows.CHART, request), request, None)

    def refresh(self, chart: ChartView) -> ChartView:
        """Return a chart as it stands now; only what is new is fetched. It is the same object if nothing has changed."""
        request = msgspec.structs.replace(chart.request, since=chart.cursor)
        answer = self._transport.call(rows.CHART, request)
        return _read_chart(answer, chart.request, chart) if answer.changed else chart


def _read_chart(answer: Chart, request: GetChart, before: ChartView | None) -> ChartView:
    number = "f" if request.precision == "single" else "d"
    cells, of_groups = answer.cells, answer.group_cells
    bucket, mean = read_column(cells.bucket, "i"), read_column(cells.mean, number)
    entries = len(bucket)
    columns = RunCells(
        bucket,
        read_column(cells.count, "I") if cells.count else array("I", [1]) * entries,
        read_column(cells.nans, "I") if cells.nans else array("I", [0]) * entries,
        mean,
        read_column(cells.min, number) if cells.min else mean[:],
        read_column(cells.max, number) if cells.max else mean[:],
    )
    group_columns = GroupCells(
        read_column(of_groups.bucket, "i"),
        read_column(of_groups.runs, "I"),
        read_column(of_groups.mean, number),
        read_column(of_groups.min, number),
        read_column(of_groups.max, number),
        read_column(of_groups.std, number),
    )
    x: Sequence[float] = read_column(answer.x, "d")
    if answer.mode == "buckets":
        x = [answer.start + place * answer.width for place in range(answer.buckets)]
    ends = read_column(answer.ends, "d")
    return ChartView(
        mode=answer.mode,
        x=x,
        width=answer.width,
        series=_read_lines(answer.series, columns, before.series if before else {}),
        ends={
            (line.name, line.key): Ends(*ends[4 * place : 4 * place + 4])
            for place, line in enumerate(answer.series)
        },
        groups=_read_lines(answer.groups, group_columns, before.groups if before else {}),
        missing_run_ids=answer.missing_run_ids,
        request=request,
        cursor=answer.cursor,
    )


def _read_lines(lines: Iterable[ChartLine], columns: C, before: Mapping[LineName, C]) -> dict[LineName, C]:
    """Return lines: what was sent of them, behind what is kept of those before."""
    found: dict[LineName, C] = {}
    begin = 0
    for line in lines:
        name = (line.name, line.key)
        picked: Any = [column[begin : begin + line.entries] for column in columns]
        new: Any = type(columns)(*picked)
        begin += line.entries
        if line.sent == "same":
            new = before[name]
        elif line.sent == "tail":
            old: Any = before[name]
            kept = bisect_left(old.bucket, line.since)
            new = type(columns)(*(a[:kept] + b for a, b in zip(old, new, strict=True)))
        found[name] = new
    return found
