"""Runs: create, find, change, delete; params and tags; batches."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from headrace.api.endpoint import Empty, Tag
from headrace.api.experiments import ViewType
from headrace.api.inputs import RunInputs
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.api.runs import (
    CreateRun,
    DeleteTag,
    GetRun,
    LogBatch,
    LogModel,
    LogParam,
    Run,
    RunAnswer,
    RunById,
    RunData,
    RunInfoAnswer,
    RunsPage,
    SearchRuns,
    SetTag,
    UpdateRun,
)
from headrace.base.errors import BadRequest, InvalidParameter
from headrace.base.ids import new_run_id, parse_experiment_id
from headrace.base.names import random_name
from headrace.search.fields import RUNS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.services.context import Context
from headrace.services.experiments import get_active as get_active_experiment
from headrace.services.metrics import collect_points
from headrace.services.validation import (
    MAX_BATCH,
    MAX_BATCH_METRICS,
    MAX_BATCH_PARAMS,
    MAX_BATCH_TAGS,
    MAX_PARAM,
    MAX_TAG,
    RUN_NAME_TAG,
    check_any_key,
    check_key,
    check_page_size,
    check_tags,
    check_value,
    excerpt,
    get_run_id,
)
from headrace.store import annotations, runs
from headrace.store.run_search import RunSearch, search_runs
from headrace.store.transaction import RunRef

MAX_PAGE = 50_000
RUNS_PER_PART = 500
MODEL_HISTORY_TAG = "mlflow.log-model.history"


def create(context: Context, request: CreateRun) -> RunAnswer:
    """Create a run."""
    if not request.experiment_id:
        raise BadRequest("Missing value for the required parameter 'experiment_id'.")
    experiment = get_active_experiment(context, request.experiment_id)
    tags = {tag.key: tag for tag in _check_first_tags(context, request.tags)}
    named = tags.get(RUN_NAME_TAG)
    if named and request.run_name and named.value != request.run_name:
        raise InvalidParameter(
            f"The run's name is given twice and differently: run_name {excerpt(request.run_name)}, tag {RUN_NAME_TAG} "
            f"{excerpt(named.value)}. Give one of them."
        )
    name = request.run_name or (named.value if named else "") or random_name()
    tags[RUN_NAME_TAG] = _check_run_tags(context, [Tag(key=RUN_NAME_TAG, value=name)])[0]
    user = check_value(request.user_id, "user_id", 256)
    run_id = new_run_id()
    artifact_uri = f"{experiment[2].rstrip('/')}/{run_id}/artifacts"
    run = runs.insert_run(context.tx, (run_id, experiment[0], name, user, request.start_time, artifact_uri))
    annotations.set_tags(context.tx, run, tags.values())
    info = runs.new_info(run, name, user)
    return RunAnswer(run=Run(info=info, data=RunData(tags=list(tags.values())), inputs=RunInputs()))


def get(context: Context, request: GetRun) -> RunAnswer:
    """Return a run, deleted ones too."""
    run = runs.get_run(context.conn, get_run_id(request.run_id, request.run_uuid))
    return RunAnswer(run=_build(context, run))


def update(context: Context, request: UpdateRun) -> RunInfoAnswer:
    """Change a run's status, end time or name."""
    run = get_active(context, request.run_id, request.run_uuid)
    changes: dict[str, object] = {}
    if request.status is not UNSET:
        changes["status"] = request.status.number
    if request.end_time is not UNSET:
        changes["end_time"] = request.end_time
    if request.run_name:
        tags = _check_run_tags(context, [Tag(key=RUN_NAME_TAG, value=request.run_name)])
        changes["name"] = request.run_name
        annotations.set_tags(context.tx, run, tags)
    runs.update_run(context.tx, run, changes)
    return RunInfoAnswer(run_info=runs.get_info(context.conn, run.id, context.now()))


def delete(context: Context, request: RunById) -> Empty:
    """Mark a run as deleted; a deleted one stays so."""
    run = runs.get_run(context.conn, get_run_id(request.run_id))
    if not run.deleted:
        runs.update_deleted(context.tx, [(run.id, run.experiment)], deleted=True, now=context.now())
    return Empty()


def restore(context: Context, request: RunById) -> Empty:
    """Bring a run back; an active one stays so."""
    run = runs.get_run(context.conn, get_run_id(request.run_id))
    if run.deleted:
        runs.update_deleted(context.tx, [(run.id, run.experiment)], deleted=False, now=None)
    return Empty()


def search(context: Context, request: SearchRuns) -> Iterator[RunsPage]:
    """Yield a page of runs, in parts."""
    limit = check_page_size(request.max_results, MAX_PAGE)
    node = parse_filter(request.filter, RUNS)
    order = complete_order(parse_order_by(request.order_by, RUNS), RUNS)
    question = question_digest(
        request.experiment_ids, request.filter, request.order_by, request.run_view_type
    )
    place = decode_token(request.page_token, question)
    stages = {ViewType.ACTIVE_ONLY: (0,), ViewType.DELETED_ONLY: (1,), ViewType.ALL: (0, 1)}
    numbers = dict.fromkeys(parse_experiment_id(each) for each in request.experiment_ids)
    scopes = tuple(2 * number + stage for number in numbers for stage in stages[request.run_view_type])
    now = context.now()
    ids, place = search_runs(context.conn, RunSearch(scopes, node, order, limit, now=now), place)
    while len(ids) > RUNS_PER_PART:
        yield RunsPage(runs=runs.build_runs(context.conn, ids[:RUNS_PER_PART], now))
        ids = ids[RUNS_PER_PART:]
    last = RunsPage()
    if ids:
        last.runs = runs.build_runs(context.conn, ids, now)
    if place is not None:
        last.next_page_token = encode_token(question, place)
    yield last


def log_param(context: Context, request: LogParam) -> Empty:
    """Log one param."""
    run = get_active(context, request.run_id, request.run_uuid)
    params = _check_params(context, {request.key: request.value})
    annotations.insert_params(context.tx, run, annotations.check_params(context.conn, run, params))
    return Empty()


def set_tag(context: Context, request: SetTag) -> Empty:
    """Set one tag; the tag ``mlflow.runName`` renames the run."""
    run = get_active(context, request.run_id, request.run_uuid)
    _set_tags(context, run, _check_run_tags(context, [Tag(key=request.key, value=request.value)]))
    return Empty()


def delete_tag(context: Context, request: DeleteTag) -> Empty:
    """Delete one tag."""
    run = get_active(context, request.run_id)
    annotations.delete_tag(context.tx, run, request.key)
    return Empty()


def log_batch(context: Context, request: LogBatch) -> Empty:
    """Log metrics, params and tags: all of them, or nothing."""
    _check_batch_size(request)
    run = get_active(context, request.run_id)
    tags = _check_run_tags(context, request.tags)
    params: dict[str, str] = {}
    for param in request.params:
        if param.key in params:
            raise InvalidParameter(
                f"The param {excerpt(param.key)} stands twice in one batch, with the values {excerpt(params[param.key])} and "
                f"{excerpt(param.value)}; send it once."
            )
        params[param.key] = param.value
    params = annotations.check_params(context.conn, run, _check_params(context, params))
    points = collect_points(request.metrics)
    points.check_models(context.conn)
    annotations.insert_params(context.tx, run, params)
    _set_tags(context, run, tags)
    points.add_to(context.tx, run)
    return Empty()


def log_model(context: Context, request: LogModel) -> Empty:
    """Append a model's description to the run's history of logged models."""
    run = get_active(context, request.run_id)
    try:
        model = json.loads(request.model_json)
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"model_json is not valid JSON: {error}.") from None
    needed = ("artifact_path", "flavors", "utc_time_created", "run_id")
    missing = [name for name in needed if not isinstance(model, dict) or name not in model]
    if missing:
        raise InvalidParameter(
            f"model_json lacks the required fields {missing}; send the content of the MLmodel file."
        )
    before = annotations.find_tag(context.conn, run, MODEL_HISTORY_TAG)
    history = json.dumps([*(json.loads(before) if before else []), _describe_model(model)])
    annotations.set_tags(context.tx, run, [Tag(key=MODEL_HISTORY_TAG, value=history)])
    return Empty()


def _describe_model(model: dict[str, Any]) -> dict[str, Any]:
    """Return what the history keeps of a model's description: not its signature, example, or the settings of its flavors."""
    flavors = model["flavors"]
    if isinstance(flavors, dict):
        flavors = {
            flavor: {k: v for k, v in config.items() if k != "config"} if isinstance(config, dict) else config
            for flavor, config in flavors.items()
        }
    kept = ("run_id", "artifact_path", "utc_time_created", "model_uuid")
    return {**{name: model.get(name) for name in kept}, "flavors": flavors}


def get_active(context: Context, run_id: str, run_uuid: str = "") -> RunRef:
    """Return a run that may be written to.

    Raises:
        NotFound: there is none.
        InvalidParameter: it is deleted.
    """
    run = runs.get_run(context.conn, get_run_id(run_id, run_uuid))
    if run.deleted:
        raise InvalidParameter(
            f"The run {run.run_id!r} must be in the 'active' state, but is deleted; restore it first."
        )
    return run


def _build(context: Context, run: RunRef) -> Run:
    return runs.build_runs(context.conn, [run.id], context.now())[0]


def _check_run_tags(context: Context, tags: list[Tag]) -> list[Tag]:
    return check_tags(tags, MAX_TAG, truncate=context.platform.truncate_long_values)


def _check_first_tags(context: Context, tags: list[Tag]) -> list[Tag]:
    """Return the tags of a run that is made. MLflow lets their keys hold any character, unlike those of tags that come later."""
    truncate = context.platform.truncate_long_values
    return [
        Tag(
            key=check_any_key(tag.key, "tag"),
            value=check_value(tag.value, f"tag {excerpt(tag.key)}", MAX_TAG, truncate=truncate),
        )
        for tag in tags
    ]


def _set_tags(context: Context, run: RunRef, tags: list[Tag]) -> None:
    tags = [tag for tag in tags if tag.value or tag.key != RUN_NAME_TAG]  # MLflow ignores an empty name
    annotations.set_tags(context.tx, run, tags)
    for tag in tags:
        if tag.key == RUN_NAME_TAG:
            runs.update_run(context.tx, run, {"name": tag.value})


def _check_params(context: Context, params: dict[str, str]) -> dict[str, str]:
    truncate = context.platform.truncate_long_values
    return {
        check_key(key, "param"): check_value(value, f"param {key!r}", MAX_PARAM, truncate=truncate)
        for key, value in params.items()
    }


def _check_batch_size(request: LogBatch) -> None:
    counts = {
        "metrics": (len(request.metrics), MAX_BATCH_METRICS),
        "params": (len(request.params), MAX_BATCH_PARAMS),
        "tags": (len(request.tags), MAX_BATCH_TAGS),
        "entities in all": (len(request.metrics) + len(request.params) + len(request.tags), MAX_BATCH),
    }
    for what, (count, limit) in counts.items():
        if count > limit:
            raise InvalidParameter(
                f"A batch may hold at most {limit} {what}, this one has {count}; send it in parts."
            )
