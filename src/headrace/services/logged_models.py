"""Logged models: create, finalise, search, delete; params and tags; the list of files."""

import re
from collections.abc import Iterable

from headrace.api.artifacts import ArtifactsPage
from headrace.api.endpoint import Empty, Tag
from headrace.api.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    ListLoggedModelArtifacts,
    LoggedModelAnswer,
    LoggedModelById,
    LoggedModelOrder,
    LoggedModelParam,
    LoggedModelsPage,
    LoggedModelStatus,
    LogLoggedModelParams,
    SearchDataset,
    SearchLoggedModels,
    SetLoggedModelTags,
)
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.base.errors import BadRequest, InvalidParameter
from headrace.base.ids import new_model_id
from headrace.base.names import random_name
from headrace.search.fields import LOGGED_MODELS, complete_order
from headrace.search.parser import MAX_ORDER_KEYS, parse_filter, parse_order_name
from headrace.search.tree import OrderKey
from headrace.services import artifacts
from headrace.services.context import Context
from headrace.services.experiments import get_active as get_active_experiment
from headrace.services.validation import check_any_key, check_page_size, check_value, excerpt, get_experiments
from headrace.store import models
from headrace.store.model_search import ANY_DATASET, Dataset, ModelSearch, search_models
from headrace.store.models import ModelRef, NewModel

DEFAULT_PAGE = 100
MAX_PAGE = 50_000
MAX_NAME = 500
MAX_MODEL_TYPE = 500
MAX_SOURCE_RUN_ID = 256
MAX_TEXT = 65_535
"""Characters in the value of a param or tag: MLflow sets no limit but the database's."""
MAX_DATASETS = 100
_FORBIDDEN_IN_NAME = re.compile(r"[/:.%\"'\0]")


def create(context: Context, request: CreateLoggedModel) -> LoggedModelAnswer:
    """Create a logged model, which is PENDING until its files are there."""
    experiment = get_active_experiment(context, request.experiment_id)
    name = _check_name(request.name) if request.name else random_name()
    model_type = check_value(request.model_type, "model_type", MAX_MODEL_TYPE)
    source_run_id = check_value(request.source_run_id, "source_run_id", MAX_SOURCE_RUN_ID)
    params = _check_params(request.params)
    tags = _check_entries(request.tags, "tag")
    if len(tags) < len(request.tags):
        raise BadRequest(f"A tag stands twice among {_name_keys(request.tags)}; send each once.")
    model_id = new_model_id()
    artifact_uri = f"{experiment[2].rstrip('/')}/models/{model_id}/artifacts"
    new = NewModel(model_id, experiment[0], name, model_type, source_run_id, artifact_uri, context.now())
    model = models.insert_model(context.tx, new)
    models.insert_params(context.tx, model, params)
    models.set_tags(context.tx, model, tags)
    return _answer(context, model)


def get(context: Context, request: LoggedModelById) -> LoggedModelAnswer:
    """Return a logged model that is not deleted."""
    return _answer(context, models.get_model(context.conn, request.model_id))


def finalize(context: Context, request: FinalizeLoggedModel) -> LoggedModelAnswer:
    """Set the status of a logged model."""
    model = models.get_model(context.conn, request.model_id, deleted=True)
    if request.status is LoggedModelStatus.UNSPECIFIED:
        usable = [status.value for status in LoggedModelStatus if status is not LoggedModelStatus.UNSPECIFIED]
        raise InvalidParameter(
            f"Invalid status {request.status.value} of a logged model: send one of {', '.join(usable)}."
        )
    models.update_status(context.tx, model, request.status, context.now())
    return _answer(context, model)


def delete(context: Context, request: LoggedModelById) -> Empty:
    """Mark a logged model as deleted; a deleted one stays so."""
    model = models.get_model(context.conn, request.model_id, deleted=True)
    if not model.deleted:
        models.update_deleted(context.tx, model, context.now())
    return Empty()


def search(context: Context, request: SearchLoggedModels) -> LoggedModelsPage:
    """Return a page of logged models; those of a deleted experiment are found like any other."""
    numbers = dict.fromkeys(get_experiments(request.experiment_ids))
    limit = check_page_size(request.max_results or DEFAULT_PAGE, MAX_PAGE)
    keys = _read_order(request.order_by)
    order = complete_order(tuple(key for key, _ in keys), LOGGED_MODELS)
    # The keys that complete an order follow those that were asked for, and are attributes.
    order_datasets = [dataset for _, dataset in keys] + [ANY_DATASET] * (len(order) - len(keys))
    found = ModelSearch(
        scopes=tuple(2 * number for number in numbers),
        node=parse_filter(request.filter, LOGGED_MODELS),
        datasets=_check_datasets(request.datasets),
        order=order,
        order_datasets=tuple(order_datasets),
        limit=limit,
    )
    question = question_digest(request.experiment_ids, request.filter, request.order_by, request.datasets)
    ids, place = search_models(context.conn, found, decode_token(request.page_token, question))
    page = LoggedModelsPage()
    if ids:
        page.models = models.build_models(context.conn, ids)
    if place is not None:
        page.next_page_token = encode_token(question, place)
    return page


def set_tags(context: Context, request: SetLoggedModelTags) -> Empty:
    """Set tags of a logged model; of two with one key the last counts."""
    model = models.get_model(context.conn, request.model_id, deleted=True)
    models.set_tags(context.tx, model, _check_entries(request.tags, "tag"))
    return Empty()


def delete_tag(context: Context, request: DeleteLoggedModelTag) -> Empty:
    """Delete a tag of a logged model."""
    model = models.get_model(context.conn, request.model_id, deleted=True)
    models.delete_tag(context.tx, model, request.tag_key)
    return Empty()


def log_params(context: Context, request: LogLoggedModelParams) -> Empty:
    """Log params of a logged model: all of them, or nothing. One that is there already with the same value changes nothing."""
    model = models.get_model(context.conn, request.model_id, deleted=True)
    fresh = models.check_params(context.conn, model, _check_params(request.params))
    models.insert_params(context.tx, model, fresh)
    return Empty()


def list_artifacts(context: Context, request: ListLoggedModelArtifacts) -> ArtifactsPage:
    """List one folder of a logged model's files."""
    model = models.get_model(context.conn, request.model_id)
    return artifacts.list_location(
        context, model.artifact_uri, request.artifact_directory_path, what="artifact_directory_path"
    )


def _answer(context: Context, model: ModelRef) -> LoggedModelAnswer:
    return LoggedModelAnswer(model=models.build_models(context.conn, [model.id])[0])


def _check_name(name: str) -> str:
    if len(name) > MAX_NAME:
        raise InvalidParameter(
            f"The model name {excerpt(name)} has {len(name)} characters; at most {MAX_NAME} are allowed."
        )
    if _FORBIDDEN_IN_NAME.search(name):
        raise InvalidParameter(
            f"Invalid model name {excerpt(name)}: it must not hold any of / : . % \" ' or a NUL character."
        )
    return name


def _check_params(params: list[LoggedModelParam]) -> dict[str, str]:
    checked = _check_entries(params, "param")
    if len(checked) < len(params):
        raise BadRequest(f"A param stands twice among {_name_keys(params)}; send each once.")
    return checked


def _check_entries(entries: Iterable[Tag | LoggedModelParam], what: str) -> dict[str, str]:
    """Return params or tags by key. MLflow lets keys of logged models hold any character, unlike those of runs."""
    checked = {}
    for entry in entries:
        key = check_any_key(entry.key, what)
        checked[key] = check_value(entry.value, f"{what} {excerpt(key)}", MAX_TEXT)
    return checked


def _name_keys(entries: Iterable[Tag | LoggedModelParam]) -> str:
    return excerpt(", ".join(entry.key for entry in entries))


def _check_datasets(datasets: list[SearchDataset]) -> tuple[Dataset, ...]:
    if len(datasets) > MAX_DATASETS:
        raise InvalidParameter(
            f"The search names {len(datasets)} datasets; at most {MAX_DATASETS} are allowed. Ask in several calls."
        )
    for dataset in datasets:
        if not dataset.dataset_name:
            raise InvalidParameter(
                "A dataset_name is missing among the datasets: name each, and give its digest or not."
            )
    return tuple(dict.fromkeys((each.dataset_name, each.dataset_digest) for each in datasets))


def _read_order(items: list[LoggedModelOrder]) -> list[tuple[OrderKey, Dataset]]:
    """Return the keys of an order, each with the dataset that it looks at; a key that repeats an earlier one says nothing."""
    if len(items) > MAX_ORDER_KEYS:
        raise InvalidParameter(
            f"order_by has {len(items)} keys, at most {MAX_ORDER_KEYS} are allowed. Leave out the last ones."
        )
    found: dict[tuple[object, Dataset], tuple[OrderKey, Dataset]] = {}
    for item in items:
        field = parse_order_name(item.field_name, LOGGED_MODELS)
        dataset = (item.dataset_name, item.dataset_digest)
        found.setdefault((field, dataset), (OrderKey(field, ascending=item.ascending), dataset))
    return list(found.values())
