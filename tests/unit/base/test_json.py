"""JSON in and out: strict about types, lenient about spelling, exact about floats, bounded in what it makes."""

import json
import math
from typing import Annotated

import msgspec
import pytest

from headrace.base.errors import InvalidParameter
from headrace.base.json import (
    INT64_MAX,
    INT64_MIN,
    LARGE_BYTES,
    MAX_VALUES,
    Int32,
    Int64,
    Wire,
    WireEnum,
    convert,
    decode,
    decode_object,
    encode,
    wire_float,
)


class Colour(WireEnum):
    """An enum with MLflow's numbers."""

    RED = "RED", 1
    DARK_BLUE = "DARK_BLUE", 2


class Inner(Wire, kw_only=True):
    """A struct inside a struct."""

    inner_name: str
    colour: Colour = Colour.RED


class Outer(Wire, kw_only=True):
    """All kinds of fields."""

    text: str = ""
    whole_number: Int64 = 0
    small: Int32 = 0
    value: float = 0.0
    is_on: bool = False
    colour: Colour = Colour.RED
    one_item: Inner | msgspec.UnsetType = msgspec.UNSET
    many_items: list[Inner] = []  # noqa: RUF012 - msgspec copies it
    colours: list[Colour] | None = None
    noted: Annotated[Inner, msgspec.Meta(description="x")] | None = None
    flags: dict[str, bool] = {}  # noqa: RUF012 - msgspec copies it


class Node(Wire, kw_only=True):
    """A struct that holds itself."""

    child: "Node | None" = None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (math.nan, '"NaN"'),
        (math.inf, '"Infinity"'),
        (-math.inf, '"-Infinity"'),
    ],
)
def test_a_float_leaves_and_comes_back_as_it_is(value: float, text: str) -> None:
    sent = encode(Outer(value=wire_float(value)))
    assert f'"value":{text},' in sent.decode()
    back = decode(sent, Outer).value
    assert back == value or (math.isnan(back) and math.isnan(value))
    assert math.copysign(1, back) == math.copysign(1, value) or math.isnan(value)


def test_what_json_has_no_word_for_is_not_sent() -> None:
    with pytest.raises(TypeError, match="object cannot be sent as JSON"):
        encode({"a": object()})


@pytest.mark.parametrize(
    "text",
    [
        '{"text":"a","whole_number":7,"is_on":true,"colour":"DARK_BLUE"}',
        '{"text":"a","wholeNumber":7,"isOn":true,"colour":"DARK_BLUE"}',
        '{"text":"a","wholeNumber":"7","isOn":"true","colour":2}',
        '{"text":"a","whole_number":7.0,"is_on":true,"colour":"2"}',
        '{"unknown":{"text":[1]},"text":"a","whole_number":7,"is_on":true,"colour":2,"value":null}',
        '"{\\"text\\":\\"a\\",\\"wholeNumber\\":7,\\"isOn\\":true,\\"colour\\":2}"',
        ' \n{"text":"b","text":"a","whole_number":7,"is_on":true,"colour":"DARK_BLUE"}\t',
        '\ufeff{"text":"a","whole_number":7,"is_on":true,"colour":"DARK_BLUE"}',
    ],
)
def test_one_thing_may_be_spelled_in_many_ways(text: str) -> None:
    assert decode(text.encode(), Outer) == Outer(
        text="a", whole_number=7, is_on=True, colour=Colour.DARK_BLUE
    )


def test_spelling_is_lenient_at_every_depth() -> None:
    inner = {"innerName": "a", "colour": 2, "unknown": 1}
    fields = {"oneItem": inner, "manyItems": [inner, inner], "colours": ["1", 2, "RED"], "noted": inner}
    expected = Inner(inner_name="a", colour=Colour.DARK_BLUE)
    found = decode(json.dumps(fields).encode(), Outer)
    assert found == Outer(
        one_item=expected,
        many_items=[expected, expected],
        colours=[Colour.RED, Colour.DARK_BLUE, Colour.RED],
        noted=expected,
    )
    assert convert(fields, Outer) == found


@pytest.mark.parametrize("token", ["NaN", '"NaN"', '"nan"'])
def test_a_bare_nan_is_taken_as_sent(token: str) -> None:
    assert math.isnan(decode(f'{{"value": {token}}}'.encode(), Outer).value)


@pytest.mark.parametrize(
    ("token", "value"), [("Infinity", math.inf), ("-Infinity", -math.inf), ('"Infinity"', math.inf)]
)
def test_a_bare_infinity_is_taken_as_sent(token: str, value: float) -> None:
    assert decode(f'{{"value": {token}}}'.encode(), Outer).value == value


@pytest.mark.parametrize("data", [b"", b"{}", b" {} ", b'"{}"'])
def test_nothing_is_an_empty_object(data: bytes) -> None:
    assert decode(data, Outer) == Outer()
    assert decode_object(data) == {}


@pytest.mark.parametrize("number", [INT64_MIN, INT64_MAX, 0])
def test_numbers_of_64_bits_are_exact(number: int) -> None:
    assert decode(b'{"whole_number": %d}' % number, Outer).whole_number == number
    assert decode(b'{"whole_number": "%d"}' % number, Outer).whole_number == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"whole_number": 9223372036854775808}', "9223372036854775807"),
        ('{"whole_number": -9223372036854775809}', "-9223372036854775808"),
        ('{"small": 2147483648}', "2147483647"),
        ('{"whole_number": 1.5}', "whole_number"),
        ('{"whole_number": NaN}', "whole_number"),
        ('{"whole_number": "x"}', "whole_number"),
        ('{"whole_number": %s}' % ("1" * 401), "401 digits"),
        ('{"whole_number": %s}' % ("1" * 5000), "5000 digits"),
        ('{"value": 1e400}', 'send "Infinity"'),
        ('{"value": -1e400}', 'send "Infinity"'),
        ('{"value": "x"}', "value"),
        ('{"value": true}', "value"),
        ('{"text": 1}', "Expected `str`, got `int` - at `$.text`"),
        ('{"text": ["a"]}', "text"),
        ('{"is_on": "maybe"}', "is_on"),
        ('{"colour": "GREEN"}', "GREEN"),
        ('{"colour": 3}', "colour"),
        ('{"colour": {"a": 1}}', "colour"),
        ('{"colours": [1, 9]}', "colours"),
        ('{"one_item": {}}', "inner_name"),
        ('{"one_item": []}', "one_item"),
        ('{"many_items": {"inner_name": "a"}}', "many_items"),
        ('{"many_items": ["a"]}', "many_items[0]"),
        ('{"many_items": [[]]}', "many_items[0]"),
        ('{"flags": {"a": 2}}', "flags"),
        ('{"text": "a", "unknown": 1, "text ": "b", "isOn": true, "is_on": true}', "'is_on' and as 'isOn'"),
        ("[]", "an array"),
        ('"[]"', "an array"),
        ("1", "a number"),
        ("1.5", "a number"),
        ("NaN", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
        ('"a"', "not valid JSON"),
        ('"\\"a\\""', "a string"),
        ("{", "not valid JSON"),
        ('{"text": "a"} x', "not valid JSON"),
        ('{"text": "a\nb"}', "not valid JSON"),
        ("{'text': 'a'}", "not valid JSON"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        decode(text.encode(), Outer)
    assert said in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "data",
    [
        b'{"text": "\xff"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\uDFFF"}',
        b'{"text": "\\ud800\\u0041"}',
        b'{"\\ud800": 1}',
        b'{"unknown": ["\\ud800"]}',
        b'"{\\"text\\": \\"\\\\ud800\\"}"',
        b'"{\\"text\\": \\"\\ud800\\"}"',
        '{"text": "a"}'.encode("utf-16"),
    ],
)
def test_what_is_no_unicode_is_refused(data: bytes) -> None:
    for kind in (decode, lambda given, _: decode_object(given)):
        with pytest.raises(InvalidParameter, match="UTF-8"):
            kind(data, Outer)  # type: ignore[operator]


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert decode(b'{"text": "\\ud83d\\ude00"}', Outer).text == "\U0001f600"
    assert decode(b'{"text": "\\ud83d\\ude00", "unknown": 1}', Outer).text == "\U0001f600"
    assert decode(b'{"text": "\\\\ud800", "unknown": 1}', Outer).text == "\\ud800"


DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP + "]" * DEEP,
        '{"unknown": ' + "[" * DEEP + "]" * DEEP + "}",
        '{"text": ' + "[" * DEEP + "]" * DEEP + "}",
        '{"one_item": ' * DEEP + "1" + "}" * DEEP,
        json.dumps("[" * DEEP),
    ],
)
def test_json_that_is_too_deep_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="nested too deeply"):
        decode(text.encode(), Outer)
    with pytest.raises(InvalidParameter, match="nested too deeply"):
        decode_object(text.encode())


@pytest.mark.parametrize("depth", [3000, DEEP])
def test_structs_that_are_too_deep_to_fit_are_refused(depth: int) -> None:
    with pytest.raises(InvalidParameter, match="nested too deeply"):
        decode(b'{"child": ' * depth + b'{"unknown": 1}' + b"}" * depth, Node)
    nested: dict[str, object] = {}
    for _ in range(depth):
        nested = {"child": nested}
    with pytest.raises(InvalidParameter, match="nested too deeply"):
        convert(nested, Node)


def _large(text: str) -> bytes:
    return text.encode() + b" " * LARGE_BYTES


@pytest.mark.parametrize(
    "data",
    [
        _large('{"unknown": [' + "0," * MAX_VALUES + "0]}"),
        _large('{"unknown": [' + '"",' * MAX_VALUES + "0]}"),
        _large('{"unknown": [' + "[]," * MAX_VALUES + "0]}"),
        _large('{"unknown": [' + '"\\\\",' * MAX_VALUES + "0]}"),
        _large('{"text": "\\"", "unknown": [' + "0," * MAX_VALUES + "0]}"),
        json.dumps('{"unknown": [' + "0," * (MAX_VALUES + LARGE_BYTES // 2) + "0]}").encode(),
    ],
    ids=["numbers", "texts", "arrays", "backslashes", "after a quote", "in a text"],
)
def test_a_large_body_of_very_many_values_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameter, match=f"at most {MAX_VALUES}"):
        decode(data, Outer)
    with pytest.raises(InvalidParameter, match=f"at most {MAX_VALUES}"):
        decode_object(data)


@pytest.mark.parametrize(
    "text",
    ["," * 2 * MAX_VALUES, "[{," * MAX_VALUES, '\\",[' * MAX_VALUES, "\\\\," * MAX_VALUES, '"' * MAX_VALUES],
)
def test_what_stands_in_a_text_does_not_count(text: str) -> None:
    for more in ({}, {"unknown": 1}):
        data = json.dumps({"text": text + " " * LARGE_BYTES, **more}).encode()
        assert decode(data, Outer).text.rstrip() == text


def test_a_body_of_as_many_values_as_are_allowed_is_taken() -> None:
    data = _large('{"unknown": [' + "0," * (MAX_VALUES - 10) + "0]}")
    assert decode(data, Outer) == Outer()
    small = b'{"unknown": [' + b"0," * MAX_VALUES + b"0]}"
    assert len(small) < LARGE_BYTES, "a small body cannot become large"
    assert decode(small, Outer) == Outer()


def test_an_enum_is_known_by_name_and_number() -> None:
    assert (Colour.RED.number, str(Colour.RED), Colour("RED")) == (1, "RED", Colour.RED)
    assert [Colour.respell(value) for value in (1, "1", "RED", 9, "x", None, 1.0)] == [
        "RED",
        "RED",
        "RED",
        9,
        "x",
        None,
        1.0,
    ]
    assert encode(Colour.RED) == b'"RED"'
