"""What runs have, side by side: attributes, params, tags, metrics, source, packages and datasets, and what of it differs."""

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headrace.search.number_text import find_number
from headrace.store import codes, leases
from headrace.store.connection import Connection
from headrace.store.experiments import STAGES
from headrace.store.inputs import CONTEXT_TAG
from headrace.store.keys import key_names

SECTIONS = ("attributes", "params", "tags", "source", "packages", "datasets")
_SOURCE_PREFIXES = ("mlflow.source.", "mlflow.git", "mlflow.project.")
_FLIP = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_NAN = codes.encode(float("nan"))

Cells = dict[tuple[str, str], dict[int, str]]
"""By section and key: the text of each run that has one."""


class TextRow(NamedTuple):
    """One thing of all runs.

    Args:
        section: one of `SECTIONS`.
        key: what it is.
        texts: of each run, in the order asked for; None where it has none.
        differs: see `headrace.api.tables.DifferenceRow`.
        respelled: likewise.
    """

    section: str
    key: str
    texts: list[str | None]
    differs: bool
    respelled: bool


class MetricRow(NamedTuple):
    """One metric of all runs; the arrays have a place for each run, in the order asked for."""

    key: str
    differs: bool
    present: npt.NDArray[np.bool_]
    latest: npt.NDArray[np.float64]
    min: npt.NDArray[np.float64]
    max: npt.NDArray[np.float64]


def compare_texts(conn: Connection, runs: Sequence[int], now: int) -> list[TextRow]:
    """Return all that runs have besides metrics, by section and key.

    Args:
        conn: where to read.
        runs: integer ids, each once.
        now: the moment at which leases are looked at, in Unix milliseconds.
    """
    cells: Cells = {}
    _add_attributes(conn, runs, now, cells)
    for section, table in (("params", "hr_param"), ("tags", "hr_tag")):
        rows = conn.rows_in(f"SELECT run, key_id, value FROM {table} WHERE run IN ({{ids}})", runs)
        names = key_names(conn, {row[1] for row in rows})
        for run, key, value in rows:
            name = names[key]
            is_source = section == "tags" and name.startswith(_SOURCE_PREFIXES)
            cells.setdefault(("source" if is_source else section, name), {})[run] = value
    _add_packages(conn, runs, cells)
    _add_datasets(conn, runs, cells)
    order = sorted(cells, key=lambda each: (SECTIONS.index(each[0]), each[1]))
    return [_row(section, key, list(map(cells[section, key].get, runs))) for section, key in order]


def _row(section: str, key: str, texts: list[str | None]) -> TextRow:
    distinct = set(texts)
    if len(distinct) == 1:
        return TextRow(section, key, texts, differs=False, respelled=False)
    respelled = section == "params" and _are_one_number(distinct)
    return TextRow(section, key, texts, differs=not respelled, respelled=respelled)


def _are_one_number(texts: Iterable[str | None]) -> bool:
    numbers = {None if text is None else find_number(text) for text in texts}
    return None not in numbers and len(numbers) == 1


def _add_attributes(conn: Connection, runs: Sequence[int], now: int, cells: Cells) -> None:
    for run, name, user, status, start, end, experiment, scope, uri in conn.rows_in(
        f"SELECT r.id, r.name, r.user_id, {leases.own_status(now)}, r.start_time, r.end_time, r.experiment, r.scope, r.artifact_uri "
        "FROM hr_run r WHERE r.id IN ({ids})",
        runs,
    ):
        found = {
            "run_name": name,
            "user_id": user,
            "status": leases.STATUS_NAMES[status],
            "start_time": str(start),
            "end_time": None if end is None else str(end),
            "duration": None if end is None else str(end - start),
            "experiment_id": str(experiment),
            "lifecycle_stage": STAGES[scope & 1],
            "artifact_uri": uri,
        }
        for key, text in found.items():
            if text is not None:
                cells.setdefault(("attributes", key), {})[run] = text


def _add_packages(conn: Connection, runs: Sequence[int], cells: Cells) -> None:
    """Add what the last attempt of each run has told of its interpreter."""
    rows = conn.rows_in(
        "SELECT run, environment FROM hr_run_environment WHERE run IN ({ids}) ORDER BY run, attempt", runs
    )
    latest: dict[int, int] = dict(rows)
    bodies: dict[int, Any] = {
        number: json.loads(body)
        for number, body in conn.rows_in(
            "SELECT id, body FROM hr_environment WHERE id IN ({ids})", sorted(set(latest.values()))
        )
    }
    for run, number in latest.items():
        body = bodies[number]
        found = {name: body.get(name) for name in ("python", "platform")} | (body.get("packages") or {})
        for name, version in found.items():
            if version:
                cells.setdefault(("packages", name), {})[run] = str(version)


def _add_datasets(conn: Connection, runs: Sequence[int], cells: Cells) -> None:
    for run, name, digest, context in conn.rows_in(
        "SELECT l.run, d.name, d.digest, t.value FROM hr_run_dataset l JOIN hr_dataset d ON d.id = l.dataset "
        f"LEFT JOIN hr_run_dataset_tag t ON t.run = l.run AND t.dataset = l.dataset AND t.name = '{CONTEXT_TAG}' "
        "WHERE l.run IN ({ids}) ORDER BY l.run, d.name, d.digest",
        runs,
    ):
        held = cells.setdefault(("datasets", f"{name} ({context})" if context else name), {})
        held[run] = f"{held[run]}, {digest}" if run in held else digest


def compare_metrics(conn: Connection, runs: Sequence[int]) -> list[MetricRow]:
    """Return the metrics that any of the runs has, by key.

    Args:
        conn: where to read.
        runs: integer ids, each once.
    """
    rows = conn.rows_in(
        f"SELECT run, key_id, latest_code, COALESCE(min_code, {_NAN}), COALESCE(max_code, {_NAN}) FROM hr_series "
        "WHERE run IN ({ids}) AND scope IS NOT NULL",
        runs,
    )
    flat = np.fromiter(chain.from_iterable(rows), np.int64, 5 * len(rows)).reshape(-1, 5)
    keys, line = np.unique(flat[:, 1], return_inverse=True)
    asked = np.array(runs, np.int64)
    order = np.argsort(asked)
    place = order[np.searchsorted(asked, flat[:, 0], sorter=order)]
    present = np.zeros((len(keys), len(runs)), np.bool_)
    present[line, place] = True
    latest, least, most = (_spread(flat[:, number], (line, place), present.shape) for number in (2, 3, 4))
    differs = ~present.all(axis=1) | _vary(latest) | _vary(least) | _vary(most)
    names = key_names(conn, keys.tolist())
    found = [
        MetricRow(names[key], bool(differs[at]), present[at], latest[at], least[at], most[at])
        for at, key in enumerate(keys.tolist())
    ]
    return sorted(found, key=lambda row: row.key)


def _spread(
    values: npt.NDArray[np.int64], places: tuple[npt.NDArray[Any], npt.NDArray[Any]], shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Return codes as doubles, each in its place of a table; 0 elsewhere."""
    table = np.zeros(shape, np.float64)
    table[places] = np.where(values < 0, values ^ _FLIP, values).view(np.float64)
    return table


def _vary(table: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell of each line whether its values are not all one; NaN is the same as NaN."""
    first = table[:, :1]
    same = (table == first) | (np.isnan(table) & np.isnan(first))
    return np.asarray(~same.all(axis=1))
