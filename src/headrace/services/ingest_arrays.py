"""Long series of a block of ingest, as arrays. The only file of ingest that loads numpy."""

import numpy as np

from headrace.api.ingest import MetricColumns
from headrace.services.ingest_points import Target
from headrace.store import series
from headrace.store.chunks import Columns, codes_of
from headrace.store.transaction import RunRef, Transaction
from headrace.store.writers import RECORD_MASK, point_number


class Arrays:
    """The columns of a block.

    Args:
        metrics: the columns.
        writer: the writer's number.
        first: the number of the record that is their first point.
    """

    __slots__ = ("_columns", "_n", "_sound")

    def __init__(self, metrics: MetricColumns, writer: int, first: int) -> None:
        time = np.frombuffer(metrics.time, "<i8")
        code = codes_of(np.frombuffer(metrics.value, "<f8"))
        self._columns = Columns(time, np.frombuffer(metrics.step, "<i8"), code, np.zeros(len(time), bool))
        records = np.arange(first, first + len(time)) & RECORD_MASK
        self._n = records | point_number(writer, 0)
        self._sound = bool(time.min() >= 0)

    def add(
        self, tx: Transaction, run: RunRef, target: Target, start: int, end: int
    ) -> tuple[list[int], int]:
        """Add the points from `start` to `end` to a series of a run.

        Returns:
            the places, from `start` on, of points whose time is refused, and the time of the first of them (0 if there is none).
        """
        columns = Columns(*(column[start:end] for column in self._columns))
        n = self._n[start:end]
        if self._sound or columns.time.min() >= 0:
            series.add_columns(tx, run, target.key, target.context, columns, n)
            return [], 0
        good = columns.time >= 0
        bad: list[int] = np.flatnonzero(~good).tolist()
        example = int(columns.time[bad[0]])
        columns = Columns(*(column[good] for column in columns))
        series.add_columns(tx, run, target.key, target.context, columns, n[good])
        return bad, example
