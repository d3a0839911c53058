"""Columns of runs out of the database: what one param, tag, metric or attribute is for many runs, as arrays.

Two ways, by how many runs are asked for: few by their ids, all columns at once; many by their scopes, one column after the other, so that
no more than a column is held as rows. What the database gives goes into arrays without a look at single values. The module keeps nothing.
"""

import math
from collections.abc import Iterable, Sequence
from enum import IntEnum
from itertools import chain, count
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headrace.store import codes
from headrace.store.connection import Connection, Row, marks
from headrace.store.questions import MAX_IN_LIST

Integers = npt.NDArray[np.int64]

FEW = 2000
"""So many runs are read by their ids rather than by their scopes; more too, where they are less than a part of what the scopes hold."""
_PART = 4
BATCH = 400_000
"""So many values are held as rows at a time, or a column if that is more."""


class Kind(IntEnum):
    """What a column is of."""

    ATTRIBUTE = 0
    PARAM = 1
    TAG = 2
    METRIC = 3


class Source(NamedTuple):
    """Where a column comes from.

    Args:
        kind: what it is of.
        key: the id of the param's, tag's or metric's name; 0 for attributes.
        part: the column of ``hr_run`` or ``hr_series``, or a part of `step_columns`; ``value`` for params and tags.
    """

    kind: Kind
    key: int
    part: str

    @property
    def is_text(self) -> bool:
        """Whether the values are texts, or else 64-bit integers."""
        return self.kind in {Kind.PARAM, Kind.TAG} or self.part in _TEXTS


class Found(NamedTuple):
    """The values of a column that were found: of each run at most one, in no order; runs that are not named have none.

    Args:
        runs: integer ids.
        values: integers (a metric's as codes), texts, or texts by codes.
    """

    runs: Integers
    values: "Integers | Sequence[str] | Coded"


class Coded(NamedTuple):
    """Texts by codes.

    Args:
        codes: of each run.
        texts: the distinct texts, by code.
    """

    codes: Integers
    texts: list[str]


_first, _second = itemgetter(0), itemgetter(1)
_TEXTS = {"run_id", "name", "user_id", "artifact_uri"}
_TABLES = {Kind.PARAM: "hr_param", Kind.TAG: "hr_tag"}
_NULLABLE = {"min_code", "max_code"}
_LATEST = "latest_code"
_NAN = codes.encode(math.nan)


def read_columns(
    conn: Connection, scopes: Sequence[int], runs: Integers, sources: Iterable[Source]
) -> dict[Source, Found]:
    """Return columns of runs; other runs of the same scopes may be among them.

    Args:
        conn: where to read.
        scopes: the scopes that the runs are in.
        runs: integer ids of the runs that are needed.
        sources: the columns.
    """
    by_kind: dict[Kind, list[Source]] = {}
    for source in sources:
        by_kind.setdefault(source.kind, []).append(source)
    few = len(runs) <= FEW or _hold_more(conn, scopes, _PART * len(runs))
    found: dict[Source, Found] = {}
    for kind, wanted in by_kind.items():
        if kind is Kind.ATTRIBUTE:
            found |= _read_attributes(conn, () if few else scopes, runs, wanted)
        elif few:
            found |= _read_few(conn, kind, runs, wanted)
        else:
            found |= _read_all(conn, scopes, kind, len(runs), wanted)
    return found


def _hold_more(conn: Connection, scopes: Sequence[int], count: int) -> bool:
    """Tell whether scopes hold more runs than a number."""
    query = f"SELECT 1 FROM hr_run WHERE scope IN ({marks(len(scopes))}) LIMIT {int(count) + 1}"
    row = conn.row(f"SELECT COUNT(*) FROM ({query}) counted", scopes)
    return row is not None and row[0] > count


def _read_attributes(
    conn: Connection, scopes: Sequence[int], runs: Integers, wanted: list[Source]
) -> dict[Source, Found]:
    columns = ", ".join(source.part for source in wanted)
    if not scopes:
        rows = conn.rows_in(f"SELECT id, {columns} FROM hr_run WHERE id IN ({{ids}})", runs.tolist())
    else:
        rows = conn.rows(
            f"SELECT id, {columns} FROM hr_run WHERE scope IN ({marks(len(scopes))}) ORDER BY id", scopes
        )
    ids = _integers(map(_first, rows), len(rows))
    return {
        source: _found(ids, source, list(map(itemgetter(place), rows)))
        for place, source in enumerate(wanted, start=1)
    }


def _found(ids: Integers, source: Source, values: list[Any]) -> Found:
    if source.is_text:
        return Found(ids, values)
    if source.part != "end_time":
        return Found(ids, _integers(values, len(values)))
    there = np.fromiter((value is not None for value in values), np.bool_, len(values))
    return Found(ids[there], np.fromiter((v for v in values if v is not None), np.int64, int(there.sum())))


def _read_few(conn: Connection, kind: Kind, runs: Integers, wanted: list[Source]) -> dict[Source, Found]:
    parts = list(dict.fromkeys(source.part for source in wanted))
    keys = list(dict.fromkeys(source.key for source in wanted))
    columns = ", ".join(map(_expression, parts))
    if kind is Kind.METRIC:
        table, index, live = "hr_series", "hr_series_one_run_key_id_context_attempt", "AND scope IS NOT NULL "
    else:
        table, index, live = _TABLES[kind], f"{_TABLES[kind]}_pk", ""
    # A planner that knows nothing of the table yet might read it whole.
    source_of_rows = table + conn.dialect.walking(index)
    rows: list[Row] = []
    for start in range(0, len(keys), MAX_IN_LIST):
        some = keys[start : start + MAX_IN_LIST]
        rows += conn.rows_in(
            f"SELECT run, key_id, {columns} FROM {source_of_rows} WHERE key_id IN ({marks(len(some))}) {live}AND run IN ({{ids}})",
            runs.tolist(),
            before=some,
        )
    rows.sort(key=_second)
    ids, of_keys = (_integers(map(get, rows), len(rows)) for get in (_first, _second))
    found: dict[Source, Found] = {}
    for place, part in enumerate(parts, start=2):
        values: Any = list(map(itemgetter(place), rows))
        if kind is Kind.METRIC:
            values = _integers(values, len(rows))
        for source in wanted:
            if source.part == part:
                low, high = _bounds(of_keys, source.key)
                found[source] = Found(ids[low:high], values[low:high])
    return found


def _bounds(ordered: Integers, key: int) -> tuple[int, int]:
    return int(np.searchsorted(ordered, key, "left")), int(np.searchsorted(ordered, key, "right"))


def _read_all(
    conn: Connection, scopes: Sequence[int], kind: Kind, runs: int, wanted: list[Source]
) -> dict[Source, Found]:
    """Read columns of all runs of some scopes, `BATCH` values or a column at a time."""
    by_key: dict[int, list[Source]] = {}
    for source in wanted:
        by_key.setdefault(source.key, []).append(source)
    found: dict[Source, Found] = {}
    batches: dict[tuple[str, ...], list[int]] = {}
    if kind is not Kind.METRIC:
        return _read_texts(conn, scopes, kind, list(by_key))
    for key, sources in by_key.items():
        parts = tuple(source.part for source in sources)
        if parts == (_LATEST,):
            found[sources[0]] = _read_latest(conn, scopes, key)
        else:
            batches.setdefault(parts, []).append(key)
    size = max(1, min(BATCH // max(runs, 1), MAX_IN_LIST))
    for parts, keys in batches.items():
        for start in range(0, len(keys), size):
            found |= _read_statistics(conn, scopes, keys[start : start + size], parts)
    return found


class _Texts:
    """A column of texts that is being read. Texts get codes as they come, so that each is held once."""

    __slots__ = ("_codes", "_count", "_places", "_runs")

    def __init__(self) -> None:
        self._runs: list[Integers] = []
        self._codes: list[Integers] = []
        self._places: dict[str, int] = {}  # where each text was first met
        self._count = 0

    def add(self, runs: Integers, texts: Sequence[str]) -> None:
        """Take texts of runs."""
        self._runs.append(runs)
        self._codes.append(_integers(map(self._places.setdefault, texts, count(self._count)), len(texts)))
        self._count += len(texts)

    def finish(self) -> Found:
        """Return the column."""
        if not self._runs:
            return Found(np.empty(0, np.int64), Coded(np.empty(0, np.int64), []))
        places = _integers(self._places.values(), len(self._places))
        codes = np.searchsorted(places, np.concatenate(self._codes))
        return Found(np.concatenate(self._runs), Coded(codes, list(self._places)))


def _read_texts(conn: Connection, scopes: Sequence[int], kind: Kind, keys: list[int]) -> dict[Source, Found]:
    columns = {key: _Texts() for key in keys}
    for part in conn.dialect.read_texts(conn.cursor, _TABLES[kind], keys, scopes):
        runs = _integers(part.runs, len(part.runs))
        for key, texts in zip(part.keys, part.columns, strict=True):
            columns[key].add(runs, texts)
    return {Source(kind, key, "value"): column.finish() for key, column in columns.items()}


def _read_latest(conn: Connection, scopes: Sequence[int], key: int) -> Found:
    """Read the latest values of a metric, all of which an index holds."""
    runs, found = conn.integers(
        ("run", "latest_code"),
        f"SELECT run, latest_code FROM hr_series WHERE scope IN ({marks(len(scopes))}) AND key_id = ?",
        [*scopes, key],
    )
    return Found(np.array(runs, np.int64), np.array(found, np.int64))


def _read_statistics(
    conn: Connection, scopes: Sequence[int], keys: Sequence[int], parts: Sequence[str]
) -> dict[Source, Found]:
    rows = conn.rows(
        f"SELECT m.run, m.key_id, {', '.join(map(_expression, parts))} FROM hr_run r JOIN hr_series m ON m.run = r.id "
        f"AND m.key_id IN ({marks(len(keys))}) AND m.scope IS NOT NULL WHERE r.scope IN ({marks(len(scopes))})",
        [*keys, *scopes],
    )
    width = len(parts) + 2
    flat = _integers(chain.from_iterable(rows), len(rows) * width).reshape(len(rows), width)
    flat = flat[np.argsort(flat[:, 1], kind="stable")]
    found: dict[Source, Found] = {}
    for key in keys:
        low, high = _bounds(flat[:, 1], key)
        ids = flat[low:high, 0].copy()
        for place, part in enumerate(parts, start=2):
            found[Source(Kind.METRIC, key, part)] = Found(ids, flat[low:high, place].copy())
    return found


def _expression(part: str) -> str:
    """Return the SQL of a column: the least and the greatest of nothing but NaN is NaN."""
    return f"COALESCE({part}, {_NAN})" if part in _NULLABLE else part


def _integers(values: Iterable[Any], count: int) -> Integers:
    return np.fromiter(values, np.int64, count)
