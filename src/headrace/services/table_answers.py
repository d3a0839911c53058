"""Run tables as answers: from arrays of the store to columns of bytes, or to an Arrow stream. Loaded at first use: it needs numpy."""

from collections.abc import Sequence
from typing import NamedTuple

from headrace.api.page import encode_token
from headrace.api.tables import RunTable, SelectRuns, TableColumn, TableFormat
from headrace.base import plugins
from headrace.base.errors import InvalidParameter
from headrace.search.tree import Entity, Field
from headrace.services.context import Context
from headrace.store.ordering import Place
from headrace.store.run_changes import read_clock
from headrace.store.run_search import RunSearch, count_runs
from headrace.store.run_table import (
    FoundRuns,
    NumberCells,
    TextCells,
    find_all_runs,
    find_runs,
    pack_bits,
    read_bounds,
    read_cells,
)

MAX_CELLS = 10_000_000


class Question(NamedTuple):
    """A request, understood.

    Args:
        request: as it was sent.
        search: what is searched.
        place: where its page begins.
        fields: the columns by name.
        digest: what page tokens are bound to.
    """

    request: SelectRuns
    search: RunSearch
    place: Place | None
    fields: dict[str, Field]
    digest: str


def answer(context: Context, question: Question) -> RunTable:
    """Return a page of a run table.

    Raises:
        InvalidParameter: it would be too large.
    """
    request, search = question.request, question.search
    clock = read_clock(context.conn)
    found = find_runs(context.conn, clock, search, question.place)
    _check_size(
        len(found.runs),
        len(question.fields),
        f"Select fewer columns, or set limit to {max(1, MAX_CELLS // len(question.fields))} or less.",
    )
    names, fields = list(question.fields), list(question.fields.values())
    cells = read_cells(context.conn, clock, search, found.runs, fields)
    table = RunTable(rows=len(found.runs), clock=clock)
    if request.format is TableFormat.ARROW:
        arrow = plugins.load("headrace.services.arrow")
        table.arrow = arrow.write_stream(len(found.runs), list(zip(names, fields, cells, strict=True)))
    else:
        bounded = _bounded(context, clock, question, found, cells)
        table.columns = [
            _build_column(name, field, own, of)
            for name, field, own, of in zip(names, fields, cells, bounded, strict=True)
        ]
    if request.count:
        _count(context, question, found, table)
    if found.place is not None:
        table.next_page_token = encode_token(question.digest, found.place)
    return table


def _check_size(rows: int, columns: int, advice: str) -> None:
    if rows * columns > MAX_CELLS:
        raise InvalidParameter(
            f"The table would have {rows} rows by {columns} columns; at most {MAX_CELLS} cells are read at once. {advice}"
        )


def _bounded(
    context: Context,
    clock: int,
    question: Question,
    found: FoundRuns,
    cells: Sequence[TextCells | NumberCells],
) -> Sequence[TextCells | NumberCells]:
    """Return the columns whose least and greatest numbers are told: those of the rows, or of all runs that match."""
    is_whole = question.place is None and found.place is None
    if is_whole or not question.request.bounds_of_all:
        return cells
    metrics = [field for field in question.fields.values() if field.entity is Entity.METRIC]
    runs = find_all_runs(context.conn, clock, question.search)
    _check_size(len(runs), len(metrics), "Select fewer metrics, or leave bounds_of_all out.")
    of_all = dict(zip(metrics, read_cells(context.conn, clock, question.search, runs, metrics), strict=True))
    return [of_all.get(field, own) for field, own in zip(question.fields.values(), cells, strict=True)]


def _count(context: Context, question: Question, found: FoundRuns, table: RunTable) -> None:
    search = question.search
    whole = question.place is None and found.place is None
    table.matching = len(found.runs) if whole else count_runs(context.conn, search)
    everything = RunSearch(search.scopes, None, search.order, 1)
    table.total = table.matching if search.node is None else count_runs(context.conn, everything)


def _build_column(
    name: str, field: Field, cells: TextCells | NumberCells, bounded: TextCells | NumberCells
) -> TableColumn:
    if isinstance(cells, TextCells):
        return TableColumn(
            name=name, type="text", texts=cells.texts, codes=cells.codes.astype("<u4", copy=False).tobytes()
        )
    column = TableColumn(
        name=name,
        type=cells.values.dtype.name,
        values=cells.values.astype(cells.values.dtype.newbyteorder("<"), copy=False).tobytes(),
        present=b"" if cells.present.all() else pack_bits(cells.present),
    )
    bounds = (
        read_bounds(bounded) if field.entity is Entity.METRIC and isinstance(bounded, NumberCells) else None
    )
    if bounds is not None:
        column.min, column.max = bounds
    return column
