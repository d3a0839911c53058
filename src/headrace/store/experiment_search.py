"""Searching experiments: which, in what order, a page at a time."""

from msgspec import Struct

from headrace.search.tree import Entity, Node, OrderKey
from headrace.store.connection import Connection, Row, marks
from headrace.store.filters import Column, Target, compile_filter
from headrace.store.ordering import OrderTarget, Place, behind, compile_order

_COLUMNS = {
    "name": Column("x.name"),
    "experiment_id": Column("('' || x.id)"),
    "creation_time": Column("x.created_at"),
    "last_update_time": Column("x.updated_at"),
}
_TARGET = Target(
    columns=_COLUMNS,
    sources={Entity.TAG: "SELECT 1 FROM hr_experiment_tag e WHERE e.experiment = x.id AND e.name = ?"},
    interned=False,
)
_ORDER_TARGET = OrderTarget(columns={**_COLUMNS, "experiment_id": Column("x.id")}, joins={})


class ExperimentSearch(Struct, frozen=True):
    """What is searched.

    Args:
        deleted: 0, 1 or both: the stages that are looked at.
        node: the filter.
        order: the order's keys, complete: they leave no ties.
        limit: experiments on a page.
    """

    deleted: tuple[int, ...]
    node: Node | None
    order: tuple[OrderKey, ...]
    limit: int


def search_experiments(
    conn: Connection, search: ExperimentSearch, place: Place | None
) -> tuple[list[Row], Place | None]:
    """Return a page: rows as `headrace.store.experiments.find_row` gives them, and the place of the last if more follow."""
    condition = compile_filter(conn, search.node, _TARGET)
    order = compile_order(search.order, _ORDER_TARGET, {})
    after = behind(order.columns, place) if place is not None else ("1 = 1", [])
    rows = conn.rows(
        "SELECT x.id, x.name, x.artifact_location, x.deleted, x.created_at, x.updated_at, "
        f"{order.select} FROM hr_experiment x WHERE x.deleted IN ({marks(len(search.deleted))}) "
        f"AND {condition[0]} AND {after[0]} ORDER BY {order.order_by} LIMIT ?",
        [*search.deleted, *condition[1], *after[1], search.limit + 1],
    )
    more = len(rows) > search.limit
    rows = rows[: search.limit]
    return [row[:6] for row in rows], list(rows[-1][6:]) if more else None
