"""Searches of runs as columns: which columns there are, and their pages as they come over the wire. Needs neither numpy nor pandas.

Columns come from the server's run tables. What these do not know, runs in the trash by all their names, or a server that has no such tables, is read run by run
and put into columns of the same form here.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from headrace.api import tables
from headrace.api.experiments import ViewType
from headrace.api.runs import Run
from headrace.api.tables import MISSING, KeyKind, SelectRuns, TableColumn
from headrace.base.errors import EndpointNotFound
from headrace.client.client import Client
from headrace.search.fields import RUNS
from headrace.search.parser import parse_filter

ATTRIBUTES = ("run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time")
TIMES = frozenset({"start_time", "end_time", "created", "Created"})
MAX_COLUMNS = 5000
MAX_ROWS = 100_000
MAX_CELLS = 10_000_000
_KEYS_AT_ONCE = 50_000
_RUNS_AT_ONCE = 10_000
_PREFIXES = {KeyKind.METRIC: "metrics.", KeyKind.PARAM: "params.", KeyKind.TAG: "tags."}
_ENTITIES = ("attributes.", "attribute.", "attr.", "run.")


class RunQuery(Struct, frozen=True):
    """Which runs.

    Args:
        experiment_ids: where to search; none finds nothing.
        filter: in the search language; empty for all.
        order_by: newest first by default.
        view: which stages of life.
        max_runs: at most so many; None for all.
    """

    experiment_ids: Sequence[str]
    filter: str = ""
    order_by: Sequence[str] = ()
    view: ViewType = ViewType.ACTIVE_ONLY
    max_runs: int | None = None


class Page(NamedTuple):
    """Some runs, as a column for each name."""

    rows: int
    columns: Sequence[TableColumn]


class RunColumns(NamedTuple):
    """All runs that were found.

    Args:
        names: of the columns.
        pages: each with all columns.
        optional: the columns that are left out if they are empty.
    """

    names: Sequence[str]
    pages: Sequence[Page]
    optional: frozenset[str]


def read_runs(client: Client, query: RunQuery, select: Sequence[str] | None) -> RunColumns:
    """Return runs as columns.

    Args:
        client: where to read.
        query: which runs.
        select: which columns, such as ``params.lr`` or ``min(metrics.loss)``; None for MLflow's attributes and all metrics, params and tags that a run has.

    Raises:
        InvalidParameter: the filter, an order or a column is not allowed.
    """
    if select is not None:
        return RunColumns(select, _read_pages(client, query, select), frozenset())
    if not query.experiment_ids or query.max_runs == 0:
        parse_filter(query.filter, RUNS)  # a wrong one is one, even where nothing can be found
        return RunColumns(ATTRIBUTES, [], frozenset())
    if query.view is ViewType.ACTIVE_ONLY:
        try:
            names = _list_names(client, query.experiment_ids)
            if len(names) <= MAX_COLUMNS:
                optional = frozenset(names).difference(ATTRIBUTES)
                return RunColumns([*names], _read_pages(client, query, [*names.values()]), optional)
        except EndpointNotFound:  # a server of MLflow
            pass
    return build_columns(read_each(client, query))


def read_each(client: Client, query: RunQuery) -> list[Run]:
    """Return runs one by one, with all that they have."""
    found: list[Run] = []
    wanted = query.max_runs
    if not query.experiment_ids or wanted == 0:
        return found
    size = _RUNS_AT_ONCE if wanted is None else min(wanted, _RUNS_AT_ONCE)
    for run in client.runs.search(
        query.experiment_ids, query.filter, query.order_by, view=query.view, page_size=size
    ):
        found.append(run)
        if len(found) == wanted:
            break
    return found


def read_ids(experiment_ids: Any) -> list[str]:
    """Return the ids of experiments as texts; a single one stands for a list of one."""
    several = [experiment_ids] if isinstance(experiment_ids, str | int) else experiment_ids
    return [str(each) for each in several]


def is_time(name: str) -> bool:
    """Return whether a column holds times, by its name."""
    prefix = next((each for each in _ENTITIES if name.startswith(each)), "")
    return name.removeprefix(prefix) in TIMES


def _list_names(client: Client, experiment_ids: Sequence[str]) -> dict[str, str]:
    """Return the columns of MLflow's frame: the name of each, and how it is selected."""
    found: dict[KeyKind, list[str]] = {kind: [] for kind in _PREFIXES}
    for entry in client.tables.keys(experiment_ids, page_size=_KEYS_AT_ONCE):
        found[entry.kind].append(entry.key)
    names = {name: name for name in ATTRIBUTES}
    for kind, prefix in _PREFIXES.items():
        names |= {prefix + key: f"{prefix}`{key}`" for key in sorted(found[kind])}  # no key holds a backtick
    return names


def _read_pages(client: Client, query: RunQuery, select: Sequence[str]) -> list[Page]:
    pages: list[Page] = []
    left, token = query.max_runs, ""
    most = max(1, min(MAX_ROWS, MAX_CELLS // max(1, len(select))))
    while left is None or left > 0:
        request = SelectRuns(
            experiment_ids=list(query.experiment_ids),
            filter=query.filter,
            order_by=list(query.order_by),
            run_view_type=query.view,
            select=list(select),
            limit=most if left is None else min(left, most),
            page_token=token,
        )
        table = client.tables.columns(request)
        pages.append(Page(table.rows, table.columns))
        left = None if left is None else left - table.rows
        token = table.next_page_token or ""
        if not token:
            break
    return pages


def build_columns(runs: Sequence[Run]) -> RunColumns:
    """Return runs that were read one by one as columns."""
    infos = [run.info for run in runs]
    attributes = [
        _build_texts("run_id", enumerate(info.run_id for info in infos), len(runs)),
        _build_texts("experiment_id", enumerate(info.experiment_id for info in infos), len(runs)),
        _build_texts("status", enumerate(str(info.status) for info in infos), len(runs)),
        _build_texts("artifact_uri", enumerate(info.artifact_uri for info in infos), len(runs)),
        _build_numbers("start_time", "q", enumerate(info.start_time for info in infos), len(runs)),
        _build_numbers(
            "end_time",
            "q",
            ((row, info.end_time) for row, info in enumerate(infos) if info.end_time),
            len(runs),
        ),
    ]
    metrics: dict[str, dict[int, float]] = {}
    params: dict[str, dict[int, str]] = {}
    tags: dict[str, dict[int, str]] = {}
    for row, run in enumerate(runs):
        for point in run.data.metrics or ():
            metrics.setdefault(point.key, {})[row] = float(point.value)
        for param in run.data.params or ():
            params.setdefault(param.key, {})[row] = param.value
        for tag in run.data.tags or ():
            tags.setdefault(tag.key, {})[row] = tag.value
    columns = [
        *attributes,
        *(_build_numbers(f"metrics.{key}", "d", metrics[key].items(), len(runs)) for key in sorted(metrics)),
        *(_build_texts(f"params.{key}", params[key].items(), len(runs)) for key in sorted(params)),
        *(_build_texts(f"tags.{key}", tags[key].items(), len(runs)) for key in sorted(tags)),
    ]
    return RunColumns([column.name for column in columns], [Page(len(runs), columns)], frozenset())


def _build_texts(name: str, cells: Iterable[tuple[int, str]], rows: int) -> TableColumn:
    codes = array("I", [MISSING]) * rows
    known: dict[str, int] = {}
    for row, text in cells:
        codes[row] = known.setdefault(text, len(known))
    return tables.TableColumn(name=name, type="text", texts=[*known], codes=_write(codes))


def _build_numbers(name: str, code: str, cells: Iterable[tuple[int, float]], rows: int) -> TableColumn:
    values: array[Any] = array(code, [0]) * rows
    present = bytearray(-(-rows // 8))
    for row, value in cells:
        values[row] = value
        present[row >> 3] |= 1 << (row & 7)
    kind = "float64" if code == "d" else "int64"
    return tables.TableColumn(name=name, type=kind, values=_write(values), present=bytes(present))


def _write(numbers: "array[Any]") -> bytes:
    """Return numbers as they travel, little endian."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
