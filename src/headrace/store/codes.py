"""The order-preserving 64-bit code of a double.

The bits of an IEEE 754 double, read as a signed integer, already order the non-negative numbers; flipping all but the sign bit of the
negative ones orders the rest (Herf, "Radix Tricks", 2001). So ``code(a) < code(b)`` exactly when ``a < b``, -0.0 comes just before 0.0, and every bit
pattern survives. NaNs keep their payload and lie outside the infinities on either side. SQLite would turn a NaN into NULL and
MySQL refuses infinities; integers are exact, sortable and indexable on every database.
"""

import math
import struct
from collections.abc import Iterable, Sequence

_FLIP = 0x7FFF_FFFF_FFFF_FFFF
_DOUBLE, _LONG = struct.Struct("<d"), struct.Struct("<q")


def encode(value: float) -> int:
    """Return the code of one double."""
    bits: int = _LONG.unpack(_DOUBLE.pack(value))[0]
    return bits if bits >= 0 else bits ^ _FLIP


def decode(code: int) -> float:
    """Return the double of a code."""
    value: float = _DOUBLE.unpack(_LONG.pack(code if code >= 0 else code ^ _FLIP))[0]
    return value


def encode_many(values: Sequence[float]) -> list[int]:
    """Return the codes of doubles."""
    count = len(values)
    bits = struct.unpack(f"<{count}q", struct.pack(f"<{count}d", *values))
    return [each if each >= 0 else each ^ _FLIP for each in bits]


def decode_many(codes: Iterable[int]) -> tuple[float, ...]:
    """Return the doubles of codes."""
    bits = [each if each >= 0 else each ^ _FLIP for each in codes]
    count = len(bits)
    return struct.unpack(f"<{count}d", struct.pack(f"<{count}q", *bits))


NEGATIVE_ZERO, ZERO = encode(-0.0), encode(0.0)
LOWEST, HIGHEST = encode(-math.inf), encode(math.inf)


def is_nan(code: int) -> bool:
    """Tell whether a code is that of a NaN: it lies outside the infinities."""
    return not LOWEST <= code <= HIGHEST
