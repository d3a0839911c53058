"""What calls will ask the store for, known from their requests alone, so that it can be asked ahead: see `headrace.store.outlook`.

Only calls that write nothing but params, tags, points of MLflow's wire and new runs stand here; params only if the call says which.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from headrace.api.endpoint import Endpoint
from headrace.api.metrics import LogMetric
from headrace.api.runs import CreateRun, LogBatch, LogParam, SetTag
from headrace.base.json import Wire
from headrace.store.foreseen import Wanted


def find_foresight(endpoint: Endpoint[Any, Any], request: Wire) -> Callable[[], Wanted] | None:
    """Return what tells what a call will ask for; None if nobody can say."""
    tell = _TOLD.get(endpoint.name)
    return None if tell is None else partial(tell, request)


def _of_new_run(_request: CreateRun) -> Wanted:
    return Wanted(new_runs=1)


def _of_batch(request: LogBatch) -> Wanted:
    return Wanted(
        request.run_id, {each.key for each in request.params}, {each.key for each in request.metrics}
    )


def _of_metric(request: LogMetric) -> Wanted:
    return Wanted(request.run_id or request.run_uuid, (), (request.key,))


def _of_param(request: LogParam) -> Wanted:
    return Wanted(request.run_id or request.run_uuid, (request.key,))


def _of_tag(request: SetTag) -> Wanted:
    return Wanted(request.run_id or request.run_uuid)


_TOLD: dict[str, Callable[[Any], Wanted]] = {
    "runs.create": _of_new_run,
    "runs.log_batch": _of_batch,
    "runs.log_param": _of_param,
    "runs.set_tag": _of_tag,
    "metrics.log": _of_metric,
}
