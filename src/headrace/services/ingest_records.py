"""What a batch of ingest may look like, and the account of what becomes of its records. No database here.

What is wrong with a body as a whole refuses it (`measure_batch`); what is wrong with a record is told in the account.
"""

import re
from collections.abc import Iterable, Sequence, Sized
from typing import NamedTuple

from msgspec import UNSET

from headrace.api.ingest import (
    FORMAT,
    FORMATS,
    MAX_POINTS,
    MAX_RECORDS,
    MAX_RUNS,
    MAX_SERIES,
    ROWS_FORMAT,
    Ingest,
    MetricColumns,
    RunBlock,
)
from headrace.base.errors import InvalidParameter
from headrace.services.validation import excerpt
from headrace.store.writers import Counts, Refusal

POINT_BYTES = 8
_WRITER = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")


class Fault(NamedTuple):
    """Why some records were not stored: what they are, the reason, and their places, one at least, among those taken together."""

    what: str
    reason: str
    places: Sequence[int]


class Account:
    """What became of the records of one block, which are counted as they are told of.

    Args:
        first: the number of the block's first record.
        records: how many the block has.
    """

    __slots__ = ("_collapsed", "_end", "_next", "_rejected", "_repeated", "_stored", "refusals")

    def __init__(self, first: int, records: int) -> None:
        self._next, self._end = first, first + records
        self._stored = self._collapsed = self._repeated = self._rejected = 0
        self.refusals: list[Refusal] = []

    @property
    def next_record(self) -> int:
        """The number of the next record."""
        return self._next

    def store(self) -> None:
        """The next record was stored."""
        self._next += 1
        self._stored += 1

    def collapse(self) -> None:
        """The next record was replaced by a later one."""
        self._next += 1
        self._collapsed += 1

    def repeat(self) -> None:
        """The next record said what was there."""
        self._next += 1
        self._repeated += 1

    def reject(self, what: str, reason: str) -> None:
        """The next record was not stored."""
        self.take(1, [Fault(what, reason, (0,))])

    def reject_rest(self, reason: str) -> None:
        """No record that is left was stored."""
        left = self._end - self._next
        if left:
            self.take(left, [Fault("all records", reason, range(left))])

    def take(self, count: int, faults: Iterable[Fault] = ()) -> None:
        """The next `count` records were stored, but for those with faults."""
        self._stored += count
        for fault in faults:
            self.refusals.append(
                Refusal(self._next + fault.places[0], len(fault.places), fault.what, fault.reason)
            )
            self._rejected += len(fault.places)
            self._stored -= len(fault.places)
        self._next += count

    def count(self, *, late: bool) -> Counts:
        """Return the counts.

        Args:
            late: the run is in the trash.

        Raises:
            RuntimeError: a record was not told of; a defect.
        """
        if self._next != self._end:
            raise RuntimeError(f"the outcomes of {self._end - self._next} records are missing")
        return Counts(
            self._stored, self._collapsed, self._repeated, self._stored if late else 0, self._rejected
        )


def measure_batch(request: Ingest) -> list[int]:
    """Return how many records each block has.

    Raises:
        InvalidParameter: the body is malformed or too large; nothing of it can be applied.
    """
    if request.format not in FORMATS:
        raise InvalidParameter(
            f"This server understands bodies of the formats {_name_formats()}, not {request.format}. Update the server, or use an "
            "older client."
        )
    if not _WRITER.fullmatch(request.writer):
        raise InvalidParameter(
            f"Invalid writer {excerpt(request.writer)}: it has 1 to 64 letters, digits, or any of '_', '.', ':', '-'."
        )
    if not request.runs:
        raise InvalidParameter("The batch says nothing of any run; name one, if only with a lease.")
    points = [_count_points(request.format, block) for block in request.runs]
    others = [_count_others(block) for block in request.runs]
    series = sum(len(block.metrics.series) for block in request.runs if block.metrics is not UNSET)
    for what, count, limit in (
        ("runs", len(request.runs), MAX_RUNS),
        ("points", sum(points), MAX_POINTS),
        ("series", series, MAX_SERIES),
        ("records besides points", sum(others), MAX_RECORDS),
    ):
        if count > limit:
            raise InvalidParameter(
                f"A batch may hold at most {limit} {what}, this one has {count}; send it in parts."
            )
    return [sum(pair) for pair in zip(points, others, strict=True)]


def _name_formats() -> str:
    return " and ".join(str(each) for each in FORMATS)


def _count_points(body_format: int, block: RunBlock) -> int:
    if body_format == ROWS_FORMAT and block.metrics is not UNSET:
        raise InvalidParameter(
            f"A body of format {ROWS_FORMAT} has its metrics in 'points'; 'metrics' belongs to format {FORMAT}."
        )
    if body_format == FORMAT and block.points:
        raise InvalidParameter(
            f"A body of format {FORMAT} has its metrics in 'metrics'; 'points' belongs to format {ROWS_FORMAT}."
        )
    return len(block.points) if block.metrics is UNSET else _count_column_points(block.metrics, block.run_id)


def _count_column_points(metrics: MetricColumns, run_id: str) -> int:
    count = sum(series.count for series in metrics.series)
    for name in ("time", "step", "value"):
        held = len(getattr(metrics, name))
        if held != count * POINT_BYTES:
            raise InvalidParameter(
                f"The series of the run {excerpt(run_id)} have {count} points, but the column {name!r} has {held} bytes instead of "
                f"{count * POINT_BYTES}: {POINT_BYTES} for each point."
            )
    return count


def _count_others(block: RunBlock) -> int:
    lists: tuple[Sized, ...] = (
        block.params,
        block.tags,
        block.datasets,
        block.model_inputs,
        block.model_outputs,
    )
    single = (block.start, block.attempt, block.environment, block.status)
    has_fork = block.start is not UNSET and block.start.fork is not UNSET
    return sum(len(each) for each in lists) + sum(each is not UNSET for each in single) + has_fork
