"""Codes of doubles: every bit pattern survives, and the order of the codes is the order of the numbers."""

import itertools
import math
import struct

from hypothesis import example, given
from hypothesis import strategies as st

from headrace.store.codes import (
    HIGHEST,
    LOWEST,
    NEGATIVE_ZERO,
    ZERO,
    decode,
    decode_many,
    encode,
    encode_many,
    is_nan,
)

numbers = st.floats(allow_nan=False)


def _double(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


def _bits(value: float) -> int:
    found: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return found


# Sign, exponent and mantissa are drawn apart, or almost no example would be subnormal, infinite or NaN.
patterns = st.builds(
    lambda sign, exponent, mantissa: sign << 63 | exponent << 52 | mantissa,
    st.integers(0, 1),
    st.sampled_from([0, 1, 1023, 2046, 2047]) | st.integers(0, 2047),
    st.sampled_from([0, 1, 1 << 51, (1 << 52) - 1]) | st.integers(0, (1 << 52) - 1),
)


@given(patterns)
@example(0x7FF8_0000_0000_0000)  # the usual NaN
@example(0xFFF8_0000_0000_0000)  # with a sign
@example(0x7FF0_0000_0000_0001)  # signalling
@example(0x7FFF_FFFF_FFFF_FFFF)  # the largest payload
@example(0xFFFF_FFFF_FFFF_FFFF)
@example(0x8000_0000_0000_0000)  # -0.0
@example(0x0000_0000_0000_0001)  # the smallest subnormal number
@example(0x7FEF_FFFF_FFFF_FFFF)  # the largest number
def test_every_bit_pattern_survives(bits: int) -> None:
    code = encode(_double(bits))
    assert -(2**63) <= code < 2**63
    assert _bits(decode(code)) == bits


@given(patterns)
def test_a_code_is_that_of_a_nan_exactly_when_the_double_is_one(bits: int) -> None:
    assert is_nan(encode(_double(bits))) == math.isnan(_double(bits))


@given(numbers, numbers)
@example(-0.0, 5e-324)
@example(-5e-324, -0.0)
@example(-math.inf, -1.7976931348623157e308)
@example(1.7976931348623157e308, math.inf)
@example(-1.0, 1.0)
def test_codes_are_ordered_as_the_numbers_are(left: float, right: float) -> None:
    if left != right:
        assert (encode(left) < encode(right)) == (left < right)
    else:
        assert (encode(left) == encode(right)) == (math.copysign(1, left) == math.copysign(1, right))


def test_the_landmarks_stand_in_order() -> None:
    landmarks = [
        -math.nan,
        -math.inf,
        -1e308,
        -1.0,
        -5e-324,
        -0.0,
        0.0,
        5e-324,
        1.0,
        1e308,
        math.inf,
        math.nan,
    ]
    codes = [encode(value) for value in landmarks]
    assert all(left < right for left, right in itertools.pairwise(codes))
    assert (codes[1], codes[5], codes[6], codes[10]) == (LOWEST, NEGATIVE_ZERO, ZERO, HIGHEST)
    assert NEGATIVE_ZERO == ZERO - 1


@given(st.lists(patterns.map(_double)))
def test_many_at_once_are_coded_like_one_by_one(values: list[float]) -> None:
    codes = encode_many(values)
    assert codes == [encode(value) for value in values]
    assert [_bits(value) for value in decode_many(codes)] == [_bits(value) for value in values]
