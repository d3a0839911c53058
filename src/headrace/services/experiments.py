"""Experiments: create, find, rename, delete, restore, tag."""

from headrace.api.endpoint import Empty, Tag
from headrace.api.experiments import (
    BestAnswer,
    CreateExperiment,
    DeleteExperimentTag,
    Experiment,
    ExperimentAnswer,
    ExperimentCreated,
    ExperimentOverview,
    ExperimentsPage,
    FindBest,
    GetExperiment,
    GetExperimentByName,
    OverviewPage,
    SearchExperiments,
    SetExperimentTag,
    UpdateExperiment,
    ViewType,
)
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.base import plugins
from headrace.base.errors import InvalidParameter, InvalidState, NotFound
from headrace.base.ids import parse_experiment_id
from headrace.base.paths import parse_location
from headrace.search.fields import EXPERIMENTS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.services.context import Context
from headrace.services.validation import (
    MAX_EXPERIMENT_NAME,
    MAX_EXPERIMENT_TAG,
    check_page_size,
    check_tags,
    excerpt,
)
from headrace.store import experiments, run_counts, runs
from headrace.store.connection import Row
from headrace.store.experiment_search import ExperimentSearch, search_experiments

MAX_PAGE = 50_000


def create(context: Context, request: CreateExperiment) -> ExperimentCreated:
    """Create an experiment."""
    name = _check_name(request.name, "name")
    tags = check_tags(request.tags, MAX_EXPERIMENT_TAG)
    location = parse_location(request.artifact_location) if request.artifact_location else ""
    now = context.now()
    number = experiments.insert_experiment(
        context.tx, name, location or context.platform.artifacts.root_uri, now, is_root=not location
    )
    experiments.set_tags(context.tx, number, tags, now)
    return ExperimentCreated(experiment_id=str(number))


def get(context: Context, request: GetExperiment) -> ExperimentAnswer:
    """Return an experiment by its id, deleted ones too."""
    row = experiments.get_row(context.conn, parse_experiment_id(request.experiment_id))
    return ExperimentAnswer(experiment=experiments.build_experiments(context.conn, [row])[0])


def get_by_name(context: Context, request: GetExperimentByName) -> ExperimentAnswer:
    """Return an experiment by its name, deleted ones too."""
    row = experiments.find_row_by_name(context.conn, request.experiment_name)
    if row is None:
        raise NotFound(f"No experiment is named {excerpt(request.experiment_name)}.")
    return ExperimentAnswer(experiment=experiments.build_experiments(context.conn, [row])[0])


def search(context: Context, request: SearchExperiments) -> ExperimentsPage:
    """Return a page of experiments."""
    rows, token = _search(context, request)
    page = ExperimentsPage()
    if rows:
        page.experiments = experiments.build_experiments(context.conn, rows)
    if token:
        page.next_page_token = token
    return page


def overview(context: Context, request: SearchExperiments) -> OverviewPage:
    """Return a page of experiments, with what is in them."""
    rows, token = _search(context, request)
    counts = run_counts.count_by_scope(context.conn, context.now())
    built = experiments.build_experiments(context.conn, rows)
    page = OverviewPage(
        experiments=[_build_overview(each, row, counts) for each, row in zip(built, rows, strict=True)]
    )
    if token:
        page.next_page_token = token
    return page


def best(context: Context, request: FindBest) -> BestAnswer:
    """Return the best run and the owner of each of some experiments."""
    answer: BestAnswer = plugins.load("headrace.services.best_runs").answer(context, request)
    return answer


def _search(context: Context, request: SearchExperiments) -> tuple[list[Row], str]:
    """Return the rows of a page, and the token of the next; empty on the last."""
    limit = check_page_size(request.max_results, MAX_PAGE)
    order = complete_order(parse_order_by(request.order_by, EXPERIMENTS), EXPERIMENTS)
    deleted = {ViewType.ACTIVE_ONLY: (0,), ViewType.DELETED_ONLY: (1,), ViewType.ALL: (0, 1)}[
        request.view_type
    ]
    found = ExperimentSearch(deleted, parse_filter(request.filter, EXPERIMENTS), order, limit)
    question = question_digest(request.filter, request.order_by, request.view_type)
    rows, place = search_experiments(context.conn, found, decode_token(request.page_token, question))
    return rows, "" if place is None else encode_token(question, place)


def _build_overview(
    experiment: Experiment, row: Row, counts: dict[int, run_counts.RunCount]
) -> ExperimentOverview:
    scopes = [2 * row[0], 2 * row[0] + 1] if row[3] else [2 * row[0]]
    found = [counts[scope] for scope in scopes if scope in counts]
    built = ExperimentOverview(
        experiment_id=experiment.experiment_id,
        name=experiment.name,
        lifecycle_stage=experiment.lifecycle_stage,
        creation_time=experiment.creation_time,
        last_update_time=experiment.last_update_time,
        tags=experiment.tags or [],
        runs=sum(each.runs for each in found),
        running=sum(each.running for each in found),
    )
    if found:
        built.last_run_time = max(each.last_start for each in found)
    return built


def update(context: Context, request: UpdateExperiment) -> Empty:
    """Rename an experiment."""
    name = _check_name(request.new_name, "new_name")
    row = experiments.get_row(context.conn, parse_experiment_id(request.experiment_id), to_change=True)
    if row[3]:
        raise InvalidState(f"Experiment {row[0]} is deleted and cannot be renamed; restore it first.")
    experiments.update_name(context.tx, row[0], name, context.now())
    return Empty()


def delete(context: Context, request: GetExperiment) -> Empty:
    """Mark an experiment and its active runs as deleted."""
    row = experiments.get_row(context.conn, parse_experiment_id(request.experiment_id), to_change=True)
    if row[3]:
        raise NotFound(f"No active experiment with id {row[0]} exists: it is deleted already.")
    moved = runs.lock_experiment_runs(context.tx, row[0], deleted_at=None)
    # The moment tells which runs went along; it must be none at which a run was deleted on its own.
    now = max(context.now(), runs.last_deletion(context.conn, row[0]) + 1)
    experiments.update_deleted(context.tx, row[0], deleted=True, now=now)
    runs.update_deleted(context.tx, moved, deleted=True, now=now)
    return Empty()


def restore(context: Context, request: GetExperiment) -> Empty:
    """Bring an experiment back, with those runs that were deleted along with it."""
    row = experiments.get_row(context.conn, parse_experiment_id(request.experiment_id), to_change=True)
    if not row[3]:
        raise NotFound(f"No deleted experiment with id {row[0]} exists: it is active.")
    # A run carries the moment of its deletion; those that share the experiment's went with it.
    moved = runs.lock_experiment_runs(context.tx, row[0], deleted_at=row[5])
    experiments.update_deleted(context.tx, row[0], deleted=False, now=context.now())
    runs.update_deleted(context.tx, moved, deleted=False, now=None)
    return Empty()


def set_tag(context: Context, request: SetExperimentTag) -> Empty:
    """Set a tag."""
    row = get_active(context, request.experiment_id, to_change=True)
    tags = check_tags([Tag(key=request.key, value=request.value)], MAX_EXPERIMENT_TAG)
    experiments.set_tags(context.tx, row[0], tags, context.now())
    return Empty()


def delete_tag(context: Context, request: DeleteExperimentTag) -> Empty:
    """Delete a tag."""
    row = get_active(context, request.experiment_id, to_change=True)
    experiments.delete_tag(context.tx, row[0], request.key, context.now())
    return Empty()


def get_active(context: Context, experiment_id: str, *, to_change: bool = False) -> Row:
    """Return the row of an experiment that may be written to.

    Args:
        context: the call.
        experiment_id: the experiment.
        to_change: whether the experiment itself is to be changed.

    Raises:
        NotFound: there is none.
        InvalidParameter: it is deleted.
    """
    row = experiments.get_row(context.conn, parse_experiment_id(experiment_id), to_change=to_change)
    if row[3]:
        raise InvalidParameter(
            f"The experiment {row[0]} must be in the 'active' state, but is deleted; restore it first."
        )
    return row


def _check_name(name: str, field: str) -> str:
    if not name.strip():
        raise InvalidParameter(
            f"Missing value for the required parameter {field!r}: an experiment needs a name."
        )
    if len(name) > MAX_EXPERIMENT_NAME:
        raise InvalidParameter(
            f"The experiment name {excerpt(name)} has {len(name)} characters; at most {MAX_EXPERIMENT_NAME} are allowed."
        )
    if "\0" in name:
        raise InvalidParameter(f"The experiment name {excerpt(name)} holds a NUL character; remove it.")
    return name
