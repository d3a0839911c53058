"""Answers of the calls for series: columns of points, and charts with what is new since the last one.

Loaded when it is first needed, since it needs numpy.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headrace.api import series as api
from headrace.api.page import decode_token, encode_token
from headrace.api.series import ChartLine, PointsOfSeries
from headrace.base.errors import InvalidParameter
from headrace.store import chart_cursor, chunks
from headrace.store.buckets import Cells, Grid, GroupCells, Values, average
from headrace.store.chart_cursor import Lines, News
from headrace.store.chart_lines import ChartQuestion, ChartRun, Pair, find_parts, find_runs
from headrace.store.charts import Drawing, draw, draw_points
from headrace.store.chunks import Columns
from headrace.store.connection import Connection
from headrace.store.keys import find_key_ids
from headrace.store.metric_axis import match_metric
from headrace.store.points import Part, Range, read_columns
from headrace.store.stretches import Line, Reader

Asked = tuple[list[str], list[str], int | None, Range | None, Range | None]
"""Runs, keys, attempt, steps, times."""

_PLACE_LENGTH = 5


def read_points(conn: Connection, asked: Asked, limit: int, token: tuple[str, str]) -> api.Points:
    """Return points, by series.

    Args:
        conn: where to read.
        asked: which points.
        limit: the most points of one answer.
        token: the page token, and the digest of the question.
    """
    run_ids, keys, attempt, steps, times = asked
    runs, key_ids = find_runs(conn, run_ids), find_key_ids(conn, keys)
    pairs = [(run_id, key) for run_id in run_ids for key in keys]
    known = {
        (run_id, key): (runs[run_id].id, key_ids[key])
        for run_id, key in pairs
        if run_id in runs and key in key_ids
    }
    parts, _ = find_parts(conn, known.values(), attempt)
    place = _read_place(*token, len(pairs))
    answer = api.Points(
        series=[],
        time=b"",
        step=b"",
        value=b"",
        missing_run_ids=[each for each in run_ids if each not in runs],
    )
    found: list[Columns] = []
    for number in range(place[0], len(pairs)):
        if limit == 0:
            answer.next_page_token = encode_token(token[1], [number, 0, 0, 0, -1])
            break
        seen = parts.get(known.get(pairs[number], (0, 0)))
        if not seen:
            continue
        columns = _read_behind(conn, seen, steps, times, place if number == place[0] else None)
        taken = chunks.select(columns, slice(limit))
        if len(taken.time):
            found.append(taken)
            run_id, key = pairs[number]
            answer.series.append(PointsOfSeries(run_id=run_id, key=key, count=len(taken.time)))
            limit -= len(taken.time)
        if len(columns.time) > len(taken.time):
            answer.next_page_token = encode_token(
                token[1], [number, *_last_place(taken, place if number == place[0] else None)]
            )
            break
    columns = chunks.join(found)
    answer.time, answer.step = columns.time.tobytes(), columns.step.tobytes()
    answer.value = chunks.values_of(columns.code).tobytes()
    return answer


def _read_place(token: str, question: str, count: int) -> list[int]:
    """Return where a page begins: number of the series, then time, step, code of the last point given and how many equal to it were; -1 for none."""
    place = decode_token(token, question)
    if place is None:
        return [0, 0, 0, 0, -1]
    if (
        len(place) != _PLACE_LENGTH
        or not all(isinstance(each, int) for each in place)
        or not 0 <= place[0] < count
    ):
        raise InvalidParameter("The page_token does not fit these series; start again from the first page.")
    return place


def _read_behind(
    conn: Connection, parts: Sequence[Part], steps: Range | None, times: Range | None, place: list[int] | None
) -> Columns:
    """Return the points of a series that lie behind a place."""
    if place is None or place[4] < 0:
        return read_columns(conn, parts, steps, times)
    _, time, step, code, given = place
    columns = read_columns(conn, parts, steps, (time, times[1] if times else 2**63 - 1))
    here = columns.time == time
    before = here & ((columns.step < step) | ((columns.step == step) & (columns.code < code)))
    equal = here & (columns.step == step) & (columns.code == code)
    skipped = int(np.count_nonzero(before)) + min(given, int(np.count_nonzero(equal)))
    return chunks.select(columns, slice(skipped, None))


def _last_place(taken: Columns, place: list[int] | None) -> list[int]:
    last = [int(column[-1]) for column in taken[:3]]
    equal = (taken.time == last[0]) & (taken.step == last[1]) & (taken.code == last[2])
    given = int(np.count_nonzero(equal))
    if place is not None and place[4] > 0 and place[1:4] == last:
        given += place[4]
    return [*last, given]


def draw_chart(conn: Connection, question: ChartQuestion, since: str) -> api.Chart:
    """Return a chart, or what of it is new.

    Args:
        conn: where to read.
        question: what is asked.
        since: cursor of the last answer; empty for all.
    """
    runs, keys = find_runs(conn, question.run_ids), find_key_ids(conn, [*question.keys, question.x_key])
    known: dict[tuple[str, str], Pair] = {
        (run_id, key): (runs[run_id].id, keys[key])
        for run_id in runs
        for key in dict.fromkeys([*question.keys, *([question.x_key] if question.x_key else [])])
        if key in keys
    }
    parts, state = find_parts(conn, known.values(), question.attempt)
    named = {name: parts[pair] for name, pair in known.items() if pair in parts}
    asked = chart_cursor.digest(repr(question).encode())
    state = chart_cursor.digest(state, repr(runs).encode())
    width = len(question.keys)
    count = (len(question.drawn) + len(question.groups)) * width
    seen = chart_cursor.read_cursor(since, asked, count) if since else None
    missing = [each for each in question.run_ids if each not in runs]
    if seen is not None and seen.state == state:
        return api.Chart(changed=False, grid="same", cursor=since, missing_run_ids=missing)
    drawing = _draw(conn, question, runs, named)
    places = {run_id: number for number, run_id in enumerate(question.run_ids)}
    groups = average(
        drawing.cells,
        [
            [places[run_id] * width + key for run_id in members]
            for _, members in question.groups
            for key in range(width)
        ],
        drawing.grid.size,
    )
    lines = _hash_lines(drawing.cells, groups, len(question.drawn) * width)
    is_kept = seen is not None and chart_cursor.keeps_grid(seen, drawing.grid)
    news = chart_cursor.find_news(seen if is_kept else None, lines, drawing.grid.size, count)
    answer = _describe_grid(drawing.grid)
    answer.grid = "same" if is_kept else "new"
    answer.missing_run_ids = missing
    answer.cursor = chart_cursor.make_cursor(asked, state, drawing.grid, lines, count)
    _add_lines(answer, question, lines, news)
    _add_columns(answer, drawing, groups, news, question)
    return answer


def _draw(
    conn: Connection,
    question: ChartQuestion,
    runs: dict[str, ChartRun],
    parts: dict[tuple[str, str], list[Part]],
) -> Drawing:
    """Draw all lines: run by run in the question's order, and of each run, key by key."""
    origins = dict.fromkeys(question.run_ids, 0)
    if question.x == "relative":  # no time is negative; so no difference can overflow
        origins.update((run_id, max(run.start_time, 0)) for run_id, run in runs.items())
    lines = [
        Line(parts.get((run_id, key), []), origins[run_id])
        for run_id in question.run_ids
        for key in question.keys
    ]
    if question.x == "metric":
        over = [Line(parts.get((run_id, question.x_key), [])) for run_id in question.run_ids]
        reader = Reader(conn, [*lines, *over], "step", None)
        points = reader.read(all_points=True).points
        points = match_metric(points, len(lines), len(question.keys), question.within)
        return draw_points(points, len(lines), question.buckets)
    reader = Reader(conn, lines, "step" if question.x == "step" else "time", question.integer_range())
    return draw(reader, reader.read(), len(lines), question.buckets)


def _hash_lines(cells: Cells, groups: GroupCells, drawn: int) -> Lines:
    """Return the entries that are answered: those of lines of single runs, then those of groups, which are numbered on."""
    own = slice(int(np.searchsorted(cells.line, drawn)))
    hashes = chart_cursor.hash_entries(cells.place, cells.points, cells.nans, cells.low, cells.high)
    of_groups = chart_cursor.hash_entries(
        groups.place, groups.runs, groups.mean, groups.low, groups.high, groups.std
    )
    return Lines(
        np.concatenate((cells.line[own], groups.line + drawn)),
        np.concatenate((cells.place[own], groups.place)),
        np.concatenate((hashes[own], of_groups)),
    )


def _describe_grid(grid: Grid) -> api.Chart:
    if isinstance(grid, Values):
        return api.Chart(mode="points", buckets=grid.size, x=grid.values.astype("<f8").tobytes(), cursor="")
    return api.Chart(mode="buckets", buckets=grid.size, start=grid.start, width=grid.width, cursor="")


_SENT: dict[int, Literal["whole", "tail", "same"]] = {-1: "whole", 0: "same", 1: "tail"}


def _add_lines(answer: api.Chart, question: ChartQuestion, lines: Lines, news: Sequence[News]) -> None:
    """List the lines that have entries."""
    there = np.zeros(len(news), bool)
    there[lines.line] = True
    width = len(question.keys)
    drawn = len(question.drawn) * width
    names = [*question.drawn, *(name for name, _ in question.groups)]
    for number in np.flatnonzero(there).tolist():
        begin, end, since, known = news[number]
        line = ChartLine(
            name=names[number // width],
            key=question.keys[number % width],
            entries=end - begin,
            sent=_SENT[known],
            since=since,
        )
        (answer.series if number < drawn else answer.groups).append(line)


def _add_columns(
    answer: api.Chart, drawing: Drawing, groups: GroupCells, news: Sequence[News], question: ChartQuestion
) -> None:
    drawn = len(question.drawn) * len(question.keys)
    cells = drawing.cells
    own = int(np.searchsorted(cells.line, drawn))
    there = np.unique(cells.line[:own])
    answer.ends = drawing.ends[there].astype("<f8").tobytes()
    which = _pick(news[:drawn], 0, own)
    number = "<f4" if question.single else "<f8"
    points, nans = cells.points[which], cells.nans[which]
    means = np.where(
        np.isnan(cells.mean[which]), np.nan, cells.mean[which]
    )  # one NaN, to be compared by its bits
    mean, low, high = (_pack(column, number) for column in (means, cells.low[which], cells.high[which]))
    # Where each entry is of one point, two thirds of the bytes would say nothing.
    answer.cells = api.Cells(
        bucket=_pack(cells.place[which], "<i4"),
        count=_pack(points, "<u4") if (points != 1).any() else b"",
        nans=_pack(nans, "<u4") if nans.any() else b"",
        mean=mean,
        min=low if low != mean else b"",
        max=high if high != mean else b"",
    )
    which = _pick(news[drawn:], own, len(groups.line))
    answer.group_cells = api.GroupCells(
        bucket=_pack(groups.place[which], "<i4"),
        runs=_pack(groups.runs[which], "<u4"),
        mean=_pack(groups.mean[which], number),
        min=_pack(groups.low[which], number),
        max=_pack(groups.high[which], number),
        std=_pack(groups.std[which], number),
    )


def _pick(news: Sequence[News], offset: int, count: int) -> Any:
    """Return which of `count` entries, the first of which has the number `offset`, are sent."""
    if all(each.known < 0 for each in news):
        return slice(count)
    parts = [np.arange(each.begin - offset, each.end - offset) for each in news]
    return np.concatenate(parts) if parts else slice(0)


_GREATEST = float(np.finfo(np.float32).max)


def _pack(column: NDArray[Any], kind: str) -> bytes:
    """Return a column as bytes; what single precision cannot express becomes its greatest number, not an infinity."""
    if kind == "<f4":
        finite = np.isfinite(column)
        column = np.where(finite, np.clip(column, -_GREATEST, _GREATEST), column)
    return column.astype(kind, copy=False).tobytes()
