"""Searches and histories as data frames of pandas, built column by column, in MLflow's types. Loaded at first use: it needs pandas."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from headrace.client.entities import LoggedModel
from headrace.client.series import History
from headrace.fluent.column_arrays import Numbers, Texts, read_arrays
from headrace.fluent.run_tables import RunColumns

_HAS_STR = int(pd.__version__.partition(".")[0]) >= 3  # noqa: PLR2004 - texts have a type of their own from pandas 3 on
_UNIT = "us" if _HAS_STR else "ns"


def build_runs(found: RunColumns) -> pd.DataFrame:
    """Return runs as a frame: texts, numbers with NaN, times in UTC with NaT."""
    columns = {name: _build(column) for name, column in read_arrays(found)}
    return pd.DataFrame(columns, columns=pd.Index(list(columns)), copy=False)


def build_histories(histories: Sequence[History]) -> pd.DataFrame:
    """Return points as a frame: run_id and key as categories, time in UTC, step, value."""
    counts = [len(history.value) for history in histories]
    columns = {
        "run_id": _repeat([history.run_id for history in histories], counts),
        "key": _repeat([history.key for history in histories], counts),
        "time": _read_times(_join([history.time for history in histories], np.int64)),
        "step": _join([history.step for history in histories], np.int64),
        "value": _join([history.value for history in histories], np.float64),
    }
    return pd.DataFrame(columns, copy=False)


def _build(column: Texts | Numbers) -> Any:
    if isinstance(column, Texts):
        return _build_texts(column)
    if column.is_time:
        times = column.numbers.astype("datetime64[ms]")
        if column.missing is not None:
            times[column.missing] = np.datetime64("NaT")
        return _localize(times)
    if column.missing is None:
        return column.numbers.copy()  # what came over the wire cannot be written to
    numbers = column.numbers.astype(np.float64)
    numbers[column.missing] = np.nan
    return numbers


def _build_texts(column: Texts) -> Any:
    known = np.empty(len(column.texts), object)
    known[:] = column.texts
    if not _HAS_STR:
        return known[column.places]
    return pd.array(known, dtype="str").take(column.places)


def _read_times(values: Any) -> pd.DatetimeIndex:
    return _localize(values.astype("datetime64[ms]"))


def _localize(times: Any) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(times).as_unit(_UNIT).tz_localize("UTC")


def _join(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate([np.empty(0, kind), *(np.asarray(part, kind) for part in parts)])


def _repeat(names: Sequence[str], counts: Sequence[int]) -> pd.Categorical:
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    codes = np.repeat(np.array([places[name] for name in names], np.int64), counts)
    return pd.Categorical.from_codes(codes, categories=pd.Index([*places], dtype=object))


def build_models(models: Sequence[LoggedModel]) -> pd.DataFrame:
    """Return logged models as a frame, a row for each, a column for each field."""
    return pd.DataFrame([model.to_dictionary() | {"status": model.status.value} for model in models])
