"""The nodes of a filter and the numbers that texts spell."""

import math

import pytest

from headrace.search.fields import EXPERIMENTS, LOGGED_MODELS, RUNS, Schema
from headrace.search.number_text import find_number
from headrace.search.parser import parse_filter
from headrace.search.tree import And, Entity, Field, In, IsNull, Node, Not, Or, iter_fields

A, B = (IsNull(Field(Entity.TAG, key), negated=False) for key in "ab")


def test_iter_fields_names_each_clause_from_left_to_right() -> None:
    node = parse_filter(
        "tags.a = '1' AND (NOT tags.b IS NULL OR tags.a IN ('x')) AND metrics.c BETWEEN 1 AND 2", RUNS
    )
    assert [field.key for field in iter_fields(node)] == ["a", "b", "a", "c"]


def test_iter_fields_follows_any_depth() -> None:
    node: Node = A
    for _ in range(10_000):
        node = Not(node)
    assert [field.key for field in iter_fields(node)] == ["a"]


def test_nodes_are_values() -> None:
    first, second = (parse_filter("NOT tags.a IN ('x') OR metrics.b > 1", RUNS) for _ in range(2))
    assert first == second
    assert len({first, second}) == 1
    with pytest.raises(AttributeError):
        first.children = ()


@pytest.mark.parametrize("kind", [And, Or])
@pytest.mark.parametrize("children", [(), (A,)])
def test_and_and_or_have_two_children_or_more(kind: type[And | Or], children: tuple[Node, ...]) -> None:
    assert kind((A, B)).children == (A, B)
    with pytest.raises(ValueError, match="need at least two children"):
        kind(children)


def test_a_list_has_a_value() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        In(Field(Entity.TAG, "a"), (), negated=False)


@pytest.mark.parametrize("schema", [RUNS, EXPERIMENTS, LOGGED_MODELS], ids=lambda schema: schema.resource)
def test_every_field_of_a_schema_has_a_rule_and_a_canonical_name(schema: Schema) -> None:
    for word, entity in schema.entities.items():
        for key, attribute in schema.keys.get(entity, {"k": None}).items():
            field = Field(entity, attribute.name if attribute else key)
            rule = schema.get_rule(field)
            assert rule.text or rule.number, word
            assert schema.find_attribute(field) is attribute


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0.0), ("-0.5", -0.5), ("+3", 3.0), (".5", 0.5), ("5.", 5.0), ("1e-05", 1e-05), ("1E+22", 1e22),
        ("0.1", 0.1), ("007", 7.0), ("1e999", math.inf), ("inf", math.inf), ("-Infinity", -math.inf), ("+INF", math.inf),
        ("9" * 6000, math.inf),
    ],
)  # fmt: skip
def test_texts_that_spell_numbers(text: str, number: float) -> None:
    assert find_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "+", ".", "e5", "1e", "1e+", "nan", "NaN", "True", "None", "0x1f", "1_000", "50%", " 1", "1 ", "1\n", "1,5",
        "--1", "٣", "infinite", "1.2.3", "1e5.0", "-inf ",
    ],
)  # fmt: skip
def test_texts_that_spell_no_number(text: str) -> None:
    assert find_number(text) is None
