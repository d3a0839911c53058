"""Searches and histories as tables of pyarrow. Loaded at first use: it needs pyarrow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from headrace.client.series import History
from headrace.fluent.column_arrays import Numbers, Texts, read_arrays
from headrace.fluent.run_tables import RunColumns

_TIME = pa.timestamp("ms", "UTC")


def build_runs(found: RunColumns) -> Any:
    """Return runs as a table: strings, numbers and timestamps; what is missing is null."""
    columns = {name: _build(column) for name, column in read_arrays(found)}
    return pa.table(columns)


def build_histories(histories: Sequence[History]) -> Any:
    """Return points as a table: run_id and key as dictionaries, time in UTC, step, value."""
    counts = [len(history.value) for history in histories]
    return pa.table(
        {
            "run_id": _repeat([history.run_id for history in histories], counts),
            "key": _repeat([history.key for history in histories], counts),
            "time": pa.array(_join([history.time for history in histories], np.int64)).cast(_TIME),
            "step": pa.array(_join([history.step for history in histories], np.int64)),
            "value": pa.array(_join([history.value for history in histories], np.float64)),
        }
    )


def _build(column: Texts | Numbers) -> Any:
    if isinstance(column, Texts):
        known = column.texts[:-1]
        coded = pa.array(column.places, mask=column.places == len(known))
        return pa.DictionaryArray.from_arrays(coded, pa.array(known, pa.large_string())).cast(
            pa.large_string()
        )
    numbers = pa.array(column.numbers, mask=column.missing)
    return numbers.cast(_TIME) if column.is_time else numbers


def _join(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate([np.empty(0, kind), *(np.asarray(part, kind) for part in parts)])


def _repeat(names: Sequence[str], counts: Sequence[int]) -> Any:
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    codes = np.repeat(np.array([places[name] for name in names], np.int32), counts)
    return pa.DictionaryArray.from_arrays(codes, pa.array([*places], pa.string()))
