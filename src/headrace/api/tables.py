"""Run tables, names of keys, and the difference of runs, column by column: headrace's own calls.

Arrays are bytes, little endian: ``float64``, ``int64`` and ``uint32`` as their names say; a bitmap has one bit for each row, the first in the lowest bit
of the first byte. In JSON bytes are base64, in msgpack they travel as they are.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Endpoint, Need, Permission, Resource
from headrace.api.experiments import ViewType
from headrace.base.json import Int32, Wire, WireEnum

MISSING = 0xFFFF_FFFF
"""The code of a cell that has no text."""


class TableFormat(WireEnum):
    """How a table is answered: in columns of bytes, or as an Arrow IPC stream."""

    COLUMNS = "columns", 1
    ARROW = "arrow", 2


class KeyKind(WireEnum):
    """What has a name that people choose."""

    METRIC = "metric", 1
    PARAM = "param", 2
    TAG = "tag", 3


class KeyOrder(WireEnum):
    """What names or values are ordered by: how many runs have them, most first; or as texts."""

    COUNT = "count", 1
    NAME = "name", 2


class SelectRuns(Wire, kw_only=True):
    """Parameters of tables/runs.

    `experiment_ids`, `filter`, `order_by` and `run_view_type` are those of runs/search, but that one experiment at least is named, and that a run whose lease is
    over is ``LOST`` here.
    `select` names the columns: a field of the search language, or a statistic of a metric (``params.lr``, ``min(metrics.loss)``), or the step of
    such a value: ``step(metrics.loss)`` of the latest, ``step(min(metrics.loss))`` of the first of the least ones, ``step(nan(metrics.loss))`` of the first NaN; attributes are
    ``run_id``, ``run_name``, ``status``, ``start_time``, ``end_time``, ``duration`` (milliseconds; of ended runs), ``user_id``, ``artifact_uri``,
    ``experiment_id``, ``lifecycle_stage`` and ``number`` (the run's place in the order in which this store was told of runs: it never changes). Without any, all
    attributes but ``number``. `count` asks for the totals. `bounds_of_all`: columns of metrics have the least and greatest
    of all runs that match, and not only of the rows answered.
    """

    experiment_ids: list[str]
    filter: str = ""
    order_by: list[str] = []
    run_view_type: ViewType = ViewType.ACTIVE_ONLY
    select: list[str] = []
    limit: Int32 = 10_000
    page_token: str = ""
    count: bool = False
    bounds_of_all: bool = False
    format: TableFormat = TableFormat.COLUMNS


class TableColumn(Wire, kw_only=True):
    """One column of a table.

    Args:
        name: as it was selected.
        type: ``float64``, ``int64``, or ``text``. Times are int64, Unix milliseconds; ``count(metrics.x)``, ``step(...)`` and ``number`` are int64.
        values: the numbers; 0 where there is none.
        present: bitmap of the rows that have a number, NaN being one; empty if all have.
        texts: the distinct texts.
        codes: uint32, of each row the place of its text in `texts`; `MISSING` where it has none.
        min: the least finite number, of metrics; not set if there is none.
        max: the greatest finite number.
    """

    name: str
    type: str
    values: bytes = b""
    present: bytes = b""
    texts: list[str] = []
    codes: bytes = b""
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET


class RunTable(Wire, kw_only=True):
    """Answer of tables/runs.

    Args:
        rows: how many runs it holds.
        clock: the change clock of the snapshot that it shows.
        columns: in the order of `select`; empty in the format ``arrow``.
        arrow: an Arrow IPC stream of one batch, its fields named as the columns; times are timestamps in milliseconds, UTC.
        matching: how many runs match the filter, on all pages.
        total: how many runs there are without the filter.
        next_page_token: not set on the last page.
    """

    rows: int
    clock: int
    columns: list[TableColumn] = []
    arrow: bytes | UnsetType = UNSET
    matching: int | UnsetType = UNSET
    total: int | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class ListKeys(Wire, kw_only=True):
    """Parameters of tables/keys: the names that the active runs of experiments have.

    Of all `kinds` if none is named. `prefix` and `contains` are texts that the names begin with and hold; `ignore_case` minds no capitals in them.
    """

    experiment_ids: list[str]
    kinds: list[KeyKind] = []
    prefix: str = ""
    contains: str = ""
    ignore_case: bool = False
    order: KeyOrder = KeyOrder.COUNT
    limit: Int32 = 1000
    page_token: str = ""


class KeyCount(Wire, kw_only=True):
    """A name, and how many active runs have it."""

    kind: KeyKind
    key: str
    runs: int


class KeysPage(Wire, kw_only=True):
    """Answer of tables/keys; `total` counts the names on all pages."""

    keys: list[KeyCount] = []
    total: int
    next_page_token: str | UnsetType = UNSET


class ListValues(Wire, kw_only=True):
    """Parameters of tables/values: the texts that a param or a tag has in the active runs of experiments."""

    experiment_ids: list[str]
    kind: KeyKind = KeyKind.PARAM
    key: str
    prefix: str = ""
    contains: str = ""
    ignore_case: bool = False
    order: KeyOrder = KeyOrder.COUNT
    limit: Int32 = 100


class ValueCount(Wire, kw_only=True):
    """A text, and how many active runs have it."""

    value: str
    runs: int


class ValuesAnswer(Wire, kw_only=True):
    """Answer of tables/values; `total` counts those that there is no room for as well."""

    values: list[ValueCount] = []
    total: int


class CompareRuns(Wire, kw_only=True):
    """Parameters of tables/compare: 2 to 500 runs, and whether rows that are the same in all of them are left out."""

    run_ids: list[str]
    only_differences: bool = False


class DifferenceRow(Wire, kw_only=True):
    """One thing of all runs that are compared.

    Args:
        section: ``attributes``, ``params``, ``tags``, ``source``, ``packages`` or ``datasets``.
        key: the attribute, param, tag, package or dataset.
        differs: not all runs have it, or it is not the same in all. Params that are written differently and are the same number do not differ.
        respelled: texts differ, and yet all are one number: ``1e-3`` and ``0.001``.
        texts: the distinct texts.
        codes: uint32, of each run the place of its text; `MISSING` where it has none.
    """

    section: str
    key: str
    differs: bool
    respelled: bool = False
    texts: list[str]
    codes: bytes


class MetricDifference(Wire, kw_only=True):
    """One metric of all runs that are compared.

    Args:
        key: its name.
        differs: not all runs have it, or the latest, least or greatest value is not the same in all.
        present: bitmap of the runs that have it; empty if all have.
        latest: float64, the latest values; 0 where there is none.
        min: float64, the least values; NaN where all values are.
        max: float64, the greatest.
    """

    key: str
    differs: bool
    present: bytes
    latest: bytes
    min: bytes
    max: bytes


class RunDifference(Wire, kw_only=True):
    """Answer of tables/compare: the runs in the order asked for, the rows by section and key."""

    run_ids: list[str]
    rows: list[DifferenceRow]
    metrics: list[MetricDifference]


_PATH = "/headrace/v1/tables/"
_READ_EXPERIMENTS = (Need(Permission.READ, Resource.EXPERIMENT, "experiment_ids"),)

RUNS = Endpoint(
    "tables.runs",
    "POST",
    _PATH + "runs",
    SelectRuns,
    RunTable,
    _READ_EXPERIMENTS,
    "Search runs and get chosen columns of them.",
    prefixes=("/api",),
    binary=True,
)
KEYS = Endpoint(
    "tables.keys",
    "POST",
    _PATH + "keys",
    ListKeys,
    KeysPage,
    _READ_EXPERIMENTS,
    "List the names of metrics, params and tags, with how many runs have them.",
    prefixes=("/api",),
    binary=True,
)
VALUES = Endpoint(
    "tables.values",
    "POST",
    _PATH + "values",
    ListValues,
    ValuesAnswer,
    _READ_EXPERIMENTS,
    "List the values of a param or a tag, with how many runs have them.",
    prefixes=("/api",),
    binary=True,
)
COMPARE = Endpoint(
    "tables.compare",
    "POST",
    _PATH + "compare",
    CompareRuns,
    RunDifference,
    (Need(Permission.READ, Resource.RUN, "run_ids"),),
    "Compare runs: what differs in params, tags, metrics, source, packages and datasets.",
    prefixes=("/api",),
    binary=True,
)

ROWS: tuple[Endpoint[Any, Any], ...] = (RUNS, KEYS, VALUES, COMPARE)
