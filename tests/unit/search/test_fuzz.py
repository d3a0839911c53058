"""Whatever stands in a text: it is a filter or it is refused, soon, and nothing else happens."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.errors import InvalidParameter
from headrace.search.fields import EXPERIMENTS, LOGGED_MODELS, RUNS, Schema
from headrace.search.lexer import MAX_TEXT_BYTES
from headrace.search.parser import parse_filter, parse_order_by, parse_order_name
from headrace.search.printer import print_filter

SCHEMAS = (RUNS, EXPERIMENTS, LOGGED_MODELS)
WORDS = (
    "metrics. params. tags. attributes. datasets. run_id status start_time name experiment_id creation_time a a.b `a`.min "
    "min( max( ( ) (( )) , = != > >= < <= == <> LIKE ILIKE IN NOT AND OR IS NULL BETWEEN ASC DESC "
    "1 -1 .5 1e3 1e999 0x1 '' ' \" ` \\ \\' . - + ; -- /* */ # $$ % é ٣ ² 'a' E'a'"
)
PIECES = st.sampled_from([*WORDS.split(), "`a b`", '"a b"', "'a b'", " ", "\n", "\x00", "\ud800"])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=25).map("".join),
)


def find_refusal(ask: Callable[[], object]) -> str | None:
    """The message by which a call refuses, or None; any other error goes through."""
    try:
        ask()
    except InvalidParameter as error:
        return error.message
    return None


def require_round_trip(text: str, schema: Schema) -> None:
    node = parse_filter(text, schema)
    assert node is None or parse_filter(print_filter(node), schema) == node


@given(text=TEXTS)
@settings(max_examples=1500, deadline=None)
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    for schema in SCHEMAS:
        message = find_refusal(lambda schema=schema: require_round_trip(text, schema))
        assert message is None or message.startswith("Invalid filter, column ")


@given(items=st.lists(TEXTS, max_size=3))
@settings(max_examples=700, deadline=None)
def test_any_text_is_an_order_or_is_refused(items: list[str]) -> None:
    for schema in SCHEMAS:
        asks: list[Callable[[], object]] = [lambda schema=schema: parse_order_by(items, schema)]
        asks += [lambda item=item, schema=schema: parse_order_name(item, schema) for item in items]
        for ask in asks:
            message = find_refusal(ask)
            assert message is None or message.startswith("Invalid order_by, column ")


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.resource)
@pytest.mark.parametrize(
    "piece",
    [
        "'", '"', "`", "''", "\\'", "'\\", "'x' ", "`a`.", "E'", "E'\\", "e\"'", "(", "((", ")", "NOT ", "NOT(", "metrics.",
        "a.", ".", "1", "1.", "1e", "-", "=", "<", " ", "\n", "\t ", "a", "é", "metrics.a=1 AND ", "metrics.a=1 OR(", "name IN(",
        "name IN ('", "params.a IN ('\\x41',", "'a',", ",", "params.a BETWEEN 1 AND ", "min(", "min(metrics.a) ", "😀",
    ],
)  # fmt: skip
def test_the_longest_texts_are_answered_soon(schema: Schema, piece: str) -> None:
    for start in ("", "params.a = '"):
        text = (start + piece * MAX_TEXT_BYTES).encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
        started = time.process_time()
        message = find_refusal(lambda text=text: parse_filter(text, schema))
        assert time.process_time() - started < 1.0
        assert message is None or len(message) < 1000
