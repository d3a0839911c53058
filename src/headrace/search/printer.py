r"""Trees to text: the canonical spelling of a filter.

``parse_filter(print_filter(tree), schema) == tree`` for every tree that the schema's texts can make. What MLflow can read
is printed so that MLflow reads it, save for quotes that it has no spelling for.
"""

import math
import re

from headrace.base.errors import InvalidParameter
from headrace.search.parser import MAX_DEPTH
from headrace.search.tree import (
    And,
    Clause,
    Compare,
    Entity,
    Field,
    In,
    IsNull,
    Node,
    Not,
    Or,
    Statistic,
)

_BARE_KEY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_PREFIXES = {
    Entity.METRIC: "metrics.",
    Entity.PARAM: "params.",
    Entity.TAG: "tags.",
    Entity.ATTRIBUTE: "",  # the one spelling that all resources share
    Entity.DATASET: "datasets.",
}
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def print_filter(node: Node) -> str:
    """Write a tree as text.

    Raises:
        InvalidParameter: the tree is nested deeper than a text may be, or holds NaN, which no text spells.
    """
    return _print(node, 0)


def _print(node: Node, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise InvalidParameter(f"The filter is nested deeper than {MAX_DEPTH} levels. Flatten it")
    match node:
        case Or(children):
            return " OR ".join(_print_child(child, depth, Or) for child in children)
        case And(children):
            return " AND ".join(_print_child(child, depth, And, Or) for child in children)
        case Not(child):
            return f"NOT {_print_child(child, depth + 1, And, Or)}"
        case _:
            return _print_clause(node)


def _print_child(child: Node, depth: int, *grouped: type[Node]) -> str:
    return f"({_print(child, depth + 1)})" if isinstance(child, grouped) else _print(child, depth)


def _print_clause(clause: Clause) -> str:
    name = _print_field(clause.field)
    match clause:
        case Compare(_, op, value):
            return f"{name} {op.value} {_print_value(value)}"
        case In(_, values, negated):
            listed = ", ".join(_print_escaped(v) if isinstance(v, str) else _print_number(v) for v in values)
            return f"{name} {'NOT IN' if negated else 'IN'} ({listed})"
        case IsNull(_, negated):
            return f"{name} IS {'NOT NULL' if negated else 'NULL'}"
    return f"{name} BETWEEN {_print_number(clause.low)} AND {_print_number(clause.high)}"


def _print_field(field: Field) -> str:
    name = _PREFIXES[field.entity] + _print_key(field.key)
    return name if field.statistic is Statistic.LATEST else f"{field.statistic.value}({name})"


def _print_key(key: str) -> str:
    if _BARE_KEY.fullmatch(key):
        return key
    if "`" not in key:
        return f"`{key}`"
    return _print_value(key)


def _print_value(value: str | float) -> str:
    if not isinstance(value, str):
        return _print_number(value)
    # A raw text cannot end in a backslash, which would guard the closing quote, nor hold its own quote safely.
    for quote in ("'", '"'):
        if quote not in value and not value.endswith("\\"):
            return f"{quote}{value}{quote}"
    return f"E{_print_escaped(value)}"


def _print_escaped(value: str) -> str:
    return f"'{''.join(_ESCAPES.get(character, character) for character in value)}'"


def _print_number(value: float) -> str:
    if math.isnan(value):
        raise InvalidParameter("The filter compares with NaN, which equals nothing. Leave the clause out")
    if math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return repr(value).replace("+", "")
