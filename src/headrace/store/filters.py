"""Filters as SQL: a tree of the search language becomes a condition on rows, with ``?`` and parameters.

Conditions are two-valued, as the language is: a clause on a key that a row lacks is false, never NULL, so that NOT is the complement.
The module does not know how rows are ordered or paged.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from headrace.search.tree import (
    And,
    Between,
    Clause,
    Compare,
    Entity,
    Field,
    In,
    IsNull,
    Node,
    Not,
    Op,
    Or,
    Statistic,
    iter_fields,
)
from headrace.store import codes
from headrace.store.connection import Connection, marks
from headrace.store.dialect import Dialect
from headrace.store.folding import find_letters, fold
from headrace.store.keys import find_key_ids

Sql = tuple[str, list[Any]]
TRUE: Sql = ("1 = 1", [])
FALSE: Sql = ("1 = 0", [])


class Column(Struct, frozen=True):
    """An attribute that is a column.

    Args:
        sql: the column.
        nullable: whether it may be NULL.
        stored: what is stored for each text that the column may hold, where it holds numbers in their place.
    """

    sql: str
    nullable: bool = False
    stored: Mapping[str, int] | None = None


class Target(Struct, frozen=True):
    """Where the fields of a resource are.

    Args:
        columns: attributes by canonical name.
        sources: by entity, the inside of an EXISTS that finds the row's entry; it takes the key's id where it says ``?``.
        dataset_columns: by key, for ``dataset.<key>``.
        interned: whether the sources take the id of a key, or else its name.
    """

    columns: Mapping[str, Column]
    sources: Mapping[Entity, str]
    dataset_columns: Mapping[str, str] = field(default_factory=dict)
    interned: bool = True


# The least and the greatest of nothing but NaN is NaN.
_NAN = codes.encode(math.nan)
STATISTIC_COLUMNS = {
    Statistic.LATEST: "e.latest_code",
    Statistic.MIN: f"COALESCE(e.min_code, {_NAN})",
    Statistic.MAX: f"COALESCE(e.max_code, {_NAN})",
    Statistic.FIRST: "e.first_code",
    Statistic.COUNT: "e.points",
}


def find_keys(conn: Connection, *fields: Field) -> Mapping[str, int]:
    """Return the ids of the keys that fields name."""
    return find_key_ids(conn, {each.key for each in fields if each.entity in _KEYED})


_KEYED = {Entity.METRIC, Entity.PARAM, Entity.TAG}


def compile_filter(conn: Connection, node: Node | None, target: Target, *, walking: bool = True) -> Sql:
    """Return the condition for a tree.

    Args:
        conn: where keys are looked up.
        node: the tree; None matches all.
        target: the resource.
        walking: rows are tested one by one until there are enough; else all that match are wanted, and the database may begin where it likes.
    """
    if node is None:
        return TRUE
    fields = list(iter_fields(node))
    keys = find_keys(conn, *fields) if target.interned else {each.key: each.key for each in fields}
    return _Compiler(target, keys, conn.dialect, walking).compile(node)


class _Compiler(Struct, frozen=True):
    """Makes conditions of trees.

    Args:
        target: the resource.
        keys: what stands for each key in the sources of the resource; one that is missing was never logged.
        dialect: the database.
        walking: see `compile_filter`.
    """

    target: Target
    keys: Mapping[str, Any]
    dialect: Dialect
    walking: bool

    def compile(self, node: Node) -> Sql:
        """Return the condition for a tree."""
        match node:
            case And(children):
                return _join(" AND ", [self.compile(child) for child in children])
            case Or(children):
                return _join(" OR ", [self.compile(child) for child in children])
            case Not(child):
                sql, params = self.compile(child)
                return f"NOT ({sql})", params
        if node.field.entity is Entity.ATTRIBUTE:
            return self._attribute(node, self.target.columns[node.field.key])
        return self._entry(node)

    def _entry(self, node: Clause) -> Sql:
        """Return the condition on a metric, param, tag or dataset of the row."""
        entity, key = node.field.entity, node.field.key
        source, params = self.target.sources[entity], []
        if entity in _KEYED:
            if key not in self.keys:
                return TRUE if isinstance(node, IsNull) and not node.negated else FALSE
            params = [self.keys[key]]
        if isinstance(node, IsNull):
            return self._exists(source, negated=not node.negated), params
        sql, values = self._value_condition(node)
        return self._exists(f"{source} AND {sql}"), [*params, *values]

    def _exists(self, source: str, *, negated: bool = False) -> str:
        if not self.walking:
            return f"{'NOT ' if negated else ''}EXISTS ({source})"
        # As a value this cannot become a join, which would read all entries of the store before the first row.
        return f"({source} LIMIT 1) IS {'' if negated else 'NOT '}NULL"

    def _value_condition(self, node: Compare | In | Between) -> Sql:
        entity = node.field.entity
        if entity is Entity.METRIC:
            column = STATISTIC_COLUMNS[node.field.statistic]
            if node.field.statistic is Statistic.COUNT:
                return plain_condition(node, column)
            return code_condition(node, column)
        if entity is Entity.DATASET:
            return self._text_condition(node, self.target.dataset_columns[node.field.key])
        if entity is Entity.PARAM and _is_numeric(node):
            return code_condition(node, "e.number")
        return self._text_condition(node, "e.value")

    def _attribute(self, node: Clause, column: Column) -> Sql:
        if isinstance(node, IsNull):
            if not column.nullable:
                return TRUE if node.negated else FALSE
            return f"{column.sql} IS {'NOT ' if node.negated else ''}NULL", []
        if column.stored is not None:
            return _stored_condition(node, column)
        sql, params = (
            plain_condition(node, column.sql) if _is_numeric(node) else self._text_condition(node, column.sql)
        )
        return (f"({column.sql} IS NOT NULL AND {sql})" if column.nullable else sql), params

    def _text_condition(self, node: Compare | In | Between, column: str) -> Sql:
        """Return the condition on a column of text."""
        match node:
            case In(_, values, negated):
                return f"{column} {'NOT ' if negated else ''}IN ({marks(len(values))})", list(values)
            case Compare(_, Op.ILIKE, str(value)):
                pattern = fold(value)
                sql, params = self.dialect.fold(column, find_letters(pattern))
                return f"{sql} LIKE ?", [*params, pattern]
            case Compare(_, op, value):
                return f"{column} {op.value} ?", [value]
        raise AssertionError(node)


def _join(word: str, parts: Sequence[Sql]) -> Sql:
    return "(" + word.join(sql for sql, _ in parts) + ")", [value for _, params in parts for value in params]


def _is_numeric(node: Compare | In | Between) -> bool:
    if isinstance(node, In):
        return not isinstance(node.values[0], str)
    return isinstance(node, Between) or not isinstance(node.value, str)


def _stored_condition(node: Compare | In | Between, column: Column) -> Sql:
    """Return the condition on a column that stores numbers for a few texts: the texts that match, by number."""
    assert column.stored is not None
    matching = [number for text, number in column.stored.items() if _matches(node, text)]
    return (f"{column.sql} IN ({marks(len(matching))})", list(matching)) if matching else FALSE


def _matches(node: Compare | In | Between, text: str) -> bool:
    match node:
        case In(_, values, negated):
            return (text in values) is not negated
        case Compare(_, op, str(value)):
            tests: dict[Op, Callable[[], bool]] = {
                Op.EQ: lambda: text == value,
                Op.NE: lambda: text != value,
                Op.LIKE: lambda: like(value, text),
                Op.ILIKE: lambda: like(fold(value), fold(text)),
            }
            return tests[op]()
    raise AssertionError(node)


def like(pattern: str, text: str) -> bool:
    """Tell whether a text matches a pattern of LIKE: ``%`` stands for any run of characters, ``_`` for one."""
    places = {0}
    for char in pattern:
        if char == "%":
            places = set(range(min(places), len(text) + 1)) if places else places
        else:
            places = {each + 1 for each in places if each < len(text) and char in {"_", text[each]}}
    return len(text) in places


def plain_condition(node: Compare | In | Between, column: str) -> Sql:
    """Return the condition on a column of integers."""
    match node:
        case Between(_, low, high):
            return f"{column} BETWEEN ? AND ?", [_bounded(low), _bounded(high)]
        case In(_, values, negated):
            return f"{column} {'NOT ' if negated else ''}IN ({marks(len(values))})", [
                _bounded(v) for v in values
            ]
        case Compare(_, op, value):
            return f"{column} {op.value} ?", [_bounded(value)]


def _bounded(value: Any) -> Any:
    """Return a number that a database takes: an integer beyond 64 bits becomes a double."""
    return value if -(2**63) <= value < 2**63 else _as_float(value)


def code_condition(node: Compare | In | Between, column: str) -> Sql:
    """Return the condition on a column of value codes: NULL never matches, and NaN only where "unequal" is asked for."""
    if isinstance(node, In):
        wanted = sorted({code for value in node.values for code in (_below(value), _above(value))})
        return f"{column} {'NOT ' if node.negated else ''}IN ({marks(len(wanted))})", list(wanted)
    low, high = code_range(node)
    unequal = isinstance(node, Compare) and node.op is Op.NE
    return f"{column} {'NOT ' if unequal else ''}BETWEEN ? AND ?", [low, high]


def code_range(node: Compare | Between) -> tuple[int, int]:
    """Return the lowest and the highest code that a comparison with a number accepts (for "unequal": refuses)."""
    if isinstance(node, Between):
        return _below(node.low), _above(node.high)
    low, high = _below(node.value), _above(node.value)
    ranges = {
        Op.GT: (high + 1, codes.HIGHEST),
        Op.GE: (low, codes.HIGHEST),
        Op.LT: (codes.LOWEST, low - 1),
        Op.LE: (codes.LOWEST, high),
    }
    return ranges.get(node.op, (low, high))


def _below(value: Any) -> int:
    """Return the code of a number, and for zero that of -0.0, which is the lower of its two codes."""
    return codes.NEGATIVE_ZERO if value == 0 else codes.encode(_as_float(value))


def _above(value: Any) -> int:
    return codes.ZERO if value == 0 else codes.encode(_as_float(value))


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond the doubles compares as infinity does
        return float("inf") if value > 0 else float("-inf")
