"""What runs have used and made: datasets and models."""

from headrace.api.endpoint import Empty
from headrace.api.inputs import (
    MAX_SEARCH_EXPERIMENTS,
    DatasetSummaries,
    LogInputs,
    LogOutputs,
    SearchDatasets,
)
from headrace.services.context import Context
from headrace.services.dataset_rules import check_dataset
from headrace.services.runs import get_active
from headrace.services.validation import check_value, get_experiments
from headrace.store import inputs

MAX_MODEL_ID = 64


def log_inputs(context: Context, request: LogInputs) -> Empty:
    """Note which datasets and models a run has used."""
    run = get_active(context, request.run_id)
    for used in request.datasets:
        check_dataset(used)
    for model in request.models:
        check_value(model.model_id, "a model's id", MAX_MODEL_ID)
    inputs.insert_datasets(context.tx, run, request.datasets)
    inputs.insert_model_inputs(context.tx, run, request.models)
    return Empty()


def log_outputs(context: Context, request: LogOutputs) -> Empty:
    """Note which models a run has made."""
    run = get_active(context, request.run_id)
    for model in request.models:
        check_value(model.model_id, "a model's id", MAX_MODEL_ID)
    inputs.insert_model_outputs(context.tx, run, request.models)
    return Empty()


def search_datasets(context: Context, request: SearchDatasets) -> DatasetSummaries:
    """Return the datasets that runs of experiments have used."""
    numbers = get_experiments(request.experiment_ids, MAX_SEARCH_EXPERIMENTS)
    answer = DatasetSummaries()
    summaries = inputs.search_datasets(context.conn, numbers)
    if summaries:
        answer.dataset_summaries = summaries
    return answer
