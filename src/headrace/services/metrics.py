"""Metrics: take points in, give histories out."""

import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from msgspec import UNSET

from headrace.api.endpoint import Empty
from headrace.api.metrics import (
    MAX_BULK_RUNS,
    BulkHistory,
    GetHistory,
    GetHistoryBulk,
    GetHistoryBulkInterval,
    LogMetric,
    Metric,
    MetricsPage,
    MetricWithRunId,
)
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.base.errors import BadRequest, InvalidParameter
from headrace.base.json import wire_float
from headrace.services.context import Context
from headrace.services.validation import check_key, check_page_size, check_timestamp, get_run_id
from headrace.store import codes, contexts, models, runs, series
from headrace.store.connection import Connection
from headrace.store.keys import find_key_ids, intern_keys
from headrace.store.points import History, Part, Points, parts_of, read_first, sample_points
from headrace.store.points import Place as HistoryPlace
from headrace.store.transaction import PointList, RunRef, Transaction

MAX_PART = 25_000
"""So many points at most come in one answer for several runs, and in one part of one that comes in parts."""
MAX_SAMPLED = 2500
_MOST = 2**31 - 1


Place = tuple[str, str, str]
"""Model id, dataset name and dataset digest that a point was measured on; empty where none."""

_NOWHERE: Place = ("", "", "")


class CheckedPoints:
    """Points that have passed every check, as (time, step, code), by place and key."""

    __slots__ = ("_by_place",)

    def __init__(self, by_place: dict[Place, dict[str, PointList]]) -> None:
        self._by_place = by_place

    def check_models(self, conn: Connection) -> None:
        """Check that the models which points were measured on exist; a deleted one will do.

        Raises:
            BadRequest: one does not.
        """
        for model_id in {place[0] for place in self._by_place} - {""}:
            if not models.has_model(conn, model_id):
                raise BadRequest(
                    f"A metric names the logged model {model_id!r}, which does not exist; create it first, or leave model_id out."
                )

    def add_to(self, tx: Transaction, run: RunRef) -> None:
        """Collect the points in a transaction."""
        for place, by_key in self._by_place.items():
            keys = intern_keys(tx, by_key)
            context = series.NO_CONTEXT if place == _NOWHERE else contexts.intern_context(tx, place)
            for key, points in by_key.items():
                series.add_points(tx, run, keys[key], context, points)


def collect_points(metrics: Sequence[Metric]) -> CheckedPoints:
    """Check points and group them by series; nothing is written yet.

    Raises:
        InvalidParameter: a key, a time or a place is not legal.
    """
    nowhere: dict[str, PointList] = {}
    by_place = {_NOWHERE: nowhere}
    all_codes = codes.encode_many([metric.value for metric in metrics])
    for metric, code in zip(metrics, all_codes, strict=True):
        key, time = metric.key, metric.timestamp
        if metric.model_id is UNSET and metric.dataset_name is UNSET and metric.dataset_digest is UNSET:
            by_key = nowhere
        else:
            by_key = by_place.setdefault(_place_of(metric), {})
        points = by_key.get(key)
        if points is None:
            by_key[check_key(key, "metric")] = points = []
        if time < 0:
            check_timestamp(time, key)
        points.append((time, metric.step, code))
    return CheckedPoints(by_place)


def _place_of(metric: Metric) -> Place:
    parts = (metric.model_id, metric.dataset_name, metric.dataset_digest)
    return contexts.check_context(*("" if part is UNSET else part for part in parts))


def log(context: Context, request: LogMetric) -> Empty:
    """Log one point."""
    run = runs.get_run(context.conn, get_run_id(request.run_id, request.run_uuid))
    if run.deleted:
        raise InvalidParameter(
            f"The run {run.run_id!r} must be in the 'active' state, but is deleted; restore it first."
        )
    key = check_key(request.key, "metric")
    time = check_timestamp(request.timestamp, key)
    place = contexts.check_context(request.model_id, request.dataset_name, request.dataset_digest)
    points = CheckedPoints({place: {key: [(time, request.step, codes.encode(request.value))]}})
    points.check_models(context.conn)
    points.add_to(context.tx, run)
    return Empty()


def get_history(context: Context, request: GetHistory) -> Iterator[MetricsPage]:
    """Yield the points of a metric by time, step and value, in parts: a page of them, or all if no page size is given."""
    left = None if request.max_results is UNSET else check_page_size(request.max_results, _MOST)
    run_id = get_run_id(request.run_id, request.run_uuid)
    key = _check_given(request.metric_key)
    question = question_digest(run_id, key)
    place = _check_place(decode_token(request.page_token, question))
    history = History(context.conn, _find_parts(context, run_id, key), place, left)
    while True:
        piece = history.take(MAX_PART if left is None else min(left, MAX_PART))
        part = MetricsPage()
        if piece.times:
            part.metrics = list(map(Metric, repeat(key), _wire_values(piece), piece.times, piece.steps))
        if left is not None:
            left -= len(piece.times)
        more = history.more
        if more and left == 0 and history.place is not None:
            part.next_page_token = encode_token(question, list(history.place))
        yield part
        if left == 0 or not more:
            return


def _check_given(metric_key: str) -> str:
    if not metric_key:
        raise InvalidParameter("Missing value for the required parameter 'metric_key'.")
    return metric_key


def _check_place(place: list[Any] | None) -> HistoryPlace | None:
    if place is None:
        return None
    is_one = len(place) == len(HistoryPlace._fields) and all(isinstance(each, int) for each in place)
    if not is_one or place[3] < 1:
        raise InvalidParameter("The page_token does not fit this history; start again from the first page.")
    return HistoryPlace(*place)


def _find_parts(context: Context, run_id: str, key: str) -> list[Part]:
    run = runs.find_run(context.conn, run_id)
    number = find_key_ids(context.conn, [key]).get(key)
    if run is None or number is None:
        return []
    return parts_of(context.conn, run.id, number)


def _wire_values(piece: Points) -> list[float]:
    """Return values as they are sent. A sum is finite only where all values are."""
    values = piece.values
    return values if math.isfinite(sum(values)) else list(map(wire_float, values))


def get_history_bulk(context: Context, request: GetHistoryBulk) -> BulkHistory:
    """Return the first points of a metric of several runs, ordered by run, time, step and value."""
    limit = min(check_page_size(request.max_results, _MOST), MAX_PART)
    answer = BulkHistory()
    found: list[MetricWithRunId] = []
    for run_id in _check_run_ids(request.run_id, "run_id"):
        parts = _find_parts(context, run_id, request.metric_key)
        found += _with_run(run_id, request.metric_key, read_first(context.conn, parts, limit - len(found)))
        if len(found) >= limit:
            break
    if found:
        answer.metrics = found
    return answer


def get_history_bulk_interval(context: Context, request: GetHistoryBulkInterval) -> BulkHistory:
    """Return points of a metric of several runs, sampled evenly over a range of steps; the ends are always kept."""
    limit = check_page_size(request.max_results, MAX_SAMPLED)
    run_ids = _check_run_ids(request.run_ids, "run_ids")
    steps = _check_steps(request)
    key = _check_given(request.metric_key)
    found: list[MetricWithRunId] = []
    for run_id in run_ids:
        parts = _find_parts(context, run_id, key)
        found += _with_run(run_id, key, sample_points(context.conn, parts, steps, limit))
    answer = BulkHistory()
    if found:
        answer.metrics = found
    return answer


def _check_steps(request: GetHistoryBulkInterval) -> tuple[int, int] | None:
    if (request.start_step is UNSET) != (request.end_step is UNSET):
        raise InvalidParameter("start_step and end_step go together: give both of them, or neither.")
    if request.start_step is UNSET or request.end_step is UNSET:
        return None
    if request.start_step > request.end_step:
        raise InvalidParameter(
            f"start_step {request.start_step} lies behind end_step {request.end_step}; exchange them."
        )
    return request.start_step, request.end_step


def _check_run_ids(run_ids: list[str], field: str) -> list[str]:
    if not run_ids:
        raise InvalidParameter(f"Missing value for the required parameter {field!r}: name at least one run.")
    if len(run_ids) > MAX_BULK_RUNS:
        raise InvalidParameter(
            f"{len(run_ids)} runs are asked for at once; at most {MAX_BULK_RUNS} are allowed."
        )
    return [get_run_id(each) for each in run_ids]


def _with_run(run_id: str, key: str, piece: Points) -> list[MetricWithRunId]:
    return list(
        map(MetricWithRunId, repeat(key), _wire_values(piece), piece.times, piece.steps, repeat(run_id))
    )
