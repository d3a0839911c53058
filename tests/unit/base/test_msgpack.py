"""MessagePack in and out: strict, exact about floats and bytes, and bounded in what it makes, whatever a body declares."""

import math
import struct
import time
import tracemalloc
from typing import Any

import msgspec
import pytest

from headrace.base import msgpack
from headrace.base.errors import InvalidParameter
from headrace.base.json import Int64, Wire, WireEnum, wire_float
from headrace.base.msgpack import LONG_BYTES, MAX_VALUES, decode, encode, encode_pieces


class Colour(WireEnum):
    """An enum with MLflow's numbers."""

    RED = "RED", 1
    BLUE = "BLUE", 2


class Item(Wire, kw_only=True):
    """A struct inside a struct."""

    name: str


class Body(Wire, kw_only=True):
    """All kinds of fields."""

    text: str = ""
    number: Int64 = 0
    value: float = 0.0
    data: bytes = b""
    colour: Colour = Colour.RED
    items: list[Item] = []  # noqa: RUF012 - msgspec copies it
    lists: list[list[int]] = []  # noqa: RUF012 - msgspec copies it
    pairs: list[tuple[str, str]] = []  # noqa: RUF012 - msgspec copies it
    table: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it


def _refused(data: bytes) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        decode(data, Body)
    assert len(refusal.value.message) < 500
    return refusal.value.message


def _of(**fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "value", [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 1.0, 2.0**53 + 2]
)
def test_a_float_leaves_and_comes_back_with_every_bit(value: float) -> None:
    back = decode(encode(Body(value=wire_float(value))), Body).value
    assert type(back) is float
    assert struct.pack("<d", back) == struct.pack("<d", value)


def test_a_nan_keeps_its_payload() -> None:
    for bits in (0x7FF8000000000001, 0xFFF8000000000000, 0x7FFC0000DEADBEEF):
        sent = b"\x81\xa5value\xcb" + bits.to_bytes(8)
        assert struct.pack(">d", decode(sent, Body).value) == bits.to_bytes(8)


def test_a_struct_comes_back_as_it_was() -> None:
    body = Body(
        text="é\0",
        number=-(2**63),
        data=bytes(range(256)) * 300,
        colour=Colour.BLUE,
        items=[Item(name="a"), Item(name="")],
        lists=[[], [1, 2**40]],
        pairs=[("a", "b")],
        table={"k": "v"},
    )
    assert decode(encode(body), Body) == body


def test_an_empty_body_is_an_empty_map() -> None:
    assert decode(b"", Body) == Body()


def test_fields_left_out_have_their_defaults() -> None:
    assert decode(_of(number=3), Body) == Body(number=3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_of(text=1), "Expected `str`, got `int` - at `$.text`"),
        (_of(text=b"a"), "got `bytes` - at `$.text`"),
        (_of(data="YQ=="), "Expected `bytes`, got `str` - at `$.data`"),
        (_of(number="1"), "Expected `int`, got `str` - at `$.number`"),
        (_of(number=1.5), "at `$.number`"),
        (_of(number=2**63), "at `$.number`"),
        (_of(number=True), "at `$.number`"),
        (_of(value="NaN"), "at `$.value`"),
        (_of(colour=2), "at `$.colour`"),
        (_of(colour="GREEN"), "Invalid enum value 'GREEN' - at `$.colour`"),
        (_of(items=[{"name": "a"}, {}]), "missing required field `name` - at `$.items[1]`"),
        (_of(items=[{"name": "a", "nmae": 1}]), "unknown field `nmae` - at `$.items[0]`"),
        (_of(items=None), "at `$.items`"),
        (_of(pairs=[["a"]]), "at `$.pairs[0]`"),
        (_of(pairs=[["a", "b", "c"]]), "at `$.pairs[0]`"),
        (_of(number=msgspec.msgpack.Ext(5, b"x")), "got `ext` - at `$.number`"),
        (_of(unknown=1), "unknown field `unknown`"),
        (msgspec.msgpack.encode([]), "Expected `object`, got `array`"),
        (msgspec.msgpack.encode({1: 2}), "Expected `str`, got `int`"),
        (msgspec.msgpack.encode(None), "Expected `object`, got `None`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused_by_its_place(data: bytes, said: str) -> None:
    assert said in _refused(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xc1", "invalid opcode"),
        (_of(number=1) + b"\x01", "trailing characters"),
        (_of(number=1) * 2, "trailing characters"),
        (_of(text="abc")[:-1], "truncated"),
        (b'{"number": 1}', "not valid MessagePack"),
        (b"\x81\xa4text\xa3\xed\xa0\x80", "not valid UTF-8"),
        (b"\x81\xa4text\xa1\xff", "not valid UTF-8"),
        (b"\x81\xa1\xff\x01", "not valid UTF-8"),
        (b"\x81\xa5table\x81\xa1\xff\xa0", "not valid UTF-8"),
    ],
)
def test_what_is_no_messagepack_is_refused(data: bytes, said: str) -> None:
    assert said in _refused(data)


def test_a_lone_surrogate_does_not_leave() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode(Body(text="\ud800"))


def test_a_value_that_is_no_data_does_not_leave() -> None:
    with pytest.raises(TypeError, match="object cannot be sent as MessagePack"):
        encode(Body(text=object()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "inner",
    [b"\x91", b"\x81\xa1a", b"\xdd\0\0\0\1", b"\xdf\0\0\0\1\xa1a"],
    ids=["array", "map", "array32", "map32"],
)
@pytest.mark.parametrize("end", [b"", b"\xc0"])
@pytest.mark.parametrize("begin", [b"", b"\x81\xa5lists", b"\x81\xa7unknown"])
def test_deep_nesting_is_refused(begin: bytes, inner: bytes, end: bytes) -> None:
    assert "nested too deeply" in _refused(begin + inner * 200_000 + end)


DECLARED = {
    "array": b"\xdd\xff\xff\xff\xff",
    "a likely array": b"\xdd\x01\x00\x00\x00",
    "short array": b"\xdc\xff\xff",
    "map": b"\xdf\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "text": b"\xdb\xff\xff\xff\xff",
    "extension": b"\xc9\xff\xff\xff\xff\1",
}


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
@pytest.mark.parametrize("field", ["", "text", "data", "lists", "items", "pairs", "table", "unknown"])
def test_a_length_that_is_not_kept_costs_nothing(field: str, declared: bytes) -> None:
    data = (b"\x81" + msgspec.msgpack.encode(field) if field else b"") + declared
    tracemalloc.start()
    try:
        for filled in (data, data + b"\x90" * 1000, data + b"\xdd\x00\xff\xff\xff" * 50):
            assert "truncated" in _refused(filled)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value", [b"\x90", b"\x80", b"\xa0", b"\x01", b"\xc0", b"\xc4\x00", b"\x92\xa0\xa0", b"\xcb\0\0\0\0\0\0\0\0", b"\xd4\1\1", b"\xc7\0\1", b"\xd9\0"]
)  # fmt: skip
@pytest.mark.parametrize("field", ["lists", "unknown"])
def test_very_many_values_are_refused_before_they_are_made(field: str, value: bytes) -> None:
    count = 8_000_000 // len(value)
    data = b"\x81" + msgspec.msgpack.encode(field) + b"\xdd" + count.to_bytes(4) + value * count
    tracemalloc.start()
    try:
        assert f"at most {MAX_VALUES} are allowed" in _refused(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_many_values_in_many_small_arrays_are_counted_too() -> None:
    rows = b"\x9f" + b"\x01" * 15
    count = MAX_VALUES // 16 + 1
    data = b"\x81\xa5lists\xdd" + count.to_bytes(4) + rows * count
    assert "values or more" in _refused(data)
    fewer = MAX_VALUES // 16 - 1
    data = b"\x81\xa5lists\xdd" + fewer.to_bytes(4) + rows * fewer
    assert len(decode(data, Body).lists) == fewer


def test_every_form_of_a_value_is_counted_as_one() -> None:
    """A wrong width for one of the forms would make the walk go astray, and refuse a body that is right."""
    forms: list[Any] = [
        None,
        True,
        0,
        -1,
        200,
        70_000,
        2**40,
        -100,
        -1000,
        -(2**20),
        -(2**40),
        1.5,
        "",
        "a" * 40,
        "a" * 300,
        "a" * 70_000,
    ]
    forms += [
        b"",
        b"a" * 300,
        b"a" * 70_000,
        [0] * 20,
        [0] * 70_000,
        {str(n): 0 for n in range(20)},
        {str(n): 0 for n in range(70_000)},
    ]
    forms += [msgspec.msgpack.Ext(1, b"x" * size) for size in (0, 1, 2, 3, 4, 8, 16, 300, 70_000)]
    data = msgspec.msgpack.encode([forms, b"x" * MAX_VALUES]) + b""
    data = data.replace(msgspec.msgpack.encode(1.5), b"\xca\x3f\xc0\x00\x00")  # a float of 32 bits
    count = 2 + 1 + len(forms) + 20 + 70_000 + 2 * 20 + 2 * 70_000
    assert msgspec.msgpack.decode(data)[0][11] == 1.5
    msgpack._check_values(data)
    for limit, is_refused in ((count, False), (count - 1, True)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(msgpack, "MAX_VALUES", limit)
            if is_refused:
                with pytest.raises(InvalidParameter, match=f"holds {count} values"):
                    msgpack._check_values(data)
            else:
                msgpack._check_values(data)


def test_long_columns_are_no_bomb_and_take_no_time() -> None:
    body = Body(data=b"\xdd\xff" * 12_000_000, items=[Item(name=str(number)) for number in range(1000)])
    sent = encode(body)
    start = time.perf_counter()
    assert decode(sent, Body) == body
    assert time.perf_counter() - start < 10


def test_a_long_name_does_not_come_back_whole() -> None:
    for size in (100, 1000, 1_000_000):
        name = "n" * size
        assert "unknown field `nnn" in _refused(_of(**{name: 1}))
        assert "colour" in _refused(_of(colour=name))


@pytest.mark.parametrize("sizes", [(0, 0), (100, 3), (LONG_BYTES + 1, 5), (LONG_BYTES + 1, 2 * LONG_BYTES)])
def test_pieces_are_the_answer_and_long_bytes_are_not_copied(sizes: tuple[int, int]) -> None:
    class Answer(Wire, kw_only=True):
        name: str
        first: bytes
        left_out: int | msgspec.UnsetType = msgspec.UNSET
        second: bytes
        number: float = math.inf

    answer = Answer(name="ü", first=b"a" * sizes[0], second=b"b" * sizes[1])
    pieces = encode_pieces(answer)
    assert msgspec.msgpack.decode(b"".join(pieces)) == msgspec.msgpack.decode(encode(answer))
    for value in (answer.first, answer.second):
        if len(value) > LONG_BYTES:
            assert any(piece is value for piece in pieces)
