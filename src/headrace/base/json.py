"""JSON as headrace speaks it: typed, strict about types, lenient about spelling, exact about floats.

Out: a float that JSON cannot express leaves as the string ``"NaN"``, ``"Infinity"`` or ``"-Infinity"`` (as protobuf's
JSON does). msgspec would write ``null``, so such values are wrapped by `wire_float` when a struct is filled.

In: the fast path decodes straight into the struct. What it refuses goes once through a slower path that knows the
other spellings that MLflow's clients may use: camelCase names, unknown fields, bare ``NaN`` and ``Infinity`` tokens, a JSON
string that holds JSON. A wrong type is an error in both.

What comes in is bounded: a body that is longer than any usual one may hold no more values than a request has use for, since
small values take twenty times the memory of their text. Lone surrogates, which no database can store, are refused.

The module knows no struct of the api.
"""

import math
import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Self, TypeVar, Union, get_args, get_origin

import msgspec

from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load

T = TypeVar("T")

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
MAX_VALUES = 250_000
"""So many values a body over `LARGE_BYTES` may hold; only batches of thousands of requests at once would have more."""
LARGE_BYTES = 2**20
_MAX_DIGITS = 400
_TEXT = re.compile(rb'"[^"]*"')

Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Wire(
    msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False, repr_omit_defaults=True, dict=False
):
    """Base of all structs that go over the wire."""


class WireEnum(StrEnum):
    """Base of enums: sent by name, accepted by name or by MLflow's number."""

    number: int

    def __new__(cls, name: str, number: int) -> Self:
        """Make a member from its name on the wire and MLflow's number."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.number = number
        return member

    @classmethod
    def respell(cls, value: object) -> object:
        """Turn a number, or a number in a string, into the member's name; leave anything else as it is."""
        if isinstance(value, int | str):
            return next((member.value for member in cls if str(member.number) == str(value)), value)
        return value


class NonFinite(float):
    """A NaN or an infinity on its way out: msgspec hands it to the encoder's hook because it is no plain float."""

    __slots__ = ()


def wire_float(value: float) -> float:
    """Return `value` such that `encode` writes NaN and the infinities as strings."""
    return value if math.isfinite(value) else NonFinite(value)


def _encode_other(value: object) -> object:
    if isinstance(value, NonFinite):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - NaN test
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


_encoder = msgspec.json.Encoder(enc_hook=_encode_other)
encode: Callable[[object], bytes] = _encoder.encode


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)


def decode(data: bytes, kind: type[T]) -> T:
    """Decode a JSON body into a struct.

    Args:
        data: UTF-8 encoded JSON. Empty data counts as ``{}``.
        kind: a subclass of `Wire`.

    Raises:
        InvalidParameter: the data is no JSON, or does not fit; the message names the place.
    """
    data = data or b"{}"
    _check_size(data)
    try:
        return _decoder(kind).decode(data)  # type: ignore[no-any-return, arg-type]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return convert(_parse_leniently(data), kind)


def convert(value: object, kind: type[T]) -> T:
    """Fit decoded JSON (or a query string's fields) into a struct: both spellings of names, unknown ones ignored.

    Raises:
        InvalidParameter: a field is missing, has the wrong type, or is given in both spellings.
    """
    try:
        return msgspec.convert(_respell(value, kind), kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"Invalid request: {error}.") from None
    except RecursionError:
        raise InvalidParameter("Invalid request: the JSON is nested too deeply.") from None


def decode_object(data: bytes) -> dict[str, object]:
    """Return the fields of a JSON object as they are, with bare NaN and Infinity tokens allowed. Empty data counts as ``{}``.

    Raises:
        InvalidParameter: the data is no JSON object.
    """
    _check_size(data)
    return _parse_leniently(data or b"{}")


def _check_size(data: bytes) -> None:
    """Refuse a large body of very many values before they are made.

    Commas and brackets inside texts do not count, but texts are taken out only where they are few: that too costs memory.
    """
    if len(data) <= LARGE_BYTES:
        return
    count = _count_values(data)
    if count > MAX_VALUES:
        plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
        texts = plain.count(b'"') // 2
        count = texts if texts > MAX_VALUES else _count_values(_TEXT.sub(b"", plain))
    if count > MAX_VALUES:
        raise InvalidParameter(
            f"The request body holds {count} values or more; at most {MAX_VALUES} are allowed. Send the data in several requests."
        )


def _count_values(data: bytes) -> int:
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def _parse_leniently(data: bytes) -> dict[str, object]:
    try:
        text = data.decode("utf-8-sig")
        value = _loads(text)
        if isinstance(value, str):  # MLflow's oldest clients send the body encoded twice
            text = value
            _check_size(text.encode())
            value = _loads(text)
        if "\\ud" in text or "\\uD" in text:
            _check_unicode(value)
    except RecursionError:
        raise InvalidParameter("The request body is JSON nested too deeply.") from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise InvalidParameter(f"The request body is not valid UTF-8: {error.reason}.") from None
    except ValueError as error:
        raise InvalidParameter(f"The request body is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidParameter(
            f"The request body must be a JSON object, but is {_json_name(value)}: {str(value)[:40]!r}."
        )
    return value


def _loads(text: str) -> object:
    value: object = load("json").loads(text, parse_float=_parse_float, parse_int=_parse_int)
    return value


def _check_unicode(value: object) -> None:
    """Refuse half of a surrogate pair.

    Raises:
        UnicodeEncodeError: there is one.
    """
    load("json").dumps(value, ensure_ascii=False).encode()


def _parse_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits, {text[:20]}…, is out of range")
    return int(text)


def _parse_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f'{text[:40]} is out of range for a 64-bit float; send "Infinity" if that is meant')
    return value


def _json_name(value: object) -> str:
    names = {list: "an array", bool: "a boolean", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "null")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


_Plan = dict[str, tuple[str, "type[Wire | WireEnum] | None"]]


@cache
def _plan(kind: type[Wire]) -> _Plan:
    """Map each accepted spelling to the field's name and, if it holds structs or enums, to their class."""
    plan: _Plan = {}
    for field in msgspec.structs.fields(kind):
        inner = _class_in(field.type)
        plan[field.encode_name] = plan[_camel(field.encode_name)] = (field.encode_name, inner)
    return plan


def _class_in(annotation: Any) -> type[Wire] | type[WireEnum] | None:
    if isinstance(annotation, type) and issubclass(annotation, Wire | WireEnum):
        return annotation
    if get_origin(annotation) in {list, Annotated, Union, UnionType}:
        for argument in get_args(annotation):
            found = _class_in(argument)
            if found is not None:
                return found
    return None


def _respell(value: object, kind: type) -> object:
    """Rename camelCase keys, name enums, drop unknown keys and nulls, guided by the struct's fields."""
    if issubclass(kind, WireEnum):
        return kind.respell(value)
    if not isinstance(value, dict) or not issubclass(kind, Wire):
        return value
    plan = _plan(kind)
    out: dict[str, object] = {}
    for key, item in value.items():
        name, inner = plan.get(key, (None, None))
        if name is None or item is None:  # protobuf's JSON takes null for "not given"
            continue
        if name in out:
            raise InvalidParameter(f"The field {name!r} is given twice, as {name!r} and as {_camel(name)!r}.")
        if inner is None:
            out[name] = item
        elif isinstance(item, list):
            out[name] = [_respell(each, inner) for each in item]
        else:
            out[name] = _respell(item, inner)
    return out
