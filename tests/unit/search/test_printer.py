"""Printing is the inverse of parsing, for every tree that a text can make."""

import math
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.errors import InvalidParameter
from headrace.search.fields import EXPERIMENTS, LOGGED_MODELS, RUNS, Attribute, Kind, Schema
from headrace.search.parser import MAX_DEPTH, parse_filter
from headrace.search.printer import print_filter
from headrace.search.tree import (
    And,
    Between,
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
)

STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TRICKY = st.sampled_from("'\"`\\. ()=,%_-E\n\tx")
TEXTS = st.text(st.one_of(TRICKY, STORABLE), max_size=12)
KEYS = st.one_of(
    st.text(
        string.ascii_letters + string.digits + "_-. :/", min_size=1, max_size=12
    ),  # all that MLflow allows
    st.text(st.one_of(TRICKY, STORABLE), min_size=1, max_size=12),
    st.sampled_from(["in", "and", "or", "not", "min", "a.min", "E", "null", "between"]),
)
INT64 = st.integers(-(2**63), 2**63 - 1)
DOUBLES = st.floats(allow_nan=False)


def fields(schema: Schema) -> st.SearchStrategy[Field]:
    choices: list[st.SearchStrategy[Field]] = []
    for entity in sorted(set(schema.entities.values())):
        if entity in schema.keys:
            names = sorted({attribute.name for attribute in schema.keys[entity].values()})
            choices.append(st.builds(Field, st.just(entity), st.sampled_from(names)))
        else:
            statistics = st.sampled_from(Statistic) if entity is Entity.METRIC else st.just(Statistic.LATEST)
            choices.append(st.builds(Field, st.just(entity), KEYS, statistics))
    return st.one_of(choices)


def texts(attribute: Attribute | None) -> st.SearchStrategy[str]:
    if attribute is None:
        return TEXTS
    if attribute.kind is Kind.DIGITS:
        return st.integers(0, 10**18 - 1).map(str)
    spellings = dict(attribute.spellings)
    return st.one_of(TEXTS, st.sampled_from([*spellings.values(), "x"])).filter(
        lambda text: text not in spellings
    )


def numbers(attribute: Attribute | None) -> st.SearchStrategy[int | float]:
    if attribute is None:
        return DOUBLES
    return INT64 if attribute.kind is Kind.INTEGER else st.one_of(INT64, DOUBLES)


def clauses_of(schema: Schema, field: Field) -> st.SearchStrategy[Node]:
    rule, attribute = schema.get_rule(field), schema.find_attribute(field)
    text, number, this, negated = texts(attribute), numbers(attribute), st.just(field), st.booleans()
    choices: list[st.SearchStrategy[Node]] = []
    if rule.text:
        choices.append(st.builds(Compare, this, st.sampled_from(rule.text), text))
    if rule.number:
        choices.append(st.builds(Compare, this, st.sampled_from(rule.number), number))
    if rule.text_list:
        choices.append(st.builds(In, this, st.lists(text, min_size=1, max_size=4).map(tuple), negated))
    if rule.number_range:
        choices.append(st.builds(In, this, st.lists(number, min_size=1, max_size=4).map(tuple), negated))
        choices.append(st.builds(Between, this, number, number))
    if rule.null:
        choices.append(st.builds(IsNull, this, negated))
    return st.one_of(choices)


def trees(schema: Schema) -> st.SearchStrategy[Node]:
    clauses = fields(schema).flatmap(lambda field: clauses_of(schema, field))

    def join(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(children, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(Not, children), st.builds(And, several), st.builds(Or, several))

    return st.recursive(clauses, join, max_leaves=12)


TREES = {
    schema: trees(schema) for schema in (RUNS, EXPERIMENTS, LOGGED_MODELS)
}  # once: building them takes long


@pytest.mark.parametrize("schema", TREES, ids=lambda schema: schema.resource)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_parsing_a_printed_tree_gives_the_tree(schema: Schema, data: st.DataObject) -> None:
    tree = data.draw(TREES[schema])
    text = print_filter(tree)
    assert parse_filter(text, schema) == tree
    assert print_filter(parse_filter(text, schema)) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("metric . a".replace(" ", "") + "  =1", "metrics.a = 1.0"),
        ("`run name`='x'", "run_name = 'x'"),
        ("run.created<5", "start_time < 5"),
        ('parameter.`a b` like "x"', "params.`a b` LIKE 'x'"),
        ("metrics.`a`.Min in (1)", "min(metrics.a) IN (1.0)"),
        ("dataset.name not in (\"it's\")", r"datasets.name NOT IN ('it\'s')"),
        ("not (tags.a is not null)", "NOT tags.a IS NOT NULL"),
        ("(tags.a = 'x' or tags.b = 'y') and not (tags.a = 'x' and tags.b = 'y')",
         "(tags.a = 'x' OR tags.b = 'y') AND NOT (tags.a = 'x' AND tags.b = 'y')"),
        ("(tags.a = 'x' and tags.b = 'y') or tags.c = 'z'", "tags.a = 'x' AND tags.b = 'y' OR tags.c = 'z'"),
        ("metrics.a between -1e999 and 1e+22", "metrics.a BETWEEN -1e999 AND 1e22"),
        ("params.a = \"it's\"", "params.a = \"it's\""),
        ("params.a = E'it\\'s \"x\"'", "params.a = E'it\\'s \"x\"'"),
        (r"params.a = 'C:\'", r"params.a = E'C:\\'"),
        ("params.E'`a`' = 1", "params.'`a`' = 1.0"),
    ],
)  # fmt: skip
def test_one_meaning_has_one_spelling(text: str, printed: str) -> None:
    assert print_filter(parse_filter(text, RUNS)) == printed


def test_a_tree_deeper_than_a_text_may_be_is_not_printed() -> None:
    tree: Node = IsNull(Field(Entity.TAG, "a"), negated=False)
    for _ in range(MAX_DEPTH):
        tree = Not(tree)
    assert parse_filter(print_filter(tree), RUNS) == tree
    for _ in range(2000):
        tree = Not(tree)
    with pytest.raises(InvalidParameter, match=f"nested deeper than {MAX_DEPTH} levels"):
        print_filter(tree)


def test_nan_has_no_spelling() -> None:
    with pytest.raises(InvalidParameter, match="NaN"):
        print_filter(Compare(Field(Entity.METRIC, "a"), Op.EQ, math.nan))
