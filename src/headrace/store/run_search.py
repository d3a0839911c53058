"""Searching runs: which runs, in what order, a page at a time.

Three ways to the same answer, chosen by what they cost: walk the index that has the asked-for order and test each run; or, where a clause of the filter
matches few runs, start from those and sort. Every way reads one page more than a page holds by one run, and none uses OFFSET.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter
from headrace.search.tree import (
    And,
    Between,
    Compare,
    Entity,
    In,
    Node,
    Op,
    OrderKey,
    Statistic,
)
from headrace.store import leases
from headrace.store.annotations import digest
from headrace.store.connection import Connection, Row, marks
from headrace.store.counted import Counted
from headrace.store.filters import Column, Sql, Target, code_range, compile_filter, find_keys
from headrace.store.ordering import Order, OrderTarget, Place, SortColumn, behind, compile_order

_COLUMNS = {
    "run_id": Column("r.run_id"),
    "run_name": Column("r.name"),
    "user_id": Column("r.user_id"),
    "artifact_uri": Column("r.artifact_uri"),
    "start_time": Column("r.start_time"),
}
_TARGET = Target(
    columns=_COLUMNS,
    sources={
        Entity.METRIC: "SELECT 1 FROM hr_series e WHERE e.run = r.id AND e.scope IS NOT NULL AND e.key_id = ?",
        Entity.PARAM: "SELECT 1 FROM hr_param e WHERE e.run = r.id AND e.key_id = ?",
        Entity.TAG: "SELECT 1 FROM hr_tag e WHERE e.run = r.id AND e.key_id = ?",
        Entity.DATASET: (
            "SELECT 1 FROM hr_run_dataset l JOIN hr_dataset d ON d.id = l.dataset LEFT JOIN hr_run_dataset_tag t "
            "ON t.run = l.run AND t.dataset = l.dataset AND t.name = 'mlflow.data.context' WHERE l.run = r.id"
        ),
    },
    dataset_columns={"name": "d.name", "digest": "d.digest", "context": "t.value"},
)
_WIRE_NAMES = {status.number: status.value for status in RunStatus}
_STATUS_NAMES = " ".join(f"WHEN {number} THEN '{name}'" for number, name in leases.STATUS_NAMES.items())
_ORDER_TARGET = OrderTarget(
    columns=_COLUMNS,
    joins={
        Entity.METRIC: (
            "LEFT JOIN hr_series {alias} ON {alias}.run = r.id AND {alias}.scope IS NOT NULL AND {alias}.key_id = ?"
        ),
        Entity.PARAM: "LEFT JOIN hr_param {alias} ON {alias}.run = r.id AND {alias}.key_id = ?",
        Entity.TAG: "LEFT JOIN hr_tag {alias} ON {alias}.run = r.id AND {alias}.key_id = ?",
    },
)
_BY_TIME = (SortColumn("r.start_time", ascending=False), SortColumn("r.run_id"))


class RunSearch(Struct, frozen=True):
    """What is searched.

    Args:
        scopes: ``2 * experiment + deleted`` of all that is looked at.
        node: the filter.
        order: the order's keys, complete: they end in start time falling and run id rising.
        limit: runs on a page.
        few: so many runs, left by one clause of the filter, are looked up and sorted rather than an index walked.
        very_few: so far clauses are counted first: where one leaves no more, the others need not be counted further.
        merged: so many scopes are walked one by one and merged; more are sorted together.
        now: the moment at which leases are looked at, in Unix milliseconds; at 0 none is over.
        own: LOST is a status, as in headrace's own API; MLflow's wire shows such runs as RUNNING, and later as FAILED.
    """

    scopes: tuple[int, ...]
    node: Node | None
    order: tuple[OrderKey, ...]
    limit: int
    few: int = 4000
    very_few: int = 1000
    merged: int = 24
    now: int = 0
    own: bool = False


def search_runs(conn: Connection, search: RunSearch, place: Place | None) -> tuple[list[int], Place | None]:
    """Return a page: the integer ids of its runs in order, and the place of its last run if more follow.

    Args:
        conn: where to read.
        search: what is searched.
        place: the last row of the page before.
    """
    if not search.scopes:
        return [], None
    target, order_target = _targets(search)
    few = _few_runs(conn, search)
    ids = find_keys(conn, *(key.field for key in search.order))
    order = compile_order(search.order, order_target, ids)
    if few is None:
        start, condition = None, compile_filter(conn, search.node, target)
    elif conn.dialect.sorts_first and not order.joins:
        rows = _sorted_first(conn, search, compile_filter(conn, few.rest, target), order, place, few.runs)
        return _cut(rows, search.limit)
    else:
        start, condition = few.runs, compile_filter(conn, few.rest, _of_few(target))
    if start is None and _is_metric_walk(search.order) and len(search.scopes) <= search.merged:
        rows = _walk_metric(conn, search, condition, ids.get(search.order[0].field.key, -1), place)
    elif start is None and order.columns == _BY_TIME and len(search.scopes) <= search.merged:
        parts = [_sorted(conn, search, condition, order, place, (scope,)) for scope in search.scopes]
        rows = _merge(parts, order.columns, search.limit)
    else:
        rows = _sorted(conn, search, condition, order, place, search.scopes, start)
    return _cut(rows, search.limit)


def _cut(rows: Sequence[Row], limit: int) -> tuple[list[int], Place | None]:
    """Return a page of (id, place...), of which there is one more if more follow."""
    return [row[0] for row in rows[:limit]], list(rows[limit - 1][1:]) if len(rows) > limit else None


def count_runs(conn: Connection, search: RunSearch) -> int:
    """Return how many runs a search finds on all its pages."""
    if not search.scopes:
        return 0
    sql, params = compile_filter(conn, search.node, _targets(search)[0], walking=False)
    row = conn.row(
        f"SELECT COUNT(*) FROM hr_run r WHERE r.scope IN ({marks(len(search.scopes))}) AND {sql}",
        [*search.scopes, *params],
    )
    assert row is not None
    return int(row[0])


def find_all(conn: Connection, search: RunSearch) -> list[int]:
    """Return the integer ids of all runs that a search finds, in no order."""
    if not search.scopes:
        return []
    sql, params = compile_filter(conn, search.node, _targets(search)[0], walking=False)
    return [
        row[0]
        for row in conn.rows(
            f"SELECT r.id FROM hr_run r WHERE r.scope IN ({marks(len(search.scopes))}) AND {sql}",
            [*search.scopes, *params],
        )
    ]


def _targets(search: RunSearch) -> tuple[Target, OrderTarget]:
    """Return where the fields of runs are at the search's moment: status and end depend on it."""
    if search.own:
        status, end_time, names = leases.own_status(search.now), "r.end_time", leases.STATUS_NAMES
    else:
        status, end_time, names = (
            leases.wire_status(search.now),
            leases.wire_end_time(search.now),
            _WIRE_NAMES,
        )
    columns = {
        **_COLUMNS,
        "status": Column(status, stored={name: number for number, name in names.items()}),
        "end_time": Column(end_time, nullable=True),
    }
    sorted_columns = {**columns, "status": Column(f"CASE {status} {_STATUS_NAMES} END")}
    return replace(_TARGET, columns=columns), replace(_ORDER_TARGET, columns=sorted_columns)


def _sorted(
    conn: Connection,
    search: RunSearch,
    condition: Sql,
    order: Order,
    place: Place | None,
    scopes: Sequence[int],
    start: Sql | None = None,
) -> list[Row]:
    """Return (id, place...) of the next runs, in order; an index serves the order by time within one scope.

    Args:
        conn: where to read.
        search: what is searched.
        condition: the filter.
        order: the order.
        place: where the page before ended.
        scopes: where to look.
        start: a query for the only runs to look at.
    """
    source = f"({start[0]}) few CROSS JOIN hr_run r ON r.id = few.run" if start else "hr_run r"
    params = [*(start[1] if start else ()), *order.params, *scopes, *condition[1]]
    after = behind(order.columns, place) if place is not None else ("1 = 1", [])
    in_scope = "r.scope = ?" if len(scopes) == 1 else f"r.scope IN ({marks(len(scopes))})"
    return conn.rows(
        f"SELECT r.id, {order.select} FROM {source} {order.joins} WHERE {in_scope} AND {condition[0]} AND {after[0]} "
        f"ORDER BY {order.order_by} LIMIT {int(search.limit) + 1}",
        [*params, *after[1]],
    )


def _sorted_first(
    conn: Connection, search: RunSearch, condition: Sql, order: Order, place: Place | None, start: Sql
) -> list[Row]:
    """Return what `_sorted` does, for few runs and an order by what stands in their rows, where it is cheap to read these rows all at once.

    They are sorted before the rest of the filter is looked at, which then ends with the page.
    """
    after = behind(order.columns, place) if place is not None else ("1 = 1", [])
    # The scope stands outside: inside, a planner that knows nothing of the tables yet would walk the whole scope in its order.
    source = f"SELECT r.* FROM hr_run r WHERE r.id = ANY(ARRAY({start[0]})) AND {after[0]} ORDER BY {order.order_by} OFFSET 0"
    in_scope = f"r.scope IN ({marks(len(search.scopes))})"
    return conn.rows(
        f"SELECT r.id, {order.select} FROM ({source}) r WHERE {in_scope} AND {condition[0]} "
        f"ORDER BY {order.order_by} LIMIT {int(search.limit) + 1}",
        [*start[1], *after[1], *search.scopes, *condition[1]],
    )


def _is_metric_walk(order: Sequence[OrderKey]) -> bool:
    """Tell whether an order is by the latest value of one metric, then by time."""
    first, *rest = order
    return (
        first.field.entity is Entity.METRIC
        and first.field.statistic is Statistic.LATEST
        and [(key.field.key, key.ascending) for key in rest] == [("start_time", False), ("run_id", True)]
    )


def _walk_metric(
    conn: Connection, search: RunSearch, condition: Sql, key: int, place: Place | None
) -> list[Row]:
    """Return (id, rank, code, start_time, run_id) of the next runs: numbers first, then NaN, then runs without the metric."""
    ascending = search.order[0].ascending
    rows: list[Row] = []
    columns = (SortColumn("rank"), SortColumn("code", ascending), *_BY_TIME)
    if place is not None and (len(place) != len(columns) or not isinstance(place[0], int)):
        raise InvalidParameter("The page_token does not fit this search; start again from the first page.")
    for rank in (0, 1, 2):
        if place is not None and place[0] > rank:
            continue
        here = place if place is not None and place[0] == rank else None
        wanted = search.limit + 1 - len(rows)
        parts = [
            _metric_segment(conn, (scope, key, rank, ascending, wanted), condition, here)
            for scope in search.scopes
        ]
        rows += _merge(parts, columns, wanted - 1)
        if len(rows) > search.limit:
            break
    return rows


def _metric_segment(
    conn: Connection, segment: tuple[int, int, int, bool, int], condition: Sql, place: Place | None
) -> list[Row]:
    scope, key, rank, ascending, limit = segment
    if rank == 2:  # noqa: PLR2004 - the rank of "nothing"
        after = behind(_BY_TIME, place[2:]) if place else ("1 = 1", [])
        return conn.rows(
            "SELECT r.id, 2, 0, r.start_time, r.run_id FROM hr_run r WHERE r.scope = ? AND (SELECT 1 FROM hr_series m "
            "WHERE m.run = r.id AND m.scope IS NOT NULL AND m.key_id = ? LIMIT 1) IS NULL "
            f"AND {condition[0]} AND {after[0]} ORDER BY r.start_time DESC, r.run_id LIMIT {int(limit)}",
            [scope, key, *condition[1], *after[1]],
        )
    code = SortColumn("m.latest_code" if rank == 0 else "0", ascending)
    columns: tuple[SortColumn, ...] = (
        code,
        SortColumn("m.start_time", ascending=False),
        SortColumn("r.run_id"),
    )
    if rank == 1:
        columns = columns[1:]
    after = behind(columns, place[1 if rank == 0 else 2 :]) if place else ("1 = 1", [])

    def read(sort: Sequence[SortColumn], ties: Sequence[Any], count: int) -> list[Row]:
        order = ", ".join(f"{column.sql}{'' if column.ascending else ' DESC'}" for column in sort)
        tied = "".join(f" AND {column.sql} = ?" for column, _ in zip(columns, ties, strict=False))
        return conn.rows(
            f"SELECT r.id, {rank}, {code.sql}, m.start_time, r.run_id FROM hr_series m CROSS JOIN hr_run r ON r.id = m.run "
            f"WHERE m.scope = ? AND m.key_id = ? AND m.is_nan = {rank}{tied} AND {condition[0]} AND {after[0]} "
            f"ORDER BY {order} LIMIT {int(count)}",
            [scope, key, *ties, *condition[1], *after[1]],
        )

    if rank == 1 or conn.dialect.sorts_ties:
        return read(columns, (), limit)
    return _peel(columns, read, limit)


def _peel(
    columns: Sequence[SortColumn],
    read: Callable[[Sequence[SortColumn], Sequence[Any], int], list[Row]],
    limit: int,
) -> list[Row]:
    """Return (id, rank, sort columns...) of the first rows, the last of which may be any of those that could stand there.

    Each statement is sorted by one column, as an index has them. Only among rows that are the same in it are the other columns looked at.

    Args:
        columns: what to sort by.
        read: gives rows sorted by columns, that have certain values in the first ones, and at most so many.
        limit: so many.
    """
    found: list[Row] = []
    ties: list[Any] = []
    for depth, column in enumerate(columns):
        rows = read((column,), ties, limit - len(found))
        value, last = depth + 2, len(rows) - 1
        if last < 1 or last + 1 < limit - len(found) or rows[last - 1][value] != rows[last][value]:
            return found + _merge([rows, []], (SortColumn(""), *columns), limit)
        complete = [row for row in rows if row[value] != rows[last][value]]
        found += _merge([complete, []], (SortColumn(""), *columns), limit)
        ties.append(rows[last][value])
    return found


def _merge(parts: Iterable[list[Row]], columns: Sequence[SortColumn], limit: int) -> list[Row]:
    """Merge sorted lists of (id, place...) and keep one row more than `limit`."""
    parts = list(parts)
    rows = [row for part in parts for row in part]
    if len(parts) > 1:
        for number in reversed(range(len(columns))):
            rows.sort(key=lambda row: row[number + 1], reverse=not columns[number].ascending)
    return rows[: limit + 1]


class _Few(NamedTuple):
    """Where a search begins with the runs that one clause of its filter leaves.

    Args:
        runs: a query for these runs.
        rest: what is left of the filter.
    """

    runs: Sql
    rest: Node | None


class _Leaving(NamedTuple):
    """The runs that match a clause.

    Args:
        clause: the clause.
        nearly: a query for them, or a few more, that an index answers by itself.
        exactly: a query for just them.
    """

    clause: Node
    nearly: Sql
    exactly: Sql


def _of_few(target: Target) -> Target:
    """Return a target whose metrics, params, tags and datasets are looked at before the run's own row is: most runs need not be read then."""
    return replace(
        target, sources={entity: sql.replace("r.id", "few.run") for entity, sql in target.sources.items()}
    )


def _few_runs(conn: Connection, search: RunSearch) -> _Few | None:
    """Return the runs that one clause of the filter leaves, if they are few."""
    if not search.few or search.node is None:
        return None
    clauses = search.node.children if isinstance(search.node, And) else (search.node,)
    ways = [way for clause in clauses if (way := _runs_of_clause(conn, clause, search.scopes)) is not None]
    stages = sorted({min(search.very_few, search.few), search.few})
    way = next((found for most in stages if (found := _find_fewest(conn, ways, most))), None)
    if way is None:
        return None
    rest = tuple(clause for clause in clauses if clause is not way.clause)
    return _Few(way.exactly, And(rest) if len(rest) > 1 else next(iter(rest), None))


def _find_fewest(conn: Connection, ways: Sequence[_Leaving], most: int) -> _Leaving | None:
    """Return the clause that the fewest runs match; None if each of them is matched by more than so many."""
    counted = conn.caches.part(Counted)
    counts = [most + 1] * len(ways)
    asked = {}
    for number, (query, params) in enumerate(way.nearly for way in ways):
        known = counted.find((query, params), most)
        if known is None:
            asked[number] = conn.ask(f"SELECT COUNT(*) FROM ({query} LIMIT {most + 1}) counted", params)
        else:
            counts[number] = known
    for number, answer in asked.items():
        counts[number] = answer()[0][0]
        counted.keep(ways[number].nearly, counts[number], most)
    fewest = min(counts, default=most + 1)
    return ways[counts.index(fewest)] if fewest <= most else None


def _runs_of_clause(conn: Connection, clause: Node, scopes: Sequence[int]) -> _Leaving | None:
    """Return how to find the runs that match a clause, if an index answers that. Each of them comes once."""
    within, values = f"scope IN ({marks(len(scopes))})", list(scopes)
    match clause:
        case Compare(field, Op.EQ, str(text)) if field.entity in {Entity.PARAM, Entity.TAG}:
            texts: tuple[Any, ...] = (text,)
        case In(field, (str(), *_) as texts, False) if field.entity in {Entity.PARAM, Entity.TAG}:
            pass
        case Compare(field, Op.EQ | Op.GT | Op.GE | Op.LT | Op.LE) | Between(field) if (
            field.entity is Entity.METRIC and field.statistic is Statistic.LATEST
        ):
            key = find_keys(conn, field).get(field.key, -1)
            query = f"SELECT run FROM hr_series WHERE {within} AND key_id = ? AND is_nan = 0 AND latest_code BETWEEN ? AND ?"
            found: Sql = query, [*values, key, *code_range(clause)]
            return _Leaving(clause, found, found)
        case Compare(field, Op.EQ, str(text)) if field.entity is Entity.ATTRIBUTE and field.key == "run_id":
            found = "SELECT id AS run FROM hr_run WHERE run_id = ?", [text]
            return _Leaving(clause, found, found)
        case In(field, ids, False) if field.entity is Entity.ATTRIBUTE and field.key == "run_id":
            found = f"SELECT id AS run FROM hr_run WHERE run_id IN ({marks(len(ids))})", list(ids)
            return _Leaving(clause, found, found)
        case _:
            return None
    table = "hr_param" if field.entity is Entity.PARAM else "hr_tag"
    key = find_keys(conn, field).get(field.key, -1)
    query = f"SELECT run FROM {table} WHERE {within} AND key_id = ? AND digest IN ({marks(len(texts))})"
    params = [*values, key, *(digest(each) for each in texts)]
    exactly = f"{query} AND value IN ({marks(len(texts))})", [*params, *texts]
    return _Leaving(clause, (query, params), exactly)
