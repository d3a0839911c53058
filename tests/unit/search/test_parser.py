"""What filters and orders beyond MLflow's mean, and how precise the refusals are."""

import inspect
import sys

import pytest

from headrace.base.errors import AttributeNotFound, InvalidParameter
from headrace.search.fields import EXPERIMENTS, LOGGED_MODELS, RUNS, Schema, complete_order
from headrace.search.lexer import MAX_NUMBER_CHARACTERS, MAX_TEXT_BYTES
from headrace.search.parser import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_LIST_VALUES,
    MAX_ORDER_KEYS,
    parse_filter,
    parse_order_by,
    parse_order_name,
)
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
    OrderKey,
    Statistic,
)

A = Compare(Field(Entity.METRIC, "a"), Op.EQ, 1.0)
B = Compare(Field(Entity.METRIC, "b"), Op.EQ, 1.0)
C = Compare(Field(Entity.METRIC, "c"), Op.EQ, 1.0)
LR = Field(Entity.PARAM, "lr")


def expand(text: str) -> str:
    """Turn ``a AND b`` into clauses."""
    return " ".join(f"metrics.{word} = 1" if word in {"a", "b", "c"} else word for word in text.split())


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a AND b AND c", And((A, B, C))),
        ("a OR b OR c", Or((A, B, C))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("a AND b OR c", Or((And((A, B)), C))),
        ("( a OR b ) AND c", And((Or((A, B)), C))),
        ("NOT a AND b", And((Not(A), B))),
        ("NOT a OR b", Or((Not(A), B))),
        ("NOT ( a AND b )", Not(And((A, B)))),
        ("NOT NOT a", Not(Not(A))),
        ("( ( a ) )", A),
        ("( a AND b ) AND c", And((And((A, B)), C))),
        ("a or not b and c", Or((A, And((Not(B), C))))),
    ],
)
def test_not_binds_closer_than_and_and_and_closer_than_or(text: str, tree: Node) -> None:
    assert parse_filter(expand(text), RUNS) == tree


def test_the_and_of_between_does_not_end_the_clause() -> None:
    assert parse_filter("metrics.a BETWEEN 0 AND 2 AND metrics.b = 1", RUNS) == And(
        (Between(Field(Entity.METRIC, "a"), 0.0, 2.0), B)
    )


@pytest.mark.parametrize("text", [None, "", " ", "\n\t "])
@pytest.mark.parametrize("schema", [RUNS, EXPERIMENTS, LOGGED_MODELS])
def test_no_text_is_no_filter(text: str | None, schema: Schema) -> None:
    assert parse_filter(text, schema) is None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("params.lr > 0.01", Compare(LR, Op.GT, 0.01)),
        ("params.lr = 1", Compare(LR, Op.EQ, 1.0)),
        ("params.lr = '1'", Compare(LR, Op.EQ, "1")),
        ("params.lr IN (0.1, 1e-2)", In(LR, (0.1, 0.01), negated=False)),
        ("params.lr NOT IN ('0.1')", In(LR, ("0.1",), negated=True)),
        ("params.lr BETWEEN -1 AND 1e3", Between(LR, -1.0, 1000.0)),
        ("params.lr IS NULL", IsNull(LR, negated=False)),
    ],
)
def test_an_unquoted_number_beside_a_param_is_a_number_and_a_quoted_one_a_text(text: str, tree: Node) -> None:
    parsed = parse_filter(text, RUNS)
    assert parsed == tree
    assert parse_filter(text, LOGGED_MODELS) == tree
    if isinstance(tree, Compare):
        assert type(parsed.value) is type(tree.value)


@pytest.mark.parametrize(
    ("word", "statistic"), [*((s.value, s) for s in Statistic), ("last", Statistic.LATEST)]
)
@pytest.mark.parametrize("form", ["{}(metrics.`val.loss`)", "metrics.`val.loss`.{}", 'metric."val.loss".{}'])
def test_statistics_are_written_as_a_function_or_behind_a_quoted_key(
    word: str, statistic: Statistic, form: str
) -> None:
    field = Field(Entity.METRIC, "val.loss", statistic)
    for spelling in (word, word.upper()):
        assert parse_filter(form.format(spelling) + " < 1", RUNS) == Compare(field, Op.LT, 1.0)
    assert parse_order_by([f"{word}(metrics.val.loss) desc"], RUNS) == (OrderKey(field, ascending=False),)


@pytest.mark.parametrize("key", ["loss.min", "loss.max", "loss.first", "loss.count", "min", "a.latest"])
def test_a_bare_key_that_ends_like_a_statistic_stays_a_key(key: str) -> None:
    expected = Compare(Field(Entity.METRIC, key), Op.LT, 1.0)
    assert parse_filter(f"metrics.{key} < 1", RUNS) == expected
    assert parse_filter(f"metrics.`{key}` < 1", RUNS) == expected


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"E'it\'s \"x\"'", 'it\'s "x"'),
        (r"e'\\ \n \t \r \a \b \f \v'", "\\ \n \t \r \a \b \f \v"),
        (r'E"\x41\u00e9\U0001F600\101\7"', "Aé😀A\a"),
        (r"E'\d\''", "\\d'"),
        ("E'a\\\nb'", "ab"),
        ("E'a\nb'", "a\nb"),
        (r"'\n'", "\\n"),
        ("'a''b'", "a''b"),
        ("''''", "''"),
        ("''", ""),
        ("'\\''", "\\'"),
        ("'\\'", "\\"),
        ('"\\"', "\\"),
    ],
)
def test_escapes_count_only_behind_an_e(literal: str, value: str) -> None:
    assert parse_filter(f"params.lr = {literal}", RUNS) == Compare(LR, Op.EQ, value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (r"('it\'s', 'a\tb')", ("it's", "a\tb")),
        (r"('a\\', 'b')", ("a\\", "b")),
        (str(("it's", 'say "x"', "a\\b", "é\n\x07")), ("it's", 'say "x"', "a\\b", "é\n\x07")),
        ("('a',)", ("a",)),
    ],
)
def test_lists_are_read_as_python_prints_them(text: str, values: tuple[str, ...]) -> None:
    assert parse_filter(f"params.lr IN {text}", RUNS) == In(LR, values, negated=False)


def test_escapes_end_with_the_list() -> None:
    node = parse_filter(r"(params.lr IN ('\n')) AND params.lr = '\n'", RUNS)
    assert node == And((In(LR, ("\n",), negated=False), Compare(LR, Op.EQ, "\\n")))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("start_time > 9223372036854775807", 2**63 - 1),
        ("start_time > 9223372036854775808", float(2**63)),
        ("start_time > -1e999", float("-inf")),
        ("start_time > 5.0", 5.0),
        ("start_time > " + "9" * MAX_NUMBER_CHARACTERS, float("inf")),
    ],
)
def test_numbers_that_no_integer_column_holds_become_doubles(text: str, value: float) -> None:
    node = parse_filter(text, RUNS)
    assert node == Compare(Field(Entity.ATTRIBUTE, "start_time"), Op.GT, value)
    assert type(node.value) is type(value)


@pytest.mark.parametrize("name", ["READY", "LOGGED_MODEL_READY", "2"])
def test_the_status_of_a_logged_model_is_compared_by_name(name: str) -> None:
    field = Field(Entity.ATTRIBUTE, "status")
    assert parse_filter(f"status = '{name}'", LOGGED_MODELS) == Compare(field, Op.EQ, "READY")
    assert parse_filter(f"status IN ('{name}')", LOGGED_MODELS) == In(field, ("READY",), negated=False)


# Refusals: the column, and words that help.


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("metrics.a", 10, "a comparator was expected, found the end"),
        ("metrics.a =", 12, "a value was expected, found the end"),
        ("metrics.a == 1", 11, "Write = for equality"),
        ("metrics.a <> 1", 11, "Write != for inequality"),
        ("metrics.a foo 1", 11, "a comparator was expected, found 'foo'"),
        ("metrics.a = 1 metrics.b = 2", 15, "AND, OR or the end was expected, found 'metrics.b'"),
        ("metrics.a = 1 AND", 18, "a field was expected, found the end"),
        ("AND metrics.a = 1", 1, "a field was expected, found 'AND'"),
        ("metrics.a = 1 OR OR metrics.b = 1", 18, "a field was expected, found 'OR'"),
        ("NOT", 4, "a field was expected"),
        ("(metrics.a = 1", 1, "this ( is not closed"),
        ("(metrics.a = 1 metrics.b = 1)", 16, "AND, OR or ) was expected"),
        ("metrics.a = 1)", 14, "this ) closes nothing"),
        ("()", 2, "a field was expected, found ')'"),
        ("1 < metrics.a", 1, "a field was expected, found 1"),
        ("'a' = 'b'", 1, "a field was expected, found \"'a'\""),
        ("params.a = 'x", 12, "the quote ' is not closed"),
        ('params.a = "x', 12, 'the quote " is not closed'),
        ("params.`a = 'x'", 8, "the quote ` is not closed"),
        ("params.a = E'x", 13, "the quote ' is not closed"),
        ("params.a = E'x\\", 15, "the escape is malformed"),
        (r"params.a = E'\x4'", 14, "the escape is malformed"),
        (r"params.a = E'\N{DASH}'", 14, "the escape is malformed"),
        (r"params.a = E'\U00110000'", 14, "there is no character"),
        (r"params.a = E'\ud800'", 14, "U+D800 can be in no stored text"),
        (r"params.a = E'\0'", 14, "U+0000 can be in no stored text"),
        ("params.a = '\x00'", 13, "U+0000 can be in no stored text"),
        ("params.a = '\udfff'", 13, "U+DFFF can be in no stored text"),
        ("params.a = x", 12, "Use = != LIKE ILIKE and a quoted text ('abc')"),
        ("params.a > 'x'", 12, "cannot be compared by > with \"'x'\""),
        ("params.a LIKE 5", 15, "cannot be compared by LIKE with 5"),
        ("params.learning-rate = 1", 16, "Put a key with other characters"),
        ("params.a/b = 1", 9, "in backticks: metrics.`my key`"),
        ("params. = 1", 8, "a key was expected behind 'params.'"),
        ("params.`` = 1", 8, "a key was expected behind 'params.'"),
        ("metrics.`a`.", 12, "'.' cannot stand behind a quoted key"),
        (
            "metrics.`a`.mean > 1",
            1,
            "'mean' behind a quoted key is no statistic. Use one of latest, min, max",
        ),
        ("params.`a`.min > 1", 1, "only metrics have a min, and 'a' is a param"),
        ("min(params.a) > 1", 5, "only metrics have a min"),
        ("min(loss) > 1", 5, "a metric was expected, found 'loss'. Write min(metrics.loss)"),
        ("min(metrics.`a`.max) > 1", 5, "a metric was expected"),
        ("min(metrics.a > 1", 15, ") was expected, found '>'"),
        ("mean(metrics.a) > 1", 1, "'mean' is no statistic. Use one of latest, min, max, first, count, last"),
        (
            "metrics.a > '1'",
            13,
            "metric 'a' cannot be compared by > with \"'1'\". Use = != > >= < <= and an unquoted",
        ),
        ("metrics.a LIKE 'x'", 16, "cannot be compared by LIKE"),
        ("metrics.a > 1a", 13, "a number is malformed"),
        ("metrics.a > 1_000", 13, "a number is malformed"),
        ("metrics.a > 1.2.3", 13, "a number is malformed"),
        ("metrics.a > nan", 13, "a value was expected, found 'nan'"),
        ("metrics.a > +1", 13, "'+' cannot stand here"),
        ("metrics.a IS NULL", 11, "IS NULL cannot be asked of metric 'a'"),
        ("params.a IS 'x'", 13, "NULL was expected"),
        ("params.a NOT LIKE 'x'", 14, "write NOT before the field"),
        ("params.a NOT BETWEEN 1 AND 2", 14, "write NOT before the field"),
        ("params.a BETWEEN 'x' AND 'y'", 18, "an unquoted number was expected"),
        ("params.a BETWEEN 1, 2", 19, "AND was expected"),
        ("tags.a BETWEEN 1 AND 2", 8, "BETWEEN compares numbers, and tag 'a' is a text"),
        ("tags.a IN 'x'", 11, "( was expected"),
        ("tags.a IN ()", 12, "An empty list matches nothing"),
        ("tags.a IN ('x' 'y')", 16, ", or ) was expected"),
        ("tags.a IN ('x'", 15, ", or ) was expected, found the end"),
        ("tags.a IN (", 12, "takes a list of quoted texts, found the end"),
        ("tags.a IN (1)", 12, "takes a list of quoted texts, found 1"),
        ("metrics.a IN ('x')", 15, "takes a list of unquoted numbers, found \"'x'\""),
        ("params.a IN ('x', 1)", 19, "a list mixes texts and numbers"),
        ("params.a IN (x)", 14, "takes a list of quoted texts or unquoted numbers, found 'x'"),
        ("foo = 'x'", 1, "'foo' is no attribute of runs. Use one of run_id, run_name"),
        ("lifecycle_stage = 'x'", 1, "or metrics.<key>, params.<key>, tags.<key>"),
        ("foo.bar = 'x'", 1, "Use one of metrics, params, tags, attributes, datasets before the dot"),
        ("dataset.foo = 'x'", 1, "'foo' is no dataset of runs. Use one of name, digest, context."),
        ("Metrics.a = 1", 1, "'Metrics' is no entity of runs"),
        ("metrics.a = 1\n AND foo = 1", 20, "'foo' is no attribute"),
    ],
)
def test_a_refusal_names_the_column_and_the_remedy(text: str, column: int, words: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_filter(text, RUNS)
    message = refusal.value.message
    headline, excerpt, caret = message.split("\n")
    assert headline.startswith(f"Invalid filter, column {column}: ")
    assert words in headline
    assert excerpt == text.replace("\n", " ").replace("\x00", " ").replace("\udfff", " ")
    assert caret == " " * (column - 1) + "^"


def test_the_excerpt_of_a_long_text_is_short_and_its_caret_right() -> None:
    text = "metrics.a = 1 AND " * 20 + "foo = 1" + " AND metrics.a = 1" * 20
    with pytest.raises(InvalidParameter) as refusal:
        parse_filter(text, RUNS)
    _, excerpt, caret = refusal.value.message.split("\n")
    assert excerpt.startswith("...")
    assert excerpt.endswith("...")
    assert len(excerpt) < 100
    assert excerpt[caret.index("^") :].startswith("foo = 1")


def test_a_long_token_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_filter(f"metrics.a = '{'x' * 10_000}'", RUNS)
    assert len(refusal.value.message) < 500


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("creation_time > 1.5", "whole number of milliseconds, and 1.5 is none"),
        ("creation_time > 1e3", "Write it without a point or an exponent"),
        ("creation_time > 9223372036854775808", "none of 64 bits"),
        ("experiment_id = 'x'", "is no experiment_id. Write the digits in quotes"),
        ("experiment_id = '" + "1" * 19 + "'", "is no experiment_id"),
        ("experiment_id = '٣'", "is no experiment_id"),
        ("experiment_id LIKE '1'", "cannot be compared by LIKE"),
        (
            "attributes.name = 'x'",
            "'attributes' is no entity of experiments. Use one of tags, attribute before the dot",
        ),
        ("metrics.a = 1", "'metrics' is no entity of experiments"),
        ("foo = 'x'", "or tags.<key>"),
    ],
)
def test_experiments_refuse_what_they_do_not_have(text: str, words: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_filter(text, EXPERIMENTS)
    assert words in refusal.value.message


def test_an_unknown_attribute_of_a_logged_model_has_mlflows_error_class() -> None:
    for ask in (
        lambda: parse_filter("foo = 'x'", LOGGED_MODELS),
        lambda: parse_order_name("foo", LOGGED_MODELS),
    ):
        with pytest.raises(AttributeNotFound, match="'foo' is no attribute of logged models"):
            ask()


def test_an_unquoted_keyword_is_no_text_for_a_logged_model() -> None:
    assert parse_filter("tags.stage = prod", LOGGED_MODELS) == parse_filter(
        "tags.stage = 'prod'", LOGGED_MODELS
    )
    with pytest.raises(InvalidParameter, match="a value was expected, found 'AND'"):
        parse_filter("tags.stage = AND name = 'x'", LOGGED_MODELS)


# Limits


def test_a_text_may_be_as_long_as_the_limit_and_no_longer() -> None:
    frame = "params.a = ''"
    longest = f"params.a = '{'é' * ((MAX_TEXT_BYTES - len(frame)) // 2)}'"
    assert parse_filter(longest, RUNS) is not None
    for text in (longest + "  ", "x" * (MAX_TEXT_BYTES + 1)):
        with pytest.raises(InvalidParameter, match=rf"longer than {MAX_TEXT_BYTES} bytes \(\d+ characters\)"):
            parse_filter(text, RUNS)
    with pytest.raises(InvalidParameter, match="The order_by is longer"):
        parse_order_by(["x" * (MAX_TEXT_BYTES + 1)], RUNS)


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("NOT ", ""), ("NOT (", ")"), ("(NOT ", ")")])
def test_nesting_may_be_as_deep_as_the_limit_and_no_deeper(opening: str, closing: str) -> None:
    levels = MAX_DEPTH // len(opening.replace("NOT ", "!"))
    assert parse_filter(opening * levels + "metrics.a = 1" + closing * levels, RUNS) is not None
    levels += 1
    with pytest.raises(InvalidParameter, match=f"more than {MAX_DEPTH} NOTs and parentheses"):
        parse_filter(opening * levels + "metrics.a = 1" + closing * levels, RUNS)


@pytest.mark.parametrize("joint", [" AND ", " OR "])
def test_a_filter_may_have_as_many_clauses_as_the_limit_and_no_more(joint: str) -> None:
    assert parse_filter(joint.join(["metrics.a = 1"] * MAX_CLAUSES), RUNS) is not None
    with pytest.raises(InvalidParameter, match=f"more than {MAX_CLAUSES} clauses"):
        parse_filter(joint.join(["metrics.a = 1"] * (MAX_CLAUSES + 1)), RUNS)


def test_a_list_may_have_as_many_values_as_the_limit_and_no_more() -> None:
    node = parse_filter(f"metrics.a IN ({'1,' * MAX_LIST_VALUES})", RUNS)
    assert isinstance(node, In)
    assert len(node.values) == MAX_LIST_VALUES
    with pytest.raises(InvalidParameter, match=f"more than {MAX_LIST_VALUES} values"):
        parse_filter(f"metrics.a IN ({'1,' * MAX_LIST_VALUES}1)", RUNS)


def test_a_number_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert parse_filter(f"metrics.a = {'1' * MAX_NUMBER_CHARACTERS}", RUNS) is not None
    with pytest.raises(InvalidParameter, match=f"more than {MAX_NUMBER_CHARACTERS} characters"):
        parse_filter(f"metrics.a = {'1' * (MAX_NUMBER_CHARACTERS + 1)}", RUNS)


def test_the_deepest_filter_needs_little_stack() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 350)
    try:
        assert parse_filter("(" * MAX_DEPTH + "metrics.a = 1" + ")" * MAX_DEPTH, RUNS) is not None
    finally:
        sys.setrecursionlimit(limit)


# Orders


def test_an_order_is_ascending_unless_it_says_desc() -> None:
    assert [
        key.ascending for key in parse_order_by(["metrics.a", "metrics.b ASC", "metrics.c DESC"], RUNS)
    ] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (["metrics.a", "metric.`a` DESC"], "'a' stands in order_by twice"),
        (["created", "attributes.start_time"], "'start_time' stands in order_by twice"),
        (["min(metrics.a)", "MIN(metrics.a) DESC"], "'a' stands in order_by twice"),
        ([""], "a field was expected, found the end"),
        (["metrics.a sideways"], "ASC, DESC or the end was expected, found 'sideways'"),
        (["metrics.a, metrics.b"], "ASC, DESC or the end was expected, found ','"),
        (["metrics.`a`.min DESC"], "Write min(metrics.<key>) for a statistic"),
        (["dataset.name"], "runs cannot be ordered by a dataset. Order by: attribute, metric, param, tag"),
        (["metrics.a"] * (MAX_ORDER_KEYS + 1), f"has {MAX_ORDER_KEYS + 1} keys, at most {MAX_ORDER_KEYS}"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused(items: list[str], words: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_order_by(items, RUNS)
    assert words in refusal.value.message


def test_different_statistics_of_a_metric_are_different_keys_of_an_order() -> None:
    keys = parse_order_by(["min(metrics.a)", "max(metrics.a)", "metrics.a"], RUNS)
    assert [key.field.statistic for key in keys] == [Statistic.MIN, Statistic.MAX, Statistic.LATEST]


def test_order_names_take_the_key_as_it_stands() -> None:
    assert parse_order_name("metrics.a `b`.c", LOGGED_MODELS) == Field(Entity.METRIC, "a `b`.c")
    assert parse_order_name(" creation_time ", LOGGED_MODELS) == Field(Entity.ATTRIBUTE, "creation_timestamp")
    for name in ("params.a", "tags.a", "foo.a", ""):
        with pytest.raises(InvalidParameter, match=r"^Invalid order_by, column 1: "):
            parse_order_name(name, LOGGED_MODELS)


@pytest.mark.parametrize(
    ("schema", "items", "order"),
    [
        (RUNS, [], "start_time DESC, run_id ASC"),
        (RUNS, ["metrics.a"], "a ASC, start_time DESC, run_id ASC"),
        (RUNS, ["start_time"], "start_time ASC, run_id ASC"),
        (RUNS, ["run_id DESC"], "run_id DESC, start_time DESC"),
        (EXPERIMENTS, [], "creation_time DESC, experiment_id ASC"),
        (EXPERIMENTS, ["name"], "name ASC, experiment_id DESC"),
        (LOGGED_MODELS, ["metrics.a DESC"], "a DESC, creation_timestamp DESC, model_id ASC"),
        (LOGGED_MODELS, ["creation_time"], "creation_timestamp ASC, model_id ASC"),
    ],
)
def test_a_complete_order_ends_in_mlflows_tie_break(schema: Schema, items: list[str], order: str) -> None:
    keys = complete_order(parse_order_by(items, schema), schema)
    assert ", ".join(f"{key.field.key} {'ASC' if key.ascending else 'DESC'}" for key in keys) == order
