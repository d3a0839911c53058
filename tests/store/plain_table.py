"""Run tables the plain way: one query for each cell, nothing kept. What the store's tables are held against."""

import math
from typing import Any

import numpy as np

from headrace.api.runs import RunStatus
from headrace.search.fields import RUNS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.search.tree import Entity, Field, Statistic
from headrace.store import codes, run_table
from headrace.store.connection import Connection
from headrace.store.points import parts_of, read_columns
from headrace.store.run_changes import read_clock
from headrace.store.run_search import RunSearch
from headrace.store.run_table import MISSING, NumberCells, StepField, TextCells

_PARTS = {
    Statistic.LATEST: "latest_code",
    Statistic.MIN: "min_code",
    Statistic.MAX: "max_code",
    Statistic.FIRST: "first_code",
    Statistic.COUNT: "points",
}


def metric(key: str, statistic: Statistic = Statistic.LATEST) -> Field:
    return Field(Entity.METRIC, key, statistic)


def step(key: str, statistic: Statistic = Statistic.LATEST, *, of_nan: bool = False) -> Field:
    return StepField(Entity.METRIC, key, statistic, of_nan=of_nan)


def param(key: str) -> Field:
    return Field(Entity.PARAM, key)


def tag(key: str) -> Field:
    return Field(Entity.TAG, key)


def attribute(key: str) -> Field:
    return Field(Entity.ATTRIBUTE, key)


def make_search(
    scopes: tuple[int, ...], text: str = "", order: tuple[str, ...] = (), limit: int = 50_000, now: int = 0
) -> RunSearch:
    keys = complete_order(parse_order_by(order, RUNS), RUNS)
    return RunSearch(scopes, parse_filter(text, RUNS), keys, limit, now=now, own=True)


def read_fast(conn: Connection, search: RunSearch, fields: list[Field]) -> list[list[Any]]:
    """Return the columns of all runs that a search finds, as the store gives them."""
    clock = read_clock(conn)
    found = run_table.find_runs(conn, clock, search, None)
    return [plain(each) for each in run_table.read_cells(conn, clock, search, found.runs, fields)]


def plain(cells: TextCells | NumberCells) -> list[Any]:
    """Return a column as Python values, NaN as a text so that it equals itself."""
    if isinstance(cells, TextCells):
        assert sorted(set(cells.codes.tolist()) - {MISSING}) == list(range(len(cells.texts)))
        return [None if code == MISSING else cells.texts[code] for code in cells.codes.tolist()]
    assert np.all(cells.values[~cells.present] == 0)
    return [
        show(value) if there else None
        for value, there in zip(cells.values.tolist(), cells.present.tolist(), strict=True)
    ]


def show(value: Any) -> Any:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def read_plainly(conn: Connection, search: RunSearch, fields: list[Field]) -> list[list[Any]]:
    """Return what `read_fast` does, cell by cell."""
    runs = [
        row[0]
        for row in conn.rows(
            f"SELECT id FROM hr_run WHERE scope IN ({','.join(map(str, search.scopes))}) ORDER BY start_time DESC, run_id"
        )
    ]
    return [[read_cell(conn, run, field) for run in runs] for field in fields]


def read_cell(conn: Connection, run: int, field: Field) -> Any:
    if field.entity is Entity.ATTRIBUTE:
        return _read_attribute(conn, run, field.key)
    table = {Entity.PARAM: "hr_param", Entity.TAG: "hr_tag"}.get(field.entity)
    if table:
        row = conn.row(
            f"SELECT e.value FROM {table} e JOIN hr_key k ON k.id = e.key_id WHERE e.run = ? AND k.name = ?",
            (run, field.key),
        )
        return row[0] if row else None
    if isinstance(field, StepField):
        return read_step(conn, run, field)
    row = conn.row(
        f"SELECT {_PARTS[field.statistic]} FROM hr_series e JOIN hr_key k ON k.id = e.key_id "
        "WHERE e.run = ? AND e.scope IS NOT NULL AND k.name = ?",
        (run, field.key),
    )
    if row is None or field.statistic is Statistic.COUNT:
        return row[0] if row else None
    return show(math.nan if row[0] is None else codes.decode(row[0]))


def read_step(conn: Connection, run: int, field: StepField) -> int | None:
    """Return the step of a metric's value, from all of its points."""
    key = conn.row("SELECT id FROM hr_key WHERE name = ?", (field.key,))
    points = read_columns(conn, parts_of(conn, run, key[0])) if key else None
    if points is None or not len(points.step):
        return None
    is_nan = np.isnan(codes.decode_many(points.code.tolist()))
    numbers = points.code[~is_nan]
    if field.of_nan:
        hits = is_nan
    elif field.statistic in {Statistic.MIN, Statistic.MAX}:
        end = (numbers.min() if field.statistic is Statistic.MIN else numbers.max()) if len(numbers) else None
        hits = points.code == end
    else:
        return int(points.step.max() if field.statistic is Statistic.LATEST else points.step.min())
    return int(points.step[hits].min()) if hits.any() else None


def _read_attribute(conn: Connection, run: int, key: str) -> Any:
    found = conn.row(
        "SELECT run_id, name, user_id, artifact_uri, status, start_time, end_time, experiment, scope FROM hr_run WHERE id = ?",
        (run,),
    )
    assert found is not None
    run_id, name, user_id, artifact_uri, status, start, end, experiment, scope = found
    return {
        "run_id": run_id,
        "run_name": name,
        "user_id": user_id,
        "artifact_uri": artifact_uri,
        "status": next(each.value for each in RunStatus if each.number == status),
        "start_time": start,
        "end_time": end,
        "duration": None if end is None else end - start,
        "experiment_id": str(experiment),
        "lifecycle_stage": ("active", "deleted")[scope & 1],
    }[key]


ATTRIBUTES = [
    attribute(name)
    for name in (
        *("run_id", "run_name", "user_id", "artifact_uri", "status"),
        *("start_time", "end_time", "duration", "experiment_id", "lifecycle_stage"),
    )
]
