"""Filters and orders beside the real MLflow: its answers stand in ``golden/``, recorded by record_mlflow_filters.py."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from headrace.base.errors import InvalidParameter
from headrace.search.fields import EXPERIMENTS, LOGGED_MODELS, RUNS, complete_order
from headrace.search.number_text import find_number
from headrace.search.parser import parse_filter, parse_order_by
from headrace.search.printer import print_filter
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
    OrderKey,
)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "mlflow_filters.json").read_text(encoding="utf-8"))
SCHEMAS = {"runs": RUNS, "experiments": EXPERIMENTS, "logged_models": LOGGED_MODELS}


def choose(kind: str, *relations: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{case['resource']}-{case[kind]!r}")
        for case in GOLDEN["cases"]
        if kind in case and case["relation"] in relations
    ]


def parse(case: dict[str, Any]) -> Node | None:
    return parse_filter(case["filter"], SCHEMAS[case["resource"]])


# What a tree means, said in plain Python over plain rows.


def get_values(row: dict[str, Any], field: Field) -> list[Any]:
    """All values that a row has for a field; datasets may have several."""
    if field.entity is Entity.DATASET:
        return [dataset[field.key] for dataset in row.get("datasets", [])]
    group = {
        Entity.METRIC: "metrics",
        Entity.PARAM: "params",
        Entity.TAG: "tags",
        Entity.ATTRIBUTE: "attributes",
    }
    value = row.get(group[field.entity], {}).get(field.key)
    if value is None:
        return []
    return [float(value) if field.entity is Entity.METRIC else value]


def get_numbers(row: dict[str, Any], field: Field) -> list[float]:
    values = get_values(row, field)
    if field.entity is Entity.PARAM:
        return [number for number in map(find_number, values) if number is not None]
    return values


def is_like(pattern: str, value: str) -> bool:
    parts = [{"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern]
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


OPERATIONS = {
    Op.EQ: lambda left, right: left == right,
    Op.NE: lambda left, right: left != right,
    Op.GT: lambda left, right: left > right,
    Op.GE: lambda left, right: left >= right,
    Op.LT: lambda left, right: left < right,
    Op.LE: lambda left, right: left <= right,
    Op.LIKE: lambda left, right: is_like(right, left),
    Op.ILIKE: lambda left, right: is_like(right.lower(), left.lower()),
}


def matches(node: Node | None, row: dict[str, Any]) -> bool:
    match node:
        case None:
            return True
        case And(children):
            return all(matches(child, row) for child in children)
        case Or(children):
            return any(matches(child, row) for child in children)
        case Not(child):
            return not matches(child, row)
        case _:
            return matches_clause(node, row)


def matches_clause(clause: Clause, row: dict[str, Any]) -> bool:
    match clause:
        case IsNull(field, negated):
            return bool(get_values(row, field)) is negated
        case Between(field, low, high):
            return any(low <= number <= high for number in get_numbers(row, field))
        case In(field, values, negated):
            get = get_values if isinstance(values[0], str) else get_numbers
            return any((value in values) is not negated for value in get(row, field))
        case Compare(field, op, wanted):
            get = get_values if isinstance(wanted, str) else get_numbers
            return any(OPERATIONS[op](value, wanted) for value in get(row, field))


def sort_rows(rows: dict[str, Any], order: tuple[OrderKey, ...]) -> list[str]:
    names = list(rows)
    for key in reversed(order):  # stable: the last key first
        found = {name: (get_values(rows[name], key.field) or [None])[0] for name in names}
        numbers = [name for name in names if found[name] is not None and found[name] == found[name]]
        nans = [name for name in names if isinstance(found[name], float) and math.isnan(found[name])]
        nulls = [name for name in names if found[name] is None]
        names = sorted(numbers, key=found.__getitem__, reverse=not key.ascending) + nans + nulls
    return names


def read(node: Node | None) -> list[list[Any]]:
    """A tree without OR and NOT in the shape of the recorded readings."""
    match node:
        case None:
            return []
        case And(children):
            return [clause for child in children for clause in read(child)]
        case Compare(field, op, value):
            shown = repr(float(value)) if field.entity is Entity.METRIC else value
            return [[field.entity.value, field.key, op.value, shown]]
        case In(field, values, negated):
            return [[field.entity.value, field.key, "NOT IN" if negated else "IN", list(values)]]
        case IsNull(field, negated):
            return [[field.entity.value, field.key, "IS NOT NULL" if negated else "IS NULL", None]]
        case _:
            raise AssertionError(node)


def test_the_answers_are_those_of_the_pinned_mlflow() -> None:
    assert GOLDEN["mlflow"] == "3.17.2"
    assert len(GOLDEN["cases"]) > 500
    assert all(case["accepted"] for case in GOLDEN["cases"] if case["relation"] in {"stricter", "different"})
    assert not any(case["accepted"] for case in GOLDEN["cases"] if case["relation"] == "beyond")


@pytest.mark.parametrize("case", choose("filter", "same"))
def test_mlflows_filters_mean_the_same(case: dict[str, Any]) -> None:
    if not case["accepted"]:
        with pytest.raises(InvalidParameter):
            parse(case)
        return
    node = parse(case)
    found = {name for name, row in GOLDEN["rows"][case["resource"]].items() if matches(node, row)}
    assert found == set(case["found"])
    if "experiment_id" not in case["filter"]:  # '01' is read as '1'
        assert read(node) == case["reading"]


@pytest.mark.parametrize("case", choose("filter", "beyond"))
def test_what_mlflow_refuses_is_accepted_where_it_has_a_meaning(case: dict[str, Any]) -> None:
    node = parse(case)
    assert node is None or parse_filter(print_filter(node), SCHEMAS[case["resource"]]) == node


@pytest.mark.parametrize("case", choose("filter", "stricter"))
def test_what_mlflow_accepts_by_accident_is_refused_with_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match=r"^Invalid filter, column \d+: "):
        parse(case)


DIFFERENT = {
    ("runs", "metrics.`a`.min = 1"): "min(metrics.a) = 1.0",
    ("runs", 'metrics."a".max = 1'): "max(metrics.a) = 1.0",
    ("logged_models", "metrics.`a`.min = 1"): "min(metrics.a) = 1.0",
    ("logged_models", "params.lr = 0.01"): "params.lr = 0.01",
    ("logged_models", "params.depth != 1"): "params.depth != 1.0",
    ("logged_models", 'name = "net"'): "name = 'net'",
    ("logged_models", "params.\"a b\" = 'x'"): "params.`a b` = 'x'",
    ("logged_models", "status = 'READY'"): "status = 'READY'",
    ("logged_models", "status = 'LOGGED_MODEL_READY'"): "status = 'READY'",
    ("logged_models", "status IN ('READY')"): "status IN ('READY')",
    ("logged_models", "status = 2"): "status = 'READY'",
}


@pytest.mark.parametrize("case", choose("filter", "different"))
def test_each_difference_in_meaning_is_a_known_one(case: dict[str, Any]) -> None:
    node = parse(case)
    assert node is not None
    assert case["why"]
    assert print_filter(node) == DIFFERENT[case["resource"], case["filter"]]


@pytest.mark.parametrize("case", choose("order_by", "same"))
def test_mlflows_orders_give_the_same_order(case: dict[str, Any]) -> None:
    schema = SCHEMAS[case["resource"]]
    if not case["accepted"]:
        with pytest.raises(InvalidParameter):
            parse_order_by(case["order_by"], schema)
        return
    order = complete_order(parse_order_by(case["order_by"], schema), schema)
    assert sort_rows(GOLDEN["rows"][case["resource"]], order) == case["found"]


@pytest.mark.parametrize("case", choose("order_by", "beyond"))
def test_what_mlflow_cannot_order_by_is_accepted_where_it_has_a_meaning(case: dict[str, Any]) -> None:
    assert parse_order_by(case["order_by"], SCHEMAS[case["resource"]])


@pytest.mark.parametrize("case", choose("order_by", "stricter"))
def test_orders_that_mlflow_misreads_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        parse_order_by(case["order_by"], SCHEMAS[case["resource"]])


@pytest.mark.parametrize(
    "case", [c for c in choose("filter", "same", "different") if c.values[0]["accepted"]]
)
def test_what_mlflow_accepts_survives_printing(case: dict[str, Any]) -> None:
    node = parse(case)
    assert node is None or parse_filter(print_filter(node), SCHEMAS[case["resource"]]) == node
