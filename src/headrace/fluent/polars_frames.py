"""Searches and histories as data frames of polars. Loaded at first use: it needs polars."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from headrace.client.series import History
from headrace.fluent.column_arrays import Numbers, Texts, read_arrays
from headrace.fluent.run_tables import RunColumns

_TIME = pl.Datetime("ms", "UTC")


def build_runs(found: RunColumns) -> pl.DataFrame:
    """Return runs as a frame: strings, numbers and times; what is missing is null."""
    return pl.DataFrame([_build(name, column) for name, column in read_arrays(found)])


def build_histories(histories: Sequence[History]) -> pl.DataFrame:
    """Return points as a frame: run_id, key, time in UTC, step, value."""
    counts = [len(history.value) for history in histories]
    return pl.DataFrame(
        {
            "run_id": _repeat([history.run_id for history in histories], counts),
            "key": _repeat([history.key for history in histories], counts),
            "time": pl.Series(_join([history.time for history in histories], np.int64)).cast(_TIME),
            "step": pl.Series(_join([history.step for history in histories], np.int64)),
            "value": pl.Series(_join([history.value for history in histories], np.float64)),
        }
    )


def _build(name: str, column: Texts | Numbers) -> pl.Series:
    if isinstance(column, Texts):
        return pl.Series(name, column.texts, pl.String).gather(column.places.astype(np.uint32))
    numbers = pl.Series(name, column.numbers)
    if column.missing is not None:
        numbers = numbers.set(pl.Series(column.missing), None)
    return numbers.cast(_TIME) if column.is_time else numbers


def _join(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate([np.empty(0, kind), *(np.asarray(part, kind) for part in parts)])


def _repeat(names: Sequence[str], counts: Sequence[int]) -> pl.Series:
    places = np.repeat(np.arange(len(names), dtype=np.uint32), counts)
    return pl.Series(list(names), dtype=pl.String).gather(places)
