"""From what a caller gives to what a request holds: numbers of any library, tags and params of any type, lists of ids."""

import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import SupportsFloat, SupportsIndex, TypeVar

import msgspec

from headrace.api.endpoint import Tag
from headrace.api.metrics import Metric
from headrace.api.runs import Param
from headrace.base.errors import InvalidParameter
from headrace.base.json import wire_float

T = TypeVar("T")


def read_value(value: SupportsFloat | str, key: str) -> float:
    """Return a metric's value as a float that can be sent, NaN and infinities too.

    Args:
        value: a number of any kind that `float` takes: of Python, numpy, torch, or in text.
        key: the metric's key, for the message.

    Raises:
        InvalidParameter: it is no number.
    """
    try:
        return wire_float(float(value))
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidParameter(
            f"The value {value!r:.80} of the metric {key!r} is no number: {error}."
        ) from None


def read_integer(value: SupportsIndex, what: str) -> int:
    """Return a step or a time as an int.

    Args:
        value: an integer of any library.
        what: what it is, for the message.

    Raises:
        InvalidParameter: it is none; a float such as 1.0 is refused too, since it may have been meant as something else.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise InvalidParameter(f"The {what} {value!r:.80} is no integer.") from None


def read_metric(metric: Metric) -> Metric:
    """Return a metric whose numbers can be sent; the same one if they can be already."""
    if (
        type(metric.value) is float
        and math.isfinite(metric.value)
        and type(metric.step) is int is type(metric.timestamp)
    ):
        return metric
    return msgspec.structs.replace(
        metric,
        value=read_value(metric.value, metric.key),
        step=read_integer(metric.step, "step"),
        timestamp=read_integer(metric.timestamp, "timestamp"),
    )


def build_tags(tags: Mapping[str, object] | None) -> list[Tag]:
    """Return tags as they are sent; values become text."""
    return [Tag(key=key, value=str(value)) for key, value in (tags or {}).items()]


def build_params(params: Mapping[str, object]) -> list[Param]:
    """Return params as they are sent; values become text."""
    return [Param(key=key, value=str(value)) for key, value in params.items()]


def read_list(values: Iterable[T], what: str) -> list[T]:
    """Return several things as a list.

    Raises:
        InvalidParameter: one text is given where several are meant.
    """
    if isinstance(values, str):
        raise InvalidParameter(f"{what} is the text {values!r}; give a list, such as [{values!r}].")
    return list(values)


def split(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield a sequence in pieces of at most `size`."""
    for begin in range(0, len(values), size):
        yield values[begin : begin + size]
