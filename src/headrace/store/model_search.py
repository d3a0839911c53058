"""Searching logged models: which, in what order, a page at a time.

The metrics of a model are the series that runs have logged for it, one for each run and dataset. A clause on a metric holds if it
holds on one of them; an order looks at the one that was logged to last. Both may be kept to datasets.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from headrace.api.logged_models import LoggedModelStatus
from headrace.search.tree import Entity, Node, OrderKey, iter_fields
from headrace.store.connection import Connection, marks
from headrace.store.filters import TRUE, Column, Sql, Target, compile_filter, find_keys
from headrace.store.ordering import Order, OrderTarget, Place, behind, compile_order

_STATUS_WORDS = {
    LoggedModelStatus.UNSPECIFIED: "UNSPECIFIED",
    LoggedModelStatus.PENDING: "PENDING",
    LoggedModelStatus.READY: "READY",
    LoggedModelStatus.UPLOAD_FAILED: "FAILED",
}
_COLUMNS = {
    "name": Column("m.name"),
    "model_id": Column("m.model_id"),
    "model_type": Column("m.model_type"),
    "status": Column("m.status", stored={word: status.number for status, word in _STATUS_WORDS.items()}),
    "source_run_id": Column("m.source_run_id"),
    "creation_timestamp": Column("m.created_at"),
    "last_updated_timestamp": Column("m.updated_at"),
}
_SERIES = (
    "hr_context c JOIN hr_context_series l ON l.context = c.id JOIN hr_series e ON e.id = l.series"
    "{wanted} WHERE c.model_id = m.model_id"
)
_WANTED = " JOIN wanted w ON w.name = c.dataset_name AND (w.digest = '' OR w.digest = c.dataset_digest)"
_ORDER_TARGET = OrderTarget(
    columns=_COLUMNS,
    joins={
        Entity.METRIC: (
            f"LEFT JOIN hr_series {{alias}} ON {{alias}}.id = (SELECT e.id FROM {_SERIES.format(wanted='')} AND e.key_id = ? "
            "AND (? = '' OR c.dataset_name = ?) AND (? = '' OR c.dataset_digest = ?) "
            "ORDER BY e.latest_time DESC, e.latest_step DESC, e.run, e.id LIMIT 1)"
        )
    },
)

Dataset = tuple[str, str]
"""A dataset's name and digest; an empty one stands for any."""

ANY_DATASET: Dataset = ("", "")


class ModelSearch(Struct, frozen=True):
    """What is searched.

    Args:
        scopes: ``2 * experiment`` of all experiments that are looked at.
        node: the filter.
        datasets: only metrics on these count in the filter; if it names none, a model needs some metric on one of them.
        order: the order's keys, complete: they leave no ties.
        order_datasets: for each key of the order, the dataset that a metric must have been measured on.
        limit: models on a page.
    """

    scopes: tuple[int, ...]
    node: Node | None
    datasets: tuple[Dataset, ...]
    order: tuple[OrderKey, ...]
    order_datasets: tuple[Dataset, ...]
    limit: int


def search_models(
    conn: Connection, search: ModelSearch, place: Place | None
) -> tuple[list[int], Place | None]:
    """Return a page: the integer ids of its models in order, and the place of its last model if more follow.

    Args:
        conn: where to read.
        search: what is searched.
        place: the last row of the page before.
    """
    if not search.scopes:
        return [], None
    condition, on_dataset = _filter(conn, search)
    order = _order(conn, search)
    after = behind(order.columns, place) if place is not None else TRUE
    wanted, datasets = _list_wanted(search.datasets)
    in_scope = "m.scope = ?" if len(search.scopes) == 1 else f"m.scope IN ({marks(len(search.scopes))})"
    rows = conn.rows(
        f"{wanted}SELECT m.id, {order.select} FROM hr_model m {order.joins} WHERE {in_scope} AND {condition[0]} "
        f"AND {on_dataset} AND {after[0]} ORDER BY {order.order_by} LIMIT ?",
        [*datasets, *order.params, *search.scopes, *condition[1], *after[1], search.limit + 1],
    )
    more = len(rows) > search.limit
    rows = rows[: search.limit]
    return [row[0] for row in rows], list(rows[-1][1:]) if more else None


def _list_wanted(datasets: Sequence[Dataset]) -> Sql:
    """Return the head of a statement that knows datasets as the table ``wanted``."""
    if not datasets:
        return "", []
    lines = " UNION ALL ".join(["SELECT ?, ?"] * len(datasets))
    return f"WITH wanted (name, digest) AS ({lines}) ", [part for each in datasets for part in each]


def _filter(conn: Connection, search: ModelSearch) -> tuple[Sql, str]:
    """Return the condition of the filter, and that on the datasets where the filter names no metric."""
    series = _SERIES.format(wanted=_WANTED if search.datasets else "")
    target = Target(
        columns=_COLUMNS,
        sources={
            Entity.METRIC: f"SELECT 1 FROM {series} AND e.key_id = ?",
            Entity.PARAM: "SELECT 1 FROM hr_model_param e WHERE e.model = m.id AND e.key_id = ?",
            Entity.TAG: "SELECT 1 FROM hr_model_tag e WHERE e.model = m.id AND e.key_id = ?",
        },
    )
    fields = iter_fields(search.node) if search.node is not None else ()
    has_metric = any(field.entity is Entity.METRIC for field in fields)
    on_dataset = f"EXISTS (SELECT 1 FROM {series})" if search.datasets and not has_metric else TRUE[0]
    return compile_filter(conn, search.node, target), on_dataset


def _order(conn: Connection, search: ModelSearch) -> Order:
    ids = find_keys(conn, *(key.field for key in search.order))
    order = compile_order(search.order, _ORDER_TARGET, ids)
    params: list[Any] = []
    for key, (name, digest) in zip(search.order, search.order_datasets, strict=True):
        if key.field.entity is Entity.METRIC:
            params += [ids.get(key.field.key, -1), name, name, digest, digest]
    return replace(order, params=params)
