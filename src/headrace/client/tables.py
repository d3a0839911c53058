"""Run tables from the client's side: chosen columns of many runs, names of keys, the difference of runs. Needs neither numpy nor pandas."""

import sys
from array import array
from collections.abc import Iterator, Sequence

from msgspec import UNSET, Struct

from headrace.api import tables as rows
from headrace.api.experiments import ViewType
from headrace.api.tables import (
    MISSING,
    KeyCount,
    KeyKind,
    KeyOrder,
    RunDifference,
    RunTable,
    TableColumn,
    TableFormat,
    ValueCount,
)
from headrace.base.errors import DataLoss
from headrace.client.pages import iterate
from headrace.client.transport import Transport
from headrace.client.values import read_list

MAX_ROWS = 100_000
_CODES = {"float64": "d", "int64": "q", "uint32": "I"}

Cell = str | float | int | None


class Columns(Struct, frozen=True):
    """A run table as Python values.

    Args:
        columns: by name, a value for each run; None where it has none.
        matching: how many runs match the filter, on all pages; None if it was not asked for.
        total: how many runs there are without the filter; None likewise.
        next_page_token: empty if this is the last page.
    """

    columns: dict[str, list[Cell]]
    matching: int | None
    total: int | None
    next_page_token: str


class Tables:
    """Calls about run tables.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def runs(
        self,
        experiment_ids: Sequence[str],
        select: Sequence[str] = (),
        filter: str = "",  # noqa: A002 - the word of the wire
        order_by: Sequence[str] = (),
        *,
        view: ViewType = ViewType.ACTIVE_ONLY,
        limit: int = MAX_ROWS,
        page_token: str = "",
        count: bool = False,
    ) -> Columns:
        """Search runs and return chosen columns of them.

        Args:
            experiment_ids: where to search; one at least.
            select: such as ``["run_name", "params.lr", "min(metrics.loss)"]``; all attributes if it is empty.
            filter: such as ``metrics.loss < 0.1``; empty for all.
            order_by: such as ``["metrics.loss ASC"]``; newest first by default.
            view: which stages of life.
            limit: at most so many runs, 100,000 or less.
            page_token: the `next_page_token` of the page before.
            count: ask for the totals as well.

        Raises:
            InvalidParameter: the filter, an order, a column or the limit is not allowed.
        """
        request = _select(experiment_ids, select, filter, order_by)
        request.run_view_type, request.limit = view, limit
        request.page_token, request.count = page_token, count
        table = self._transport.call(rows.RUNS, request)
        return Columns(
            {column.name: read_column(column, table.rows) for column in table.columns},
            None if table.matching is UNSET else table.matching,
            None if table.total is UNSET else table.total,
            table.next_page_token or "",
        )

    def arrow(
        self,
        experiment_ids: Sequence[str],
        select: Sequence[str] = (),
        filter: str = "",  # noqa: A002 - the word of the wire
        order_by: Sequence[str] = (),
        *,
        view: ViewType = ViewType.ACTIVE_ONLY,
        limit: int = MAX_ROWS,
    ) -> Iterator[bytes]:
        """Yield pages of a run table, each an Arrow IPC stream; the arguments are those of `runs`.

        Each is read by ``pyarrow.ipc.open_stream``, ``polars.read_ipc_stream`` or ``nanoarrow.ArrayStream.from_readable``.

        Raises:
            InvalidParameter: the filter, an order, a column or the limit is not allowed.
        """
        request = _select(experiment_ids, select, filter, order_by)
        request.run_view_type, request.limit, request.format = view, limit, TableFormat.ARROW
        return iterate(self._transport, rows.RUNS, request, lambda page: [page.arrow])

    def columns(self, request: rows.SelectRuns) -> RunTable:
        """Return a run table as it comes over the wire, in bytes."""
        return self._transport.call(rows.RUNS, request)

    def keys(
        self,
        experiment_ids: Sequence[str],
        kinds: Sequence[KeyKind] = tuple(KeyKind),
        *,
        prefix: str = "",
        contains: str = "",
        ignore_case: bool = False,
        order: KeyOrder = KeyOrder.COUNT,
        page_size: int = 1000,
    ) -> Iterator[KeyCount]:
        """Yield the names that the active runs of experiments have, page by page.

        Args:
            experiment_ids: where to look; one at least.
            kinds: of what.
            prefix: only names that begin with it.
            contains: only names that hold it.
            ignore_case: mind no capitals in both.
            order: what most runs have first, or by name.
            page_size: how many are fetched at once.
        """
        request = rows.ListKeys(
            experiment_ids=read_list(experiment_ids, "experiment_ids"),
            kinds=read_list(kinds, "kinds"),
            prefix=prefix,
            contains=contains,
            ignore_case=ignore_case,
            order=order,
            limit=page_size,
        )
        return iterate(self._transport, rows.KEYS, request, lambda page: page.keys)

    def values(
        self,
        experiment_ids: Sequence[str],
        kind: KeyKind,
        key: str,
        *,
        prefix: str = "",
        limit: int = 100,
    ) -> list[ValueCount]:
        """Return the texts that a param or a tag has in the active runs of experiments, those of most runs first.

        Args:
            experiment_ids: where to look; one at least.
            kind: PARAM or TAG.
            key: its name.
            prefix: only texts that begin with it.
            limit: at most so many.
        """
        request = rows.ListValues(
            experiment_ids=read_list(experiment_ids, "experiment_ids"),
            kind=kind,
            key=key,
            prefix=prefix,
            limit=limit,
        )
        return self._transport.call(rows.VALUES, request).values

    def compare(self, run_ids: Sequence[str], *, only_differences: bool = False) -> RunDifference:
        """Return what 2 to 500 runs have side by side; `read_texts` and `read_numbers` read its rows.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: there are too few or too many, or one stands twice.
        """
        request = rows.CompareRuns(run_ids=read_list(run_ids, "run_ids"), only_differences=only_differences)
        return self._transport.call(rows.COMPARE, request)


def read_column(column: TableColumn, count: int) -> list[Cell]:
    """Return the values of a column, None where there is none.

    Args:
        column: of a table.
        count: the table's rows.

    Raises:
        DataLoss: the column is damaged.
    """
    if column.type == "text":
        return [*read_texts(column.texts, column.codes)]
    return [*read_numbers(column.values, column.present, count, column.type)]


def read_texts(texts: Sequence[str], codes: bytes) -> list[str | None]:
    """Return the texts that codes stand for, None where there is none.

    Raises:
        DataLoss: a code stands for nothing.
    """
    known: dict[float | int, str | None] = dict(enumerate(texts)) | {MISSING: None}
    try:
        return [known[code] for code in _numbers(codes, "uint32")]
    except (KeyError, ValueError):
        raise DataLoss(
            "The answer is damaged: a code in it stands for no text. Send the call again."
        ) from None


def read_numbers(
    values: bytes, present: bytes, count: int, kind: str = "float64"
) -> list[float | int | None]:
    """Return numbers, None where there is none.

    Args:
        values: the numbers.
        present: the bitmap of those that are there; empty if all are.
        count: how many there must be.
        kind: ``float64`` or ``int64``.

    Raises:
        DataLoss: there are fewer or more.
    """
    if len(values) != 8 * count or (present and len(present) != -(-count // 8)):
        raise DataLoss(
            f"The answer is damaged: a column of {count} rows has {len(values)} bytes. Send the call again."
        )
    numbers = _numbers(values, kind)
    if not present:
        return [*numbers]
    return [number if present[at >> 3] >> (at & 7) & 1 else None for at, number in enumerate(numbers)]


def _numbers(data: bytes, kind: str) -> "array[float] | array[int]":
    numbers: array[float] = array(_CODES[kind])
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _select(
    experiment_ids: Sequence[str], select: Sequence[str], text: str, order_by: Sequence[str]
) -> rows.SelectRuns:
    return rows.SelectRuns(
        experiment_ids=read_list(experiment_ids, "experiment_ids"),
        select=read_list(select, "select"),
        filter=text,
        order_by=read_list(order_by, "order_by"),
    )
