"""Series of metric points as columns: whole histories and charts. Checks what is asked; the answers are made by `series_answers`, loaded when first needed."""

import math
from collections.abc import Iterable, Sequence

from msgspec import UNSET, UnsetType

from headrace.api.page import question_digest
from headrace.api.series import (
    MAX_BUCKETS,
    MAX_CELLS,
    MAX_GROUPS,
    MAX_KEYS,
    MAX_POINTS,
    MAX_RUNS,
    MAX_SERIES,
    Chart,
    GetChart,
    GetPoints,
    Points,
)
from headrace.base import plugins
from headrace.base.errors import InvalidParameter
from headrace.base.json import INT64_MAX, INT64_MIN
from headrace.services.context import Context
from headrace.services.validation import excerpt, get_run_id
from headrace.store.chart_lines import ChartQuestion
from headrace.store.points import Range

_ANSWERS = "headrace.services.series_answers"


def points(context: Context, request: GetPoints) -> Points:
    """Return all points of metrics of runs, page by page."""
    run_ids, keys = _check_runs(request.run_ids), _check_keys(request.keys)
    if not run_ids:
        raise InvalidParameter("Missing value for the required parameter 'run_ids': name at least one run.")
    _check_count(len(run_ids) * len(keys), MAX_SERIES, "pairs of a run and a metric")
    if not 1 <= request.max_points <= MAX_POINTS:
        raise InvalidParameter(
            f"Invalid max_points {request.max_points}: it must lie between 1 and {MAX_POINTS}."
        )
    attempt = _check_attempt(request.attempt)
    steps = _check_range(request.start_step, request.end_step, "step")
    times = _check_range(request.start_time, request.end_time, "time")
    question = question_digest(run_ids, keys, attempt, steps, times)
    answer: Points = plugins.load(_ANSWERS).read_points(
        context.conn,
        (run_ids, keys, attempt, steps, times),
        request.max_points,
        (request.page_token, question),
    )
    return answer


def chart(context: Context, request: GetChart) -> Chart:
    """Return metrics of many runs on one grid."""
    question = _check_chart(request)
    answer: Chart = plugins.load(_ANSWERS).draw_chart(context.conn, question, request.since)
    return answer


def _check_chart(request: GetChart) -> ChartQuestion:
    drawn, keys = _check_runs(request.run_ids), _check_keys(request.keys)
    _check_count(len(request.groups), MAX_GROUPS, "groups")
    groups = [(group.name, _unique(get_run_id(each) for each in group.run_ids)) for group in request.groups]
    names = [name for name, _ in groups]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidParameter(
            f"The group {excerpt(twice)} is given twice; give each group a name of its own."
        )
    run_ids = _unique([*drawn, *(each for _, members in groups for each in members)])
    if not run_ids:
        raise InvalidParameter("A chart needs runs: name at least one in run_ids or in groups.")
    _check_count(len(run_ids) * len(keys), MAX_SERIES, "pairs of a run and a metric")
    if not 2 <= request.buckets <= MAX_BUCKETS:  # noqa: PLR2004 - one on each side of zero
        raise InvalidParameter(f"Invalid buckets {request.buckets}: it must lie between 2 and {MAX_BUCKETS}.")
    lines = (len(drawn) + len(groups)) * len(keys)
    if lines * request.buckets > MAX_CELLS:
        raise InvalidParameter(
            f"{lines} lines of {request.buckets} buckets are asked for; lines times buckets may be at most {MAX_CELLS}, so ask for "
            f"{MAX_CELLS // lines} buckets, or for fewer lines."
        )
    if bool(request.x_key) != (request.x == "metric"):
        raise InvalidParameter(
            f"Invalid x_key {excerpt(request.x_key)} with x {request.x!r}: x 'metric' needs the name of a metric there, and nothing else does."
        )
    return ChartQuestion(
        drawn=drawn,
        run_ids=run_ids,
        keys=keys,
        groups=groups,
        x=request.x,
        x_key=request.x_key,
        within=_check_x_range(request.start, request.end),
        buckets=request.buckets,
        single=request.precision == "single",
        attempt=_check_attempt(request.attempt),
    )


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _check_runs(run_ids: Sequence[str]) -> list[str]:
    found = _unique(get_run_id(each) for each in run_ids)
    _check_count(len(found), MAX_RUNS, "runs", " Put runs into groups to see more of them.")
    return found


def _check_keys(keys: Sequence[str]) -> list[str]:
    if not keys:
        raise InvalidParameter("Missing value for the required parameter 'keys': name at least one metric.")
    found = _unique(keys)
    _check_count(len(found), MAX_KEYS, "metrics")
    return found


def _check_count(count: int, limit: int, what: str, advice: str = "") -> None:
    if count > limit:
        raise InvalidParameter(f"{count} {what} are asked for at once; at most {limit} are allowed.{advice}")


def _check_attempt(attempt: int | UnsetType) -> int | None:
    if attempt is UNSET:
        return None
    if attempt < 0:
        raise InvalidParameter(f"Invalid attempt {attempt}: attempts are counted from 0.")
    return attempt


def _check_range(start: int | UnsetType, end: int | UnsetType, what: str) -> Range | None:
    if start is UNSET and end is UNSET:
        return None
    first = INT64_MIN if start is UNSET else start
    last = INT64_MAX if end is UNSET else end
    if first > last:
        raise InvalidParameter(f"start_{what} {first} lies behind end_{what} {last}; exchange them.")
    return first, last


def _check_x_range(start: float | UnsetType, end: float | UnsetType) -> tuple[float, float] | None:
    if start is UNSET and end is UNSET:
        return None
    first = -math.inf if start is UNSET else start
    last = math.inf if end is UNSET else end
    if math.isnan(first) or math.isnan(last):
        raise InvalidParameter("Invalid start or end NaN: the range of x needs numbers.")
    if first > last:
        raise InvalidParameter(f"start {first} lies behind end {last}; exchange them.")
    return first, last
