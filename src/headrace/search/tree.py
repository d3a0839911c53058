"""The tree of a filter: what a text asks for, without its spelling.

Nodes are values: immutable, comparable, hashable. The module knows neither the text a tree came from nor the store
that answers it. How nodes match is written in ``grammar.md``; in short: a clause on a key that a run lacks is false,
``Not`` is the complement of a set, and a number compared with a param compares the number that the param's text spells.
"""

from collections.abc import Iterator
from enum import StrEnum, unique

from msgspec import Struct


@unique
class Entity(StrEnum):
    """What a field belongs to."""

    METRIC = "metric"
    PARAM = "param"
    TAG = "tag"
    ATTRIBUTE = "attribute"
    DATASET = "dataset"


@unique
class Statistic(StrEnum):
    """Which value of a metric's points is meant; all but LATEST are headrace's own."""

    LATEST = "latest"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    COUNT = "count"


@unique
class Op(StrEnum):
    """A comparison of a field with one value."""

    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    LIKE = "LIKE"
    ILIKE = "ILIKE"


class Field(Struct, frozen=True):
    """What a clause looks at.

    Args:
        entity: what the key belongs to.
        key: the key as stored; for attributes and datasets the canonical name (``start_time``, never ``created``).
        statistic: for metrics, which of the points' values; LATEST for everything else.
    """

    entity: Entity
    key: str
    statistic: Statistic = Statistic.LATEST


class Compare(Struct, frozen=True):
    """``field op value``; a number beside a param compares the number that the param's text spells."""

    field: Field
    op: Op
    value: str | int | float


class In(Struct, frozen=True):
    """``field [NOT] IN (values)``: one value or more, all texts or all numbers.

    Raises:
        ValueError: there is no value.
    """

    field: Field
    values: tuple[str | int | float, ...]
    negated: bool

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("In needs at least one value")


class IsNull(Struct, frozen=True):
    """``field IS [NOT] NULL``: the key is absent, or the attribute has no value."""

    field: Field
    negated: bool


class Between(Struct, frozen=True):
    """``field BETWEEN low AND high``, both ends included; nothing matches if low is above high."""

    field: Field
    low: int | float
    high: int | float


class Not(Struct, frozen=True):
    """Everything that the child does not match, rows without the key included."""

    child: "Node"


class And(Struct, frozen=True):
    """All of two or more children match.

    Raises:
        ValueError: there are fewer than two children.
    """

    children: tuple["Node", ...]

    def __post_init__(self) -> None:
        _require_two(self.children)


class Or(Struct, frozen=True):
    """At least one of two or more children matches.

    Raises:
        ValueError: there are fewer than two children.
    """

    children: tuple["Node", ...]

    def __post_init__(self) -> None:
        _require_two(self.children)


Clause = Compare | In | IsNull | Between
Node = Clause | Not | And | Or


class OrderKey(Struct, frozen=True):
    """One key of an order; rows without a value come last in both directions."""

    field: Field
    ascending: bool


def iter_fields(node: Node) -> Iterator[Field]:
    """Yield the field of each clause, from left to right; a field that stands twice comes twice."""
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, And | Or):
            waiting.extend(reversed(current.children))
        elif isinstance(current, Not):
            waiting.append(current.child)
        else:
            yield current.field


def _require_two(children: tuple["Node", ...]) -> None:
    if len(children) < 2:  # noqa: PLR2004 - the number is the rule
        raise ValueError(f"And and Or need at least two children, got {len(children)}")
