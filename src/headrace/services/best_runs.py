"""The best run of experiments, by the metric that speaks for each of them. Loaded at first use: it needs numpy."""

import numpy as np

from headrace.api.experiments import BestAnswer, BestValue, Experiment, ExperimentBest, FindBest
from headrace.base.errors import InvalidParameter
from headrace.search.fields import RUNS
from headrace.search.parser import parse_field
from headrace.search.tree import Entity, Field, Statistic
from headrace.services.context import Context
from headrace.services.metric_names import is_lower_better, rank
from headrace.services.validation import get_experiments
from headrace.store import experiments
from headrace.store.connection import Connection
from headrace.store.key_counts import KeyCounts
from headrace.store.keys import key_names
from headrace.store.run_changes import read_clock
from headrace.store.run_columns import Kind
from headrace.store.run_search import RunSearch
from headrace.store.run_table import NumberCells, find_all_runs, read_cells

MAX_EXPERIMENTS = 200
METRIC_TAG, OWNER_TAG = "headrace.metric", "owner"
_ENDS = (Statistic.MIN, Statistic.MAX)


def answer(context: Context, request: FindBest) -> BestAnswer:
    """Return what speaks for experiments, in the order asked for.

    Raises:
        InvalidParameter: there are none, or too many.
        NotFound: one does not exist.
    """
    numbers = get_experiments(request.experiment_ids, MAX_EXPERIMENTS)
    rows = [experiments.get_row(context.conn, number) for number in numbers]
    built = experiments.build_experiments(context.conn, rows)
    clock = read_clock(context.conn)
    return BestAnswer(
        experiments=[
            _build(context, clock, number, each) for number, each in zip(numbers, built, strict=True)
        ]
    )


def _build(context: Context, clock: int, number: int, experiment: Experiment) -> ExperimentBest:
    tags = {tag.key: tag.value for tag in experiment.tags or []}
    # The runs of a deleted experiment went with it.
    scope = 2 * number + (experiment.lifecycle_stage == "deleted")
    found = ExperimentBest(experiment_id=experiment.experiment_id)
    found.owner = tags.get(OWNER_TAG) or _find_first_user(context.conn, scope)
    field = _read_tag(tags.get(METRIC_TAG, "")) or _choose(context.conn, clock, scope)
    best = field and _find_best(context, clock, scope, field)
    if best:
        found.best = best
    return found


def _find_first_user(conn: Connection, scope: int) -> str:
    row = conn.row("SELECT user_id FROM hr_run WHERE scope = ? ORDER BY start_time, run_id LIMIT 1", [scope])
    return row[0] if row else ""


def _read_tag(text: str) -> Field | None:
    """Return the field that a tag names; None if it is none, for anybody may write a tag."""
    try:
        field = parse_field(text, RUNS, METRIC_TAG)
    except InvalidParameter:
        return None
    if field.entity is not Entity.METRIC:
        return None
    return field if field.statistic in _ENDS else _direct(field.key)


def _direct(key: str) -> Field:
    return Field(Entity.METRIC, key, Statistic.MIN if is_lower_better(key) else Statistic.MAX)


def _choose(conn: Connection, clock: int, scope: int) -> Field | None:
    """Return the metric whose name tells most, of those that half as many runs have as any other."""
    counts = conn.caches.part(KeyCounts).read(conn, clock, (scope,), Kind.METRIC)
    names = key_names(conn, counts)
    by_name = {names[key]: count for key, count in counts.items() if count}
    names_of_models = rank(list(by_name))
    most = max((by_name[name] for name in names_of_models), default=0)
    common = [name for name in names_of_models if 2 * by_name[name] >= most]
    key = next((name for name in common if is_lower_better(name) is not None), None)
    return None if key is None else _direct(key)


def _find_best(context: Context, clock: int, scope: int, field: Field) -> BestValue | None:
    conn = context.conn
    search = RunSearch((scope,), None, (), 1, now=context.now(), own=True)
    runs = find_all_runs(conn, clock, search)
    (cells,) = read_cells(conn, clock, search, runs, [field])
    if not isinstance(cells, NumberCells):
        return None
    there = np.flatnonzero(cells.present & np.isfinite(cells.values))
    if not len(there):
        return None
    values = cells.values[there]
    end = values.min() if field.statistic is Statistic.MIN else values.max()
    # Of equal ones the oldest, so that a repetition does not take its place.
    number = int(runs[there[values == end]].min())
    row = conn.row("SELECT run_id, name FROM hr_run WHERE id = ?", [number])
    if row is None:
        return None
    return BestValue(
        key=field.key,
        statistic=field.statistic.value,
        value=float(end),
        run_id=row[0],
        run_name=row[1],
        number=number,
    )
