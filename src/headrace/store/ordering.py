"""Orders as SQL: sort columns, and the condition "behind this place" by which pages follow one another.

Each key of an order becomes two columns: a rank (0 a value, 1 NaN, 2 nothing), always rising, so that NaN and NULL come last in both directions, and the
value. A place is the list of these columns of a row; it is what page tokens carry.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from headrace.base.errors import InvalidParameter
from headrace.search.tree import Entity, OrderKey, Statistic
from headrace.store.filters import Column, Sql

Place = list[Any]


class SortColumn(Struct, frozen=True):
    """One column of an order."""

    sql: str
    ascending: bool = True


class Order(Struct, frozen=True):
    """An order of rows.

    Args:
        joins: the joins that its columns need.
        params: the joins' parameters.
        columns: what to sort by; together they leave no ties.
    """

    joins: str
    params: list[Any]
    columns: tuple[SortColumn, ...]

    @property
    def select(self) -> str:
        """The columns as a select list."""
        return ", ".join(column.sql for column in self.columns)

    @property
    def order_by(self) -> str:
        """The columns as an ORDER BY."""
        return ", ".join(f"{column.sql}{'' if column.ascending else ' DESC'}" for column in self.columns)


_METRIC_COLUMNS = {
    Statistic.LATEST: "latest_code",
    Statistic.MIN: "min_code",
    Statistic.MAX: "max_code",
    Statistic.FIRST: "first_code",
    Statistic.COUNT: "points",
}


class OrderTarget(Struct, frozen=True):
    """Where an order finds its columns.

    Args:
        columns: attributes by canonical name.
        joins: by entity, the LEFT JOIN that brings the entry in under the alias ``{alias}``; it takes the key's id where it
            says ``?``.
    """

    columns: Mapping[str, Column]
    joins: Mapping[Entity, str]


def compile_order(keys: Sequence[OrderKey], target: OrderTarget, ids: Mapping[str, int]) -> Order:
    """Return the order for keys.

    Args:
        keys: the keys, complete with those that break ties.
        target: the resource.
        ids: the ids of metric, param and tag names; one that is missing was never logged.
    """
    joins: list[str] = []
    params: list[Any] = []
    columns: list[SortColumn] = []
    for number, key in enumerate(keys):
        if key.field.entity is Entity.ATTRIBUTE:
            column = target.columns[key.field.key]
            if column.nullable:
                columns.append(SortColumn(_is_missing(column.sql)))
                columns.append(SortColumn(f"COALESCE({column.sql}, 0)", key.ascending))
            else:
                columns.append(SortColumn(column.sql, key.ascending))
            continue
        alias = f"o{number}"
        joins.append(target.joins[key.field.entity].replace("{alias}", alias))
        params.append(ids.get(key.field.key, -1))
        columns += _entry_columns(key, alias)
    return Order(" ".join(joins), params, tuple(columns))


def _is_missing(sql: str) -> str:
    """Return the SQL of 1 for NULL and 0 for all else: a place holds numbers, and PostgreSQL does not compare truth with them."""
    return f"CASE WHEN {sql} IS NULL THEN 1 ELSE 0 END"


def _entry_columns(key: OrderKey, alias: str) -> list[SortColumn]:
    if key.field.entity is not Entity.METRIC:
        value = f"{alias}.value"
        return [SortColumn(_is_missing(value)), SortColumn(f"COALESCE({value}, '')", key.ascending)]
    value = f"{alias}.{_METRIC_COLUMNS[key.field.statistic]}"
    if key.field.statistic is Statistic.LATEST:
        is_nan = f"{alias}.is_nan = 1"
    elif key.field.statistic is Statistic.FIRST:
        is_nan = f"{value} NOT BETWEEN -9218868437227405313 AND 9218868437227405312"
    else:
        is_nan = f"{alias}.id IS NOT NULL AND {value} IS NULL"
    rank = f"CASE WHEN {alias}.id IS NULL THEN 2 WHEN {is_nan} THEN 1 ELSE 0 END"
    amount = f"CASE WHEN {alias}.id IS NULL OR {is_nan} THEN 0 ELSE {value} END"
    return [SortColumn(rank), SortColumn(amount, key.ascending)]


def behind(columns: Sequence[SortColumn], place: Place) -> Sql:
    """Return the condition that a row comes after a place.

    Raises:
        InvalidParameter: the place is not one of this order.
    """
    if len(place) != len(columns) or not all(isinstance(value, str | int | float) for value in place):
        raise InvalidParameter("The page_token does not fit this search; start again from the first page.")
    sql, params = "1 = 0", list[Any]()
    for column, value in zip(reversed(columns), reversed(place), strict=True):
        sign = ">" if column.ascending else "<"
        # The outer comparison lets an index begin at the place.
        sql = f"({column.sql} {sign}= ? AND ({column.sql} {sign} ? OR {sql}))"
        params = [value, value, *params]
    return sql, params
